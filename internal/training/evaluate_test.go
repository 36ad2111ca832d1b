package training

import (
	"math"
	"testing"

	"cloze/internal/bert"
)

// setBias makes the answer of a head depend on its bias alone.
func setBias(t *testing.T, m *bert.Model, head string, bias ...float32) {
	t.Helper()
	for _, p := range m.Parameters() {
		switch p.Name {
		case "heads." + head + ".weight":
			clear(p.Data)
		case "heads." + head + ".bias":
			copy(p.Data, bias)
		}
	}
}

func newEvaluator(m *bert.Model, heads ...string) *evaluator {
	goal := &objective{heads: map[string]headTask{}}
	for _, name := range heads {
		goal.heads[name] = headTask{described: m.Heads[name].Describe(), weight: 1}
	}
	return &evaluator{model: m, ws: m.NewWorkspace(nil), objective: goal, passTokens: 16}
}

func TestEvaluateSets(t *testing.T) {
	tags := bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"a", "b", "c"}, ProblemType: bert.MultiLabel}
	stars := bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"stars"}, ProblemType: bert.Regression}
	_, m := tinyModel(t, 20, map[string]bert.HeadConfig{"mood": sentimentHead, "tags": tags, "stars": stars, "ner": nerHead})
	e := newEvaluator(m, "mood", "tags", "stars", "ner")
	ids := func(n int) []int32 { return []int32{2, int32(5 + n), int32(6 + n), 3} }

	t.Run("one label", func(t *testing.T) {
		setBias(t, m, "mood", 0, 5, 1) // neutral, or positive where neutral is lacking
		set := &Set{Name: "x", Head: "mood", Rows: 4, Examples: []TaskExample{
			{IDs: ids(0), Row: 0, Labels: []int32{1}},
			{IDs: ids(1), Row: 1, Labels: []int32{2}},
			{IDs: ids(2), Row: 2, Labels: []int32{2}},
			{IDs: ids(3), Row: 3, Labels: []int32{0}},
		}}
		score := e.set(set)
		if score.Main != "accuracy" || score.Value != 0.25 {
			t.Errorf("%s %v, want accuracy 0.25", score.Main, score.Value)
		}
		wantLoss := math.Log(math.Exp(0)+math.Exp(5)+math.Exp(1)) - (5+1+1+0)/4.0
		if math.Abs(score.Loss-wantLoss) > 1e-5 {
			t.Errorf("loss %v, want %v", score.Loss, wantLoss)
		}
		set.Examples = set.Examples[1:]
		for i := range set.Examples {
			set.Examples[i].Row = i
		}
		set.Rows, set.absent = 3, []bool{false, true, false}
		if score = e.set(set); math.Abs(score.Value-2.0/3) > 1e-12 {
			t.Errorf("without neutral: accuracy %v, want 2/3", score.Value)
		}
	})
	t.Run("several labels", func(t *testing.T) {
		setBias(t, m, "tags", 1, -1, 1) // a and c
		set := &Set{Name: "x", Head: "tags", Rows: 2, Examples: []TaskExample{
			{IDs: ids(0), Row: 0, Labels: []int32{0, 2}}, {IDs: ids(1), Row: 1, Labels: []int32{1, 2}},
		}}
		score := e.set(set)
		// right: a, c, c; wrong: a; missed: b
		if score.Main != "micro_f1" || math.Abs(score.Value-0.75) > 1e-12 || score.Metrics["accuracy"] != 0.5 {
			t.Errorf("score %+v, want micro F1 0.75 and accuracy 0.5", score)
		}
	})
	t.Run("a number", func(t *testing.T) {
		setBias(t, m, "stars", 3)
		set := &Set{Name: "x", Head: "stars", Rows: 2, Examples: []TaskExample{
			{IDs: ids(0), Row: 0, Value: 2}, {IDs: ids(1), Row: 1, Value: 5},
		}}
		score := e.set(set)
		if math.Abs(score.Metrics["mean_squared_error"]-2.5) > 1e-9 || math.Abs(score.Loss-2.5) > 1e-6 {
			t.Errorf("score %+v, want a squared error of 2.5", score)
		}
		if score.Main != "pearson" || score.Value != 0 {
			t.Errorf("%s %v: the correlation with a constant is to count as 0", score.Main, score.Value)
		}
	})
	t.Run("one token for several words", func(t *testing.T) {
		setBias(t, m, "ner", 0, 1, 0, 3, 0) // every token is B-DATE
		set := &Set{
			Name: "x", Head: "ner", Rows: 1,
			Tags:     [][]string{{"B-DATE", "I-DATE", "I-DATE", "I-DATE"}},
			Examples: []TaskExample{{IDs: []int32{2, 5, 3}, Labels: []int32{-1, 3, -1}, Words: []WordRange{{}, {0, 4}, {}}}},
		}
		if score := e.set(set); score.Value != 1 {
			t.Errorf("%+v, want the date found", score)
		}
	})
	t.Run("tags over windows", func(t *testing.T) {
		setBias(t, m, "ner", 0, 3, 1, 2, 0) // every word is B-PER
		set := &Set{
			Name: "x", Head: "ner", Rows: 2,
			Tags: [][]string{{"B-PER", "O", "B-PER"}, {"B-DATE", "O"}},
			Examples: []TaskExample{
				{IDs: []int32{2, 5, 6, 3}, Row: 0, Labels: []int32{-1, 1, 0, -1}, Words: []WordRange{{}, {0, 1}, {1, 2}, {}}},
				{IDs: []int32{2, 7, 8, 3}, Row: 0, Labels: []int32{-1, 1, 2, -1}, Words: []WordRange{{}, {2, 3}, {}, {}}}, // the sentence goes on
				{IDs: []int32{2, 9, 3}, Row: 1, Labels: []int32{-1, 3, -1}, Words: []WordRange{{}, {0, 1}, {}}},           // its second word has no piece
			},
		}
		score := e.set(set)
		// Right: two PER. Wrong: two PER. Missed: DATE.
		if score.Main != "entity_f1" || math.Abs(score.Value-4.0/7) > 1e-12 {
			t.Errorf("%s %v, want entity_f1 4/7", score.Main, score.Value)
		}
		set.absent = []bool{false, true, true, false, false} // without PER, dates are what is left
		if score = e.set(set); math.Abs(score.Metrics["entity_recall"]-1) > 1e-12 {
			t.Errorf("without PER: %+v, want the date found", score.Metrics)
		}
	})
}

func measureText(t *testing.T, m *bert.Model, examples []Example, o Measuring) *TextMeasurement {
	t.Helper()
	result, err := MeasureText(t.Context(), m, func(yield func(Example, error) bool) {
		for _, example := range examples {
			if !yield(example, nil) {
				return
			}
		}
	}, len(examples), o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// What is measured of a head's loss does not depend on how the set is cut into
// passes, nor on dropout.
func TestMeasureTextIsRepeatable(t *testing.T) {
	corpus, tok := numberedCorpus(t, 30)
	_, m := tinyModel(t, 200, nil)
	stream := newStream(t, corpus, tok, 32, StreamOptions{Seed: 1, HeldOut: 0.5})
	survey, err := stream.Survey(30)
	if err != nil {
		t.Fatal(err)
	}
	a, b := measureText(t, m, survey.HeldOut, Measuring{PassTokens: 64}), measureText(t, m, survey.HeldOut, Measuring{})
	if math.Abs(a.MLMLoss-b.MLMLoss) > 1e-5 || math.Abs(a.NextLoss-b.NextLoss) > 1e-5 || a.MLMAccuracy != b.MLMAccuracy {
		t.Errorf("in small passes %+v, in large ones %+v", a, b)
	}
	// A new model knows nothing: its loss is that of guessing among 205 tokens.
	if want := math.Log(205); math.Abs(a.MLMLoss-want) > 0.2 || a.Examples != 30 || a.Pairs == 0 {
		t.Errorf("loss %v, want about %v; %+v", a.MLMLoss, want, a)
	}
	if math.Abs(a.Perplexity-math.Exp(a.MLMLoss)) > 1e-9 {
		t.Errorf("perplexity %v of loss %v", a.Perplexity, a.MLMLoss)
	}
}
