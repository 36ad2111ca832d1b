package tasks

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

const (
	sportText    = "The striker scored twice in the final minutes of the match. "
	businessText = "Investors sold shares after the company reported lower quarterly earnings. "
)

func TestClassifyMixedTextsInOrder(t *testing.T) {
	classifier := Classifier{embeddedEngine(t)}
	results, err := classifier.Classify(t.Context(), []Text{
		{Text: "昨天的足球比赛非常精彩，最后两分钟进了两个球。"},
		{Text: sportText},
		{Text: "科学家发现了一种新的植物。"},
	}, ClassifyOptions{TopK: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ model, label string }{
		{"zh", "sports"}, {"en", "sports"}, {"zh", "science/technology"},
	} {
		got := results[i]
		if got.Model != want.model || got.Label != want.label || len(got.Labels) != 2 {
			t.Errorf("text %d: %s by %s with %d labels, want %s by %s with 2", i, got.Label, got.Model, len(got.Labels), want.label, want.model)
		}
	}
}

func TestClassifyScoresAreADistribution(t *testing.T) {
	results, err := Classifier{embeddedEngine(t)}.Classify(t.Context(), []Text{{Text: sportText}, {Text: strings.Repeat(businessText, 100)}}, ClassifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		sum := 0.0
		for _, s := range r.Labels {
			sum += s.Score
		}
		if math.Abs(sum-1) > 1e-5 || len(r.Labels) != 8 {
			t.Errorf("text %d: %d scores add up to %v, want 8 and 1", i, len(r.Labels), sum)
		}
	}
}

func TestClassifyLongText(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds under the race detector")
	}
	classifier := Classifier{embeddedEngine(t)}
	// What decides the topic comes after the first window.
	long := []Text{{Text: strings.Repeat(businessText, 60) + strings.Repeat(sportText, 150)}}
	no, yes := false, true

	t.Run("all windows", func(t *testing.T) {
		results, err := classifier.Classify(t.Context(), long, ClassifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if r := results[0]; r.Label != "sports" || r.Windows < 5 || r.Truncated {
			t.Errorf("%s from %d windows, truncated %t; want sports from all of at least 5", r.Label, r.Windows, r.Truncated)
		}
	})
	t.Run("first window", func(t *testing.T) {
		results, err := classifier.Classify(t.Context(), long, ClassifyOptions{Window: FirstWindow})
		if err != nil {
			t.Fatal(err)
		}
		if r := results[0]; r.Label != "business" || r.Windows != 1 || !r.Truncated || r.Tokens != 512 {
			t.Errorf("%s from %d windows of %d tokens, truncated %t; want business from 1 of 512, truncated", r.Label, r.Windows, r.Tokens, r.Truncated)
		}
	})
	t.Run("refused", func(t *testing.T) {
		_, err := classifier.Classify(t.Context(), append([]Text{{Text: "short"}}, long...), ClassifyOptions{Options: Options{Truncate: &no}})
		e := wantInputError(t, err, CodeTooLong)
		if e.Index != 1 || e.Limit != 512 || e.Actual < 2000 {
			t.Errorf("text %d of %d tokens, limit %d; want text 1 of more than 2000, limit 512", e.Index, e.Actual, e.Limit)
		}
	})
	t.Run("truncation allowed is windows too", func(t *testing.T) {
		results, err := classifier.Classify(t.Context(), long, ClassifyOptions{Options: Options{Truncate: &yes}})
		if err != nil {
			t.Fatal(err)
		}
		if results[0].Windows < 5 {
			t.Errorf("%d windows, want at least 5", results[0].Windows)
		}
	})
	t.Run("pair", func(t *testing.T) {
		results, err := classifier.Classify(t.Context(), []Text{{Text: long[0].Text, Pair: sportText, HasPair: true}}, ClassifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if r := results[0]; r.Windows != 1 || !r.Truncated || r.Tokens != 512 {
			t.Errorf("%d windows of %d tokens, truncated %t; want 1 of 512, truncated", r.Windows, r.Tokens, r.Truncated)
		}
	})
	t.Run("refused pair", func(t *testing.T) {
		_, err := classifier.Classify(t.Context(), []Text{{Text: long[0].Text, Pair: sportText, HasPair: true}}, ClassifyOptions{Options: Options{Truncate: &no}})
		_ = wantInputError(t, err, CodeTooLong)
	})
}

// The scores of a long text are those of its windows weighted by length.
func TestWindowAverage(t *testing.T) {
	window := func(pieces, pair int) *tokenizer.Encoding {
		words := append(append([]int32{-1}, make([]int32, pieces)...), -1) // [CLS] … [SEP]
		return &tokenizer.Encoding{Words: append(words, make([]int32, pair)...), PairStart: len(words)}
	}
	r := reading{windows: []*tokenizer.Encoding{window(10, 0), window(30, 7)}}
	outputs := []engine.Output{{Heads: [][]float32{{0, 8}}}, {Heads: [][]float32{{4, 0}}}}
	got := windowAverage(r, outputs, 0, NoFunction)
	if want := []float32{3, 2}; !cmp.Equal(want, got) {
		t.Errorf("got %v, want %v", got, want)
	}
	// Probabilities are averaged, not logits.
	got = windowAverage(r, []engine.Output{{Heads: [][]float32{{100, 0}}}, {Heads: [][]float32{{0, 100}}}}, 0, Softmax)
	if want := []float32{0.25, 0.75}; !cmp.Equal(want, got, nearGolden) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFunctionOfHead(t *testing.T) {
	two := []string{"a", "b"}
	tests := []struct {
		name string
		head bert.HeadConfig
		want Function
	}{
		{"single label", bert.HeadConfig{Labels: two, ProblemType: bert.SingleLabel}, Softmax},
		{"nothing said", bert.HeadConfig{Labels: two}, Softmax},
		{"multi label", bert.HeadConfig{Labels: two, ProblemType: bert.MultiLabel}, Sigmoid},
		{"one label", bert.HeadConfig{Labels: two[:1]}, Sigmoid},
		{"one label, not a regression", bert.HeadConfig{Labels: two[:1], ProblemType: bert.SingleLabel}, Sigmoid},
		{"regression", bert.HeadConfig{Labels: two[:1], ProblemType: bert.Regression}, NoFunction},
		{"regression of several values", bert.HeadConfig{Labels: two, ProblemType: bert.Regression}, NoFunction},
		{"checkpoint of one label that states nothing", bert.HeadConfig{Labels: two[:1], ProblemType: bert.Regression, ProblemTypeImplied: true}, Sigmoid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := functionOf(&bert.SequenceHead{HeadConfig: test.head}); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestDefaultHead(t *testing.T) {
	sequence, token := &bert.SequenceHead{}, &bert.TokenHead{}
	tests := []struct {
		name  string
		heads map[string]bert.Head
		asked string
		want  string // "" for none
	}{
		{"topic first", map[string]bert.Head{"topic": sequence, "classifier": sequence, "a": sequence}, "", "topic"},
		{"then classifier", map[string]bert.Head{"classifier": sequence, "a": sequence}, "", "classifier"},
		{"then the only one", map[string]bert.Head{"a": sequence, "ner": token}, "", "a"},
		{"not one of several", map[string]bert.Head{"a": sequence, "b": sequence}, "", ""},
		{"not a token head", map[string]bert.Head{"classifier": token}, "", ""},
		{"asked for", map[string]bert.Head{"topic": sequence, "a": sequence}, "a", "a"},
		{"asked for a token head", map[string]bert.Head{"topic": sequence, "ner": token}, "ner", ""},
		{"asked for what is not there", map[string]bert.Head{"topic": sequence}, "b", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := &engine.Model{ID: "m", Network: &bert.Model{Heads: test.heads}}
			got, _, err := sequenceHead(m, test.asked, 3)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.want == "" {
				if e := wantInputError(t, err, CodeNoHead); e.Index != 3 {
					t.Errorf("error of text %d, want 3", e.Index)
				}
			}
		})
	}
}

func TestClassifyRefuses(t *testing.T) {
	classifier := Classifier{embeddedEngine(t)}
	text := []Text{{Text: "some text"}}
	tests := []struct {
		name, code, field string
		texts             []Text
		o                 ClassifyOptions
		detail            string
	}{
		{"blank", CodeEmptyText, "text", []Text{{Text: " \n\t"}}, ClassifyOptions{}, "empty"},
		{"blank pair", CodeEmptyText, "text_pair", []Text{{Text: "a", HasPair: true}}, ClassifyOptions{}, "second"},
		{"unknown model", CodeUnknownModel, "model", text, ClassifyOptions{Options: Options{Model: "fr"}}, "en, zh"},
		{"unknown head", CodeNoHead, "head", text, ClassifyOptions{Head: "poetry"}, "aspect, sentiment, topic"},
		{"pair head without pair", CodeNoPair, "text_pair", text, ClassifyOptions{Head: "aspect"}, "pairs"},
		{"top_k", CodeInvalidParameter, "top_k", text, ClassifyOptions{TopK: -1}, "-1"},
		{"function", CodeInvalidParameter, "function", text, ClassifyOptions{Function: "tanh"}, "sigmoid"},
		{"window", CodeInvalidParameter, "window", text, ClassifyOptions{Window: "last"}, "first"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := classifier.Classify(t.Context(), test.texts, test.o)
			e := wantInputError(t, err, test.code)
			if e.Field != test.field || !strings.Contains(e.Detail, test.detail) {
				t.Errorf("field %q, detail %q; want %q, and %q in the detail", e.Field, e.Detail, test.field, test.detail)
			}
		})
	}
}

func TestClassifyOtherHeads(t *testing.T) {
	results, err := Classifier{embeddedEngine(t)}.Classify(t.Context(), []Text{{Text: "What a wonderful, lovely day!"}}, ClassifyOptions{Head: "sentiment"})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Label; got != "positive" {
		t.Errorf("sentiment head says %s, want positive", got)
	}
}
