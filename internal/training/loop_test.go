package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// tinyModel makes a new model for the vocabulary numbered(pieces).
func tinyModel(t testing.TB, pieces int, heads map[string]bert.HeadConfig) (*tokenizer.Tokenizer, *bert.Model) {
	t.Helper()
	return tinyModelOf(t, pieces, heads, &Settings{})
}

// tinyModelWithout is tinyModel without dropout.
func tinyModelWithout(t testing.TB, pieces int, heads map[string]bert.HeadConfig) (*tokenizer.Tokenizer, *bert.Model) {
	t.Helper()
	return tinyModelOf(t, pieces, heads, &Settings{Dropout: ptr(0.0)})
}

func tinyModelOf(t testing.TB, pieces int, heads map[string]bert.HeadConfig, s *Settings) (*tokenizer.Tokenizer, *bert.Model) {
	t.Helper()
	tok := loadTokenizer(t, numbered(pieces))
	c, _ := bert.Preset("tiny")
	c.VocabSize, c.HiddenSize, c.NumAttentionHeads, c.IntermediateSize = tok.VocabSize(), 32, 2, 64
	c.MaxPositionEmbeddings = 64
	c.Heads = heads
	s.Configure(&c)
	m, err := bert.NewForTraining(c, nil, bert.TrainingOptions{Seed: 1, Pretraining: true})
	if err != nil {
		t.Fatal(err)
	}
	return tok, m
}

// pretraining describes a run of two phases on a corpus.
func pretraining(corpus *Corpus) Pretraining {
	run := Pretraining{
		Corpus: corpus.Paths, BlockBytes: 4 << 10, HeldOut: 0.1, HeldOutExamples: 20,
		Phases: []Phase{{MaxTokens: 24, BatchSize: 4, Steps: 14}, {MaxTokens: 48, BatchSize: 2, Steps: 6}},
	}
	run.Seed = 5
	run.LearningRate = 1e-3
	run.ReportEvery = 3
	run.EvaluateEvery = 7
	run.PassTokens = 60 // several passes a step
	run.SetDefaults()
	return run
}

// finetuning describes a run with two heads, one of whose sets lacks a label,
// and the masked language model beside them.
func finetuning(t testing.TB, corpus *Corpus) Finetuning {
	t.Helper()
	dir := t.TempDir()
	rng := NewRand(21, 0)
	var mood, poor, ner strings.Builder
	for range 40 {
		// The first word decides the label.
		word := rng.IntN(3)
		fmt.Fprintf(&mood, `{"text":"w%d w%d w%d","label":%q}`+"\n", word, 10+rng.IntN(100), 10+rng.IntN(100), sentimentHead.Labels[word])
		word = 2 * rng.IntN(2)
		fmt.Fprintf(&poor, `{"text":"w%d w%d","label":%q}`+"\n", word, 10+rng.IntN(100), sentimentHead.Labels[word])
		fmt.Fprintf(&ner, "w%d\tO\nw3\tB-PER\nw4\tI-PER\nw%d\tO\n\n", 10+rng.IntN(100), 10+rng.IntN(100))
	}
	paths := map[string]string{}
	for name, content := range map[string]string{"mood.jsonl": mood.String(), "poor.jsonl": poor.String(), "ner.conll": ner.String()} {
		paths[name] = filepath.Join(dir, name)
		writeTo(t, paths[name], content)
	}
	run := Finetuning{
		BatchSize: 8, Epochs: 3, MaxTokens: 16,
		Heads: map[string]HeadRun{
			"mood": {Type: bert.SequenceHeadType, Labels: sentimentHead.Labels, Sets: []SetConfig{
				{Name: "mood", Train: paths["mood.jsonl"], Dev: paths["mood.jsonl"]},
				{Name: "poor", Train: paths["poor.jsonl"], Dev: paths["poor.jsonl"], Share: ptr(0.5)},
			}},
			"ner": {Type: bert.TokenHeadType, Labels: nerHead.Labels, Sets: []SetConfig{{Name: "ner", Train: paths["ner.conll"], Dev: paths["ner.conll"]}}},
		},
		MLM: &AuxiliaryMLM{Corpus: corpus.Paths, BatchSize: 2, MaxTokens: 24, NextSentence: true, HeldOut: 0.1},
	}
	run.Seed = 6
	run.LearningRate = 2e-3
	run.ReportEvery = 4
	run.EvaluateEvery = 10
	run.LayerDecay = 0.9
	run.SetDefaults()
	return run
}

// Shares so small that epochs have no row would be waited for without end.
func TestFinetuneRefusesSharesOfNothing(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	run := finetuning(t, corpus)
	for _, head := range run.Heads {
		for i := range head.Sets {
			head.Sets[i].Share = ptr(1e-9)
		}
	}
	if _, err := collect(t.Context(), m, finetuneRunner(tok, run), Options{}); err == nil || !strings.Contains(err.Error(), "rows an epoch in all") {
		t.Errorf("error %v", err)
	}
}

var finetunedHeads = map[string]bert.HeadConfig{"mood": sentimentHead, "ner": nerHead}

type runner func(ctx context.Context, m *bert.Model, o Options) func(yield func(Report, error) bool)

// collect runs to the end and returns the reports, without what another run
// need not repeat: times, and when checkpoints were written.
func collect(ctx context.Context, m *bert.Model, run runner, o Options) ([]Report, error) {
	var reports []Report
	for report, err := range run(ctx, m, o) {
		if err != nil {
			return reports, err
		}
		report.Elapsed, report.TokensPerSecond = 0, 0
		if report.Kind != Saved && report.Kind != Started {
			reports = append(reports, report)
		}
	}
	return reports, nil
}

func sameParameters(a, b *bert.Model) bool {
	return slices.EqualFunc(a.Parameters(), b.Parameters(), func(p, q *bert.Param) bool { return slices.Equal(p.Data, q.Data) })
}

// Rounding changes every loss a little, and what the run says of itself.
func TestBFloat16RunFollowsFloat32(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	run := func(precision string) (losses []float64, start *Start) {
		tok, m := tinyModel(t, 200, nil)
		description := pretraining(corpus)
		description.Precision = precision
		for report, err := range Pretrain(t.Context(), m, tok, description, Options{}) {
			switch {
			case err != nil:
				t.Fatal(err)
			case report.Kind == Started:
				start = report.Start
			case report.Kind == Stepped:
				losses = append(losses, report.Loss)
			}
		}
		return losses, start
	}
	exact, start := run("float32")
	if start.Precision != "float32" {
		t.Errorf("the run says that it computes in %s, want float32", start.Precision)
	}
	rounded, start := run("bfloat16")
	if start.Precision != "bfloat16" {
		t.Errorf("the run says that it computes in %s, want bfloat16", start.Precision)
	}
	for i, want := range exact {
		if got := rounded[i]; got == want || math.Abs(got-want) > 0.01*want {
			t.Errorf("report %d: loss %v in bfloat16, %v in float32", i, got, want)
		}
	}
}

func finetuneRunner(t *tokenizer.Tokenizer, run Finetuning) runner {
	return func(ctx context.Context, m *bert.Model, o Options) func(func(Report, error) bool) {
		return Finetune(ctx, m, t, run, o)
	}
}

// Eight sentences with masks that stay the same are learnt by heart.
func TestStepsOverfitEightSentences(t *testing.T) {
	tok, m := tinyModelWithout(t, 200, nil)
	maker := newMaker(t, tok, DefaultExampleOptions(32))
	rng := NewRand(31, 0)
	var samples []sample
	for i := range 8 {
		var segments [2][]int32
		for k := range segments {
			for range 9 {
				segments[k] = append(segments[k], int32(5+rng.IntN(200)))
			}
		}
		example := maker.FromPair(rng, segments[0], segments[1], int32(i%2))
		samples = append(samples, textSample(&example, true))
	}
	run := Pretraining{Phases: []Phase{{MaxTokens: 32, BatchSize: 8, Steps: 100}}}
	run.SetDefaults()
	run.LearningRate, run.Decay = 5e-3, ConstantDecay
	trainer, err := newTrainer(m, &run.Settings, &objective{mlm: 1, next: 1}, 100, run, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for range 100 {
		if err := trainer.step(t.Context(), samples); err != nil {
			t.Fatal(err)
		}
		losses = append(losses, trainer.progress.Window.Loss)
		trainer.progress.Window = window{}
	}
	t.Logf("loss %.3f … %.3f … %.4f", losses[0], losses[50], losses[99])
	if first, last := losses[0], losses[len(losses)-1]; first < 5 || last > 0.05 {
		t.Errorf("loss went from %.3f to %.3f, want from above 5 to below 0.05", first, last)
	}
}

func TestFinetuningLearnsSeveralHeads(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	run := finetuning(t, corpus)
	run.Epochs = 30
	run.LearningRate = 6e-3
	var last *Evaluation
	var start *Start
	bests := 0
	for report, err := range Finetune(t.Context(), m, tok, run, Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if report.Evaluation != nil {
			last = report.Evaluation
		}
		if report.Start != nil {
			start = report.Start
		}
		if report.Best {
			bests++
		}
	}
	t.Logf("last evaluation: %v", last)
	if bests == 0 || last.Score < 0.95 {
		t.Errorf("score %.3f after %d bests, want above 0.95: %v", last.Score, bests, last)
	}
	if last.Text == nil || last.Text.MLMLoss == 0 || last.Text.Pairs == 0 {
		t.Errorf("the auxiliary tasks were not measured: %+v", last.Text)
	}
	for _, set := range start.Sets {
		want := map[string][]string{"poor": {"neutral"}, "ner": {"B-DATE", "I-DATE"}}[set.Name]
		if diff := cmp.Diff(want, set.Lacks); diff != "" {
			t.Errorf("set %s, %s part lacks (-want +got):\n%s", set.Name, set.Part, diff)
		}
	}
}

// A run without next sentence prediction does not measure it.
func TestNextSentenceIsNotMeasuredUnlessLearnt(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	tuning := finetuning(t, corpus)
	tuning.MLM.NextSentence = false
	training := pretraining(corpus)
	training.NoNextSentence = true
	for name, reports := range map[string]func(func(Report, error) bool){
		"fine-tuning":  Finetune(t.Context(), m, tok, tuning, Options{}),
		"pre-training": Pretrain(t.Context(), m, tok, training, Options{}),
	} {
		for report, err := range reports {
			if err != nil {
				t.Fatal(err)
			}
			if e := report.Evaluation; e != nil && (e.Text.Pairs > 0 || e.Text.MLMLoss == 0 || strings.Contains(e.String(), "NSP")) {
				t.Errorf("%s: %v, %d pairs, want the masked language model alone", name, e, e.Text.Pairs)
			}
		}
	}
}

func TestDivergenceNamesTheStepAndTheCheckpoint(t *testing.T) {
	corpus, _ := numberedCorpus(t, 30)
	tok, m := tinyModel(t, 200, nil)
	run := pretraining(corpus)
	run.CheckpointMinutes = 1e-9 // after every step
	var err error
	last := ""
	for report, e := range Pretrain(t.Context(), m, tok, run, Options{Dir: t.TempDir()}) {
		if err = e; err != nil {
			break
		}
		if report.Kind == Saved {
			last = report.Checkpoint
		}
		if report.Step == 6 {
			m.Parameters()[0].Data[40] = float32(math.NaN())
		}
	}
	diverged := (*DivergedError)(nil)
	if !errors.As(err, &diverged) {
		t.Fatalf("error %v, want a *DivergedError", err)
	}
	if diverged.Step != 6 || diverged.Checkpoint != last || !strings.Contains(err.Error(), last) {
		t.Errorf("%v; want step 6, and checkpoint %s", err, last)
	}
}

// Weights that have grown out of all bounds are noticed by the evaluation, by
// the next step, or when they are saved; which of them comes first must not
// matter. Nor may a checkpoint of such weights, if one was written, be what the
// run goes on from.
func TestHugeLearningRates(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	for _, test := range []struct {
		name          string
		evaluateEvery int
		heldOut       float64
		what          string
	}{
		{"evaluation first", 1, 0.1, "on held-out data map["},
		{"step first", 1000, 0.1, "gradient norm"},
		{"nothing to evaluate", 1, unset, "gradient norm"},
	} {
		check := func(t *testing.T, run func(*bert.Model, Options, float64) func(func(Report, error) bool), model func() *bert.Model) {
			o := Options{Dir: t.TempDir()}
			var err error
			for _, err = range run(model(), o, 1e30) {
				if err != nil {
					break
				}
			}
			diverged := (*DivergedError)(nil)
			if !errors.As(err, &diverged) {
				t.Fatalf("error %v, want a *DivergedError", err)
			}
			if !strings.Contains(diverged.What, test.what) {
				t.Errorf("%v is not a number, want %q", diverged.What, test.what)
			}
			states, err := Checkpoints(o.Dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(states) == 0 || states[0] != diverged.Checkpoint || diverged.Step < 2 {
				t.Fatalf("%v: the checkpoints are %q, want the newest to be the last good one", diverged, states)
			}
			if _, err := os.Stat(diverged.SetAside); (test.evaluateEvery > 1 || test.heldOut == unset) && err != nil {
				t.Errorf("the checkpoint before step %d was not set aside: %v", diverged.Step, err)
			}
			// What the error says to do works.
			o.Resume = true
			last := Report{}
			for report, err := range run(model(), o, 1e-4) {
				if err != nil {
					t.Fatal(err)
				}
				last = report
			}
			if last.Kind != Finished || last.Step != last.Steps {
				t.Errorf("the run that went on ended with %+v", last)
			}
		}
		t.Run("pre-training, "+test.name, func(t *testing.T) {
			tok, _ := tinyModel(t, 200, nil)
			check(t, func(m *bert.Model, o Options, learningRate float64) func(func(Report, error) bool) {
				run := pretraining(corpus)
				run.LearningRate, run.EvaluateEvery, run.CheckpointMinutes, run.HeldOut = learningRate, test.evaluateEvery, 1e-9, test.heldOut
				return Pretrain(t.Context(), m, tok, run, o)
			}, func() *bert.Model { _, m := tinyModel(t, 200, nil); return m })
		})
		t.Run("fine-tuning, "+test.name, func(t *testing.T) {
			tok, _ := tinyModel(t, 200, nil)
			description := finetuning(t, corpus)
			if test.heldOut == unset {
				withoutDev(&description)
				description.MLM = nil
				description.Best = BestLast
			}
			check(t, func(m *bert.Model, o Options, learningRate float64) func(func(Report, error) bool) {
				run := description
				run.LearningRate, run.EvaluateEvery, run.CheckpointMinutes = learningRate, test.evaluateEvery, 1e-9
				return Finetune(t.Context(), m, tok, run, o)
			}, func() *bert.Model { _, m := tinyModel(t, 200, finetunedHeads); return m })
		})
	}
}

func TestEvaluationsThatAreNotFinite(t *testing.T) {
	inf := math.Inf(1)
	e := &Evaluation{
		Text: &TextScore{MLMLoss: 800, Perplexity: inf},
		Sets: []SetScore{{Set: "a", Loss: math.NaN(), Metrics: map[string]float64{"accuracy": 0.5}}, {Set: "b", Metrics: map[string]float64{"mean_squared_error": inf}}},
	}
	var names []string
	for name := range e.notFinite() {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"a loss", "b mean_squared_error", "mlm perplexity"}; !slices.Equal(names, want) {
		t.Errorf("not finite: %q, want %q", names, want)
	}
}

func TestEarlyStopping(t *testing.T) {
	corpus, _ := numberedCorpus(t, 30)
	tok, m := tinyModel(t, 200, finetunedHeads)
	run := finetuning(t, corpus)
	run.LearningRate = 1e-9 // nothing will get better
	run.EvaluateEvery = 2
	run.EarlyStopping = &EarlyStopping{Patience: 3, MinDelta: 0.2}
	var kinds []Kind
	final := 0
	for report, err := range Finetune(t.Context(), m, tok, run, Options{Dir: t.TempDir()}) {
		if err != nil {
			t.Fatal(err)
		}
		if report.Kind != Stepped {
			kinds = append(kinds, report.Kind)
		}
		final = report.Step
	}
	if want := []Kind{Started, Evaluated, Evaluated, Evaluated, Evaluated, Stopped, Saved, Finished}; !slices.Equal(kinds, want) || final != 8 {
		t.Errorf("reports %q, last step %d; want %q, step 8", kinds, final, want)
	}
}

func TestRunsAreRefused(t *testing.T) {
	corpus, _ := numberedCorpus(t, 30)
	tok, m := tinyModel(t, 200, finetunedHeads)
	for _, test := range []struct {
		name string
		edit func(*Pretraining)
		want string
	}{
		{"no corpus", func(p *Pretraining) { p.Corpus = nil }, "corpus"},
		{"a missing corpus", func(p *Pretraining) { p.Corpus = []string{"missing.txt"} }, "missing.txt"},
		{"no phase", func(p *Pretraining) { p.Phases = nil }, "phases"},
		{"a phase without steps", func(p *Pretraining) { p.Phases[1].Steps = 0 }, "phase 2"},
		{"examples longer than the model reads", func(p *Pretraining) { p.Phases[0].MaxTokens = 65 }, "reads at most 64"},
		{"a decay that does not exist", func(p *Pretraining) { p.Decay = "square" }, "decay"},
		{"a precision that does not exist", func(p *Pretraining) { p.Precision = "int8" }, "precision"},
		{"warm-up above one", func(p *Pretraining) { p.Warmup = 100 }, "warmup"},
		{"a negative time between checkpoints", func(p *Pretraining) { p.CheckpointMinutes = -2 }, "checkpoint_minutes is -2"},
		{"fewer than no bad lines", func(p *Pretraining) { p.BadLines = ptr(-2) }, "bad_lines is -2"},
		{"no mask", func(p *Pretraining) { p.MaskProbability = 2 }, "mask probability"},
	} {
		t.Run("pre-training with "+test.name, func(t *testing.T) {
			run := pretraining(corpus)
			test.edit(&run)
			for _, err := range Pretrain(t.Context(), m, tok, run, Options{}) {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("error %v, want one that says %q", err, test.want)
				}
			}
		})
	}
	for _, test := range []struct {
		name string
		edit func(*Finetuning)
		want string
	}{
		{"no head", func(f *Finetuning) { f.Heads = nil }, "heads"},
		{"a head that the model lacks", func(f *Finetuning) { f.Heads["topic"] = f.Heads["mood"] }, `no head "topic"`},
		{"a head without training data", func(f *Finetuning) {
			f.Heads["mood"] = HeadRun{Type: bert.SequenceHeadType, Weight: 1, MaxTokens: 16, Sets: []SetConfig{{Dev: "a.jsonl"}}}
		}, "none of its sets has a train file"},
		{"an unknown best", func(f *Finetuning) { f.Best = "sst" }, "best is \"sst\""},
		{"early stopping on the last weights", func(f *Finetuning) { f.Best, f.EarlyStopping = "last", &EarlyStopping{Patience: 1} }, "early_stopping"},
		{"texts longer than the model reads", func(f *Finetuning) {
			head := f.Heads["mood"]
			head.MaxTokens = 100
			f.Heads["mood"] = head
		}, "reads at most 64"},
		{"steps and epochs", func(f *Finetuning) { f.Steps = 10 }, "steps is 10 and epochs is 3: give one of them"},
		{"an endless number of epochs", func(f *Finetuning) { f.Epochs = 1e300 }, "epochs 1e+300"},
		{"an auxiliary loss without text", func(f *Finetuning) { f.MLM.Corpus = nil }, "mlm"},
	} {
		t.Run("fine-tuning with "+test.name, func(t *testing.T) {
			run := finetuning(t, corpus)
			test.edit(&run)
			for _, err := range Finetune(t.Context(), m, tok, run, Options{}) {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("error %v, want one that says %q", err, test.want)
				}
			}
		})
	}
	t.Run("a tokenizer larger than the model", func(t *testing.T) {
		large := loadTokenizer(t, numbered(201))
		for _, err := range Pretrain(t.Context(), m, large, pretraining(corpus), Options{}) {
			if err == nil || !strings.Contains(err.Error(), "206 tokens, the model only 205") {
				t.Fatalf("error %v", err)
			}
		}
	})
}

// None is a number of bad lines that a run can ask for: the first one ends it.
func TestNoBadLines(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	for _, test := range []struct {
		badLines string
		refused  bool
	}{{`"bad_lines": 0`, true}, {`"bad_lines": 1`, false}, {`"bad_lines": -1`, false}, {`"seed": 1`, false}} {
		run := finetuning(t, corpus)
		path := run.Heads["mood"].Sets[0].Train
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		writeTo(t, path, "not JSON\n"+string(data))
		var settings Finetuning
		if err := ReadRun(write(t, "run.json", "{"+test.badLines+"}"), &settings); err != nil {
			t.Fatal(err)
		}
		run.BadLines = settings.BadLines
		run.SetDefaults()
		for _, err := range Finetune(t.Context(), m, tok, run, Options{}) {
			if refused := err != nil && strings.Contains(err.Error(), path+":1"); refused != test.refused {
				t.Errorf("%s: error %v, want one: %t", test.badLines, err, test.refused)
			}
			break
		}
	}
}

// Without a time between checkpoints there is the one at the end.
func TestCheckpointsOnlyAtTheEnd(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, nil)
	run := pretraining(corpus)
	run.CheckpointMinutes = unset
	hours := 0
	o := Options{Dir: t.TempDir(), Now: func() time.Time { hours++; return time.Unix(int64(3600*hours), 0) }}
	var saved []int
	for report, err := range Pretrain(t.Context(), m, tok, run, o) {
		if err != nil {
			t.Fatal(err)
		}
		if report.Kind == Saved {
			saved = append(saved, report.Step)
		}
	}
	if want := []int{run.TotalSteps()}; !slices.Equal(saved, want) {
		t.Errorf("checkpoints after steps %v, want %v", saved, want)
	}
}

func TestBreakingOutEndsTheRun(t *testing.T) {
	corpus, _ := numberedCorpus(t, 30)
	tok, m := tinyModel(t, 200, nil)
	n := 0
	for _, err := range Pretrain(t.Context(), m, tok, pretraining(corpus), Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d reports after the break", n)
	}
}

// Sums do not depend on how many threads share the work, so neither does a run.
func TestRunsDoNotDependOnTheThreads(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, one := tinyModel(t, 200, nil)
	_, three := tinyModel(t, 200, nil)
	pool := kernels.NewPool(3)
	defer pool.Close()
	pretrain := func(ctx context.Context, m *bert.Model, o Options) func(func(Report, error) bool) {
		return Pretrain(ctx, m, tok, pretraining(corpus), o)
	}
	want, err := collect(t.Context(), one, pretrain, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := collect(t.Context(), three, pretrain, Options{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reports of one thread and of three (-one +three):\n%s", diff)
	}
	if !sameParameters(one, three) {
		t.Error("three threads ended with other parameters than one")
	}
}
