package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"cloze/internal/bert"
)

// A number may have a sign, but a flag is nobody's value.
func TestNumbersMayBeNegative(t *testing.T) {
	c := parseArgs(t, "predict", "embed", "--layer", "-1", "--threads", "2")
	if *c.Predict.Embed.Layer != -1 || c.Predict.Embed.Threads != 2 {
		t.Errorf("--layer -1 --threads 2 is %d and %d", *c.Predict.Embed.Layer, c.Predict.Embed.Threads)
	}
	if c := parseArgs(t, "vocab", "text", "--bad-lines", "-1"); c.Vocab.BadLines != -1 {
		t.Errorf("--bad-lines -1 is %d", c.Vocab.BadLines)
	}
	if c := parseArgs(t, "evaluate", "--pieces", "-1", "--bad-lines", "-1"); c.Evaluate.Pieces != -1 || *c.Evaluate.BadLines != -1 {
		t.Errorf("--pieces -1 --bad-lines -1 is %d and %d", c.Evaluate.Pieces, *c.Evaluate.BadLines)
	}
	if c := parseArgs(t, "predict", "ner", "--min-score", "-1e-3"); c.Predict.NER.MinScore != -1e-3 {
		t.Errorf("--min-score -1e-3 is %v", c.Predict.NER.MinScore)
	}
	for args, want := range map[string]string{
		"pretrain --output --resume":    `--output: expected string value but got "--resume"`,
		"pretrain -o -1":                `--output: expected string value but got "-1"`,
		"pretrain --steps --resume":     `--steps: expected int value but got "--resume"`,
		"pretrain --steps -o":           `--steps: expected int value but got "-o"`,
		"pretrain --seed -1":            `--seed: expected a valid 64 bit uint but got "-1"`,
		"finetune --epochs -v":          `--epochs: expected float value but got "-v"`,
		"predict embed --layer -1x":     `--layer: expected int value but got "-1x"`,
		"predict embed --layer one":     `--layer: expected a valid 64 bit int but got "one"`,
		"pretrain --model nowhere":      "--model: nowhere: neither a directory nor one of en, zh",
		"finetune --model main_test.go": "--model: main_test.go: neither a directory nor one of en, zh",
		"finetune --model --resume":     `--model: expected model value but got "--resume"`,
		"finetune --type label":         "--type must be one of",
	} {
		parser, err := kong.New(new(cli), parsing()...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("bert %s: error %v, want one with %q", args, err, want)
		}
	}
}

func TestVersion(t *testing.T) {
	out, err := command(t, "--version").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) == "" || strings.Count(string(out), "\n") != 1 {
		t.Errorf("bert --version: %v\n%s", err, out)
	}
}

// The help names what a flag takes.
func TestHelpNamesTheValues(t *testing.T) {
	for name, values := range map[string][]string{
		"pretrain": bert.PresetNames(),
		"finetune": {"single", "multi", "regression", "tags"},
	} {
		out, err := command(t, name, "--help").CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range values {
			if !strings.Contains(string(out), value) {
				t.Errorf("bert %s --help does not name %s:\n%s", name, value, out)
			}
		}
	}
}
