package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/training"
)

// fileOf makes a file of the test's own.
func fileOf(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The head of a run without a file of its own is what the flags and the
// labelled file say.
func TestOneHeadFollowsItsFile(t *testing.T) {
	for _, test := range []struct {
		name, file, content string
		cmd                 finetuneCmd
		want                training.HeadRun
		fields              training.Fields
	}{
		{
			name: "single texts", file: "a.tsv", content: "text\tlabel\na\tx\n",
			want: training.HeadRun{Type: bert.SequenceHeadType},
		},
		{
			name: "pairs", file: "pair.tsv", content: "text\ttext_pair\tlabel\na\tb\tx\n",
			want: training.HeadRun{Type: bert.SequenceHeadType, Pair: true},
		},
		{
			name: "pairs of json", file: "pair.jsonl", content: "not this line\n" + `{"text":"a","text_pair":"b","label":"x"}`,
			want: training.HeadRun{Type: bert.SequenceHeadType, Pair: true},
		},
		{
			name: "other columns, several labels", file: "a.csv", content: "sentence,aspect,tags\na,b,x|y\n",
			cmd:    finetuneCmd{Type: "multi", TextField: "sentence", PairField: "aspect", LabelField: "tags", Separator: "|"},
			want:   training.HeadRun{Type: bert.SequenceHeadType, Pair: true, ProblemType: bert.MultiLabel},
			fields: training.Fields{Text: "sentence", Pair: "aspect", Label: "tags", Separator: "|"},
		},
		{
			name: "tagged words", file: "a.conll", content: "a\tO\n",
			want: training.HeadRun{Type: bert.TokenHeadType},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.cmd.Head, test.cmd.Train = "head", fileOf(t, test.file, test.content)
			run, err := test.cmd.description()
			if err != nil {
				t.Fatal(err)
			}
			if err := run.Validate(); err != nil {
				t.Fatal(err)
			}
			test.want.Sets = []training.SetConfig{{Name: "set", Train: test.cmd.Train, Fields: test.fields}}
			test.want.Weight, test.want.MaxTokens = 1, 128
			if diff := cmp.Diff(test.want, run.Heads["head"]); diff != "" {
				t.Errorf("head (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOneHeadRefuses(t *testing.T) {
	named := fileOf(t, "a.csv", "sentence,label\na,x\n")
	run := fileOf(t, "run.json", `{"heads": {"mood": {"type": "sequence", "sets": [{"train": "a.csv"}]}}}`)
	for _, test := range []struct {
		name string
		cmd  finetuneCmd
		want string
	}{
		{"a file with other columns", finetuneCmd{Train: named}, `no column "text" among ["sentence" "label"]: --text-field sentence, or "fields": {"text": "sentence"} in the run's file`},
		{"fields for a run with heads", finetuneCmd{File: run, PairField: "aspect"}, "edit the run's file"},
		{"a head for a run with heads", finetuneCmd{File: run, Head: "other"}, "edit the run's file"},
		{"nothing", finetuneCmd{}, "give --train FILE"},
		{"a file for a run with heads", finetuneCmd{File: run, Train: named}, "this one has its own"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := test.cmd.description(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

// A label that the head does not know is explained by what flags can do: where
// the model's head goes on, another can begin.
func TestUnknownLabelsOfFlags(t *testing.T) {
	dir, vocab, corpus := texts(t)
	base, once := filepath.Join(dir, "base"), filepath.Join(dir, "once")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, base, 2, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	train := labelled(t, dir)
	if err := (&finetuneCmd{Model: base, Output: once, Head: "c", Train: train, Steps: 1, MaxTokens: 16}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := writeFile(t, dir, "other.csv", "text,label\naa,third\nba,fourth\n")
	const another = "--head NAME, one that the model has not, begins a head with the file's labels"
	for _, test := range []struct {
		name     string
		cmd      finetuneCmd
		want     string
		suggests bool
	}{
		{"the model's head", finetuneCmd{Model: once, Train: other}, other + `:2: label "third" is none of head "c"'s, which are ["first" "second"]: `, true},
		{"the same head of another kind", finetuneCmd{Model: once, Train: train, Dev: other, Type: "multi", Separator: "|"}, other + `:2: label "third"`, false},
		{"a new head", finetuneCmd{Model: base, Train: train, Dev: other}, other + `:2: label "third"`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.cmd.Head, test.cmd.Output, test.cmd.Steps, test.cmd.MaxTokens = "c", filepath.Join(t.TempDir(), "o"), 1, 16
			err := test.cmd.Run(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), "head c: "+test.want) || strings.Contains(err.Error(), another) != test.suggests ||
				!strings.HasSuffix(err.Error(), `a run's file, which --dry-run prints, can leave its rows out: "map": {"third": null}`) {
				t.Errorf("error %v, want %q, and another head suggested: %t", err, test.want, test.suggests)
			}
		})
	}
	if err := (&finetuneCmd{Model: once, Output: filepath.Join(dir, "twice"), Head: "d", Train: other, Steps: 1, MaxTokens: 16}).Run(t.Context()); err != nil {
		t.Errorf("with another head: %v", err)
	}
}

// What is not in a figure, say, is told before the run and beside the figure.
func TestWarningsAreShown(t *testing.T) {
	start := &training.Start{Sets: []training.SetReport{{Name: "mood", Head: "h", Part: "train", Rows: 2, Warnings: []string{"odd"}}}}
	want := []string{"mood, train of h: 2 rows", "  warning: odd"}
	if diff := cmp.Diff(want, describeStart(start)[1:]); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	c := card{start: &training.Report{Start: start}}
	path := filepath.Join(t.TempDir(), cardFile)
	if err := c.write(path); err != nil {
		t.Fatal(err)
	}
	if text := string(read(t, path)); !strings.Contains(text, "\nmood, train of h: odd.\n") {
		t.Errorf("the card does not warn:\n%s", text)
	}
}

// Sets of two heads may have one name; each has a curve and a licence.
func TestSetsOfTwoHeadsAreKeptApart(t *testing.T) {
	_, scores := seriesOf([]training.Report{{Step: 1, Evaluation: &training.Evaluation{Sets: []training.SetScore{
		{Head: "a", Set: "x", Main: "accuracy", Value: 0.1},
		{Head: "a", Set: "y", Main: "accuracy", Value: 0.2},
		{Head: "b", Set: "x", Main: "accuracy", Value: 0.3},
	}}}})
	got := map[string]float64{}
	for name, points := range scores {
		if len(points) != 1 {
			t.Errorf("curve %s has %d points, want 1", name, len(points))
		}
		got[name] = points[0].Y
	}
	if diff := cmp.Diff(map[string]float64{"a/x accuracy": 0.1, "y accuracy": 0.2, "b/x accuracy": 0.3}, got); diff != "" {
		t.Errorf("curves (-want +got):\n%s", diff)
	}
	run := training.Finetuning{Heads: map[string]training.HeadRun{
		"a": {Sets: []training.SetConfig{{Train: "data/x.jsonl", Licence: "MIT"}, {Train: "data/y.jsonl", Licence: "BSD"}}},
		"b": {Sets: []training.SetConfig{{Train: "data/x.jsonl", Licence: "CC0"}}},
	}}
	run.SetDefaults()
	want := map[string][2]string{"a/x": {"MIT"}, "a/y": {"BSD"}, "b/data": {"CC0"}}
	if diff := cmp.Diff(want, licences(&run)); diff != "" {
		t.Errorf("licences (-want +got):\n%s", diff)
	}
}

func TestHelpNamesTheDocumentOfRunFiles(t *testing.T) {
	for _, name := range []string{"pretrain", "finetune"} {
		out, err := command(t, name, "--help").CombinedOutput()
		if err != nil || !strings.Contains(strings.Join(strings.Fields(string(out)), " "), "docs/run-files.md") {
			t.Errorf("bert %s --help: %v\n%s", name, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join("..", "..", "docs", "run-files.md")); err != nil {
		t.Error(err)
	}
}
