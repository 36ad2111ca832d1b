package tokenizer

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWindows(t *testing.T) {
	tokenizer := variants(t)["uncased"]
	for _, test := range []struct {
		name, text        string
		maxTokens, stride int
		want              []string
	}{
		{"a text that fits", "a b c", 5, 2, []string{"[CLS] a b c [SEP]"}},
		{"no text", "", 5, 2, []string{"[CLS] [SEP]"}},
		{"no limit", "a b c d e f", 0, 2, []string{"[CLS] a b c d e f [SEP]"}},
		{"words of one piece", "a b c d e f", 6, 2, []string{"[CLS] a b c d [SEP]", "[CLS] c d e f [SEP]"}},
		{"no overlap", "a b c d e f", 6, 0, []string{"[CLS] a b c d [SEP]", "[CLS] e f [SEP]"}},
		{"a word on the border", "a b unaffable c d", 6, 1, []string{"[CLS] a b [SEP]", "[CLS] b un ##aff ##able [SEP]", "[CLS] un ##aff ##able c [SEP]", "[CLS] c d [SEP]"}},
		{"a word too long for a window", "abcdefgh", 6, 1, []string{"[CLS] a ##b ##c ##d [SEP]", "[CLS] ##d ##e ##f ##g [SEP]", "[CLS] ##g ##h [SEP]"}},
		{"overlap as long as a window", "a b c d", 5, 9, []string{"[CLS] a b c [SEP]", "[CLS] b c d [SEP]"}},
		{"no room for text", "a b", 1, 0, []string{"[CLS] a [SEP]", "[CLS] b [SEP]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, w := range tokenizer.Windows(test.text, Options{MaxTokens: test.maxTokens}, test.stride) {
				got = append(got, strings.Join(w.Tokens, " "))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWindowsCoverTheText(t *testing.T) {
	tokenizer := variants(t)["uncased"]
	words := rapid.SliceOf(rapid.SampledFrom([]string{"the", "unaffable", "running", "abcdefghijklm", "!", "中国", "é"}))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(words.Draw(t, "words"), " ")
		o := Options{NoTemplate: rapid.Bool().Draw(t, "no template"), MaxTokens: rapid.IntRange(3, 20).Draw(t, "max tokens")}
		added := 2
		if o.NoTemplate {
			added = 0
		}
		stride := rapid.IntRange(0, o.MaxTokens-added-1).Draw(t, "stride")
		all := tokenizer.Encode(text, Options{NoTemplate: true})
		end := 0 // of the window before, as a piece of all
		for i, w := range tokenizer.Windows(text, o, stride) {
			if w.Len() > o.MaxTokens || w.Truncated {
				t.Fatalf("window %d has %d tokens, want at most %d", i, w.Len(), o.MaxTokens)
			}
			pieces := w.Len() - added
			start := 0
			if pieces > 0 {
				first := w.Offsets[added/2]
				start = slices.Index(all.Offsets, first)
			}
			if want := max(0, end-stride); start > want {
				t.Errorf("window %d begins with piece %d, want %d at most", i, start, want)
			}
			if i > 0 && start+pieces <= end {
				t.Errorf("window %d ends with piece %d, the one before with %d", i, start+pieces, end)
			}
			end = start + pieces
			if !slices.Equal(w.IDs[added/2:added/2+pieces], all.IDs[start:end]) {
				t.Errorf("window %d is %v, want %v", i, w.IDs, all.IDs[start:end])
			}
		}
		if end != all.Len() {
			t.Errorf("the windows end with piece %d of %d", end, all.Len())
		}
	})
}
