package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kong"
)

// A file is named once, and by its name: what kong takes the first of, or the current
// directory for, is a mistake.
func TestFileFlags(t *testing.T) {
	file := writeFile(t, t.TempDir(), "a.csv", "text,label\n")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--train", file}, ""},
		{[]string{"--train", file, "--train", file}, "is given twice"},
		{[]string{"--dev", file, "--dev", file}, "is given twice"},
		{[]string{"--train", ""}, "must not be empty"},
		{[]string{"--train", filepath.Dir(file)}, "is a directory"},
		{[]string{"--train", file + "x"}, "no such file"},
	} {
		var c cli
		parser, err := kong.New(&c, parsing()...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parser.Parse(append([]string{"finetune", "--model", "en", "-o", "x"}, test.args...))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, want one that says %q", test.args, err, test.want)
		}
	}
}

// Data that are read more than once cannot come through a pipe: the second reading would
// wait for ever.
func TestPipesAreNoTrainingData(t *testing.T) {
	dir, vocab, corpus := texts(t)
	pretrained := filepath.Join(dir, "pretrained")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, pretrained, 2, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe.jsonl")
	text, tags := filepath.Join(dir, "pipe.txt"), filepath.Join(dir, "pipe.conll")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), syscall.Mkfifo(tags, 0o600), syscall.Mkfifo(text, 0o600), os.Mkdir(filepath.Join(dir, "out"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for name, cmd := range map[string]interface{ Run(context.Context) error }{
		"finetune": &finetuneCmd{Model: pretrained, Output: filepath.Join(dir, "out"), Train: pipe, Type: "single", Steps: 1},
		"tags":     &finetuneCmd{Model: pretrained, Output: filepath.Join(dir, "out"), Train: tags, Steps: 1},
		"pretrain": &pretrainCmd{Model: pretrained, Output: filepath.Join(dir, "out"), Corpus: []string{text}, Steps: 1},
	} {
		if err := cmd.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "read more than once") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
