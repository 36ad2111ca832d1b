package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"cloze/internal/tasks"
)

func TestInspectExamples(t *testing.T) {
	for _, test := range []struct {
		name string
		cmd  inspectExamplesCmd
		want string
	}{
		// The paper's example (Devlin et al. 2018, §A.1), with all three
		// treatments of its word.
		{
			"masked",
			inspectExamplesCmd{Text: []string{"my dog is hairy"}, Model: "en", Seed: 8},
			"1: no pair, 6 tokens\n   [CLS] my dog is [MASK] [SEP]\n     4 hairy → [MASK] (mask)\n",
		},
		{
			"random",
			inspectExamplesCmd{Text: []string{"my dog is hairy"}, Model: "en", Seed: 9},
			"1: no pair, 6 tokens\n   [CLS] my dog is fault [SEP]\n     4 hairy → fault (random)\n",
		},
		{
			"kept",
			inspectExamplesCmd{Text: []string{"my dog is hairy"}, Model: "en", Seed: 14},
			"1: no pair, 6 tokens\n   [CLS] my dog is hairy [SEP]\n     4 hairy → hairy (keep)\n",
		},
		{
			"chinese",
			inspectExamplesCmd{Text: []string{"我今天要上课"}, Model: "zh", Seed: 29},
			"1: no pair, 8 tokens\n   [CLS] 我 今 天 要 上 [MASK] [SEP]\n     6 课 → [MASK] (mask)\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			test.cmd.Format, test.cmd.MaxTokens, test.cmd.Probability, test.cmd.ShortShare = "text", 128, 0.15, 0.1
			if err := test.cmd.inspect(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != test.want {
				t.Errorf("it says\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestInspectExamplesOfACorpus(t *testing.T) {
	_, _, corpus := texts(t)
	cmd := inspectExamplesCmd{Corpus: []string{corpus}, Model: "en", MaxTokens: 32, Probability: 0.3, Examples: 7, Format: "jsonl"}
	var out bytes.Buffer
	if err := cmd.inspect(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 7 {
		t.Fatalf("%d lines, want 7", len(lines))
	}
	for _, line := range lines {
		var e tasks.PretrainingExample
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if len(e.Pieces) == 0 || len(e.Pieces) > 32 || len(e.Predictions) == 0 || e.NextSentence == "" {
			t.Errorf("example %+v", e)
		}
	}
	cmd.Examples = 0 // the epoch
	out.Reset()
	if err := cmd.inspect(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n < 40 {
		t.Errorf("%d examples of sixty documents", n)
	}
}

// The settings of a pre-training run that shape its examples are all there.
func TestInspectExamplesFollowsItsFlags(t *testing.T) {
	_, _, corpus := texts(t)
	// examples are those of one epoch.
	examples := func(flags ...string) []tasks.PretrainingExample {
		var cmd inspectExamplesCmd
		parser, err := kong.New(&cmd)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(append(flags, corpus, "--examples=0", "--max-tokens=40", "--format=jsonl")); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := cmd.inspect(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		var all []tasks.PretrainingExample
		for decoder := json.NewDecoder(&out); decoder.More(); {
			var e tasks.PretrainingExample
			if err := decoder.Decode(&e); err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
		return all
	}
	most := func(all []tasks.PretrainingExample) (predictions int) {
		for _, e := range all {
			predictions = max(predictions, len(e.Predictions))
		}
		return predictions
	}
	if free, bounded := most(examples()), most(examples("--max-predictions=2")); free <= 2 || bounded != 2 {
		t.Errorf("at most %d predictions without a bound, %d with 2", free, bounded)
	}
	if short, long := len(examples("--short-share=1")), len(examples("--short-share=0")); short <= long*3/2 {
		t.Errorf("%d examples if all documents are cut short, %d if none are", short, long)
	}
}

func TestInspectExamplesRefuses(t *testing.T) {
	for _, cmd := range []inspectExamplesCmd{
		{Model: "en", MaxTokens: 128},
		{Model: "en", MaxTokens: 128, Text: []string{"a"}, Corpus: []string{"b"}},
		{Model: "missing", MaxTokens: 128, Text: []string{"a"}},
		{Model: "en", MaxTokens: 3, Text: []string{"a"}},
		{Model: "en", MaxTokens: 128, Corpus: []string{"missing.txt"}},
		{Model: "en", MaxTokens: 128, Text: []string{""}},
		{Model: "en", MaxTokens: 128, Text: []string{"a", " \n"}},
		{Model: "en", MaxTokens: 128, Text: []string{"a"}, Examples: -1},
	} {
		cmd.Probability = 0.15
		var out bytes.Buffer
		if err := cmd.inspect(t.Context(), &out); err == nil || out.Len() > 0 {
			t.Errorf("%+v passed", cmd)
		}
	}
}
