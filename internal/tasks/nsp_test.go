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

func TestNextSentenceNeedsPairs(t *testing.T) {
	_, err := NextSentence{embeddedEngine(t)}.IsNext(t.Context(), []Text{{Text: "a", Pair: "b", HasPair: true}, {Text: "a"}}, NextSentenceOptions{})
	if e := wantInputError(t, err, CodeNoPair); e.Index != 1 || e.Field != "text_pair" {
		t.Errorf("text %d, field %s; want text 1, field text_pair", e.Index, e.Field)
	}
}
