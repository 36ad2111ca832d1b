package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cloze/internal/training"
)

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
