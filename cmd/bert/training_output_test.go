package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		{"its own model by way of nowhere", &finetuneCmd{Model: output, Output: dir + "/nowhere/../run", Head: "c", Train: labels, Steps: 1}, "is the directory of the model to start from"},
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

// A directory is resumed where it is, not where its run.json says that it was:
// it may have been moved, or be a copy beside the original.
func TestResumeWhereTheRunIs(t *testing.T) {
	dir, vocab, corpus := texts(t)
	whole, original := filepath.Join(dir, "whole"), filepath.Join(dir, "original")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, whole, 4, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := writeRun(t, dir, vocab, corpus, original, 4, 5)
	if err := (&pretrainCmd{File: run}).Run(&cancelled{t.Context(), 4}); err == nil {
		t.Fatal("the run was not interrupted")
	}
	copied, moved := filepath.Join(dir, "copied"), filepath.Join(dir, "moved")
	if err := os.CopyFS(copied, os.DirFS(original)); err != nil {
		t.Fatal(err)
	}
	before := contents(t, original)
	resume := trainingFlags{Resume: true}
	if err := (&pretrainCmd{File: copied, trainingFlags: resume}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameRuns(t, whole, copied)
	if diff := cmp.Diff(before, contents(t, original)); diff != "" {
		t.Errorf("resuming the copy changed the original (-before +after):\n%s", diff)
	}
	if err := os.Rename(original, moved); err != nil {
		t.Fatal(err)
	}
	out, err := command(t, "pretrain", moved, "--resume").CombinedOutput()
	if err != nil || strings.Contains(string(out), "no checkpoint to resume from") {
		t.Fatalf("error %v, it said\n%s", err, out)
	}
	sameRuns(t, whole, moved)
	if _, err := os.Stat(original); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there again (%v)", original, err)
	}
}

// The directory that a run is read from is its output, but -o comes first.
func TestDirectoryOfARunIsItsOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	const description = `{"output": "runs/a", "model": "en"}`
	for _, dir := range []string{"runs/a", "runs/b"} {
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, runFile), []byte(description), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ file, flag, want string }{
		{"runs/a", "", "runs/a"},
		{"./runs/../runs/a", "", "runs/a"}, // as it stands in run.json
		{"runs/b", "", "runs/b"},
		{"runs/b", "runs/c", "runs/c"},
		{"runs/b/run.json", "", "runs/a"},
	} {
		pretraining, err := (&pretrainCmd{File: test.file, Output: test.flag}).description()
		if err != nil {
			t.Fatal(err)
		}
		finetuning, err := (&finetuneCmd{File: test.file, Output: test.flag}).description()
		if err != nil {
			t.Fatal(err)
		}
		if pretraining.Output != test.want || finetuning.Output != test.want {
			t.Errorf("%s with -o %q: outputs %q and %q, want %q", test.file, test.flag, pretraining.Output, finetuning.Output, test.want)
		}
	}
}

// A run of the other command is named as such.
func TestRunsOfTheOtherCommand(t *testing.T) {
	dir := t.TempDir()
	pretraining := writeFile(t, dir, "pretrain.json", `{"preset": "mini"}`)
	finetuning := writeFile(t, dir, "finetune.json", `{"heads": {}}`)
	neither := writeFile(t, dir, "neither.json", `{"layers": 2}`)
	for _, test := range []struct{ file, pretrain, finetune string }{
		{pretraining, "", "a run of bert pretrain"},
		{finetuning, "a run of bert finetune", ""},
		{neither, `neither.json:1: unknown field "layers"`, `neither.json:1: unknown field "layers"`},
	} {
		_, pretrainErr := (&pretrainCmd{File: test.file}).description()
		_, finetuneErr := (&finetuneCmd{File: test.file}).description()
		for _, got := range []struct {
			want string
			err  error
		}{{test.pretrain, pretrainErr}, {test.finetune, finetuneErr}} {
			if got.want == "" && got.err != nil || got.want != "" && (got.err == nil || !strings.Contains(got.err.Error(), got.want)) {
				t.Errorf("%s: error %v, want %q", test.file, got.err, got.want)
			}
		}
	}
}
