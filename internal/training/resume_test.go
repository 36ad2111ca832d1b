package training

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// cancelAt makes a context that is cancelled while the run computes step n:
// the pool's tasks are counted by the clock that the run asks for the time, so
// a run is stopped in its middle, not only between reports.
type cancelAt struct {
	context.Context
	checks, limit int
	cancelled     bool
}

func (c *cancelAt) Err() error {
	if c.checks++; c.checks >= c.limit {
		c.cancelled = true
	}
	if c.cancelled {
		return context.Canceled
	}
	return nil
}

func testResume(t *testing.T, model func() *bert.Model, run runner) {
	t.Helper()
	pool := kernels.NewPool(2)
	defer pool.Close()
	whole := model()
	want, err := collect(t.Context(), whole, run, Options{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 2, 9, 17, 30, 41} { // of the context's checks: before and within steps
		t.Run(fmt.Sprint("interrupted at check ", limit), func(t *testing.T) {
			o := Options{Pool: pool, Dir: t.TempDir()}
			var got []Report
			var m *bert.Model
			for interruptions := 0; ; interruptions++ {
				m = model() // a new process
				ctx := context.Context(&cancelAt{Context: t.Context(), limit: limit})
				if interruptions == 3 {
					ctx = t.Context()
				}
				reports, err := collect(ctx, m, run, o)
				got = append(got, reports...)
				if err == nil {
					break
				}
				interrupted := (*InterruptedError)(nil)
				if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				if _, err := os.Stat(interrupted.Checkpoint); err != nil {
					t.Fatal(err)
				}
				o.Resume = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("reports of the interrupted run (-uninterrupted +interrupted):\n%s", diff)
			}
			if !sameParameters(whole, m) {
				t.Error("the interrupted run ended with other parameters")
			}
		})
	}
}

func TestPretrainingResumesBitForBit(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, _ := tinyModel(t, 200, nil)
	for _, precision := range []string{"float32", "bfloat16"} {
		t.Run(precision, func(t *testing.T) {
			description := pretraining(corpus)
			description.Precision = precision
			testResume(t,
				func() *bert.Model { _, m := tinyModel(t, 200, nil); return m },
				func(ctx context.Context, m *bert.Model, o Options) func(func(Report, error) bool) {
					return Pretrain(ctx, m, tok, description, o)
				})
		})
	}
}

// A run whose precision is auto keeps the one that it began with, whatever this
// processor's is; checkpoints that do not say were written in float32.
func TestResumeKeepsThePrecision(t *testing.T) {
	_, m := tinyModel(t, 10, nil)
	var run Pretraining
	run.SetDefaults()
	o := Options{Dir: t.TempDir()}
	newRun := func() *trainer {
		trainer, err := newTrainer(m, &run.Settings, &objective{mlm: 1}, 1, run, o)
		if err != nil {
			t.Fatal(err)
		}
		return trainer
	}
	for _, test := range []struct{ saved, want string }{{"float32", "float32"}, {"bfloat16", "bfloat16"}, {"", "float32"}} {
		before := newRun()
		if got := before.start().Precision; got != kernels.Auto().String() {
			t.Errorf("a new run computes in %s, want %v", got, kernels.Auto())
		}
		before.progress.Precision = test.saved
		if _, err := before.save(); err != nil {
			t.Fatal(err)
		}
		after := newRun()
		after.computeIn(kernels.BFloat16)
		if _, err := after.restore(); err != nil {
			t.Fatal(err)
		}
		if got := after.start().Precision; got != test.want {
			t.Errorf("a run that computed in %q goes on in %s, want %s", test.saved, got, test.want)
		}
	}
}

func TestFinetuningResumesBitForBit(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, _ := tinyModel(t, 200, nil)
	description := finetuning(t, corpus)
	testResume(t,
		func() *bert.Model { _, m := tinyModel(t, 200, finetunedHeads); return m },
		finetuneRunner(tok, description))
}

func TestResumeSkipsABrokenCheckpoint(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, whole := tinyModel(t, 200, nil)
	description := pretraining(corpus)
	description.CheckpointMinutes = 1
	minutes := 0
	o := Options{Dir: t.TempDir(), Now: func() time.Time { // every look at the clock is ten seconds later
		minutes++
		return time.Unix(int64(10*minutes), 0)
	}}
	checkpoints := 0
	for report, err := range Pretrain(t.Context(), whole, tok, description, o) {
		if err != nil {
			t.Fatal(err)
		}
		if report.Kind == Saved {
			checkpoints++
		}
	}
	if checkpoints < 4 {
		t.Fatalf("%d checkpoints, want one a minute", checkpoints)
	}
	states, err := Checkpoints(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(states[0], 5000); err != nil {
		t.Fatal(err)
	}
	o.Resume = true
	_, m := tinyModel(t, 200, nil)
	var start *Start
	for report, err := range Pretrain(t.Context(), m, tok, description, o) {
		if err != nil {
			t.Fatal(err)
		}
		if report.Start != nil {
			start = report.Start
		}
	}
	if start.ResumedFrom != states[1] || len(start.Skipped) != 1 {
		t.Errorf("resumed from %s, skipped %q; want %s and one skipped", start.ResumedFrom, start.Skipped, states[1])
	}
	if !sameParameters(whole, m) {
		t.Error("going on from the checkpoint before gave other parameters")
	}
}

func TestResumeRefusesOtherSettings(t *testing.T) {
	corpus, _ := numberedCorpus(t, 30)
	tok, m := tinyModel(t, 200, nil)
	run := pretraining(corpus)
	o := Options{Dir: t.TempDir()}
	if _, err := collect(t.Context(), m, func(ctx context.Context, m *bert.Model, o Options) func(func(Report, error) bool) {
		return Pretrain(ctx, m, tok, run, o)
	}, o); err != nil {
		t.Fatal(err)
	}
	o.Resume = true
	run.Beta1 = 0.8
	run.CheckpointMinutes = 77 // may differ
	_, m = tinyModel(t, 200, nil)
	for _, err := range Pretrain(t.Context(), m, tok, run, o) {
		if err == nil || !strings.Contains(err.Error(), "beta1 was 0.9, and is 0.8 now") {
			t.Errorf("error %v, want one that names beta1", err)
		}
		return
	}
}

// The learning rate may be another one when a run goes on, and is so from there
// on. The best weights of before are still that if they were kept; if the caller
// has those of a step that is now taken in another way, the run chooses anew.
func TestResumeWithAnotherLearningRate(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	before := finetuning(t, corpus)
	before.EvaluateEvery, before.ReportEvery, before.CheckpointMinutes = 2, 1, 1e-9
	dir := t.TempDir()
	var sixth Report
	for report, err := range Finetune(t.Context(), m, tok, before, Options{Dir: dir}) {
		if err != nil {
			t.Fatal(err)
		}
		if report.Best {
			sixth = report
		}
		if report.Kind == Saved && report.Step == 7 {
			break
		}
	}
	if sixth.Step != 6 {
		t.Fatalf("the best weights are those of step %d: want 6 for this test", sixth.Step)
	}
	elsewhere := sixth
	elsewhere.Evaluation = &Evaluation{Score: sixth.Evaluation.Score - 1}
	after := before
	after.LearningRate /= 4
	after.Warmup = 0.5
	after.Decay = CosineDecay
	for _, test := range []struct {
		kept *KeptWeights
		has  bool
	}{
		{&KeptWeights{Report: sixth}, true},
		{&KeptWeights{Report: elsewhere}, false},       // of that step, but on another way
		{&KeptWeights{Report: Report{Step: 8}}, false}, // of a step that comes out otherwise now
		{&KeptWeights{}, false},
		{nil, true},
	} {
		_, m = tinyModel(t, 200, finetunedHeads)
		o := Options{Dir: t.TempDir(), Resume: true, Kept: test.kept}
		if err := os.CopyFS(o.Dir, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		l, err := newFinetuning(m, tok, after, o)
		if err != nil {
			t.Fatal(err)
		}
		for report, err := range func(yield func(Report, error) bool) { l.reports(t.Context(), yield) } {
			if err != nil {
				t.Fatal(err)
			}
			if report.Kind == Started {
				want := []string{"decay was \"linear\", and is \"cosine\" now", "learning_rate was 0.002, and is 0.0005 now", "warmup was 0.1, and is 0.5 now"}
				if diff := cmp.Diff(want, report.Start.Changed); diff != "" {
					t.Errorf("changed (-want +got):\n%s", diff)
				}
				if best := l.progress.Best; (best != nil) != test.has || best != nil && best.Step != 6 {
					t.Errorf("%+v is kept: the best are %+v", test.kept, best)
				}
			}
			if report.Kind == Stepped {
				if want := after.schedule(report.Steps).At(7); report.Step != 8 || report.LearningRate != want {
					t.Errorf("step %d has learning rate %v, want step 8 and %v", report.Step, report.LearningRate, want)
				}
				break
			}
		}
	}
}

// Where a run stood means nothing in other data.
func TestResumeRefusesOtherData(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	tuned, pretrained := finetuning(t, corpus), pretraining(corpus)
	content := func(path string) string {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	train := tuned.Heads["mood"].Sets[0].Train
	tuned.Heads["mood"].Sets[0].Dev = tuned.Heads["mood"].Sets[1].Dev // so that the training file is no dev file, too
	rows := strings.SplitAfter(content(train), "\n")
	text := content(corpus.Paths[0])
	swapped := slices.Clone(rows)
	slices.Reverse(swapped)
	pretrain := func(ctx context.Context, m *bert.Model, o Options) func(func(Report, error) bool) {
		return Pretrain(ctx, m, tok, pretrained, o)
	}
	for _, test := range []struct {
		name, path, content, want string
		run                       runner
	}{
		{"fewer rows", train, strings.Join(rows[:30], ""), "set mood (train of head mood) had 40 rows, and has 30 now", finetuneRunner(tok, tuned)},
		{"rows in another order", train, strings.Join(swapped, ""), "set mood (train of head mood) is another than before, though it still has 40 rows", finetuneRunner(tok, tuned)},
		{"more text", corpus.Paths[0], text + "\nw1 w2 w3\n\nw4 w5\n", "the running text had 60 documents, and has 62 now", pretrain},
		{"other text as long", corpus.Paths[0], strings.Replace(text, "w1", "w2", 1), "the running text is another than before, though it still has 60 documents", pretrain},
		{"a blank line more", corpus.Paths[0], "\n" + text, "the running text is another than before, though it still has 60 documents", pretrain},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := content(test.path)
			defer writeTo(t, test.path, before)
			o := Options{Dir: t.TempDir()}
			interrupted := (*InterruptedError)(nil)
			if _, err := collect(&cancelAt{Context: t.Context(), limit: 9}, m, test.run, o); !errors.As(err, &interrupted) {
				t.Fatal(err)
			}
			o.Resume = true
			writeTo(t, test.path, test.content)
			_, err := collect(t.Context(), m, test.run, o)
			if !errors.Is(err, errOtherModel) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

// The same text cut by another vocabulary, even one as large, is other data: the
// embeddings were learnt for the tokens of the first.
func TestResumeRefusesAnotherVocabulary(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, nil)
	vocabulary := numbered(200)
	slices.Reverse(vocabulary)
	run := pretraining(corpus)
	by := func(tok *tokenizer.Tokenizer) runner {
		return func(ctx context.Context, m *bert.Model, o Options) func(func(Report, error) bool) {
			return Pretrain(ctx, m, tok, run, o)
		}
	}
	o := Options{Dir: t.TempDir()}
	interrupted := (*InterruptedError)(nil)
	if _, err := collect(&cancelAt{Context: t.Context(), limit: 9}, m, by(tok), o); !errors.As(err, &interrupted) {
		t.Fatal(err)
	}
	o.Resume = true
	_, err := collect(t.Context(), m, by(loadTokenizer(t, vocabulary)), o)
	if !errors.Is(err, errOtherModel) || !strings.Contains(err.Error(), "the vocabulary is another than before, though it still has 205 tokens") {
		t.Errorf("with another vocabulary: error %v", err)
	}
	if _, err := collect(t.Context(), m, by(tok), o); err != nil {
		t.Errorf("with the same: %v", err)
	}
}

// An unchanged run has the weights of a step that it will come to again, if they
// are its own; else it chooses anew.
func TestResumeBeforeTheKeptWeights(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	run := finetuning(t, corpus)
	run.EvaluateEvery, run.CheckpointMinutes = 2, 1e-9
	o := Options{Dir: t.TempDir()}
	ours, best := "", 0
	for report, err := range Finetune(t.Context(), m, tok, run, o) {
		if err != nil {
			t.Fatal(err)
		}
		if report.Kind == Started {
			ours = report.Start.Run
		}
		if report.Best {
			best = report.Step
		}
		if report.Kind == Saved && report.Step == 7 {
			break
		}
	}
	o.Resume = true
	for _, test := range []struct {
		kept KeptWeights
		has  bool
	}{
		{KeptWeights{Report{Step: 8}, ours}, true},
		{KeptWeights{Report{Step: 8}, "of another learning rate"}, false},
		{KeptWeights{Report{Step: best + 1}, ours}, false},
	} {
		_, m = tinyModel(t, 200, finetunedHeads)
		o.Kept = &test.kept
		l, err := newFinetuning(m, tok, run, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.restore(); err != nil {
			t.Fatal(err)
		}
		if has := l.progress.Best != nil; has != test.has {
			t.Errorf("%+v is kept: the best are %+v", test.kept, l.progress.Best)
		}
	}
}

// No step would use another learning rate once the run has ended.
func TestResumeRefusesChangesAfterTheEnd(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	whole := finetuning(t, corpus)
	early := finetuning(t, corpus)
	early.EvaluateEvery, early.EarlyStopping = 2, &EarlyStopping{Patience: 1, MinDelta: 100}
	for name, run := range map[string]Finetuning{"the last step": whole, "early stopping": early} {
		t.Run(name, func(t *testing.T) {
			o := Options{Dir: t.TempDir()}
			if _, err := collect(t.Context(), m, finetuneRunner(tok, run), o); err != nil {
				t.Fatal(err)
			}
			o.Resume = true
			if _, err := collect(t.Context(), m, finetuneRunner(tok, run), o); err != nil {
				t.Errorf("unchanged: %v", err)
			}
			run.LearningRate /= 2
			reports := 0
			for _, err := range Finetune(t.Context(), m, tok, run, o) {
				reports++
				if err == nil || !strings.Contains(err.Error(), "the run ended with step") || !strings.Contains(err.Error(), "learning_rate was 0.002, and is 0.001 now") {
					t.Errorf("error %v, want that the run has ended", err)
				}
			}
			if reports != 1 {
				t.Errorf("%d reports, want the error alone", reports)
			}
		})
	}
}
