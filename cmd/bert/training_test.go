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

// A run may give a head other labels than the base has, and leave heads out.
func TestFinetuningReplacesHeads(t *testing.T) {
	dir, vocab, corpus := texts(t)
	base := filepath.Join(dir, "base")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, base, 2, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := func(labels ...string) string {
		path := filepath.Join(dir, strings.Join(labels, "-")+".jsonl")
		var lines string
		for i, label := range labels {
			lines += fmt.Sprintf("{\"text\":\"aa b%c\",\"label\":%q}\n", 'a'+i, label)
		}
		if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	finetune := func(model, output, head, train string) bert.Config {
		cmd := &finetuneCmd{Model: model, Output: filepath.Join(dir, output), Head: head, Train: train, Steps: 2, MaxTokens: 16}
		if err := cmd.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, err := checkpoint.OpenDir(cmd.Output)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // nothing was written
		return c.Config()
	}
	first := finetune(base, "first", "kind", rows("x", "y", "z"))
	if got := first.Heads["kind"].Labels; !slices.Equal(got, []string{"x", "y", "z"}) {
		t.Fatalf("labels %q", got)
	}
	second := finetune(filepath.Join(dir, "first"), "second", "kind", rows("x", "y"))
	if got := second.Heads["kind"].Labels; !slices.Equal(got, []string{"x", "y", "z"}) {
		t.Errorf("labels %q, want those that the base has, since the run lists none", got)
	}
	third := finetune(filepath.Join(dir, "first"), "third", "other", rows("p", "q"))
	if _, kept := third.Heads["kind"]; kept || len(third.Heads["other"].Labels) != 2 {
		t.Errorf("heads %v, want the new one alone", third.Heads)
	}
	run := filepath.Join(dir, "relabel.json")
	description := fmt.Sprintf(`{"model": %q, "output": %q, "steps": 1, "max_tokens": 16,
		"heads": {"kind": {"type": "sequence", "labels": ["y", "x"], "sets": [{"train": %q}]}}}`,
		filepath.Join(dir, "first"), filepath.Join(dir, "fourth"), rows("x", "y"))
	if err := os.WriteFile(run, []byte(description), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&finetuneCmd{File: run}).Run(t.Context()); err != nil {
		t.Fatalf("other labels than the base has: %v", err)
	}
}

// A model inside the program is trained by its name, in a description as with
// the flag; a directory becomes an absolute path there.
func TestTrainingStartsFromAModelInside(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("en", 0o700); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string][2]string{
		"en":   {"en", "the model `en` inside Cloze"},
		"./en": {filepath.Join(here, "en"), "`" + filepath.Join(here, "en") + "`"},
	} {
		finetune := parseArgs(t, "finetune", "--model", flag).Finetune
		pretrain := parseArgs(t, "pretrain", "--model", flag).Pretrain
		if finetune.Model != want[0] || pretrain.Model != want[0] || baseName(want[0]) != want[1] {
			t.Errorf("--model %s is %s and %s, %s; want %s", flag, finetune.Model, pretrain.Model, baseName(finetune.Model), want)
		}
	}
	if head := baseHeads("zh", false)["topic"]; len(head.Labels) == 0 {
		t.Error("the heads of the model inside are not known")
	}
	var settings training.Settings
	m, tok, files, err := openForTraining("zh", &settings, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat(files, "vocab.txt"); err != nil || tok.VocabSize() != m.Config.VocabSize || m.MLM == nil {
		t.Errorf("a model of %d pieces and a tokenizer of %d (%v)", m.Config.VocabSize, tok.VocabSize(), err)
	}
	if _, _, _, err := openForTraining("nowhere", &settings, nil, true); err == nil || err.Error() != "model nowhere: neither a directory nor one of en, zh" {
		t.Errorf("error %v", err)
	}
}

// A head of the base that has the name of the run's, but answers in another way
// or about other things, gives it neither labels nor weights.
func TestFinetuningReplacesHeadsOfAnotherKind(t *testing.T) {
	dir, vocab, corpus := texts(t)
	base, single := filepath.Join(dir, "base"), filepath.Join(dir, "single")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, base, 2, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := func(name string, rows ...string) string {
		return writeFile(t, dir, name, strings.Join(rows, "\n")+"\n")
	}
	if err := (&finetuneCmd{Model: base, Output: single, Head: "h", Train: labelled(t, dir), Steps: 1, MaxTokens: 16}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, kind, train string
		want              bert.HeadConfig
		fresh             bool
	}{
		{
			"a number", "regression", file("numbers.jsonl", `{"text":"aa","label":1.5}`, `{"text":"ba","label":2}`),
			bert.HeadConfig{ProblemType: bert.Regression, Labels: []string{"score"}},
			true,
		},
		{
			"several labels", "multi", file("several.jsonl", `{"text":"aa","label":["first","second"]}`, `{"text":"ba","label":[]}`),
			bert.HeadConfig{ProblemType: bert.MultiLabel, Labels: []string{"first", "second"}},
			true,
		},
		{
			"pairs", "", file("pairs.jsonl", `{"text":"aa","text_pair":"ba","label":"first"}`, `{"text":"ba","text_pair":"ba","label":"second"}`),
			bert.HeadConfig{ProblemType: bert.SingleLabel, Labels: []string{"first", "second"}, Pair: true},
			true,
		},
		{
			"the same", "", file("same.jsonl", `{"text":"aa","label":"first"}`),
			bert.HeadConfig{ProblemType: bert.SingleLabel, Labels: []string{"first", "second"}},
			false,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			output := filepath.Join(dir, test.name)
			cmd := &finetuneCmd{Model: single, Output: output, Head: "h", Type: test.kind, Train: test.train, Steps: 1, MaxTokens: 16}
			if err := cmd.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			test.want.Type, test.want.MaxTokens = bert.SequenceHeadType, 16
			if diff := cmp.Diff(test.want, baseHeads(output, false)["h"]); diff != "" {
				t.Errorf("head (-want +got):\n%s", diff)
			}
			lines, err := readMetrics(filepath.Join(output, metricsFile))
			if err != nil {
				t.Fatal(err)
			}
			if fresh := slices.Contains(lines[0].Start.Fresh, "heads.h.weight"); fresh != test.fresh {
				t.Errorf("the head is new: %t, want %t; new are %q", fresh, test.fresh, lines[0].Start.Fresh)
			}
		})
	}
}

// The head of a model that was fine-tuned elsewhere is one of the base's like any
// other.
func TestFinetuningKnowsAHeadFromElsewhere(t *testing.T) {
	dir := t.TempDir()
	base := filepath.Join("..", "..", "internal", "checkpoint", "testdata", "single-label") // red, green, blue
	for _, test := range []struct {
		name, head, kind, rows string
		want                   []string
		fresh                  bool
	}{
		{"the same labels", "classifier", "", `{"text":"a","label":"blue"}`, []string{"red", "green", "blue"}, false},
		{"the same labels for pairs", "classifier", "", `{"text":"a","text_pair":"b","label":"blue"}`, []string{"red", "green", "blue"}, false},
		{"a number", "classifier", "regression", `{"text":"a","label":1}`, []string{"score"}, true},
		{"another head", "other", "", `{"text":"a","label":"x"}`, []string{"x"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			output := filepath.Join(dir, test.name)
			train := writeFile(t, dir, "train.jsonl", test.rows+"\n")
			cmd := &finetuneCmd{Model: base, Output: output, Head: test.head, Type: test.kind, Train: train, Steps: 1, MaxTokens: 8}
			if err := cmd.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			heads := baseHeads(output, false)
			if diff := cmp.Diff(test.want, heads[test.head].Labels); diff != "" || len(heads) != 1 {
				t.Errorf("of %d heads the labels are (-want +got):\n%s", len(heads), diff)
			}
			lines, err := readMetrics(filepath.Join(output, metricsFile))
			if err != nil {
				t.Fatal(err)
			}
			if fresh := slices.Contains(lines[0].Start.Fresh, "heads."+test.head+".weight"); fresh != test.fresh {
				t.Errorf("the head is new: %t, want %t; new are %q", fresh, test.fresh, lines[0].Start.Fresh)
			}
		})
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

// The card's figures are those of the weights that are kept: the best ones, or
// the last.
func TestCardIsAboutTheWeightsThatAreKept(t *testing.T) {
	for keepBest, want := range map[bool]string{true: "after step 5.", false: "after step 10."} {
		c := card{keepBest: keepBest}
		c.note(training.Report{Kind: training.Started, Start: &training.Start{}})
		c.note(training.Report{Kind: training.Evaluated, Step: 5, Best: true, Evaluation: &training.Evaluation{}})
		c.note(training.Report{Kind: training.Evaluated, Step: 10, Evaluation: &training.Evaluation{}})
		path := filepath.Join(t.TempDir(), cardFile)
		if err := c.write(path); err != nil {
			t.Fatal(err)
		}
		if text := string(read(t, path)); !strings.Contains(text, want) {
			t.Errorf("the best weights are kept: %t; want the figures of the weights %s\n%s", keepBest, want, text)
		}
	}
}

// The card's command is one that a shell runs again.
func TestWordsForAShell(t *testing.T) {
	for word, want := range map[string]string{
		"--epochs=3": "--epochs=3", "runs/a_b-1.0/x,y@z": "runs/a_b-1.0/x,y@z", "|": "'|'", "": "''", "a b": "'a b'",
		"~/x": "'~/x'", "$HOME;ls": "'$HOME;ls'", "it's": `'it'\''s'`, "a&b": "'a&b'", "<x>": "'<x>'", "#1": "'#1'", "é\n": "'é\n'",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", word, got, want)
		}
		if sh, err := exec.LookPath("sh"); err == nil {
			out, err := exec.CommandContext(t.Context(), sh, "-c", "printf %s "+shellWord(word)).Output()
			if err != nil || string(out) != word {
				t.Errorf("a shell reads %s as %q (%v), want %q", shellWord(word), out, err, word)
			}
		}
	}
}

// The card has all that was measured and left out.
func TestCardHasAllFigures(t *testing.T) {
	c := card{}
	c.note(training.Report{Kind: training.Started, Start: &training.Start{Sets: []training.SetReport{
		{Name: "reviews", Head: "mood", Part: "train", Rows: 1200, LeftOut: 34},
	}}})
	c.note(training.Report{Kind: training.Evaluated, Step: 3, Evaluation: &training.Evaluation{Sets: []training.SetScore{
		{Set: "reviews", Head: "mood", Rows: 1000, Loss: 0.5, Main: "accuracy", Value: 0.75, Metrics: map[string]float64{"accuracy": 0.75, "macro_f1": 0.7, "matthews": 0.4}},
		{Set: "names", Head: "ner", Rows: 20, Loss: 0.25, Main: "entity_f1", Value: 0.5, Metrics: map[string]float64{"entity_f1": 0.5, "entity_f1/PER": 0.625}},
	}}})
	path := filepath.Join(t.TempDir(), cardFile)
	if err := c.write(path); err != nil {
		t.Fatal(err)
	}
	text := string(read(t, path))
	for _, want := range []string{
		"| mood | reviews | 1,000 | accuracy | 0.7500 | 0.5000 | macro_f1 0.7000, matthews 0.4000 |",
		"| ner | names | 20 | entity_f1 | 0.5000 | 0.2500 | entity_f1/PER 0.6250 |",
		"| mood | reviews | train | 1,200 | 34 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the card does not say %q:\n%s", want, text)
		}
	}
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

// contents are the files of a directory.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		files[entry.Name()] = string(read(t, filepath.Join(dir, entry.Name())))
	}
	return files
}

// A run that is refused leaves the directory of another as it is, and makes
// none.
func TestRefusedRunsWriteNothing(t *testing.T) {
	dir, vocab, corpus := texts(t)
	output := filepath.Join(dir, "run")
	run := writeRun(t, dir, vocab, corpus, output, 4, 5)
	if err := (&pretrainCmd{File: run}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	otherVocab := filepath.Join(dir, "other.txt")
	if err := os.WriteFile(otherVocab, append(read(t, vocab), "one\nmore\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	link, base := filepath.Join(dir, "link"), filepath.Join(dir, "base")
	if err := errors.Join(os.Symlink(output, link), os.CopyFS(base, os.DirFS(output))); err != nil {
		t.Fatal(err)
	}
	labels := labelled(t, dir)
	unlabelled := filepath.Join(dir, "none.jsonl")
	if err := os.WriteFile(unlabelled, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	seed := uint64(77)
	resume := trainingFlags{Resume: true}
	for _, test := range []struct {
		name string
		cmd  interface{ Run(context.Context) error }
		want string
	}{
		{"another vocabulary", &pretrainCmd{File: run, Vocabulary: otherVocab}, "holds checkpoints of a run"},
		{"another run that is to resume", &pretrainCmd{File: run, Vocabulary: otherVocab, trainingFlags: resume}, "checkpoint of another run"},
		{"another seed", &pretrainCmd{File: run, Seed: &seed, trainingFlags: resume}, "seed was 3, and is 77 now"},
		{"another learning rate after its end", &pretrainCmd{File: run, LearningRate: 1e-5, trainingFlags: resume}, "the run ended with step 4"},
		{"a fine-tuning run", &finetuneCmd{Model: base, Output: output + "/", Head: "c", Train: labels, Steps: 1}, "holds checkpoints of a run"},
		{"a directory of other files", &finetuneCmd{Model: output, Output: dir, Head: "c", Train: labels, Steps: 1}, "holds files that no run wrote, such as corpus.txt"},
		{"its own model", &finetuneCmd{Model: output, Output: filepath.Join(dir, ".", "run", "..", "run"), Head: "c", Train: labels, Steps: 1, trainingFlags: resume}, "is the directory of the model to start from"},
		{"its own model through a link", &pretrainCmd{Model: output, Output: link, Corpus: []string{corpus}, Steps: 1}, "is the directory of the model to start from"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := contents(t, output)
			if err := test.cmd.Run(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
			if diff := cmp.Diff(before, contents(t, output)); diff != "" {
				t.Errorf("the refused run changed (-before +after):\n%s", diff)
			}
		})
	}
	nowhere := filepath.Join(dir, "nowhere")
	for _, cmd := range []interface{ Run(context.Context) error }{
		&pretrainCmd{File: run, Output: nowhere, Corpus: []string{filepath.Join(dir, "missing")}},
		&finetuneCmd{Model: output, Output: nowhere, Head: "c", Train: labels, Dev: unlabelled, Steps: 1},
	} {
		if err := cmd.Run(t.Context()); err == nil {
			t.Error("a run without data: no error")
		}
		if _, err := os.Stat(nowhere); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a refused run made %s", nowhere)
		}
	}
}

// Files that no run wrote are nothing to write over. An empty directory will do,
// one with folders, too, and that of a run, however far it came.
func TestOutputIsNobodyElses(t *testing.T) {
	const started = `{"kind":"start","step":0}` + "\n"
	for _, test := range []struct {
		name   string
		files  map[string]string
		resume bool
		file   string // that is in the way
	}{
		{"nothing", nil, false, ""},
		{"nothing to resume", nil, true, ""},
		{"folders and what is hidden", map[string]string{"text/README.md": "", ".gitignore": "*", ".model.safetensors.12.tmp": ""}, false, ""},
		{"a project", map[string]string{"README.md": "notes", "text/a.txt": ""}, false, "README.md"},
		{"a project to resume", map[string]string{"README.md": "notes"}, true, "README.md"},
		{"a description of a run", map[string]string{runFile: "{}"}, false, runFile},
		{"another model", map[string]string{"config.json": "{}", "vocab.txt": ""}, false, "config.json"},
		{"other metrics", map[string]string{metricsFile: `{"loss":1}` + "\n"}, false, metricsFile},
		{"other metrics of one letter", map[string]string{metricsFile: "1"}, true, metricsFile},
		{"a run without checkpoints", map[string]string{metricsFile: started, runFile: "{}", "README.md": "card"}, false, ""},
		{"a run without checkpoints to resume", map[string]string{metricsFile: started, runFile: "{}"}, true, ""},
		{"a run that has just begun", map[string]string{metricsFile: ""}, true, ""},
		{"a run whose first line was cut off", map[string]string{metricsFile: started[:5], runFile: "{}"}, true, ""},
		{"a run without metrics", map[string]string{"checkpoint-00000004.state": "", "README.md": "card"}, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range test.files {
				path := filepath.Join(dir, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			err := checkOutput(dir, "", test.resume)
			want := fmt.Sprintf("the output %s holds files that no run wrote, such as %s: choose another output, or move them away", dir, test.file)
			if test.file == "" && err != nil || test.file != "" && (err == nil || err.Error() != want) {
				t.Errorf("error %v", err)
			}
		})
	}
	if err := checkOutput(filepath.Join(t.TempDir(), "new"), "", false); err != nil {
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

func TestPretrainingIsRefused(t *testing.T) {
	dir, vocab, corpus := texts(t)
	maskless := fileOf(t, "vocab.txt", strings.Replace(string(read(t, vocab)), "[MASK]\n", "", 1))
	for _, test := range []struct {
		name string
		cmd  pretrainCmd
		want string
	}{
		{"nothing said", pretrainCmd{}, "corpus"},
		{"no size", pretrainCmd{Corpus: []string{corpus}, Vocabulary: vocab, Steps: 1, Output: filepath.Join(dir, "o")}, "needs a size"},
		{"no vocabulary", pretrainCmd{Corpus: []string{corpus}, Preset: "tiny", Steps: 1, Output: filepath.Join(dir, "o")}, "bert vocab"},
		{"an unknown size", pretrainCmd{Corpus: []string{corpus}, Preset: "huge", Vocabulary: vocab, Steps: 1, Output: filepath.Join(dir, "o")}, `preset is "huge"`},
		{"no [MASK]", pretrainCmd{Corpus: []string{corpus}, Preset: "tiny", Vocabulary: maskless, Steps: 1, Output: filepath.Join(dir, "o")}, `the vocabulary has no "[MASK]"`},
		{"no output", pretrainCmd{Corpus: []string{corpus}, Preset: "tiny", Vocabulary: vocab, Steps: 1}, "output"},
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
