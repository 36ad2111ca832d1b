package tasks

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/tokenizer"
)

// A text of five sentences of four pieces each.
func fiveSentences() (text string, document reading) {
	text = "aa bb cc. dd ee ff. gg hh ii. jj kk ll. mm nn oo."
	e := &tokenizer.Encoding{Words: []int32{-1}, Offsets: []tokenizer.Span{{}}}
	at := 0
	for w, word := range strings.Fields(strings.ReplaceAll(text, ".", " .")) {
		at += strings.Index(text[at:], word)
		e.Words = append(e.Words, int32(w))
		e.Offsets = append(e.Offsets, tokenizer.Span{Start: at, End: at + len(word)})
		at += len(word)
	}
	e.Words = append(e.Words, -1)
	e.Offsets = append(e.Offsets, tokenizer.Span{})
	return text, reading{windows: []*tokenizer.Encoding{e}}
}

func TestAspectParts(t *testing.T) {
	text, document := fiveSentences()
	mentions := func(names ...string) []tokenizer.Span {
		var spans []tokenizer.Span
		for _, name := range names {
			at := strings.Index(text, name)
			spans = append(spans, tokenizer.Span{Start: at, End: at + len(name)})
		}
		return spans
	}
	tests := []struct {
		name     string
		limit    int
		mentions []tokenizer.Span
		want     []string
	}{
		{"whole, without a mention", 20, nil, []string{text}},
		{"the sentence", 20, mentions("hh"), []string{"gg hh ii."}},
		{"two of one sentence", 20, mentions("gg", "ii"), []string{"gg hh ii."}},
		{"two sentences", 20, mentions("aa", "ee"), []string{"aa bb cc. dd ee ff."}},
		{"two sentences apart", 20, mentions("aa", "oo"), []string{"aa bb cc. mm nn oo."}},
		{"as many as fit", 8, mentions("aa", "ee", "oo"), []string{"aa bb cc. dd ee ff.", "mm nn oo."}},
		{"over a border", 20, mentions("ff. gg"), []string{"dd ee ff. gg hh ii."}},
		{"all, in parts", 8, nil, []string{"aa bb cc. dd ee ff.", "gg hh ii. jj kk ll.", "mm nn oo."}},
		{"long sentences are cut at words", 3, nil, []string{"aa bb cc", ".", "dd ee ff", ".", "gg hh ii", ".", "jj kk ll", ".", "mm nn oo", "."}},
		{"in a part of a long sentence", 2, mentions("cc"), []string{"cc."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, part := range newTextParts(document, text, SplitSentences(text), test.limit).mentioning(test.mentions) {
				got = append(got, strings.TrimSpace(part))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAspectsEndWithTheDeadline(t *testing.T) {
	m, _ := embeddedEngine(t).Model("en")
	text, document := fiveSentences()
	document.model = m
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := planAspects(ctx, 0, document, text, SplitSentences(text), []string{"hh"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// Pieces that two windows share count once, and a word of more pieces than the
// limit is cut all the same.
func TestAspectPartsOfWindows(t *testing.T) {
	e := engineOfMaxTokens(t, "en", 16)
	m := e.Models()[0]
	text := strings.Repeat("The food was good. ", 6) + strings.Repeat("x", 40) + " ends."
	document := reading{model: m, windows: m.Tokenizer.Windows(text, tokenizer.Options{MaxTokens: 16}, 4)}
	whole := m.Tokenizer.Encode(text, tokenizer.Options{NoTemplate: true})
	parts := newTextParts(document, text, SplitSentences(text), 8)
	if len(parts.pieces) != whole.Len() {
		t.Fatalf("%d pieces, want %d", len(parts.pieces), whole.Len())
	}
	covered := ""
	for _, part := range parts.mentioning(nil) {
		if n := m.Tokenizer.Encode(part, tokenizer.Options{NoTemplate: true}).Len(); n > 8 {
			t.Errorf("part %q has %d pieces, limit 8", part, n)
		}
		covered += part
	}
	if want := strings.TrimSpace(text); strings.ReplaceAll(covered, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("parts are %q, want all of %q", covered, want)
	}
}
