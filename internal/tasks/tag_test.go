package tasks

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

func TestTag(t *testing.T) {
	sentences := [][]string{
		strings.Fields("Ada Lovelace met the U.S. in London on 5 June 1833 ."),
		strings.Split("周树人1881年生于绍兴。", ""),
		{"London", "\u200b", "is"},
	}
	tags, err := NER{embeddedEngine(t)}.Tag(t.Context(), sentences, TagOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"B-PER", "I-PER", "O", "O", "B-LOC", "O", "B-LOC", "O", "B-DATE", "I-DATE", "I-DATE", "O"}, tags[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := tags[1]; len(got) != 13 || !slices.Equal(got[:3], []string{"B-PER", "I-PER", "I-PER"}) {
		t.Errorf("tags %v, want 13 that begin with a person of three characters", got)
	}
	if got := tags[2]; len(got) != 3 || got[1] != "O" {
		t.Errorf("tags %v, want O for a word without pieces", got)
	}
}

// Types that may not be found leave the choice to the others.
func TestTagLeavesTypesOut(t *testing.T) {
	tags, err := NER{embeddedEngine(t)}.Tag(t.Context(), [][]string{strings.Fields("Ada Lovelace left London on 5 June 1833 .")}, TagOptions{Types: []string{"LOC", "MISC", "GENE"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, tag := range tags[0] {
		if tag != "O" && !strings.HasSuffix(tag, "-LOC") && !strings.HasSuffix(tag, "-MISC") {
			t.Errorf("word %d is %s", i, tag)
		}
	}
	if tags[0][3] != "B-LOC" {
		t.Errorf("London is %s, want B-LOC", tags[0][3])
	}
}

// In windows every word is tagged, as in the window that shows most around it.
func TestTagWindows(t *testing.T) {
	sentence := strings.Fields(strings.Repeat("In the year 1905 they went to London by train . ", 12))
	tags, err := NER{engineOfMaxTokens(t, "en", 32)}.Tag(t.Context(), [][]string{sentence}, TagOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, word := range sentence {
		want := map[string]string{"1905": "B-DATE", "London": "B-LOC"}[word]
		if want != "" && tags[0][i] != want {
			t.Errorf("word %d, %s, is %s, want %s", i, word, tags[0][i], want)
		}
	}
}

func TestTagWords(t *testing.T) {
	// Words "ab" and "c.d", whose pieces are a ##b c . d; the windows share
	// the pieces of c.d but for its first in the second one.
	words := []string{"ab", "c.d"}
	piece := func(start, end int) tokenizer.Span { return tokenizer.Span{Start: start, End: end} }
	window := func(words []int32, spans ...tokenizer.Span) *tokenizer.Encoding {
		n := len(spans) + 2
		e := &tokenizer.Encoding{IDs: make([]int32, n), Words: make([]int32, n), Offsets: make([]tokenizer.Span, n)}
		e.Words[0], e.Words[n-1] = -1, -1
		copy(e.Words[1:], words)
		copy(e.Offsets[1:], spans)
		return e
	}
	r := reading{windows: []*tokenizer.Encoding{
		window([]int32{0, 0, 1}, piece(0, 1), piece(1, 2), piece(3, 4)),
		window([]int32{2, 3}, piece(4, 5), piece(5, 6)),
	}}
	labels := []string{"O", "B-X", "I-X"}
	outputs := []engine.Output{
		{Heads: [][]float32{{9, 0, 0 /* ab */, 0, 9, 0, 9, 0, 0 /* c.d */, 0, 0, 9, 9, 0, 0}}},
		{Heads: [][]float32{{9, 0, 0, 0, 9, 0, 0, 9, 0, 9, 0, 0}}},
	}
	if got, want := tagWords(words, r, outputs, labels), []string{"B-X", "I-X"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// Without I-X the next best label stands.
	if got, want := tagWords(words, r, outputs, []string{"O", "B-X", ""}), []string{"B-X", "O"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTagRefuses(t *testing.T) {
	_, err := NER{embeddedEngine(t)}.Tag(t.Context(), [][]string{{"a"}, {}}, TagOptions{})
	if e := wantInputError(t, err, CodeEmptyText); e.Index != 1 {
		t.Errorf("text %d, want 1", e.Index)
	}
	_, err = NER{embeddedEngine(t)}.Tag(t.Context(), [][]string{{"a"}}, TagOptions{Options: Options{Model: "fr"}})
	_ = wantInputError(t, err, CodeUnknownModel)
}
