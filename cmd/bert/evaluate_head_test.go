package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/evaluation"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// labelledSets are sets of the built-in tasks whose answers are plain.
const labelledSets = "../../internal/evaluation/testdata/sets"

// runEvaluate runs bert evaluate.
func runEvaluate(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := parseArgs(t, append([]string{"evaluate", "--threads", "1", "--precision", "float32"}, args...)...)
	var out bytes.Buffer
	c.Evaluate.stdout = &out
	err := c.Evaluate.Run(t.Context())
	return out.String(), err
}

// mustEvaluate decodes what bert evaluate says as JSON.
func mustEvaluate[T any](t *testing.T, args ...string) T {
	t.Helper()
	out, err := runEvaluate(t, append(args, "--format", "json")...)
	if err != nil {
		t.Fatal(err)
	}
	var got T
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return got
}

// constantModel writes a model each of whose heads always says what its bias
// says.
func constantModel(t *testing.T, dir string, heads map[string]bert.HeadConfig, biases map[string][]float32) string {
	t.Helper()
	_, vocab, _ := texts(t)
	path := filepath.Join(dir, "constant")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, "vocab.txt", string(read(t, vocab)))
	writeFile(t, path, "tokenizer_config.json", `{"tokenizer_class": "BertTokenizer", "do_lower_case": true, "model_max_length": 32}`)
	tok, err := tokenizer.Load(os.DirFS(path))
	if err != nil {
		t.Fatal(err)
	}
	config, _ := bert.Preset("tiny")
	config.VocabSize, config.HiddenSize, config.NumAttentionHeads, config.IntermediateSize = tok.VocabSize(), 16, 2, 32
	config.MaxPositionEmbeddings, config.Heads = 32, heads
	m, err := bert.NewForTraining(config, nil, bert.TrainingOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Parameters() {
		for name, bias := range biases {
			switch p.Name {
			case "heads." + name + ".weight":
				clear(p.Data)
			case "heads." + name + ".bias":
				copy(p.Data, bias)
			}
		}
	}
	if err := checkpoint.Save(path, config, m.Parameters(), nil, kernels.Float32); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeFile(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A model that bert finetune made has the figures that the run had of its dev
// file: the same code read the rows, as long, and scored the answers.
func TestEvaluateWhatFinetuneMade(t *testing.T) {
	dir, vocab, corpus := texts(t)
	pretrained := filepath.Join(dir, "pretrained")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, pretrained, 4, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := "text\tlabel\n"
	for i := range 40 {
		rows += fmt.Sprintf("%ca ba ca da ea fa ga ha ia ja ka la\t%s\n", "abcde"[i%5], []string{"first", "second"}[i%5%2])
	}
	labelled := writeFile(t, dir, "train.tsv", rows)
	finetuned := filepath.Join(dir, "reviews")
	finetune := &finetuneCmd{
		Model: pretrained, Output: finetuned, Head: "classifier", Train: labelled, Dev: labelled,
		Epochs: 12, BatchSize: 8, MaxTokens: 8, LearningRate: 5e-3, Precision: "float32",
	}
	if err := finetune.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var best training.SetScore
	for _, r := range untimed(t, finetuned) {
		if r.Kind == training.Evaluated && r.Best {
			best = r.Evaluation.Sets[0]
		}
	}
	got := mustEvaluate[evaluation.HeadReport](t, "--model", finetuned, "--data", labelled)
	if got.MaxTokens != 8 || len(got.Truncated) != 40 || got.Truncated[0] != 2 {
		t.Errorf("texts of %d tokens, cut in lines %v; want 8, as in the run, and all cut", got.MaxTokens, got.Truncated)
	}
	if diff := cmp.Diff(best.Metrics, got.Metrics); diff != "" {
		t.Errorf("metrics, of the run (-) and of the model (+):\n%s", diff)
	}
	if math.Abs(got.Loss-best.Loss) > 1e-5 || got.Rows != 40 || got.Head != "classifier" {
		t.Errorf("loss %v of %d rows, head %q; want %v of 40, classifier", got.Loss, got.Rows, got.Head, best.Loss)
	}
	out, err := runEvaluate(t, "--model", finetuned, "--data", labelled)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"reviews, head classifier: 40 rows of ", "accuracy", "Matthews", "95 % interval", "…",
		"label   precision  recall", "what is right (rows)", "always saying \"first\" would be right in 60.0 %",
		"40 rows longer than 8 tokens lost their end: lines 2, 3, 4, 5, 6 and 35 more",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}

	// The pre-training of both.
	text := mustEvaluate[evaluation.TextReport](t, "--model", pretrained, "--text", corpus, "--examples", "0")
	if text.MaxTokens != 24 || text.Examples < 60 || text.Pieces == 0 || text.Pairs == 0 || !(text.Perplexity > 1) || len(text.Intervals) != 5 {
		t.Errorf("text %+v, want all examples, of 24 tokens as in the run", text)
	}
	// What the run says that it did not train is not measured.
	path := filepath.Join(pretrained, runFile)
	saved := read(t, path)
	writeFile(t, pretrained, runFile, strings.Replace(string(saved), "{", `{"no_next_sentence": true,`, 1))
	text = mustEvaluate[evaluation.TextReport](t, "--model", pretrained, "--text", corpus, "--examples", "30")
	if text.Pairs != 0 || text.Pieces == 0 || !slices.Equal(text.Missing, []string{"NSP"}) {
		t.Errorf("text %+v, want the masked pieces alone", text)
	}
	out, err = runEvaluate(t, "--model", pretrained, "--text", corpus, "--examples", "30")
	if err != nil || !strings.Contains(out, "NSP is not measured: the run that made the model did not train it") {
		t.Errorf("%v\n%s", err, out)
	}
	writeFile(t, pretrained, runFile, string(saved))
	out, err = runEvaluate(t, "--model", pretrained, "--text", corpus, "--text", corpus, "--examples", "30", "--mask-probability", "0.3", "--bootstrap", "0")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"pretrained: 30 examples of up to 24 tokens", "masked piece right", "perplexity", "next sentence right", "(30.0 %", "NSP: 30 pairs: ", " are next (", " are not ("} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "interval") {
		t.Errorf("intervals without a bootstrap:\n%s", out)
	}
}

// settled is the number of goroutines, once those that are ending have ended.
func settled(want int) int {
	for range 100 {
		if runtime.NumGoroutine() <= want {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return runtime.NumGoroutine()
}

func TestEvaluateEachKindOfHead(t *testing.T) {
	dir := t.TempDir()
	model := constantModel(t, dir, map[string]bert.HeadConfig{
		"mood":  {Type: bert.SequenceHeadType, Labels: []string{"bad", "good"}, ProblemType: bert.SingleLabel},
		"about": {Type: bert.SequenceHeadType, Labels: []string{"food", "price", "room"}, ProblemType: bert.MultiLabel},
		"stars": {Type: bert.SequenceHeadType, Labels: []string{"stars"}, ProblemType: bert.Regression},
		"names": {Type: bert.TokenHeadType, Labels: []string{"O", "B-PER", "I-PER", "B-LOC", "I-LOC"}},
		"pairs": {Type: bert.SequenceHeadType, Labels: []string{"no", "yes"}, Pair: true, ProblemType: bert.SingleLabel},
	}, map[string][]float32{"mood": {0, 1}, "about": {1, -1, 1}, "stars": {3}, "names": {0, 1, 0, 0, 0}, "pairs": {0, 1}})

	mood := writeFile(t, dir, "mood.csv", "text,label\naa,good\nba,bad\n\"ca, da\",good\nda,good\n")
	t.Run("one label", func(t *testing.T) {
		got := mustEvaluate[evaluation.HeadReport](t, "--model", model, "--head", "mood", "--data", mood)
		if got.Metrics["accuracy"] != 0.75 || !cmp.Equal(got.Confusion, [][]int{{0, 1}, {0, 3}}) || got.Metrics["matthews"] != 0 {
			t.Errorf("got %+v", got.HeadScore)
		}
		if i := got.Intervals["accuracy"]; i.Low >= 0.75 || i.High != 1 {
			t.Errorf("interval %+v", i)
		}
	})
	t.Run("another label's name, other columns, compressed", func(t *testing.T) {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		fmt.Fprint(w, "aa\tx\t+\nba\ty\t-\nca\tz\t?\n") //nolint:errcheck // memory
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := writeFile(t, dir, "mood.tsv.gz", zipped.String())
		got := mustEvaluate[evaluation.HeadReport](t, "--model", model, "--head", "mood", "--data", path,
			"--columns", "says,id,how", "--text-field", "says", "--label-field", "how", "--map", "+=good", "--map=-=bad", "--map", "?=")
		if got.Rows != 2 || got.LeftOut != 1 || got.Metrics["accuracy"] != 0.5 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("several labels", func(t *testing.T) {
		path := writeFile(t, dir, "about.tsv", "text\tlabel\naa\tfood|room\nba\tfood\n")
		args := []string{"--model", model, "--head", "about", "--data", path, "--separator", "|"}
		got := mustEvaluate[evaluation.HeadReport](t, args...)
		if got.Metrics["accuracy"] != 0.5 || math.Abs(got.Metrics["macro_f1"]-(1+0+2.0/3)/3) > 1e-12 || got.Confusion != nil {
			t.Errorf("got %+v", got.HeadScore)
		}
		out, err := runEvaluate(t, args...)
		if err != nil || !strings.Contains(out, "micro F1") || !strings.Contains(out, `nothing in the file is "price"; if it does not annotate that: --lacks 'price'`) {
			t.Errorf("%v\n%s", err, out)
		}
		got = mustEvaluate[evaluation.HeadReport](t, append(args, "--lacks", "price")...)
		if math.Abs(got.Metrics["macro_f1"]-(1+2.0/3)/2) > 1e-12 {
			t.Errorf("macro F1 %v without price, want 5/6", got.Metrics["macro_f1"])
		}
	})
	t.Run("a number", func(t *testing.T) {
		path := writeFile(t, dir, "stars.jsonl", `{"text":"aa","label":2}`+"\n"+`{"text":"ba","label":"5"}`+"\n")
		args := []string{"--model", model, "--head", "stars", "--data", path}
		got := mustEvaluate[evaluation.HeadReport](t, args...)
		if got.Metrics["mean_squared_error"] != 2.5 || !slices.Contains(got.Undefined, "pearson") {
			t.Errorf("got %+v", got.HeadScore)
		}
		out, err := runEvaluate(t, args...)
		if err != nil || !strings.Contains(out, "undefined") || !strings.Contains(out, "2.500") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("entities", func(t *testing.T) {
		path := writeFile(t, dir, "names.conll", "aa B-PER\nba O\n\nca B-PLACE\n")
		got := mustEvaluate[evaluation.HeadReport](t, "--model", model, "--head", "names", "--data", path, "--map", "PLACE=LOC")
		// Right: one person. Wrong: two. Missed: the place.
		if math.Abs(got.Metrics["entity_f1"]-0.4) > 1e-12 || len(got.Labels) != 2 || got.Labels[0].Label != "LOC" {
			t.Errorf("got %+v", got.HeadScore)
		}
		out, err := runEvaluate(t, "--model", model, "--head", "names", "--data", path, "--map", "PLACE=LOC")
		if err != nil || !strings.Contains(out, "entity F1, micro") || !strings.Contains(out, "type  precision  recall    F1  entities") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("pairs", func(t *testing.T) {
		path := writeFile(t, dir, "pairs.jsonl", `{"text":"aa","about":"ba","label":"yes"}`+"\n")
		args := []string{"--model", model, "--head", "pairs", "--data", path}
		if got := mustEvaluate[evaluation.HeadReport](t, append(args, "--pair-field", "about")...); got.Value != 1 {
			t.Errorf("got %+v", got.HeadScore)
		}
		if _, err := runEvaluate(t, args...); err == nil || !strings.Contains(err.Error(), "--pair-field") {
			t.Errorf("without a second text: error %v", err)
		}
	})
	t.Run("the head that the path names", func(t *testing.T) {
		set := filepath.Join(dir, "mood", "hotels")
		if err := os.MkdirAll(set, 0o700); err != nil {
			t.Fatal(err)
		}
		path := writeFile(t, set, "dev.jsonl", `{"text":"aa","label":"good"}`+"\n")
		inns := filepath.Join(dir, "mood", "inns")
		if err := os.MkdirAll(inns, 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, inns, "dev.csv", "text,label\naa,good\n")
		for _, data := range []string{path, set, inns} {
			if got := mustEvaluate[evaluation.HeadReport](t, "--model", model, "--data", data); got.Head != "mood" || got.Value != 1 {
				t.Errorf("%s: got %+v", data, got.HeadScore)
			}
		}
	})
	t.Run("a directory of sets", func(t *testing.T) {
		data := filepath.Join(dir, "data")
		for path, content := range map[string]string{
			"mood/hotels/dev.csv":   "text,label\naa,good\nba,bad\n",
			"mood/inns/dev.jsonl":   `{"text":"aa","label":"good"}` + "\nnonsense\n",
			"names/news/dev.conll":  "aa B-PER\nba B-PER\n",
			"other/things/dev.csv":  "text,label\naa,x\n",
			"stars/nothing/test.md": "not a set",
		} {
			if err := os.MkdirAll(filepath.Join(data, filepath.Dir(path)), 0o700); err != nil {
				t.Fatal(err)
			}
			writeFile(t, data, path, content)
		}
		writeFile(t, data, "stars/nothing/dev.csv", "text,label\naa,2\nba,5\n")
		if out, err := runEvaluate(t, "--model", model, "--data", data, "--head", "stars"); err != nil || !strings.Contains(out, "stars/nothing     2  Pearson  undefined\n") {
			t.Errorf("%v\n%s", err, out)
		}
		if err := os.Remove(filepath.Join(data, "stars", "nothing", "dev.csv")); err != nil {
			t.Fatal(err)
		}
		got := mustEvaluate[headsReport](t, "--model", model, "--data", data)
		if len(got.Sets) != 3 || got.Sets[0].Set != "hotels" || got.Sets[0].Value != 0.5 || got.Sets[2].Main != "entity_f1" || got.Sets[2].Value != 1 || !slices.Equal(got.Others, []string{"other/things"}) {
			t.Errorf("got %+v", got)
		}
		out, err := runEvaluate(t, "--model", model, "--data", data)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"constant     rows            figure  value  95 % interval\n",
			"mood/hotels     2          accuracy   50.0    0.0 … 100.0\n",
			"mood/inns: 1 line could not be used:\n",
			"other/things is not measured: the model has no head \"other\"\n",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
		if got := mustEvaluate[headsReport](t, "--model", model, "--data", data, "--head", "names"); len(got.Sets) != 1 || got.Others != nil {
			t.Errorf("sets of one head: %+v", got)
		}
		// A set that does not fit does not take the others with it, and it is named
		// by its path.
		unfit := filepath.Join(data, "mood", "hotels", "dev.csv")
		for head, content := range map[string]string{
			"does not know the file's": "text,label\naa,fair\n", "map names": "text,label\naa,good\n",
		} {
			writeFile(t, data, "mood/hotels/dev.csv", content)
			out, err := runEvaluate(t, "--model", model, "--data", data, "--map", "LOC=PER", "--bootstrap", "0")
			if err == nil || !strings.Contains(err.Error(), "of 3 could not be measured") || !strings.Contains(out, head) || !strings.Contains(out, unfit) {
				t.Errorf("%v\n%s", err, out)
			}
		}
		writeFile(t, data, "mood/hotels/dev.csv", "text,label\naa,fair\n")
		if out, err := runEvaluate(t, "--model", model, "--data", data); err == nil || !strings.Contains(out, "mood/inns      1 ") || !strings.Contains(out, "names/news     1 ") {
			t.Errorf("%v\n%s", err, out)
		}
		writeFile(t, data, "mood/hotels/dev.csv.gz", "")
		for _, path := range []string{data, filepath.Dir(unfit)} {
			if _, err := runEvaluate(t, "--model", model, "--data", path); err == nil || !strings.Contains(err.Error(), "It holds dev.csv and dev.csv.gz") {
				t.Errorf("%s: error %v, want one that names both files", path, err)
			}
		}
		for _, name := range []string{"dev.csv", "dev.csv.gz"} {
			if err := os.Remove(filepath.Join(filepath.Dir(unfit), name)); err != nil {
				t.Fatal(err)
			}
		}
		for want, args := range map[string][]string{
			"give --data a file":         {"--mistakes", filepath.Join(dir, "x.jsonl")},
			"HEAD being one of about":    {"--head", "stars"},
			`no head "moods", but about`: {"--head", "moods"},
		} {
			if _, err := runEvaluate(t, append([]string{"--model", model, "--data", data}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: error %v, want %q in it", args, err, want)
			}
		}
	})
	t.Run("pairs for a head that does not say that it reads them", func(t *testing.T) {
		path := writeFile(t, dir, "both.jsonl", `{"text":"aa","second":"ba","label":"good"}`+"\n")
		if got := mustEvaluate[evaluation.HeadReport](t, "--model", model, "--head", "mood", "--data", path, "--pair-field", "second"); got.Value != 1 {
			t.Errorf("got %+v", got.HeadScore)
		}
	})
	t.Run("mistakes", func(t *testing.T) {
		tagged := writeFile(t, dir, "tagged.conll", "aa B-PER\n\nba B-PER\nca O\n")
		paired := writeFile(t, dir, "paired.jsonl", `{"text":"aa","text_pair":"<ba>","label":"no"}`+"\n")
		several := writeFile(t, dir, "several.tsv", "text\tlabel\naa\tfood;room\nba\t\n")
		for _, test := range []struct {
			head, data, want string
		}{
			{"mood", mood, `{"line":3,"text":"ba","label":"bad","answer":"good"}`},
			{"pairs", paired, `{"line":1,"text":"aa","text_pair":"<ba>","label":"no","answer":"yes"}`},
			{"about", several, `{"line":3,"text":"ba","label":[],"answer":["food","room"]}`},
			{"names", tagged, `{"line":3,"words":["ba","ca"],"tags":["B-PER","O"],"answer":["B-PER","B-PER"]}`},
		} {
			path := filepath.Join(dir, test.head+"-wrong.jsonl")
			args := []string{"--model", model, "--head", test.head, "--data", test.data, "--mistakes", path}
			if test.head == "about" {
				args = append(args, "--separator", ";")
			}
			out, err := runEvaluate(t, args...)
			if err != nil || !strings.Contains(out, "1 row with a wrong answer: "+path) {
				t.Errorf("%v\n%s", err, out)
			}
			if got := string(read(t, path)); got != test.want+"\n" {
				t.Errorf("%s: got %swant %s", test.head, got, test.want)
			}
		}
	})
	t.Run("mistakes of numbers", func(t *testing.T) {
		path := filepath.Join(dir, "stars-wrong.jsonl")
		stars := writeFile(t, dir, "many-stars.jsonl", `{"text":"aa","label":2.4}`+"\n"+`{"text":"ba","label":"0.50"}`+"\n"+`{"text":"ca","label":4}`+"\n")
		out, err := runEvaluate(t, "--model", model, "--head", "stars", "--data", stars, "--mistakes", path)
		if err != nil || !strings.Contains(out, "3 rows, those first that are furthest off: "+path) {
			t.Errorf("%v\n%s", err, out)
		}
		want := `{"line":2,"text":"ba","label":0.50,"answer":3}
{"line":3,"text":"ca","label":4,"answer":3}
{"line":1,"text":"aa","label":2.4,"answer":3}
`
		if got := string(read(t, path)); got != want {
			t.Errorf("got %swant %s", got, want)
		}
	})
	t.Run("a file for the mistakes that cannot be", func(t *testing.T) {
		out, err := runEvaluate(t, "--model", model, "--head", "mood", "--data", mood, "--mistakes", filepath.Join(dir, "none", "x.jsonl"))
		if err == nil || !strings.Contains(err.Error(), "--mistakes: open ") || out != "" {
			t.Errorf("error %v, want one before anything is measured\n%s", err, out)
		}
		// A measurement that fails leaves the file as it was.
		path := filepath.Join(dir, "kept.jsonl")
		for _, before := range []string{"", "as it was"} {
			if before != "" {
				writeFile(t, dir, "kept.jsonl", before)
			}
			if _, err := runEvaluate(t, "--model", model, "--head", "names", "--data", mood, "--mistakes", path); err == nil {
				t.Error("tags of a CSV file: no error")
			}
			if after, err := os.ReadFile(path); string(after) != before || (before == "") != errors.Is(err, os.ErrNotExist) {
				t.Errorf("%q (%v) is left of %q", after, err, before)
			}
		}
		// One that is shorter than what was there replaces it.
		writeFile(t, dir, "kept.jsonl", strings.Repeat("long\n", 100))
		if _, err := runEvaluate(t, "--model", model, "--head", "mood", "--data", mood, "--mistakes", path); err != nil || strings.Count(string(read(t, path)), "\n") != 1 {
			t.Errorf("%v: %s", err, read(t, path))
		}
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Skip("no /dev/full to fail to write to")
		}
		out, err = runEvaluate(t, "--model", model, "--head", "mood", "--data", mood, "--mistakes", "/dev/full")
		if err == nil || !strings.Contains(out, "accuracy") || strings.Contains(out, "/dev/full") {
			t.Errorf("error %v, want one, and the figures\n%s", err, out)
		}
	})
	t.Run("lines that cannot be used", func(t *testing.T) {
		path := writeFile(t, dir, "broken.jsonl", `{"text":"aa","label":"good"}`+"\nnonsense\n")
		args := []string{"--model", model, "--head", "mood", "--data", path}
		out, err := runEvaluate(t, args...)
		if err != nil || !strings.Contains(out, "1 line could not be used:") || !strings.Contains(out, "broken.jsonl:2: not a JSON object") {
			t.Errorf("%v\n%s", err, out)
		}
		if _, err := runEvaluate(t, append(args, "--bad-lines", "0")...); err == nil || !strings.Contains(err.Error(), "broken.jsonl:2") {
			t.Errorf("with --bad-lines 0: error %v", err)
		}
	})
	t.Run("a label that no measured row has", func(t *testing.T) {
		rows := strings.Repeat("aa,good\n", 40) + "ba,bad\n"
		path := writeFile(t, dir, "rare.csv", "text,label\n"+rows)
		for _, args := range [][]string{{"--rows", "2"}, {"--map", "bad="}, {"--map", "bad=good"}} {
			out, err := runEvaluate(t, append([]string{"--model", model, "--head", "mood", "--data", path}, args...)...)
			if err != nil || strings.Contains(out, "nothing in the file") {
				t.Errorf("%v: %v\n%s\nwant nothing of a label that the file has", args, err, out)
			}
		}
		path = writeFile(t, dir, "no.csv", "text,label\naa,good\nba,fine\n")
		out, err := runEvaluate(t, "--model", model, "--head", "mood", "--data", path, "--rows", "1", "--map", "fine=good")
		if err != nil || !strings.Contains(out, `nothing in the file is "bad"`) {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("some rows", func(t *testing.T) {
		if got := mustEvaluate[evaluation.HeadReport](t, "--model", model, "--head", "mood", "--data", mood, "--rows", "2", "--bootstrap", "0"); got.Rows != 2 || got.Intervals != nil {
			t.Errorf("got %+v", got.HeadScore)
		}
	})
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"several heads", "--head which to measure: about (food, price, room); mood (bad, good); names", []string{"--data", mood}},
		{"an unknown head", `no head "moods", but about (`, []string{"--data", mood, "--head", "moods"}},
		{"several labels without a separator", `mood.csv: say what stands between the labels of a text in its column: --separator "|"`, []string{"--data", mood, "--head", "about"}},
		{"lacks of numbers", "a regression has numbers", []string{"--data", writeFile(t, dir, "two.csv", "text,label\naa,2\n"), "--head", "stars", "--lacks", "stars"}},
		{"fields of tags", "--columns and --separator are for texts with labels", []string{"--data", writeFile(t, dir, "per.conll", "aa B-PER\n"), "--head", "names", "--separator", "|"}},
		{"no such column", `no column "text" among ["says" "label"]: --text-field says names another; without a header line, --columns NAME,… names them all`, []string{"--data", writeFile(t, dir, "says.csv", "says,label\naa,good\n"), "--head", "mood"}},
		{"no such member", `--label-field NAME names another`, []string{"--data", writeFile(t, dir, "how.jsonl", `{"text":"aa","how":"good"}`+"\n"), "--head", "mood"}},
		{"a second text", `: --pair-field text_pair makes it read pairs`, []string{"--data", writeFile(t, dir, "second.jsonl", `{"text":"aa","text_pair":"ba","label":"good"}`+"\n"), "--head", "mood"}},
		{"unknown labels", `does not know the file's "bad", "good", only "food", "price", "room": for each, --map 'bad=LABEL'`, []string{"--data", mood, "--head", "about", "--separator", "|"}},
		{"unknown types", `does not know the file's "ORG", only "PER", "LOC": for each, --map 'ORG=LABEL'`, []string{"--data", writeFile(t, dir, "org.conll", "aa B-ORG\nba B-PER\n"), "--head", "names"}},
		{"an unknown label with a dash", `does not know the file's "a-level", only "bad", "good"`, []string{"--data", writeFile(t, dir, "level.csv", "text,label\naa,a-level\nba,good\n"), "--head", "mood"}},
		{"mapped to an unknown label", `mapped to "fine"`, []string{"--data", mood, "--head", "mood", "--map", "good=fine"}},
		{"lacks what it has", `said to lack "good"`, []string{"--data", mood, "--head", "mood", "--lacks", "good"}},
		{"labels for numbers", `"good" is not a number`, []string{"--data", mood, "--head", "stars"}},
		{"texts for tags", "give it a CoNLL file", []string{"--data", mood, "--head", "names"}},
		{"no such file", "nowhere.csv", []string{"--data", "nowhere.csv"}},
		{"an unknown format", ".jsonl, .csv, .tsv or .conll", []string{"--data", writeFile(t, dir, "mood.xlsx", "x"), "--head", "mood"}},
		{"mistakes over the data", "is the labelled file itself", []string{"--data", mood, "--head", "mood", "--mistakes", filepath.Join(dir, ".", "mood.csv")}},
		{"too long", "5 to 32", []string{"--data", mood, "--head", "mood", "--max-tokens", "33"}},
		{"nothing", "--data FILE", nil},
		{"both", "different things", []string{"--data", mood, "--text", mood}},
		{"flags of both ways", "--head: for a head on a labelled file, but --served", []string{"--data", mood, "--head", "mood", "--served"}},
		{"flags of text", "--examples: for running text", []string{"--data", mood, "--examples", "3"}},
		{"flags of labels", "--head: for labelled rows", []string{"--text", mood, "--head", "mood"}},
		{"rows of text", "--examples says", []string{"--text", mood, "--rows", "3"}},
		{"rounds", "--bootstrap", []string{"--data", mood, "--bootstrap=-1"}},
		{"sets of no head", labelledSets + ": no set there: want HEAD/SET/dev.jsonl", []string{"--data", labelledSets}},
		{"no pre-training", "neither the head of the masked language model", []string{"--text", mood}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := runEvaluate(t, append([]string{"--model", model}, test.args...)...); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "run's file") {
				t.Errorf("error %v, want %q in it and nothing of a run's file", err, test.want)
			}
		})
	}
	if _, err := runEvaluate(t, "--model", "en", "--data", labelledSets, "--head", "sentiment"); err == nil || !strings.Contains(err.Error(), "stands for sets") {
		t.Errorf("a head of sets beside a card: error %v", err)
	}
	before := runtime.NumGoroutine()
	if _, err := runEvaluate(t, "--data", mood, "--threads", "9"); err == nil || !strings.Contains(err.Error(), "say which model") {
		t.Errorf("no model: error %v", err)
	}
	if after := settled(before); after > before {
		t.Errorf("%d goroutines are left of a pool", after-before)
	}
}
