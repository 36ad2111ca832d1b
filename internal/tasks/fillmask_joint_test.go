package tasks

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// The beam search is checked against the definition of its score: every
// filling's factors are recomputed one by one.
func TestJointScoreIsTheProductFromLeftToRight(t *testing.T) {
	e := embeddedEngine(t)
	const text = "北京是中国的[MASK]都，也是[MASK]化中[MASK]。"
	r := fillOne(t, text, FillMaskOptions{Joint: true, TopK: 4})
	if len(r.Joint) != 4 {
		t.Fatalf("%d fillings, want 4", len(r.Joint))
	}
	m, _ := e.Model("zh")
	encoding := m.Tokenizer.Encode(text, tokenizer.Options{Specials: tokenizer.SpecialsMask})
	var positions []int32
	for p, id := range encoding.IDs {
		if id == m.Tokenizer.Mask() {
			positions = append(positions, int32(p))
		}
	}
	previous := 1.0
	for k, f := range r.Joint {
		product := 1.0
		filled := *encoding
		filled.IDs = slices.Clone(encoding.IDs)
		sequence := text
		for i, token := range f.Tokens {
			score := probability(t, e, m, &filled, positions[i], token.ID)
			if math.Abs(score-token.Score) > 1e-4 {
				t.Errorf("filling %d, mask %d: score %v, want %v", k, i, token.Score, score)
			}
			product *= score
			filled.IDs[positions[i]] = token.ID
			sequence = strings.Replace(sequence, "[MASK]", token.Token, 1)
		}
		if math.Abs(product-f.Score) > 1e-4*product+1e-9 {
			t.Errorf("filling %d: score %v, want the product %v", k, f.Score, product)
		}
		if f.Score > previous {
			t.Errorf("filling %d has the score %v after %v", k, f.Score, previous)
		}
		previous = f.Score
		if got := strings.ReplaceAll(f.Sequence, " ", ""); got != sequence {
			t.Errorf("filling %d reads %q, want %q", k, got, sequence)
		}
	}
	// The greedy filling is among those that the beam holds, so the best one
	// is at least as probable.
	greedy := *encoding
	greedy.IDs = slices.Clone(encoding.IDs)
	product := 1.0
	for _, p := range positions {
		var best guess
		lend(t, e, m, &greedy, p, func(logits []float32) { best = (&masked{reading: reading{model: m}}).mostProbable(logits, 1)[0] })
		greedy.IDs[p] = best.id
		product *= float64(best.score)
	}
	if r.Joint[0].Score < product*(1-1e-4) {
		t.Errorf("best filling has the score %v, the greedy one %v", r.Joint[0].Score, product)
	}
}

// lend runs an encoding and hands the logits of one position to take.
func lend(t *testing.T, e *engine.Engine, m *engine.Model, encoding *tokenizer.Encoding, position int32, take func(logits []float32)) {
	t.Helper()
	_, err := e.Run(t.Context(), m, engine.Request{
		Sequences:     []*tokenizer.Encoding{encoding},
		MaskPositions: [][]int32{{position}},
		MaskLogits:    func(_, _ int, logits []float32) { take(logits) },
	})
	if err != nil {
		t.Fatal(err)
	}
}

func probability(t *testing.T, e *engine.Engine, m *engine.Model, encoding *tokenizer.Encoding, position, id int32) (p float64) {
	t.Helper()
	lend(t, e, m, encoding, position, func(logits []float32) {
		kernels.Softmax(logits, logits, len(logits))
		p = float64(logits[id])
	})
	return p
}

// A product of many small factors is less than a float32 holds.
func TestJointScoreOfManyMasks(t *testing.T) {
	r := fillOne(t, "my dog is "+strings.Repeat("[MASK] ", maxJointMasks), FillMaskOptions{Joint: true, Targets: []string{"zebra"}})
	product := 1.0
	for _, token := range r.Joint[0].Tokens {
		product *= token.Score
	}
	if got := r.Joint[0].Score; product > 1e-46 || math.Abs(got-product) > 1e-4*product {
		t.Errorf("score %v, want the product %v, below 1e-46", got, product)
	}
}

func TestJointWithOneMaskIsItsPredictions(t *testing.T) {
	r := fillOne(t, "my dog is [MASK].", FillMaskOptions{Joint: true, TopK: 3})
	if len(r.Masks[0].Predictions) != 3 || len(r.Joint) != 3 {
		t.Fatalf("%d predictions and %d fillings, want 3 and 3", len(r.Masks[0].Predictions), len(r.Joint))
	}
	for k, p := range r.Masks[0].Predictions {
		f := r.Joint[k]
		want := Filling{Score: p.Score, Tokens: []FilledToken{{Token: p.Token, ID: p.ID, Score: p.Score}}, Sequence: p.Sequence}
		if diff := cmp.Diff(want, f, nearGolden); diff != "" {
			t.Errorf("filling %d (-prediction +filling):\n%s", k, diff)
		}
	}
}

func TestJointKeepsToTargetsAndTexts(t *testing.T) {
	targets := []string{"cat", "dog"}
	results, err := FillMask{embeddedEngine(t)}.Fill(t.Context(), []Text{
		{Text: "a [MASK] and a [MASK] and a [MASK]"},
		{Text: "the [MASK]"},
	}, FillMaskOptions{Joint: true, Targets: targets, TopK: 100})
	if err != nil {
		t.Fatal(err)
	}
	// Two targets in three masks: all eight ways.
	for i, want := range []struct{ masks, fillings int }{{3, 8}, {1, 2}} {
		if len(results[i].Joint) != want.fillings {
			t.Errorf("text %d: %d fillings, want %d", i, len(results[i].Joint), want.fillings)
		}
		for _, f := range results[i].Joint {
			if len(f.Tokens) != want.masks {
				t.Errorf("text %d: %d tokens, want %d", i, len(f.Tokens), want.masks)
			}
			for _, token := range f.Tokens {
				if !slices.Contains(targets, token.Token) {
					t.Errorf("text %d: token %q is no target", i, token.Token)
				}
			}
		}
	}
}

func TestJointIsLeftOutUnlessAsked(t *testing.T) {
	data, err := json.Marshal(fillOne(t, "my dog is [MASK].", FillMaskOptions{TopK: 1}))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"joint", "warnings"} {
		if strings.Contains(string(data), field) {
			t.Errorf("%s holds %q", data, field)
		}
	}
}
