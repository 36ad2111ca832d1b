package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/training"
)

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

// Wherever a model is asked for, en and zh are those inside the program, and what
// is no model is refused in the same words.
func TestCommandsFindModels(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("en", 0o700); err != nil { // which is not meant, as ./en would be
		t.Fatal(err)
	}
	writeFile(t, "en", "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")
	for _, args := range [][]string{
		{"export", "nowhere", "x.onnx"},
		{"bench", "--model", "nowhere"},
		{"bench", "--train", "--model", "nowhere"},
		{"convert", "nowhere", "out"},
		{"tokenize", "--model", "nowhere"},
		{"predict", "ner", "--model", "nowhere"},
		{"inspect", "nowhere"},
	} {
		cmd := command(t, args...)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err == nil || !strings.Contains(said.String(), "nowhere: neither a directory nor one of en, zh") || len(out) > 0 {
			t.Errorf("%q: error %v, it said\n%s%s", args, err, out, &said)
		}
	}
	for vocabulary, size := range map[string]int{"en": 30522, "zh": 21128, "./en": 6, "en/vocab.txt": 6} {
		run := training.Pretraining{Preset: "tiny", Vocabulary: vocabulary}
		run.SetDefaults()
		model, tok, files, err := newModel(&run)
		if err != nil {
			t.Fatal(err)
		}
		if tok.VocabSize() != size || model.Config.VocabSize != size {
			t.Errorf("--vocabulary %s: %d tokens, a model for %d, want %d", vocabulary, tok.VocabSize(), model.Config.VocabSize, size)
		}
		if _, err := fs.Stat(files, "vocab.txt"); err != nil {
			t.Error(err)
		}
	}
}
