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

func fillOne(t *testing.T, text string, o FillMaskOptions) FillMaskResult {
	t.Helper()
	results, err := FillMask{embeddedEngine(t)}.Fill(t.Context(), []Text{{Text: text}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return results[0]
}

func TestFillMaskTargets(t *testing.T) {
	tests := []struct {
		name     string
		targets  []string
		tokens   []string // in any order
		warnings []string // a part of each
	}{
		{"in the vocabulary", []string{"big", "small"}, []string{"big", "small"}, nil},
		{"duplicates collapse", []string{"big", "big", "small"}, []string{"big", "small"}, nil},
		{"another case", []string{"Big"}, []string{"big"}, []string{`"Big" is scored as "big"`}},
		{"not one piece", []string{"unfathomably"}, []string{"un"}, []string{`first piece "un"`}},
		{"no piece", []string{"big", " "}, []string{"big"}, []string{"left out"}},
		{"a special token is plain text", []string{"[CLS]"}, []string{"[CLS]"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := fillOne(t, "my dog is [MASK].", FillMaskOptions{Targets: test.targets})
			var tokens []string
			for _, p := range r.Masks[0].Predictions {
				tokens = append(tokens, p.Token)
			}
			slices.Sort(tokens)
			if !slices.Equal(tokens, test.tokens) {
				t.Errorf("tokens %q, want %q", tokens, test.tokens)
			}
			if len(r.Warnings) != len(test.warnings) {
				t.Fatalf("warnings %q, want %d", r.Warnings, len(test.warnings))
			}
			for i, w := range test.warnings {
				if !strings.Contains(r.Warnings[i], w) {
					t.Errorf("warning %q, want %q in it", r.Warnings[i], w)
				}
			}
		})
	}
}

// A target's score is the one it has without targets.
func TestFillMaskTargetsKeepTheirProbability(t *testing.T) {
	free := fillOne(t, "my dog is [MASK].", FillMaskOptions{TopK: 3}).Masks[0].Predictions
	picked := fillOne(t, "my dog is [MASK].", FillMaskOptions{Targets: []string{free[2].Token, free[0].Token}}).Masks[0].Predictions
	if diff := cmp.Diff([]MaskPrediction{free[0], free[2]}, picked, nearGolden); diff != "" {
		t.Errorf("(-without targets +with):\n%s", diff)
	}
}

func TestFillMaskOnlyMaskIsSpecial(t *testing.T) {
	r := fillOne(t, "[CLS] my dog [SEP] is [MASK].", FillMaskOptions{})
	// [CLS], my dog is and the full stop, [SEP]; "[ cls ]" and "[ sep ]" are three pieces or more each.
	if r.Tokens < 2+5+6 {
		t.Errorf("%d tokens: special tokens were read from the text", r.Tokens)
	}
}

func TestFillMaskPlaces(t *testing.T) {
	const text = "🙂 é [MASK] and [MASK]"
	for _, test := range []struct {
		unit tokenizer.OffsetUnit
		want [][2]int
	}{
		{tokenizer.Codepoint, [][2]int{{4, 10}, {15, 21}}},
		{tokenizer.UTF16, [][2]int{{5, 11}, {16, 22}}},
		{tokenizer.Byte, [][2]int{{8, 14}, {19, 25}}},
	} {
		r := fillOne(t, text, FillMaskOptions{Options: Options{OffsetUnit: test.unit}})
		var got [][2]int
		for _, m := range r.Masks {
			got = append(got, [2]int{m.Start, m.End})
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("unit %v: masks at %v, want %v", test.unit, got, test.want)
		}
	}
}

func TestFillMaskRefuses(t *testing.T) {
	fill := FillMask{embeddedEngine(t)}
	yes := true
	one := []Text{{Text: "my dog is [MASK]."}}
	long := strings.Repeat("word ", 600)
	tests := []struct {
		name, code, field string
		texts             []Text
		o                 FillMaskOptions
		detail            string
	}{
		{"no mask", CodeNoMask, "text", []Text{{Text: "my dog is big."}}, FillMaskOptions{}, "my dog is [MASK]."},
		{"mask in lower case", CodeNoMask, "text", []Text{{Text: "my dog is [mask]."}}, FillMaskOptions{}, "write [MASK]"},
		{"blank", CodeEmptyText, "text", []Text{{Text: " "}}, FillMaskOptions{}, "empty"},
		{"pair", CodeUnexpectedPair, "text_pair", []Text{{Text: "[MASK]", Pair: "a", HasPair: true}}, FillMaskOptions{}, "single"},
		{"too long is not truncated in silence", CodeTooLong, "text", []Text{{Text: "[MASK] " + long}}, FillMaskOptions{}, "603"},
		{"mask lost to truncation", CodeNoMask, "text", []Text{{Text: long + " [MASK]"}}, FillMaskOptions{Options: Options{Truncate: &yes}}, "after truncation"},
		{"top_k", CodeInvalidParameter, "top_k", one, FillMaskOptions{TopK: 101}, "1 to 100"},
		{"negative top_k", CodeInvalidParameter, "top_k", one, FillMaskOptions{TopK: -1}, "1 to 100"},
		{"no target left", CodeNoTargets, "targets", one, FillMaskOptions{Targets: []string{"", " "}}, "none"},
		{"too many to fill together", CodeTooManyMasks, "text", []Text{{Text: strings.Repeat("[MASK] ", 17)}}, FillMaskOptions{Joint: true}, "16"},
		{"too large an answer", CodeTooLarge, "top_k", []Text{{Text: strings.Repeat("[MASK] ", 101)}}, FillMaskOptions{TopK: 100}, "10100"},
		{"too long a beam search", CodeTooLarge, "joint", []Text{{Text: strings.Repeat("[MASK] a b c ", 16)}}, FillMaskOptions{Joint: true, TopK: 100}, "99000"},
		{"model", CodeUnknownModel, "model", one, FillMaskOptions{Options: Options{Model: "xx"}}, "xx"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := fill.Fill(t.Context(), test.texts, test.o)
			e := wantInputError(t, err, test.code)
			if e.Field != test.field || !strings.Contains(e.Detail, test.detail) {
				t.Errorf("field %q, detail %q; want %q, and %q in the detail", e.Field, e.Detail, test.field, test.detail)
			}
		})
	}
}

func TestFillMaskTruncatesWhenAllowed(t *testing.T) {
	yes := true
	r := fillOne(t, "my dog is [MASK]. "+strings.Repeat("word ", 600), FillMaskOptions{Options: Options{Truncate: &yes}})
	if !r.Truncated || r.Tokens != 512 {
		t.Errorf("%+v, want truncated to 512 tokens", r.Info)
	}
	if r.Warnings != nil {
		t.Errorf("warnings %q of a text that lost no mask", r.Warnings)
	}
}

// TestFillMaskWarnsOfLostMasks: those that truncation cuts off, besides what
// there is to say of targets.
func TestFillMaskWarnsOfLostMasks(t *testing.T) {
	yes := true
	words := strings.Repeat("word ", 600)
	for _, test := range []struct {
		text     string
		targets  []string
		masks    int
		warnings []string
	}{
		{"[MASK] " + words + "[MASK].", nil, 1, []string{"1 mask was cut off with the end of the text"}},
		{"[MASK] [MASK] " + words + "[MASK] [MASK] [SEP] [MASK]", nil, 2, []string{"3 masks were cut off with the end of the text"}},
		{"[MASK] " + words + "[MASK].", []string{"Big"}, 1, []string{"1 mask was cut off with the end of the text", `target "Big" is scored as "big"`}},
		{"[MASK] " + words + "[mask] mask", nil, 1, nil},
	} {
		r := fillOne(t, test.text, FillMaskOptions{Options: Options{Truncate: &yes}, TopK: 1, Targets: test.targets})
		if len(r.Masks) != test.masks || !slices.Equal(r.Warnings, test.warnings) {
			t.Errorf("%d masks with warnings %q, want %d with %q", len(r.Masks), r.Warnings, test.masks, test.warnings)
		}
	}
}

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
		lend(t, e, m, &greedy, p, func(logits []float32) { best = bestTokens(logits, nil, 1)[0] })
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
