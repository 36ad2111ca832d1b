package tasks

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/tokenizer"
)

func TestFindMentions(t *testing.T) {
	for _, c := range []struct {
		name, text, aspect string // mentions stand in ⟦⟧ in text
	}{
		{"word", "The ⟦service⟧ was slow.", "service"},
		{"several", "⟦Food⟧, ⟦food⟧ and ⟦FOOD⟧!", "food"},
		{"several words", "The ⟦Battery Life⟧ is short.", "battery life"},
		{"not inside a word", "I am happy with apps, the ⟦app⟧ and nothing else.", "app"},
		{"not before a plural", "batteries and a ⟦battery⟧", "battery"},
		{"possessive", "The ⟦phone⟧'s screen; ⟦phone⟧-like", "phone"},
		{"not inside a number", "mate 300, ⟦mate 30⟧, mate 30s", "mate 30"},
		{"white space", "the ⟦battery\n\t life⟧ and ⟦battery\u00a0life⟧", "battery life"},
		{"white space around the aspect", "the ⟦screen⟧", "  screen\n"},
		{"white space in the aspect", "the ⟦battery life⟧", "battery \t life"},
		{"apostrophe and hyphen", "the ⟦Wi-Fi⟧ and ⟦Joe's⟧", "wi-fi"},
		{"signs", "⟦C++⟧ or C", "c++"},
		{"none", "The food was good.", "service"},
		{"longer than the text", "food", "food and drink"},
		{"nothing to find", "The food was good.", "  "},
		{"underscore is no letter", "⟦food⟧_court", "food"},

		{"accents missing in the aspect", "The ⟦café⟧ and the ⟦cafe\u0301⟧.", "cafe"},
		{"accents missing in the text", "The ⟦cafe⟧.", "café"},
		{"no half of an accented letter", "cafe\u0301s", "cafe"},
		{"greek", "Ο ⟦καφές⟧ και ο ⟦ΚΑΦΕΣ⟧.", "καφές"},
		{"cyrillic letters differ", "мой ⟦мои⟧", "мои"},
		{"cyrillic composed or not", "⟦мой⟧ ⟦МОИ\u0306⟧", "мой"},
		{"full width", "⟦ｉＰｈｏｎｅ⟧和⟦iPhone⟧很好", "iphone"},
		{"full width aspect", "⟦iPhone⟧很好", "ｉＰｈｏｎｅ"},
		{"ligature", "the ⟦ﬁle⟧ and ⟦file⟧", "file"},
		{"no part of a ligature", "oﬀ of", "f"},
		{"turkish", "⟦İstanbul⟧ and ⟦istanbul⟧", "istanbul"},

		{"chinese", "大⟦电池⟧很好，⟦电池⟧不错", "电池"},
		{"chinese overlap counts once", "⟦哈哈⟧哈", "哈哈"},
		{"latin beside chinese", "这个⟦app⟧很好，apps不好", "app"},
		{"mixed", "我的⟦iPhone电池⟧坏了", "iphone电池"},
		{"half width katakana", "⟦ﾊﾞｯﾃﾘ⟧ー", "バッテリ"},
		{"voiced kana differ", "かぎ ⟦がき⟧", "がき"},
		{"korean particle", "⟦배터리⟧가 좋다", "배터리"},
		{"emoji in between", "😀⟦food⟧😀", "food"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var text strings.Builder
			var want []tokenizer.Span
			for i, part := range strings.Split(c.text, "⟦") {
				if inside, outside, ok := strings.Cut(part, "⟧"); ok {
					want = append(want, tokenizer.Span{Start: text.Len(), End: text.Len() + len(inside)})
					part = inside + outside
				} else if i > 0 {
					t.Fatalf("unclosed mention in %q", c.text)
				}
				text.WriteString(part)
			}
			if c.name == "apostrophe and hyphen" {
				want = want[:1]
				if got := findMentions(fold(text.String()), "joe's"); len(got) != 1 {
					t.Errorf("joe's: %v", got)
				}
			}
			if diff := cmp.Diff(want, findMentions(fold(text.String()), c.aspect)); diff != "" {
				t.Errorf("%q in %q (-want +got):\n%s", c.aspect, text.String(), diff)
			}
		})
	}
}

// Names that repeat themselves are found as by trying every place in turn.
func TestFindMentionsOfRepetitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	letters := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteRune([]rune("哈啊 a")[rng.IntN(4)])
		}
		return strings.TrimSpace(b.String())
	}
	matches := 0
	for range 2000 {
		text, needle := fold(letters(1+rng.IntN(40))), letters(1+rng.IntN(6))
		name := fold(needle).runes
		var want []tokenizer.Span
		for i := 0; len(name) > 0 && i+len(name) <= len(text.runes); i++ {
			if end := i + len(name); slices.Equal(text.runes[i:end], name) && text.borders[i] && text.borders[end] {
				want = append(want, tokenizer.Span{Start: text.spans[i].Start, End: text.spans[end-1].End})
				i = end - 1
			}
		}
		if diff := cmp.Diff(want, findMentions(text, needle)); diff != "" {
			t.Fatalf("%q in %q (-want +got):\n%s", needle, string(text.runes), diff)
		}
		matches += len(want)
	}
	if matches < 1000 {
		t.Errorf("%d matches in all, too few to show anything", matches)
	}
}

// A text that agrees with the name nearly everywhere takes no longer: trying
// every place in turn would be ten thousand million comparisons.
func TestFindMentionsInLinearTime(t *testing.T) {
	text, name := fold(strings.Repeat("a", 200_000)), strings.Repeat("a", 100_000)
	start := time.Now()
	if got := findMentions(text, name); len(got) > 0 {
		t.Errorf("found %v inside a word", got)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

// Whatever the text, every rune of its folding is from a stretch of it, and
// the stretches follow each other without a gap.
func FuzzFold(f *testing.F) {
	for _, text := range []string{"", "Café ｉＰｈｏｎｅ ﬁ", "e\u0301\u0302 \u0301", "한국어 がギ ㎏", "\xff\xfe a", "  \t\n "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded := fold(text)
		at := tokenizer.Span{}
		for i, span := range folded.spans {
			if span != at && span.Start != at.End || span.End <= span.Start || span.End > len(text) {
				t.Fatalf("rune %d of %q is from %v, after %v", i, text, span, at)
			}
			at = span
		}
		if len(folded.runes) != len(folded.spans) {
			t.Fatalf("%d runes, %d spans", len(folded.runes), len(folded.spans))
		}
		// A text is a mention of itself, unless trimming takes the space from
		// under an accent.
		if text == strings.TrimSpace(text) && len(folded.runes) > 0 && len(findMentions(folded, text)) == 0 {
			t.Fatalf("%q does not mention itself", text)
		}
	})
}
