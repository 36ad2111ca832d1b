package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/evaluation"
)

func TestEvaluateCommand(t *testing.T) {
	run := func(t *testing.T, args ...string) (string, error) {
		t.Helper()
		c := parseArgs(t, append([]string{"evaluate", "--threads", "1"}, args...)...)
		var out bytes.Buffer
		c.Evaluate.stdout = &out
		err := c.Evaluate.Run(t.Context())
		return out.String(), err
	}
	t.Run("table", func(t *testing.T) {
		out, err := run(t, "--model", "en", "--data", labelledSets, "--all", "--served")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"| sentiment | rooms ", "| aspect ", "| 75.0 ", "as served", "largest difference"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	})
	t.Run("json", func(t *testing.T) {
		out, err := run(t, "--model", "en", "--data", labelledSets+"/ner/people", "--format", "json")
		if err != nil {
			t.Fatal(err)
		}
		var got evaluation.CardReport
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if got.Model != "en" || len(got.Sets) != 1 || got.Sets[0].Figure != 100 || got.Sets[0].Card != nil {
			t.Errorf("got %s", out)
		}
	})
	t.Run("json of both models", func(t *testing.T) {
		dir := t.TempDir()
		for id, task := range map[string]string{"en": "sentiment", "zh": "topic"} {
			if err := os.CopyFS(filepath.Join(dir, id, task), os.DirFS(labelledSets+"/"+task)); err != nil {
				t.Fatal(err)
			}
		}
		got := mustEvaluate[cardReports](t, "--data", dir, "--all", "--no-held-out")
		if len(got.Models) != 2 || got.Models[0].Model != "en" || len(got.Models[1].Sets) != 1 {
			t.Errorf("got %+v", got)
		}
	})
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"both models need their own sets", "name one model", []string{"--data", labelledSets}},
		{"none of the card's sets", "no set there", []string{"--model", "en", "--data", labelledSets}},
		{"unfit set", "NUMBER", []string{"--model", "en", "--data", labelledSets + "/ner/numbers"}},
		{"too few rows to check", "--rows 2000", []string{"--model", "en", "--data", labelledSets, "--rows=100", "--check"}},
		{"rows", "--rows", []string{"--model", "en", "--data", labelledSets, "--rows=-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := run(t, test.args...); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestEvaluateSaysWhatIsOff(t *testing.T) {
	card := 80.0
	scores := []*evaluation.CardScore{
		{Task: "topic", Set: "near", Rows: 10, Of: 10, Figure: 80.5, Card: &card, Tolerance: 0.5, Unseen: true},
		{Task: "topic", Set: "far", Rows: 10, Of: 20, Figure: 79.4, Card: &card, Tolerance: 0.5},
		{Task: "topic", Set: "unknown", Rows: 10, Of: 10, Figure: 1},
		{Task: "topic", Set: "few", Rows: 5, Of: 10, Figure: 79.9, Card: &card},
	}
	var out bytes.Buffer
	if err := writeCardTable(&out, &evaluation.CardReport{Model: "m", Sets: scores}, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| near* ", "| far ", "sets marked * gave no row", "+0.50  ", "-0.60 (!)", "10 of 20", "-0.10  ", "largest difference 0.60"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// A folder that is called as a built-in model is stands for nothing. ./en means the
// folder.
func TestBuiltInModelIsNotShadowed(t *testing.T) {
	sets, err := filepath.Abs(labelledSets)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	model := constantModel(t, dir,
		map[string]bert.HeadConfig{"mood": {Type: bert.SequenceHeadType, Labels: []string{"bad", "good"}, ProblemType: bert.SingleLabel, MaxTokens: 7}}, nil)
	if err := os.Rename(model, filepath.Join(dir, "en")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if got := mustEvaluate[evaluation.CardReport](t, "--model", "en", "--data", sets, "--all", "--no-held-out"); len(got.Sets) < 4 {
		t.Errorf("got %+v, want the sets of the built-in model", got)
	}
	rooms := filepath.Join(sets, "sentiment", "rooms", "dev.jsonl")
	if got := mustEvaluate[evaluation.HeadReport](t, "--model", "en", "--data", rooms, "--map", "five="); got.MaxTokens == 7 || got.Head != "sentiment" {
		t.Errorf("head %s, %d tokens; want those of the built-in model", got.Head, got.MaxTokens)
	}
	mood := writeFile(t, dir, "mood.csv", "text,label\naa,good\n")
	if got := mustEvaluate[evaluation.HeadReport](t, "--model", "./en", "--data", mood); got.MaxTokens != 7 || got.Head != "mood" {
		t.Errorf("head %s, %d tokens; want those of the folder", got.Head, got.MaxTokens)
	}
}

// A model of one's own is measured head by head, whatever its heads are called,
// unless a card is asked for: then as the card's model is.
func TestCardIsAskedFor(t *testing.T) {
	cards, err := evaluation.Cards()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(cards["en"].Sets, func(s evaluation.CardSet) bool { return s.Task == "topic" && len(s.Map) > 0 })
	if i < 0 {
		t.Fatal("the card has no set of topics whose labels have other names")
	}
	described := cards["en"].Sets[i]
	dir := t.TempDir()
	var from, to string
	for label, as := range described.Map {
		from, to = label, *as
	}
	sequence := func(labels ...string) bert.HeadConfig {
		return bert.HeadConfig{Type: bert.SequenceHeadType, Labels: labels, ProblemType: bert.SingleLabel}
	}
	several := sequence("fine", "poor")
	several.ProblemType = bert.MultiLabel
	model := constantModel(t, dir,
		map[string]bert.HeadConfig{"topic": sequence("other", to), "mood": sequence("bad", "good"), "sentiment": several},
		map[string][]float32{"topic": {0, 1}, "mood": {0, 1}, "sentiment": {1, -1}})
	data := filepath.Join(dir, "data")
	row := func(label string) string { return fmt.Sprintf(`{"text":"aa","label":%q}`, label) + "\n" }
	for path, content := range map[string]string{
		"topic/" + described.Set: row(from) + row(from),
		"mood/hotels":            row("good") + row("bad"),
		"sentiment/inns":         row("fine"),
	} {
		if err := os.MkdirAll(filepath.Join(data, path), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, data, filepath.Join(path, "dev.jsonl"), content)
	}
	got := mustEvaluate[evaluation.CardReport](t, "--model", model, "--card", "en", "--data", data)
	if len(got.Sets) != 1 || got.Sets[0].Figure != 100 || got.Sets[0].Card == nil || *got.Sets[0].Card != described.Figure {
		t.Errorf("beside the card: got %+v, want %s alone, 100 %%, with the card's figure", got.Sets, described.Set)
	}
	// The sets may be in a directory of the card's name, as they are for auto.
	if err := os.CopyFS(filepath.Join(dir, "all", "en"), os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	if got := mustEvaluate[evaluation.CardReport](t, "--model", model, "--card", "en", "--data", filepath.Join(dir, "all")); len(got.Sets) != 1 {
		t.Errorf("beside the card, of %s/all: got %+v", dir, got.Sets)
	}
	writeFile(t, data, filepath.Join("topic", described.Set, "dev.jsonl"), row(to)+row("other"))
	heads := mustEvaluate[headsReport](t, "--model", model, "--data", data)
	if len(heads.Sets) != 3 || heads.Sets[0].Head != "mood" || heads.Sets[1].Head != "sentiment" || heads.Sets[1].Main != "micro_f1" || heads.Sets[2].Value != 0.5 || heads.Sets[2].Intervals == nil {
		t.Errorf("without a card: got %+v, want the sets of three heads", heads)
	}
	if heads := mustEvaluate[headsReport](t, "--model", model, "--data", data, "--head", "sentiment"); len(heads.Sets) != 1 {
		t.Errorf("one of the heads: got %+v", heads)
	}
	if got := mustEvaluate[evaluation.HeadReport](t, "--model", model, "--data", filepath.Join(data, "sentiment", "inns")); got.Head != "sentiment" || got.Value != 1 {
		t.Errorf("the directory of a set: got %+v", got)
	}
	// Lines that cannot be used are counted, or are too many.
	broken := filepath.Join(dir, "broken", "topic", described.Set)
	if err := os.MkdirAll(broken, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, broken, "dev.jsonl", row(from)+"nonsense\n")
	args := []string{"--model", model, "--card", "en", "--data", broken}
	if got := mustEvaluate[evaluation.CardReport](t, args...); got.Sets[0].Rows != 1 || got.Sets[0].Unusable.Count != 1 {
		t.Errorf("got %+v, want a row, and a line that could not be used", got.Sets[0])
	}
	if out, err := runEvaluate(t, args...); err != nil || !strings.Contains(out, "topic/"+described.Set+": 1 line could not be used:") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := runEvaluate(t, append(args, "--bad-lines", "0")...); err == nil || !strings.Contains(err.Error(), "dev.jsonl:2") {
		t.Errorf("with --bad-lines 0: error %v", err)
	}
	for want, args := range map[string][]string{
		"--bootstrap, --seed: for a labelled file": {"--model", model, "--card", "en", "--seed", "3", "--bootstrap", "5"},
		"there is no such card":                    {"--model", model, "--card", "fr"},
		"has its own card":                         {"--model", "zh", "--card", "en"},
		"--card en or zh":                          {"--model", model, "--check"},
		"--head: for a head":                       {"--model", model, "--card", "en", "--head", "topic"},
		"no set there that model const":            {"--model", model, "--card", "zh"},
	} {
		if _, err := runEvaluate(t, append(args, "--data", data)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q in it", args, err, want)
		}
	}
}
