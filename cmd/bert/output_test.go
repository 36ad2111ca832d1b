package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
)

// TestWriteOutput: when there is no room for it, what was there before stays;
// and a link stays one.
func TestWriteOutput(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	for _, path := range []string{file, link} {
		for _, test := range []struct {
			content string
			err     error
			want    string
		}{{path, nil, path}, {"part", full, path}} {
			err := writeOutput(path, func(w io.Writer) error {
				_, err := io.WriteString(w, test.content)
				return errors.Join(err, test.err)
			})
			if !errors.Is(err, test.err) {
				t.Errorf("%s: error %v, want %v", path, err, test.err)
			}
			if got := string(read(t, file)); got != test.want {
				t.Errorf("the file holds %q, want %q", got, test.want)
			}
		}
	}
	if target, err := os.Readlink(link); err != nil || target != "file" {
		t.Errorf("the link leads to %q (%v), want file", target, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files, want 2 (%v)", len(entries), err)
	}
}

// An error speaks of the file that was asked for, not of a temporary one.
func TestWriteOutputNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("nowhere/file", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(writeFile(t, dir, "file", ""), "below")
	for _, path := range []string{filepath.Join(dir, "link"), below, dir} {
		err := writeOutput(path, func(io.Writer) error { return nil })
		if err == nil || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

// A command does not write over what it reads.
func TestInputsAreNotWrittenOver(t *testing.T) {
	dir, _, corpus := texts(t)
	model := constantModel(t, t.TempDir(), map[string]bert.HeadConfig{
		"mood": {Type: bert.SequenceHeadType, Labels: []string{"bad", "good"}, ProblemType: bert.SingleLabel},
	}, nil)
	mood := writeFile(t, dir, "mood.jsonl", `{"text":"aa","label":"good"}`+"\n")
	writeFile(t, model, runFile, "{}")
	writeFile(t, model, "checkpoint-00000004.state", "")
	link, hard := filepath.Join(dir, "link.txt"), filepath.Join(dir, "hard")
	if err := errors.Join(os.Symlink(corpus, link), os.Link(filepath.Join(model, "vocab.txt"), hard)); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(model, name) }
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"vocab", "is a file of the text itself", []string{"vocab", corpus, "-o", corpus}},
		{"vocab through a link", "is a file of the text itself", []string{"vocab", corpus, "-o", link}},
		{"vocab of a folder", "is a file of the text itself", []string{"vocab", dir, "-o", corpus}},
		{"export", "model.safetensors of the model", []string{"export", model, in("model.safetensors")}},
		{"export over a checkpoint", "checkpoint-00000004.state of the model", []string{"export", model, in("checkpoint-00000004.state")}},
		{"export over the run", runFile + " of the model", []string{"export", model, in(runFile)}},
		{"mistakes", "config.json of the model", []string{"evaluate", "--model", model, "--data", mood, "--mistakes", in("config.json")}},
		{"mistakes through a link", "vocab.txt of the model", []string{"evaluate", "--model", model, "--data", mood, "--mistakes", hard}},
		{"mistakes in the data", "is the labelled file itself", []string{"evaluate", "--model", model, "--data", mood, "--mistakes", mood}},
	} {
		t.Run(test.name, func(t *testing.T) {
			here, there := contents(t, dir), contents(t, model)
			out, err := command(t, test.args...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), test.want) || !strings.Contains(string(out), "written over") {
				t.Errorf("error %v, want one that says %q:\n%s", err, test.want, out)
			}
			if diff := cmp.Diff([]any{here, there}, []any{contents(t, dir), contents(t, model)}); diff != "" {
				t.Errorf("what was there (-before +after):\n%s", diff)
			}
		})
	}
	// What is nobody's input may lie there, and be written over the next time.
	for range 2 {
		for _, args := range [][]string{
			{"export", model, in("model.onnx")},
			{"evaluate", "--model", model, "--data", mood, "--mistakes", in("mistakes.jsonl")},
		} {
			if out, err := command(t, args...).CombinedOutput(); err != nil {
				t.Errorf("%q: %v\n%s", args, err, out)
			}
		}
	}
}
