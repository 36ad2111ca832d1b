package tasks

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"cloze/internal/tokenizer"
)

// folded is a text made comparable, with the way back to the original.
//
// Case is folded, and so are compatibility forms (ｉＰｈｏｎｅ, ﬁ) and composed and
// decomposed letters; accents are dropped from Latin and Greek letters, where
// people leave them out, but not from Cyrillic й or Japanese が, which are
// letters of their own. A run of white space is one blank.
type folded struct {
	runes []rune
	// spans are the bytes that each rune is from; runes that come from one
	// character have the same.
	spans []tokenizer.Span
	// borders say of each rune, and of the end, whether a name may begin or
	// end before it: not inside a character, nor between two characters of one
	// word.
	borders []bool
}

func fold(text string) folded {
	var f folded
	for at := 0; at < len(text); {
		end := at + norm.NFKD.NextBoundaryInString(text[at:], true)
		f.appendCharacter(norm.NFKD.String(text[at:end]), tokenizer.Span{Start: at, End: end})
		at = end
	}
	f.borders = make([]bool, len(f.runes)+1)
	f.borders[0], f.borders[len(f.runes)] = true, true
	inWord := false
	for i, r := range f.runes {
		before := inWord
		inWord = isSpacedWord(r)
		if i > 0 {
			f.borders[i] = f.spans[i] != f.spans[i-1] && (!before || !inWord)
		}
	}
	return f
}

// appendCharacter folds one character with its accents, decomposed.
func (f *folded) appendCharacter(character string, span tokenizer.Span) {
	base, _ := utf8.DecodeRuneInString(character)
	if unicode.IsSpace(base) {
		if n := len(f.runes); n > 0 && f.runes[n-1] == ' ' {
			f.spans[n-1].End = span.End
			return
		}
		f.append(' ', span)
		return
	}
	if unicode.In(base, unicode.Latin, unicode.Greek) {
		for _, r := range character {
			if !unicode.Is(unicode.Mn, r) {
				f.append(foldCase(r), span)
			}
		}
		return
	}
	for _, r := range norm.NFC.String(character) {
		f.append(foldCase(r), span)
	}
}

func (f *folded) append(r rune, span tokenizer.Span) {
	f.runes = append(f.runes, r)
	f.spans = append(f.spans, span)
}

// foldCase is lower case, by way of upper case: ς is σ then.
func foldCase(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// findMentions finds the places where a text names something. A match begins
// and ends with whole characters, and with whole words where words are
// separated by spaces: "app" is not in "happy", but 电池 is in 大电池. Matches
// do not overlap; of overlapping ones the first counts.
//
// It returns bytes of the text. The search is Knuth's, Morris' and Pratt's: it
// looks at each rune of the text once, however much of the name repeats itself.
func findMentions(text folded, name string) []tokenizer.Span {
	needle := fold(strings.TrimSpace(name)).runes
	if len(needle) == 0 {
		return nil
	}
	shorter := selfOverlaps(needle)
	var found []tokenizer.Span
	matched := 0 // runes of the needle that the text has before rune i
	for i, r := range text.runes {
		for matched > 0 && needle[matched] != r {
			matched = shorter[matched-1]
		}
		if needle[matched] == r {
			matched++
		}
		if matched < len(needle) {
			continue
		}
		matched = shorter[matched-1]
		if first := i + 1 - len(needle); text.borders[first] && text.borders[i+1] {
			found = append(found, tokenizer.Span{Start: text.spans[first].Start, End: text.spans[i].End})
			matched = 0 // the next match may not overlap this one
		}
	}
	return found
}

// selfOverlaps is, for each beginning of a needle, how many of its last runes
// are also the needle's first ones, without being all of it.
func selfOverlaps(needle []rune) []int {
	overlaps := make([]int, len(needle))
	n := 0
	for i := 1; i < len(needle); i++ {
		for n > 0 && needle[n] != needle[i] {
			n = overlaps[n-1]
		}
		if needle[n] == needle[i] {
			n++
		}
		overlaps[i] = n
	}
	return overlaps
}

// isSpacedWord reports whether r is part of a word in a script that puts
// spaces between words.
func isSpacedWord(r rune) bool {
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
		return false // 手机 in 手机壳; Korean has spaces, but particles are joined: 배터리가
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}
