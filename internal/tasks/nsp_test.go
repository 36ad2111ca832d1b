package tasks

import (
	"strings"
	"testing"
)

func TestNextSentenceTruncatesLongestFirst(t *testing.T) {
	nextSentence := NextSentence{embeddedEngine(t)}
	long, no := strings.Repeat("word ", 600), false
	pairs := []Text{{Text: long, Pair: "A short one.", HasPair: true}, {Text: "Short.", Pair: "Short too.", HasPair: true}}
	results, err := nextSentence.IsNext(t.Context(), pairs, NextSentenceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; !r.Truncated || r.Tokens != 512 || r.Windows != 1 {
		t.Errorf("long pair: %+v, want truncated to 512 tokens", r.Info)
	}
	if r := results[1]; r.Truncated {
		t.Errorf("short pair: %+v, want it whole", r.Info)
	}
	_, err = nextSentence.IsNext(t.Context(), pairs, NextSentenceOptions{Options{Truncate: &no}})
	if e := wantInputError(t, err, CodeTooLong); e.Index != 0 || e.Limit != 512 || e.Actual != 607 {
		t.Errorf("text %d of %d tokens, limit %d; want text 0 of 607, limit 512", e.Index, e.Actual, e.Limit)
	}
}

// Who is refused for the length of a pair is told which of its texts is long.
func TestNextSentenceNamesTheLongText(t *testing.T) {
	nextSentence := NextSentence{embeddedEngine(t)}
	long, no := strings.Repeat("word ", 600), false
	for _, tt := range []struct {
		text, pair, field, tokens string
	}{
		{long, "A short one.", "text", "607"},
		{"A short one.", long, "text_pair", "607"},
		{strings.Repeat("word ", 300), strings.Repeat("word ", 301), "text_pair", "604"},
		{strings.Repeat("word ", 301), strings.Repeat("word ", 300), "text", "604"},
	} {
		pair := Text{Text: tt.text, Pair: tt.pair, HasPair: true}
		_, err := nextSentence.IsNext(t.Context(), []Text{pair}, NextSentenceOptions{Options{Truncate: &no}})
		if e := wantInputError(t, err, CodeTooLong); e.Field != tt.field || !strings.Contains(e.Detail, "the two texts make "+tt.tokens+" tokens") {
			t.Errorf("field %s, detail %q; want field %s, %s tokens", e.Field, e.Detail, tt.field, tt.tokens)
		}
	}
}

// The letters of both texts say which model is to read them.
func TestNextSentencePicksTheModelByBothTexts(t *testing.T) {
	pairs := []Text{
		{Text: "2024", Pair: "北京是中国的首都。", HasPair: true},
		{Text: "北京是中国的首都。", Pair: "2024", HasPair: true},
		{Text: "2024", Pair: "Vienna is the capital of Austria.", HasPair: true},
		{Text: "The capital of China is called like this:", Pair: "北京", HasPair: true},
	}
	results, err := NextSentence{embeddedEngine(t)}.IsNext(t.Context(), pairs, NextSentenceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"zh", "zh", "en", "en"} {
		if results[i].Model != want {
			t.Errorf("pair %d is read by %s, want %s", i, results[i].Model, want)
		}
	}
}

func TestNextSentenceNeedsPairs(t *testing.T) {
	_, err := NextSentence{embeddedEngine(t)}.IsNext(t.Context(), []Text{{Text: "a", Pair: "b", HasPair: true}, {Text: "a"}}, NextSentenceOptions{})
	if e := wantInputError(t, err, CodeNoPair); e.Index != 1 || e.Field != "text_pair" {
		t.Errorf("text %d, field %s; want text 1, field text_pair", e.Index, e.Field)
	}
}
