package tokenizer

import (
	"sort"
	"unicode/utf8"
)

// The shapes of the tables in tables.go.
type (
	runeRange     struct{ first, last rune }
	caseRange     struct{ first, last, stride, distance rune }
	classRange    struct{ first, last, class rune }
	decomposition struct {
		rune rune
		into string
	}
)

// isIn reports whether one of the ranges, which are in order, holds r.
func isIn(ranges []runeRange, r rune) bool {
	i := sort.Search(len(ranges), func(i int) bool { return r <= ranges[i].last })
	return i < len(ranges) && ranges[i].first <= r
}

// combiningClass is the canonical combining class: 0 is that of the characters
// that others combine with.
func combiningClass(r rune) rune {
	i := sort.Search(len(combiningRanges), func(i int) bool { return r <= combiningRanges[i].last })
	if i < len(combiningRanges) && combiningRanges[i].first <= r {
		return combiningRanges[i].class
	}
	return 0
}

// capitalIDot is İ, the one character whose lower case is two: i and U+0307.
const capitalIDot = 'İ'

// appendLower appends the lower case of a character by itself: Σ is always σ,
// also at the end of a word, where Python's str.lower says ς.
func appendLower(out []rune, r rune) []rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(out, r)
	}
	if r == capitalIDot {
		return append(out, 'i', '\u0307')
	}
	i := sort.Search(len(lowerRanges), func(i int) bool { return r <= lowerRanges[i].last })
	if i < len(lowerRanges) {
		if in := lowerRanges[i]; in.first <= r && (r-in.first)%in.stride == 0 {
			r += in.distance
		}
	}
	return append(out, r)
}

// Hangul syllables decompose by arithmetic: Unicode, section 3.12.
var hangul = runeRange{0xAC00, 0xD7A3}

const (
	jamoL, jamoV, jamoT    = 0x1100, 0x1161, 0x11A7
	jamoVCount, jamoTCount = 21, 28
)

// appendDecomposed appends the canonical decomposition of a character.
func appendDecomposed(out []rune, r rune) []rune {
	if r < utf8.RuneSelf {
		return append(out, r)
	}
	if hangul.first <= r && r <= hangul.last {
		syllable := r - hangul.first
		out = append(out, jamoL+syllable/(jamoVCount*jamoTCount), jamoV+syllable/jamoTCount%jamoVCount)
		if t := syllable % jamoTCount; t > 0 {
			out = append(out, jamoT+t)
		}
		return out
	}
	i := sort.Search(len(decompositions), func(i int) bool { return r <= decompositions[i].rune })
	if i < len(decompositions) && decompositions[i].rune == r {
		for _, d := range decompositions[i].into {
			out = append(out, d)
		}
		return out
	}
	return append(out, r)
}
