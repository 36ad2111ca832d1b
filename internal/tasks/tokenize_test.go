package tasks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/tokenizer"
)

func TestTokenizePair(t *testing.T) {
	results, err := Tokenizer{embeddedEngine(t)}.Tokenize(t.Context(), []Text{{Text: "🙂 Playing [MASK]", Pair: "é x", HasPair: true}},
		TokenizeOptions{Options: Options{OffsetUnit: tokenizer.UTF16}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Piece{
		{Token: "[CLS]", ID: 101, Word: -1, Special: true},
		{Token: "[UNK]", ID: 100, Word: 0, Start: 0, End: 2},
		{Token: "playing", ID: 2652, Word: 1, Start: 3, End: 10},
		{Token: "[MASK]", ID: 103, Word: 2, Start: 11, End: 17, Special: true},
		{Token: "[SEP]", ID: 102, Word: -1, Special: true},
		{Token: "e", ID: 1041, Type: 1, Word: 0, Start: 0, End: 1},
		{Token: "x", ID: 1060, Type: 1, Word: 1, Start: 2, End: 3},
		{Token: "[SEP]", ID: 102, Type: 1, Word: -1, Special: true},
	}
	if diff := cmp.Diff(want, results[0].Pieces); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Info{Model: "en", Tokens: 8, Windows: 1}, results[0].Info); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTokenizeWithoutSpecialTokens(t *testing.T) {
	no := false
	results, err := Tokenizer{embeddedEngine(t)}.Tokenize(t.Context(), []Text{{Text: "我们"}, {Text: ""}}, TokenizeOptions{AddSpecialTokens: &no})
	if err != nil {
		t.Fatal(err)
	}
	want := []Piece{{Token: "我", ID: 2769, End: 1}, {Token: "们", ID: 812, Word: 1, Start: 1, End: 2}}
	if diff := cmp.Diff(want, results[0].Pieces); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := len(results[1].Pieces); got != 0 || results[1].Pieces == nil {
		t.Errorf("an empty text has %d pieces (nil %t), want an empty list", got, results[1].Pieces == nil)
	}
}

func TestTokenizeLongText(t *testing.T) {
	task := Tokenizer{embeddedEngine(t)}
	yes, no := true, false
	long := []Text{{Text: strings.Repeat("word ", 600)}}
	results, err := task.Tokenize(t.Context(), long, TokenizeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; r.Tokens != 602 || r.Truncated {
		t.Errorf("%+v, want all 602 tokens", r.Info)
	}
	results, err = task.Tokenize(t.Context(), long, TokenizeOptions{Options: Options{Truncate: &yes}})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; r.Tokens != 512 || !r.Truncated {
		t.Errorf("%+v, want 512 tokens, truncated", r.Info)
	}
	_, err = task.Tokenize(t.Context(), long, TokenizeOptions{Options: Options{Truncate: &no}})
	_ = wantInputError(t, err, CodeTooLong)
}
