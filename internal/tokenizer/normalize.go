package tokenizer

import (
	"cmp"
	"slices"
	"sort"
	"unicode/utf8"
)

// normalized is a stretch of text after normalization, with the way back: for
// each character of its text the bytes of the original one that it is from.
type normalized struct {
	text  []byte // UTF-8
	chars []normalizedChar
}

type normalizedChar struct {
	end   int // in text; the character begins where the one before ends
	from  Span
	class class // letter, symbol, apart or space
}

func (n *normalized) add(r rune, from Span, c class) {
	n.text = utf8.AppendRune(n.text, r)
	n.chars = append(n.chars, normalizedChar{end: len(n.text), from: from, class: c})
}

// start is where a character begins in the normalized text.
func (n *normalized) start(char int) int {
	if char == 0 {
		return 0
	}
	return n.chars[char-1].end
}

// from is the stretch of the original text that the characters from i up to j
// are made from.
func (n *normalized) from(i, j int) Span {
	return Span{n.chars[i].from.Start, n.chars[j-1].from.End}
}

func (n *normalized) reset() { n.text, n.chars = n.text[:0], n.chars[:0] }

// normalize appends the normal form of a stretch of text that begins at byte
// at of the original: what BertNormalizer of tokenizers makes of it.
func (t *Tokenizer) normalize(n *normalized, text string, at int) {
	begin, beginText := len(n.chars), len(n.text)
	for i := 0; i < len(text); {
		r, e, size := t.classAt(text[i:])
		from := Span{at + i, at + i + size}
		i += size
		switch e.class() {
		case dropped:
		case space:
			n.add(' ', from, space)
		case letter, symbol:
			n.add(r, from, e.class())
		case replaced:
			n.add(e.payload(), from, letter)
		default:
			if !t.normalizeRune(n, r, from) {
				n.chars, n.text = n.chars[:begin], n.text[:beginText]
				t.normalizeInOrder(n, text, at)
				return
			}
		}
	}
}

// normalizeRune appends the normal form of a character by itself. It returns
// false if that depends on its neighbours.
func (t *Tokenizer) normalizeRune(n *normalized, r rune, from Span) (alone bool) {
	han := t.rules.chineseChars && isHan(r)
	if han {
		n.add(' ', from, space)
	}
	var buffer [4]rune
	for _, f := range t.rules.fold(buffer[:0], r) {
		if t.rules.stripAccents && combiningClass(f) != 0 {
			return false
		}
		n.add(f, from, t.rules.split(f))
	}
	if han {
		n.add(' ', from, space)
	}
	return true
}

// normalizeInOrder is normalize for texts with marks that stripping accents
// leaves: spacing marks, and nonspacing ones younger than the Unicode version
// of tokenizers. Canonical ordering (Unicode, section 3.11) sorts them among
// the marks that are stripped. tokenizers then takes the ordered characters
// one by one for those of the text, so a mark that has moved gets the offsets
// of the one whose place it took; so it does here.
func (t *Tokenizer) normalizeInOrder(n *normalized, text string, at int) {
	type char struct {
		r, class rune
		first    bool // of the decomposition of a character of the text
	}
	var (
		run       []char // a character of combining class 0 and the marks after it
		originals []Span // of the characters of the text in run
		from      Span   // of the last of them
		buffer    [4]rune
		lower     [2]rune
	)
	flush := func() {
		slices.SortStableFunc(run, func(a, b char) int { return cmp.Compare(a.class, b.class) })
		for _, c := range run {
			if c.first {
				from, originals = originals[0], originals[1:]
			}
			if isIn(markRanges, c.r) {
				continue
			}
			for _, f := range t.rules.lower(lower[:0], c.r) {
				n.add(f, from, t.rules.split(f))
			}
		}
		run = run[:0]
	}
	for i := 0; i < len(text); {
		r, e, size := t.classAt(text[i:])
		original := Span{at + i, at + i + size}
		i += size
		switch {
		case e.class() == dropped:
			continue
		case e.class() == space:
			r = ' '
		case t.rules.chineseChars && isHan(r): // no mark, nor made of any
			flush()
			from = original
			t.normalizeRune(n, r, original)
			continue
		}
		for k, d := range appendDecomposed(buffer[:0], r) {
			class := combiningClass(d)
			if class == 0 {
				flush()
			}
			if k == 0 {
				originals = append(originals, original)
			}
			run = append(run, char{r: d, class: class, first: k == 0})
		}
	}
	flush()
}

// encodeNormalizedWords normalizes a word that stands at byte at of the text,
// which may make several of it, and writes their pieces.
func (t *Tokenizer) encodeNormalizedWords(w *writer, word string, at int) {
	n := w.scratch()
	t.normalize(n, word, at)
	t.encodeChars(w, n, 0, len(n.chars))
}

// encodeNormalized writes the pieces of text from byte from on, in whose
// normal form added tokens are looked for, and those tokens.
func (t *Tokenizer) encodeNormalized(w *writer, text string, from int, specials Specials) {
	n := w.scratch()
	t.normalize(n, text[from:], from)
	normal := string(n.text)
	for at := 0; !w.full(); {
		found, ok := t.addedNormalized.next(normal, at, specials)
		if !ok {
			t.encodeChars(w, n, n.charAt(at), len(n.chars))
			return
		}
		start, end := n.charAt(found.span.Start), n.charAt(found.span.End)
		t.encodeChars(w, n, n.charAt(at), start)
		w.addWord(found.id, n.from(start, end))
		at = found.span.End
	}
}

// encodeChars writes the pieces of the characters from i up to j, until w is
// full.
func (t *Tokenizer) encodeChars(w *writer, n *normalized, i, j int) {
	for !w.full() {
		start, end := n.word(i, j)
		if start == end {
			return
		}
		t.encodeNormalizedWord(w, n, start, end)
		i = end
	}
}

// word is which characters are the first word from i up to j; start is end if none are.
func (n *normalized) word(i, j int) (start, end int) {
	for i < j && n.chars[i].class == space {
		i++
	}
	start, end = i, min(i+1, j)
	for end < j && n.chars[start].class != apart && n.chars[end].class == n.chars[start].class {
		end++
	}
	return start, end
}

// encodeNormalizedWord writes the pieces of the word that the characters from
// i up to j are.
func (t *Tokenizer) encodeNormalizedWord(w *writer, n *normalized, i, j int) {
	if j-i > t.config.MaxWordChars {
		w.addWord(t.unk, n.from(i, j))
		return
	}
	first := w.n
	w.reserve(j - i)
	if !writePieces(t, w, n.text[n.start(i):n.start(j)], n.start(i)) {
		w.addWord(t.unk, n.from(i, j))
		return
	}
	w.word++
	// The pieces have their places in the normal form; give them the original's.
	for p := first; p < w.n; p++ {
		span := &w.e.Offsets[p]
		begin := i
		for n.start(i) < span.End {
			i++
		}
		*span = n.from(begin, i)
	}
}

// charAt is the character that begins at a byte of the normal form.
func (n *normalized) charAt(offset int) int {
	return sort.Search(len(n.chars), func(i int) bool { return n.start(i) >= offset })
}
