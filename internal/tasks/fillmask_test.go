package tasks

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/engine"
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

// What becomes of targets depends on the model alone, and is said of every text:
// which others came with it makes no difference.
func TestFillMaskWarnsOfTargets(t *testing.T) {
	results, err := FillMask{embeddedEngine(t)}.Fill(t.Context(), []Text{
		{Text: "my dog is [MASK]."}, {Text: "北京是中国的[MASK]都。"}, {Text: "the [MASK]"}, {Text: "[MASK]文"},
	}, FillMaskOptions{Targets: []string{"unfathomably big", "中文"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		model    string
		warnings int
	}{{"en", 2}, {"zh", 2}, {"en", 2}, {"zh", 2}} {
		r := results[i]
		if r.Model != want.model || len(r.Warnings) != want.warnings {
			t.Errorf("text %d: warnings %q by %s, want %d by %s", i, r.Warnings, r.Model, want.warnings, want.model)
		}
		if got, want := predictedIDs(r), predictedIDs(results[i%2]); !slices.Equal(got, want) {
			t.Errorf("text %d: predicts %v, want the targets %v", i, got, want)
		}
	}
}

// predictedIDs are the ids predicted for the first mask, in ascending order.
func predictedIDs(r FillMaskResult) []int32 {
	var ids []int32
	for _, p := range r.Masks[0].Predictions {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return ids
}

// A vocabulary may have fewer tokens than vocab_size, and gaps. What has no
// token is predicted nowhere, and the others keep their probabilities.
func TestFillMaskPredictsTokensOnly(t *testing.T) {
	const text = "my [MASK] is [MASK]."
	whole, _ := embeddedEngine(t).Model("en")
	free := fillOne(t, text, FillMaskOptions{TopK: 100})
	last := slices.MaxFunc(free.Masks[0].Predictions, func(a, b MaskPrediction) int { return int(a.ID - b.ID) })
	var vocabulary []string
	for id := range last.ID {
		vocabulary = append(vocabulary, whole.Tokenizer.Token(id))
	}
	for _, mask := range free.Masks {
		vocabulary[mask.Predictions[0].ID] = ""
	}
	tok, err := tokenizer.New(vocabulary, whole.Tokenizer.Config())
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Options{Threads: 1}, &engine.Model{ID: "en", Network: whole.Network, Tokenizer: tok})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	results, err := FillMask{e}.Fill(t.Context(), []Text{{Text: text}}, FillMaskOptions{TopK: 50, Joint: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, mask := range results[0].Masks {
		var want []MaskPrediction
		for _, p := range free.Masks[i].Predictions {
			if tok.Token(p.ID) != "" {
				want = append(want, p)
			}
		}
		if diff := cmp.Diff(want[:50], mask.Predictions, nearGolden); diff != "" {
			t.Errorf("mask %d (-whole vocabulary +with gaps):\n%s", i, diff)
		}
	}
	if len(results[0].Joint) != 50 {
		t.Errorf("%d fillings, want 50", len(results[0].Joint))
	}
	for k, f := range results[0].Joint {
		for _, token := range f.Tokens {
			if token.Token == "" {
				t.Errorf("filling %d has id %d, which has no token", k, token.ID)
			}
		}
	}
}

func TestTargetsEndWithTheDeadline(t *testing.T) {
	m, _ := embeddedEngine(t).Model("en")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := findTargets(ctx, m, []string{"big"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
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
		{"too many targets", CodeInvalidParameter, "targets", one, FillMaskOptions{Targets: make([]string, 1001)}, "1001"},
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
