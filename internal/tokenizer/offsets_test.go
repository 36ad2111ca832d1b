package tokenizer

import (
	"slices"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestConvert(t *testing.T) {
	const text = "aé中😀b"
	for _, test := range []struct {
		unit OffsetUnit
		want []Span
	}{
		{Byte, []Span{{0, 1}, {1, 3}, {3, 6}, {6, 10}, {10, 11}}},
		{Codepoint, []Span{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}}},
		{UTF16, []Span{{0, 1}, {1, 2}, {2, 3}, {3, 5}, {5, 6}}},
	} {
		t.Run(test.unit.String(), func(t *testing.T) {
			got := []Span{{0, 1}, {1, 3}, {3, 6}, {6, 10}, {10, 11}}
			test.unit.Convert(text, pointers(got)...)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestConvertAnySpans takes spans in any order, that overlap, and compares
// with counting from the beginning of the text each time.
func TestConvertAnySpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		var borders []int
		for i := range text {
			borders = append(borders, i)
		}
		borders = append(borders, len(text))
		border := rapid.SampledFrom(borders)
		spans := make([]Span, rapid.IntRange(0, 6).Draw(t, "spans"))
		for i := range spans {
			spans[i] = Span{border.Draw(t, "start"), border.Draw(t, "end")}
			if spans[i].Start > spans[i].End {
				spans[i].Start, spans[i].End = spans[i].End, spans[i].Start
			}
		}
		for unit, count := range map[OffsetUnit]func(string) int{
			Byte:      func(s string) int { return len(s) },
			Codepoint: utf8.RuneCountInString,
			UTF16:     func(s string) int { return len(utf16.Encode([]rune(s))) },
		} {
			got := slices.Clone(spans)
			unit.Convert(text, pointers(got)...)
			for i, s := range spans {
				if want := (Span{count(text[:s.Start]), count(text[:s.End])}); got[i] != want {
					t.Errorf("%v of %+q in %s is %v, want %v", s, text, unit, got[i], want)
				}
			}
		}
	})
}

func TestConvertAllocatesNothingForAnEncoding(t *testing.T) {
	text := "Zürich 😀 中国"
	e := variants(t)["uncased"].Encode(text, Options{})
	spans := pointers(e.Offsets)
	if n := testing.AllocsPerRun(20, func() { UTF16.Convert(text, spans...) }); n > 0 {
		t.Errorf("Convert makes %v allocations, want 0", n)
	}
}

func TestParseOffsetUnit(t *testing.T) {
	for _, unit := range []OffsetUnit{Codepoint, UTF16, Byte} {
		if got, err := ParseOffsetUnit(unit.String()); err != nil || got != unit {
			t.Errorf("ParseOffsetUnit(%q) = %v, %v", unit, got, err)
		}
	}
	if got, err := ParseOffsetUnit(""); err != nil || got != Codepoint {
		t.Errorf("ParseOffsetUnit of nothing = %v, %v, want codepoint", got, err)
	}
	for _, name := range []string{"Byte", "utf8", "char"} {
		if _, err := ParseOffsetUnit(name); err == nil {
			t.Errorf("ParseOffsetUnit(%q) is no error", name)
		}
	}
}

func pointers(spans []Span) []*Span {
	p := make([]*Span, len(spans))
	for i := range spans {
		p[i] = &spans[i]
	}
	return p
}
