package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

var wholeText tokenizer.Options

// asCommand makes the test binary the command itself, for tests that kill it.
const asCommand = "CLOZE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command makes a process of the command.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

// texts writes a vocabulary of sixty words and a corpus of them.
func texts(t testing.TB) (dir, vocab, corpus string) {
	t.Helper()
	dir = t.TempDir()
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	for i := range 60 {
		words = append(words, fmt.Sprintf("%c%c", 'a'+i%26, 'a'+i/26))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for range 60 {
		for range 5 {
			for range 6 {
				text.WriteString(words[5+rng.IntN(60)] + " ")
			}
			text.WriteByte('\n')
		}
		text.WriteByte('\n')
	}
	vocab, corpus = filepath.Join(dir, "vocab.txt"), filepath.Join(dir, "corpus.txt")
	for path, content := range map[string]string{vocab: strings.Join(words, "\n") + "\n", corpus: text.String()} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, vocab, corpus
}

// writeRun writes the description of a pre-training run.
func writeRun(t testing.TB, dir, vocab, corpus, output string, steps int, checkpointMinutes float64) string {
	t.Helper()
	run := map[string]any{
		"config": map[string]any{
			"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 32,
		},
		"vocabulary": vocab, "corpus": []string{corpus}, "output": output, "held_out": 0.1,
		"phases":        []map[string]any{{"max_tokens": 24, "batch_size": 4, "steps": steps}},
		"learning_rate": 1e-3, "report_every": 5, "evaluate_every": steps / 2, "checkpoint_minutes": checkpointMinutes, "seed": 3,
	}
	data, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.Base(output)+".json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// untimed reads metrics.jsonl without what another run need not repeat.
func untimed(t testing.TB, output string) []training.Report {
	t.Helper()
	lines, err := readMetrics(filepath.Join(output, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	var kept []training.Report
	for _, line := range lines {
		r := line.Report
		r.Elapsed, r.TokensPerSecond = 0, 0
		if r.Kind != training.Saved && r.Kind != training.Started {
			kept = append(kept, r)
		}
	}
	return kept
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sameRuns(t *testing.T, want, got string) {
	t.Helper()
	a, err := json.Marshal(untimed(t, want))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(untimed(t, got))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("metrics differ:\n%s\n%s", a, b)
	}
	if !bytes.Equal(read(t, filepath.Join(want, "model.safetensors")), read(t, filepath.Join(got, "model.safetensors"))) {
		t.Error("the weights, or what is noted of them, differ")
	}
}

func TestFromTextToAServableModel(t *testing.T) {
	dir, vocab, corpus := texts(t)
	pretrained := filepath.Join(dir, "pretrained")
	pretrain := &pretrainCmd{File: writeRun(t, dir, vocab, corpus, pretrained, 10, 5), Precision: "bfloat16"}
	if err := pretrain.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	labelled := filepath.Join(dir, "train.tsv")
	rows := "text\tlabel\n"
	for i := range 40 {
		rows += fmt.Sprintf("%ca ba ca\t%s\n", "ab"[i%2], []string{"first", "second"}[i%2])
	}
	if err := os.WriteFile(labelled, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	finetuned := filepath.Join(dir, "finetuned")
	finetune := &finetuneCmd{
		Model: pretrained, Output: finetuned, Head: "order", Train: labelled, Dev: labelled,
		Epochs: 30, BatchSize: 8, MaxTokens: 32, LearningRate: 5e-3,
	}
	if err := finetune.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, output := range []string{pretrained, finetuned} {
		for _, name := range []string{"config.json", "model.safetensors", "vocab.txt", runFile, metricsFile, curvesSVG, curvesPNG, cardFile} {
			if info, err := os.Stat(filepath.Join(output, name)); err != nil || info.Size() == 0 {
				t.Errorf("%s of %s: %v", name, output, err)
			}
		}
	}
	if card := string(read(t, filepath.Join(pretrained, cardFile))); !strings.Contains(card, "matrix products in bfloat16.") {
		t.Errorf("the card does not name the precision:\n%s", card)
	}
	if line, _, _ := strings.Cut(string(read(t, filepath.Join(pretrained, metricsFile))), "\n"); !strings.Contains(line, `"precision":"bfloat16"`) {
		t.Errorf("the first line of %s does not name the precision: %s", metricsFile, line)
	}
	card := string(read(t, filepath.Join(finetuned, cardFile)))
	for _, want := range []string{"# finetuned", pretrained, "| order | set | 40 | accuracy |", "curves.svg", "\"learning_rate\": 0.005"} {
		if !strings.Contains(card, want) {
			t.Errorf("the card does not say %q:\n%s", want, card)
		}
	}
	model, tok, err := checkpoint.LoadDir(finetuned, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ws := model.NewWorkspace(nil)
	for i, text := range []string{"aa ba ca", "ba ba ca"} {
		in := bert.NewBatch([][]int32{tok.Encode(text, wholeText).IDs}, nil)
		head := model.Heads["order"].(*bert.SequenceHead)
		logits := head.Forward(ws, model.Pooler.Forward(ws, model.Encoder.Forward(ws, in), in))
		if got, want := head.Labels[argmax(logits)], []string{"first", "second"}[i]; got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	// The run that was written is the run that was made.
	again := &finetuneCmd{File: finetuned}
	a, err := again.description()
	if err != nil {
		t.Fatal(err)
	}
	b, err := finetune.description()
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(a.Heads, a.LearningRate, a.Epochs, a.Model) != fmt.Sprint(b.Heads, b.LearningRate, b.Epochs, b.Model) {
		t.Errorf("%s reads back as %+v, want %+v", runFile, a, b)
	}
}

// labelled writes a file with rows of two labels.
func labelled(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "train.csv")
	rows := "text,label\n"
	for i := range 40 {
		rows += fmt.Sprintf("%ca ba ca,%s\n", "ab"[i%2], []string{"first", "second"}[i%2])
	}
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cancelled is a context that ends after so many questions whether it has.
type cancelled struct {
	context.Context
	checks int
}

func (c *cancelled) Err() error {
	if c.checks--; c.checks < 0 {
		return context.Canceled
	}
	return nil
}

// A run that is interrupted before its first report of steps has read something,
// and so says its card.
func TestCardOfAnInterruptedRun(t *testing.T) {
	dir, vocab, corpus := texts(t)
	output := filepath.Join(dir, "run")
	err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, output, 10, 5)}).Run(&cancelled{t.Context(), 5})
	interrupted := (*training.InterruptedError)(nil)
	if !errors.As(err, &interrupted) || interrupted.Step != 2 {
		t.Fatalf("error %v, want an interruption after step 2", err)
	}
	card := string(read(t, filepath.Join(output, cardFile)))
	if !strings.Contains(card, "Steps taken: 2 of 10; tokens read: ") || strings.Contains(card, "tokens read: 0;") {
		t.Errorf("want the steps and tokens of before the interruption:\n%s", card)
	}
}

// Without dev files the weights with the lowest loss on held-out text are kept.
func TestTextDecidesWhichWeightsAreKept(t *testing.T) {
	dir, vocab, corpus := texts(t)
	base := filepath.Join(dir, "base")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, base, 10, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(dir, "finetune.json")
	description := fmt.Sprintf(`{"model": %q, "output": %q, "steps": 20, "mlm": {"corpus": [%q], "batch_size": 4},
		"max_tokens": 16, "learning_rate": 1e-3, "heads": {"c": {"type": "sequence", "sets": [{"train": %q}]}}}`,
		base, filepath.Join(dir, "tuned"), corpus, labelled(t, dir))
	if err := os.WriteFile(run, []byte(description), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&finetuneCmd{File: run}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	lowest := training.Report{}
	for _, r := range untimed(t, filepath.Join(dir, "tuned")) {
		if r.Evaluation != nil && (lowest.Evaluation == nil || r.Evaluation.Text.MLMLoss < lowest.Evaluation.Text.MLMLoss) {
			lowest = r
		}
	}
	if lowest.Step == 2 {
		t.Fatal("the first evaluation is the best: this run shows nothing")
	}
	want := fmt.Sprintf("of the weights after step %d.", lowest.Step)
	if card := string(read(t, filepath.Join(dir, "tuned", cardFile))); !strings.Contains(card, want) {
		t.Errorf("want the figures %s\n%s", want, card)
	}
}

// A flag for the length of a run replaces either way in which its file says it,
// defaults that were written down included.
func TestStepsAndEpochs(t *testing.T) {
	for _, test := range []struct {
		file   string
		cmd    finetuneCmd
		steps  int
		epochs float64
	}{
		{`{"epochs": 3}`, finetuneCmd{Steps: 7}, 7, 0},
		{`{"steps": 9}`, finetuneCmd{Epochs: 2}, 0, 2},
		{`{"steps": 9}`, finetuneCmd{}, 9, 0},
		{`{}`, finetuneCmd{}, 0, 3},
	} {
		test.cmd.File = filepath.Join(t.TempDir(), "run.json")
		if err := os.WriteFile(test.cmd.File, []byte(test.file), 0o600); err != nil {
			t.Fatal(err)
		}
		run, err := test.cmd.description()
		if err != nil || run.Steps != test.steps || run.Epochs != test.epochs {
			t.Errorf("%s with flags %d, %v: %d steps, %v epochs (%v), want %d, %v", test.file, test.cmd.Steps, test.cmd.Epochs, run.Steps, run.Epochs, err, test.steps, test.epochs)
		}
	}
	if _, err := (&finetuneCmd{Steps: 1, Epochs: 1}).description(); err == nil {
		t.Error("--steps and --epochs: no error")
	}
}

func argmax(x []float32) int { return slices.Index(x, slices.Max(x)) }

// A process that is killed with SIGKILL at random moments, and resumed each
// time, ends with the metrics and the weights of one that was left alone.
func TestKilledRunsGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("runs processes for some seconds")
	}
	const steps, often = 60, 1e-6 // a checkpoint after every step
	t.Run("pretrain", func(t *testing.T) {
		dir, vocab, corpus := texts(t)
		testKills(t, "pretrain", func(output string) string { return writeRun(t, dir, vocab, corpus, output, steps, often) })
	})
	t.Run("finetune", func(t *testing.T) { testKills(t, "finetune", finetuningBase(t, steps, often)) })
}

func testKills(t *testing.T, name string, describe func(output string) string) {
	dir := t.TempDir()
	whole, killed := filepath.Join(dir, "whole"), filepath.Join(dir, "killed")
	if out, err := command(t, name, describe(whole), "--threads", "1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := describe(killed)
	rng := rand.New(rand.NewPCG(5, 6))
	newest := func() string {
		states, err := training.Checkpoints(killed)
		if err != nil || len(states) == 0 {
			return ""
		}
		return states[0]
	}
	kills, resumed := 0, 0
	for finished := false; !finished; {
		before := newest()
		// Each time the same command, also before there is a checkpoint.
		cmd := command(t, name, run, "--threads", "1", "--resume")
		var out bytes.Buffer
		cmd.Stderr, cmd.Stdout = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		for kill := kills < 8; ; {
			if kill && newest() != before { // it has got on, however fast it is
				time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
				kills, kill = kills+1, false
				if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
			}
			select {
			case err := <-done:
				exit := (*exec.ExitError)(nil)
				if errors.As(err, &exit) && !exit.Exited() { // killed
					err = nil
				} else {
					finished = true
				}
				if err != nil {
					t.Fatalf("%v\n%s", err, &out)
				}
			case <-time.After(time.Millisecond):
				continue
			}
			break
		}
		if strings.Contains(out.String(), "resumed from ") {
			resumed++
		}
	}
	t.Logf("killed %d times, resumed %d times", kills, resumed)
	if kills == 0 || resumed == 0 {
		t.Error("no kill had an effect")
	}
	sameRuns(t, whole, killed)
	if leftovers, err := filepath.Glob(filepath.Join(killed, ".*")); err != nil || len(leftovers) > 0 {
		t.Errorf("left behind: %q (%v)", leftovers, err)
	}
}

// A run that was interrupted before its first checkpoint begins again, and says
// so. What was half written goes.
func TestResumeWithoutACheckpoint(t *testing.T) {
	dir, vocab, corpus := texts(t)
	whole, resumed := filepath.Join(dir, "whole"), filepath.Join(dir, "resumed")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, whole, 4, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(resumed, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, resumed, ".model.safetensors.123.tmp", "what a kill left")
	out, err := command(t, "pretrain", writeRun(t, dir, vocab, corpus, resumed, 4, 5), "--resume").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "no checkpoint to resume from: beginning at step 0") {
		t.Fatalf("error %v, it said\n%s", err, out)
	}
	sameRuns(t, whole, resumed)
	if leftovers, err := filepath.Glob(filepath.Join(resumed, ".*")); err != nil || len(leftovers) > 0 {
		t.Errorf("left behind: %q (%v)", leftovers, err)
	}
}

// A run that diverges goes on from its last good checkpoint with a lower
// learning rate, and its log and its card say so.
func TestDivergedRunsGoOn(t *testing.T) {
	dir, vocab, corpus := texts(t)
	output := filepath.Join(dir, "run")
	run := writeRun(t, dir, vocab, corpus, output, 10, 1e-9)
	err := (&pretrainCmd{File: run, LearningRate: 1e30}).Run(t.Context())
	diverged := (*training.DivergedError)(nil)
	if !errors.As(err, &diverged) || diverged.Checkpoint == "" {
		t.Fatalf("error %v, want a divergence behind a checkpoint", err)
	}
	out, err := command(t, "pretrain", run, "--resume", "--learning-rate", "1e-4").CombinedOutput()
	change := "learning_rate was 1e+30, and is 0.0001 now"
	if err != nil || !strings.Contains(string(out), "another setting: "+change) {
		t.Fatalf("error %v, it said\n%s", err, out)
	}
	if card := string(read(t, filepath.Join(output, cardFile))); !strings.Contains(card, "after step 1 "+change+".") {
		t.Errorf("the card does not say what changed:\n%s", card)
	}
	// Nor does it forget when it goes on again.
	if err := (&pretrainCmd{File: output, trainingFlags: trainingFlags{Resume: true}}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if card := string(read(t, filepath.Join(output, cardFile))); !strings.Contains(card, change) {
		t.Errorf("the card no longer says what changed:\n%s", card)
	}
}

// finetuningBase pre-trains a model to fine-tune, and describes a run of it that
// gets better until its end, by its loss.
func finetuningBase(t *testing.T, steps int, checkpointMinutes float64) (run func(output string) string) {
	t.Helper()
	dir, vocab, corpus := texts(t)
	base, train := filepath.Join(dir, "base"), labelled(t, dir)
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, base, 2, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return func(output string) string {
		return writeFile(t, dir, filepath.Base(output)+".json", fmt.Sprintf(`{"model": %q, "output": %q, "steps": %d, "best": "loss",
			"evaluate_every": 4, "report_every": 1, "checkpoint_minutes": %v, "max_tokens": 16, "learning_rate": 1e-3,
			"heads": {"c": {"type": "sequence", "sets": [{"train": %q, "dev": %[5]q}]}}}`, base, output, steps, checkpointMinutes, train))
	}
}

// The card is about the weights that lie beside it, also where they are of a
// step that a killed run, or one that goes on with another learning rate, has
// not come to again.
func TestCardOfAResumedRun(t *testing.T) {
	output := filepath.Join(t.TempDir(), "run")
	run := finetuningBase(t, 16, -1)(output)
	// interrupt goes on to the end of a step. What it leaves is what a kill
	// leaves of a run whose last checkpoint is that of step.
	interrupt := func(step, checkpoint int, learningRate float64) {
		t.Helper()
		cmd := &finetuneCmd{File: run, LearningRate: learningRate, trainingFlags: trainingFlags{Resume: true}}
		done := 0
		if checkpoint < step {
			done = checkpoint
		}
		err := cmd.Run(&cancelled{t.Context(), 2 * (step - done)})
		interrupted := (*training.InterruptedError)(nil)
		if !errors.As(err, &interrupted) || interrupted.Step != step {
			t.Fatalf("error %v, want an interruption after step %d", err, step)
		}
		if step != checkpoint {
			if err := os.Remove(interrupted.Checkpoint); err != nil {
				t.Fatal(err)
			}
		}
	}
	isAbout := func(step int) {
		t.Helper()
		want := fmt.Sprintf("of the weights after step %d.", step)
		if card := string(read(t, filepath.Join(output, cardFile))); !strings.Contains(card, want) {
			t.Errorf("want the figures %s\n%s", want, card)
		}
	}
	interrupt(6, 6, 0)
	isAbout(4)
	interrupt(10, 6, 0)
	isAbout(8)
	interrupt(7, 6, 0)
	isAbout(8) // whose metrics are gone
	for range 2 {
		interrupt(7, 6, 0.5)
		isAbout(8)
	}
	// With so high a rate the weights of step 8 are worse than those of 4, but
	// these are no more: they are the best that this run has.
	interrupt(9, 6, 0.5)
	lines, err := readMetrics(filepath.Join(output, metricsFile))
	if err != nil {
		t.Fatal(err)
	}
	first, last := training.Report{}, training.Report{}
	for _, line := range lines {
		if line.Evaluation != nil {
			first, last = last, line.Report
		}
	}
	if first.Step != 4 || last.Evaluation.Score >= first.Evaluation.Score {
		t.Fatalf("evaluations %+v and %+v: want a worse one, or this shows nothing", first, last)
	}
	kept, err := (&trainingFlags{Resume: true}).kept(output)
	if err != nil || last.Step != 8 || !last.Best || kept.Report.Evaluation.Score != last.Evaluation.Score {
		t.Errorf("kept are %+v (%v), want the weights of %+v", kept, err, last)
	}
}

// A run whose kept weights are gone goes on and chooses anew; broken ones are
// named.
func TestResumeWithoutTheKeptWeights(t *testing.T) {
	output := filepath.Join(t.TempDir(), "run")
	run := finetuningBase(t, 8, -1)(output)
	resume := trainingFlags{Resume: true}
	if err := (&finetuneCmd{File: run}).Run(&cancelled{t.Context(), 2 * 5}); err == nil {
		t.Fatal("the run was not interrupted")
	}
	weights := filepath.Join(output, "model.safetensors")
	if err := os.WriteFile(weights, []byte("no weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := (&finetuneCmd{File: run, trainingFlags: resume}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), weights) || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("error %v, want one that names the file and says what to do", err)
	}
	if err := os.Remove(weights); err != nil {
		t.Fatal(err)
	}
	// At so high a rate the weights of step 8 are worse than the lost ones.
	if err := (&finetuneCmd{File: run, LearningRate: 0.5, trainingFlags: resume}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if card := string(read(t, filepath.Join(output, cardFile))); !strings.Contains(card, "of the weights after step 8.") {
		t.Errorf("want the figures of the only weights that there are\n%s", card)
	}
	if _, err := os.Stat(weights); err != nil {
		t.Error(err)
	}
}

// A line of metrics.jsonl that a crash or a full disk cut off is not in the way
// of going on.
func TestMetricsThatWereCutOff(t *testing.T) {
	dir, vocab, corpus := texts(t)
	whole, cut := filepath.Join(dir, "whole"), filepath.Join(dir, "cut")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, whole, 10, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := writeRun(t, dir, vocab, corpus, cut, 10, 5)
	if err := (&pretrainCmd{File: run}).Run(&cancelled{t.Context(), 14}); err == nil {
		t.Fatal("the run was not interrupted")
	}
	metrics := filepath.Join(cut, metricsFile)
	for _, tail := range []string{`{"kind":"step","step":6,"lo`, `{"kind":"step","step":6}`} { // the second is whole but for its end
		if err := os.WriteFile(metrics, append(read(t, metrics), tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (&pretrainCmd{File: run, trainingFlags: trainingFlags{Resume: true}}).Run(&cancelled{t.Context(), 2}); err == nil {
			t.Fatal("the run was not interrupted")
		}
	}
	if err := (&pretrainCmd{File: run, trainingFlags: trainingFlags{Resume: true}}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameRuns(t, whole, cut)
}

// SIGTERM writes a checkpoint and says so.
func TestTerminatedRunsSaveAndGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("runs processes for some seconds")
	}
	dir, vocab, corpus := texts(t)
	output := filepath.Join(dir, "run")
	run := writeRun(t, dir, vocab, corpus, output, 100000, 60)
	cmd := command(t, "pretrain", run)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	for !strings.Contains(said.String(), "step ") {
		chunk := make([]byte, 1024)
		n, err := stderr.Read(chunk)
		said.Write(chunk[:n])
		if err != nil {
			t.Fatalf("%v\n%s", err, &said)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := said.ReadFrom(stderr); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the process ended without an error")
	}
	if !strings.Contains(said.String(), "is ready to resume from") {
		t.Errorf("it said\n%s\nwant where to resume", &said)
	}
	states, err := filepath.Glob(filepath.Join(output, "checkpoint-*.state"))
	if err != nil || len(states) != 1 {
		t.Fatalf("checkpoints %q (%v), want one", states, err)
	}
	refused := command(t, "pretrain", run)
	if out, err := refused.CombinedOutput(); err == nil || !strings.Contains(string(out), "--resume goes on with it") {
		t.Errorf("without --resume: %v\n%s", err, out)
	}
}

// A disk that fills up while a checkpoint is written: the run stops and says
// which file, and what was written before stays whole.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := mountSmall(t, disk); err != nil {
		t.Skip("needs the right to mount a small file system:", err)
	}
	_, vocab, corpus := texts(t)
	output := filepath.Join(disk, "run")
	run := writeRun(t, dir, vocab, corpus, output, 40, 1e-6)
	out, err := command(t, "pretrain", run).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no space left on device") || !strings.Contains(string(out), "checkpoint-") {
		t.Fatalf("%v\n%s\nwant an error that names the checkpoint and a full device", err, out)
	}
	states, err := filepath.Glob(filepath.Join(output, "checkpoint-*.state"))
	if err != nil || len(states) == 0 {
		t.Fatalf("checkpoints %q (%v), want those that fitted", states, err)
	}
	if leftovers, _ := filepath.Glob(filepath.Join(output, ".*.tmp")); len(leftovers) > 0 {
		t.Errorf("left behind: %q", leftovers)
	}
}

func TestInterruptedContext(t *testing.T) {
	dir, vocab, corpus := texts(t)
	output := filepath.Join(dir, "run")
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the operator")
	cancel(cause)
	err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, output, 10, 5)}).Run(ctx)
	interrupted := (*training.InterruptedError)(nil)
	if !errors.As(err, &interrupted) || !errors.Is(err, cause) {
		t.Fatalf("error %v, want an interruption by its cause", err)
	}
	if _, err := os.Stat(interrupted.Checkpoint); err != nil {
		t.Error(err)
	}
}

// A crash or a full disk must not leave half a file in the place of a whole one,
// so every file of a run is replaced, never written over.
func TestFilesOfARunAreReplaced(t *testing.T) {
	dir, vocab, corpus := texts(t)
	output, old := filepath.Join(dir, "run"), filepath.Join(dir, "old")
	run := writeRun(t, dir, vocab, corpus, output, 4, 5)
	if err := (&pretrainCmd{File: run}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	// As if it had been killed before it said that it was done.
	lines := strings.SplitAfter(strings.TrimSuffix(string(read(t, filepath.Join(output, metricsFile))), "\n"), "\n")
	writeFile(t, output, metricsFile, strings.Join(lines[:len(lines)-1], ""))
	if err := os.Mkdir(old, 0o700); err != nil {
		t.Fatal(err)
	}
	before := contents(t, output)
	for name := range before {
		if err := os.Link(filepath.Join(output, name), filepath.Join(old, name)); err != nil {
			t.Skip("needs hard links:", err)
		}
	}
	if err := (&pretrainCmd{File: run, trainingFlags: trainingFlags{Resume: true}}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name := range before {
		a, err := os.Stat(filepath.Join(output, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.Stat(filepath.Join(old, name))
		if err != nil {
			t.Fatal(err)
		}
		if os.SameFile(a, b) && !strings.HasPrefix(name, "checkpoint-") {
			t.Errorf("%s was written in place", name)
		}
	}
	if diff := cmp.Diff(before, contents(t, old)); diff != "" {
		t.Errorf("the files of before (-before +after):\n%s", diff)
	}
}

// A run that is resumed after its end has nothing to say of itself: its card stays that
// of those who did the work.
func TestFinishedRunKeepsItsCard(t *testing.T) {
	dir, vocab, corpus := texts(t)
	output := filepath.Join(dir, "run")
	run := writeRun(t, dir, vocab, corpus, output, 4, 5)
	if err := (&pretrainCmd{File: run}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	card := filepath.Join(output, cardFile)
	resume := &pretrainCmd{File: run, trainingFlags: trainingFlags{Resume: true}}
	writeFile(t, output, cardFile, "the card")
	if err := resume.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, card)); got != "the card" {
		t.Errorf("the card is now\n%s", got)
	}
	// A crash may have left weights alone, and the card unwritten.
	want := contents(t, output)
	for _, name := range []string{cardFile, "config.json", "vocab.txt"} {
		if err := os.Remove(filepath.Join(output, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := resume.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := contents(t, output)
	for _, name := range []string{"config.json", "vocab.txt", "model.safetensors"} {
		if got[name] != want[name] {
			t.Errorf("%s is not what it was", name)
		}
	}
	if !strings.HasPrefix(string(read(t, card)), "# run") {
		t.Error("a card that is missing is not written")
	}
}

func TestPretrainingIsRefused(t *testing.T) {
	dir, vocab, corpus := texts(t)
	maskless := fileOf(t, "vocab.txt", strings.Replace(string(read(t, vocab)), "[MASK]\n", "", 1))
	for _, test := range []struct {
		name string
		cmd  pretrainCmd
		want string
	}{
		{"nothing said", pretrainCmd{}, "corpus"},
		{"no steps", pretrainCmd{Corpus: []string{corpus}, Preset: "tiny", Vocabulary: vocab, Output: filepath.Join(dir, "o")}, "no --steps"},
		{"no size", pretrainCmd{Corpus: []string{corpus}, Vocabulary: vocab, Steps: 1, Output: filepath.Join(dir, "o")}, "needs a size"},
		{"no vocabulary", pretrainCmd{Corpus: []string{corpus}, Preset: "tiny", Steps: 1, Output: filepath.Join(dir, "o")}, "bert vocab"},
		{"an unknown size", pretrainCmd{Corpus: []string{corpus}, Preset: "huge", Vocabulary: vocab, Steps: 1, Output: filepath.Join(dir, "o")}, `preset is "huge"`},
		{"no [MASK]", pretrainCmd{Corpus: []string{corpus}, Preset: "tiny", Vocabulary: maskless, Steps: 1, Output: filepath.Join(dir, "o")}, `the vocabulary has no "[MASK]"`},
		{"no output", pretrainCmd{Corpus: []string{corpus}, Preset: "tiny", Vocabulary: vocab, Steps: 1}, "output"},
		{"threads", pretrainCmd{Corpus: []string{corpus}, Preset: "tiny", Vocabulary: vocab, Steps: 1, Output: filepath.Join(dir, "o"), trainingFlags: trainingFlags{Threads: -1}}, "--threads must be at least 0, not -1"},
		{"a missing file", pretrainCmd{File: filepath.Join(dir, "missing.json")}, "missing.json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.cmd.Run(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
	if _, err := os.Stat("vocab.txt"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a refused run wrote vocab.txt to the working directory")
	}
}
