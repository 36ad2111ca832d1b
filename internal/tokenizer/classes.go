package tokenizer

import "unicode/utf8"

// rules are the settings that decide what becomes of a character.
type rules struct {
	cleanText    bool
	chineseChars bool
	stripAccents bool
	lowercase    bool
	preTokenizer PreTokenizer
}

// class says what normalization and pre-tokenization make of a character.
type class uint8

const (
	// letter is part of a word, as it stands.
	letter class = iota
	// symbol likewise: PreTokenizer Whitespace makes words of the characters
	// that are neither letters nor space; the others know letters only.
	symbol
	// replaced is a letter once the entry's rune takes its place: É is e.
	replaced
	// apart is a word of its own; the entry holds its id in the vocabulary.
	apart
	// space ends a word.
	space
	// dropped is as if it had not been written.
	dropped
	// composite is what the other classes cannot say: characters that become
	// several, as hangul syllables become jamo, and marks.
	composite
	// multibyte is what a byte is that is not ASCII: only the character that
	// it belongs to has a class.
	multibyte
)

// fold appends what stripping accents and lower-casing make of a character by
// itself.
func (u rules) fold(out []rune, r rune) []rune {
	if !u.stripAccents {
		return u.lower(out, r)
	}
	var buffer [4]rune // no decomposition is longer
	for _, d := range appendDecomposed(buffer[:0], r) {
		if !isIn(markRanges, d) {
			out = u.lower(out, d)
		}
	}
	return out
}

func (u rules) lower(out []rune, r rune) []rune {
	if u.lowercase {
		return appendLower(out, r)
	}
	return append(out, r)
}

// split is the class of a normalized character: letter, symbol, apart or space.
func (u rules) split(r rune) class {
	switch {
	case isIn(spaceRanges, r):
		return space
	case u.preTokenizer == BertPreTokenizer && isPunctuation(r):
		return apart
	case u.preTokenizer == Whitespace && !isIn(wordRanges, r):
		return symbol
	}
	return letter
}

// isPunctuation is BERT's notion of punctuation: Unicode's, and all symbols of
// ASCII besides, so that $ and ^ are treated like ! and *.
func isPunctuation(r rune) bool { return isIn(punctuationRanges, r) }

// isHan reports whether handle_chinese_chars makes a word of the character.
//
// Of the ideographs in extension E, Hugging Face's tokenizers knows those from
// U+2B920, Google's BERT those from U+2B820; this follows Hugging Face.
func isHan(r rune) bool { return isIn(hanRanges, r) }

// classify is the entry of a character in the table of classes; id is the
// vocabulary's.
func (u rules) classify(r rune, id func(word string) int32) entry {
	switch {
	case u.cleanText && isIn(controlRanges, r):
		return newEntry(dropped, 0)
	case isIn(spaceRanges, r):
		return newEntry(space, 0)
	}
	var buffer [4]rune
	out := u.fold(buffer[:0], r)
	if len(out) != 1 || u.stripAccents && combiningClass(r) != 0 {
		return newEntry(composite, 0)
	}
	to := out[0]
	c := u.split(to)
	switch {
	case c == apart, u.chineseChars && isHan(r):
		return newEntry(apart, id(string(to)))
	case to == r:
		return newEntry(c, 0)
	case c == letter:
		return newEntry(replaced, to)
	}
	return newEntry(composite, 0)
}

// entry is a class in the low bits and above them what the class needs: a rune
// or an id.
type entry uint32

const entryClassBits = 3

func newEntry(c class, payload int32) entry { return entry(payload)<<entryClassBits | entry(c) }

func (e entry) class() class   { return class(e & (1<<entryClassBits - 1)) }
func (e entry) payload() int32 { return int32(e >> entryClassBits) }

// classTable holds the entry of every character, in pages; pages of one entry
// throughout, which are most of Unicode, are stored once.
type classTable struct {
	page    [(utf8.MaxRune + 1) / pageSize]uint16
	entries []entry
}

const pageSize = 256

func (t *classTable) lookup(r rune) entry {
	return t.entries[int(t.page[uint32(r)/pageSize])*pageSize+int(uint32(r)%pageSize)]
}

// newClassTable classifies every character by the rules. Vocabulary are the
// pieces, whose single characters get their ids.
func newClassTable(u rules, vocabulary []string, id func(word string) int32) *classTable {
	b := classTableBuilder{uniform: map[entry]uint16{}}
	b.setRange(runeRange{0, utf8.MaxRune}, newEntry(u.split(utf8.MaxRune), 0))

	// First the long ranges of one class, then the characters that may have
	// one of their own.
	if u.preTokenizer == Whitespace {
		b.setRanges(wordRanges, newEntry(letter, 0))
	}
	if u.stripAccents {
		b.setRange(hangul, newEntry(composite, 0))
	}
	if u.chineseChars {
		b.setRanges(hanRanges, newEntry(apart, id("")))
	}
	if u.cleanText {
		b.setRanges(controlRanges, newEntry(dropped, 0))
	}
	classify := func(in runeRange, stride rune) {
		for r := in.first; r <= in.last; r += stride {
			b.set(r, u.classify(r, id))
		}
	}
	classify(runeRange{0, utf8.RuneSelf - 1}, 1)
	for _, ranges := range [][]runeRange{spaceRanges, punctuationRanges, markRanges, {{capitalIDot, capitalIDot}}} {
		for _, in := range ranges {
			classify(in, 1)
		}
	}
	for _, in := range combiningRanges {
		classify(runeRange{in.first, in.last}, 1)
	}
	for _, in := range lowerRanges {
		classify(runeRange{in.first, in.last}, in.stride)
	}
	for _, d := range decompositions {
		classify(runeRange{d.rune, d.rune}, 1)
	}
	for _, piece := range vocabulary {
		if r, size := utf8.DecodeRuneInString(piece); size == len(piece) && isHan(r) {
			classify(runeRange{r, r}, 1)
		}
	}
	return &b.classTable
}

type classTableBuilder struct {
	classTable
	uniform map[entry]uint16 // the page of each entry that fills one, or may
}

func (b *classTableBuilder) set(r rune, e entry) {
	if b.lookup(r) == e {
		return
	}
	page := b.page[r/pageSize]
	if first := b.entries[int(page)*pageSize]; b.uniform[first] == page {
		// Others may use the page too: write on a copy.
		b.entries = append(b.entries, b.entries[int(page)*pageSize:int(page+1)*pageSize]...)
		page = uint16(len(b.entries)/pageSize - 1)
		b.page[r/pageSize] = page
	}
	b.entries[int(page)*pageSize+int(r%pageSize)] = e
}

func (b *classTableBuilder) setRanges(ranges []runeRange, e entry) {
	for _, in := range ranges {
		b.setRange(in, e)
	}
}

func (b *classTableBuilder) setRange(in runeRange, e entry) {
	for r := in.first; r <= in.last; {
		if r%pageSize == 0 && r+pageSize-1 <= in.last {
			b.page[r/pageSize] = b.uniformPage(e)
			r += pageSize
			continue
		}
		b.set(r, e)
		r++
	}
}

func (b *classTableBuilder) uniformPage(e entry) uint16 {
	if page, ok := b.uniform[e]; ok {
		return page
	}
	for range pageSize {
		b.entries = append(b.entries, e)
	}
	page := uint16(len(b.entries)/pageSize - 1)
	b.uniform[e] = page
	return page
}
