package tokenizer

import (
	"math"
	"unicode/utf8"
)

// Specials says which special tokens count as such when they are written in a
// text. Added tokens that are not special are found in any case.
type Specials uint8

// Which special tokens written in a text are recognised.
const (
	// SpecialsAll recognises all of them, as Hugging Face's tokenizers do.
	SpecialsAll Specials = iota
	// SpecialsMask recognises [MASK] alone.
	SpecialsMask
	// SpecialsNone takes them for text like any other, so that nothing a user
	// writes can end or mask a text.
	SpecialsNone
)

// Options of encoding; the zero value is what Hugging Face's tokenizers do.
type Options struct {
	Specials Specials
	// NoTemplate leaves out the tokens that the template adds: [CLS] and [SEP].
	NoTemplate bool
	// MaxTokens truncates to so many pieces, the template's included: the end
	// of the text, of a pair the end of the longer text first. 0 is no limit.
	// The template is never cut: of a MaxTokens that has no room for text,
	// nothing but the template remains.
	MaxTokens int
}

// Encode returns the pieces of a text. Every text can be encoded: what the
// vocabulary does not have becomes [UNK], and bytes that are not UTF-8 are
// dropped as control characters are.
func (t *Tokenizer) Encode(text string, o Options) *Encoding {
	e := new(Encoding)
	t.EncodeInto(e, text, o)
	return e
}

// EncodePair returns the pieces of two texts that are read together, the
// second one with type id 1.
func (t *Tokenizer) EncodePair(a, b string, o Options) *Encoding {
	e := new(Encoding)
	t.EncodePairInto(e, a, b, o)
	return e
}

// EncodeInto is Encode into an encoding whose memory is used again: once that
// is large enough, nothing is allocated.
func (t *Tokenizer) EncodeInto(e *Encoding, text string, o Options) {
	t.encode(e, &t.single, [2]string{text}, o)
}

// EncodePairInto is EncodePair into an encoding whose memory is used again.
func (t *Tokenizer) EncodePairInto(e *Encoding, a, b string, o Options) {
	t.encode(e, &t.pair, [2]string{a, b}, o)
}

// encode lays out the texts as the template says, then truncates them.
func (t *Tokenizer) encode(e *Encoding, layout *template, texts [2]string, o Options) {
	w := writer{e: e}
	w.begin(len(texts[0])+len(texts[1]), o.MaxTokens)
	room := math.MaxInt // for texts
	if o.MaxTokens > 0 {
		room = o.MaxTokens
		if !o.NoTemplate {
			room = max(0, room-layout.added)
		}
	}
	var written [2]stretch
	for _, p := range layout.parts {
		if !p.isText {
			if !o.NoTemplate {
				w.addTemplate(p.id, p.typeID)
			}
			continue
		}
		start := w.n
		// One text need be read no further than to see that it is too long;
		// how two share the room depends on how long they are.
		if layout == &t.single && room < math.MaxInt {
			w.limit = start + room + 1
		}
		w.word = 0
		t.encodeText(&w, texts[p.text], o.Specials)
		w.setTypeIDs(start, p.typeID)
		written[p.text] = stretch{start, w.n}
	}
	w.end(t.vocabulary)
	if layout == &t.single {
		written[1] = stretch{w.n, w.n}
	}
	e.PairStart = written[1].start
	e.truncate(written[0], written[1], room)
}

// encodeText writes the pieces of a text, until w is full.
func (t *Tokenizer) encodeText(w *writer, text string, specials Specials) {
	for at := 0; !w.full(); {
		found, ok := t.added.next(text, at, specials)
		if !ok {
			t.encodeSegment(w, text, at, specials)
			return
		}
		t.encodeSegment(w, text[:found.span.Start], at, specials)
		w.addWord(found.id, found.span)
		at = found.span.End
	}
}

// encodeSegment writes the pieces of what lies between added tokens: of text
// from byte from on.
func (t *Tokenizer) encodeSegment(w *writer, text string, from int, specials Specials) {
	if t.addedNormalized.empty() {
		t.encodeWords(w, text, from)
	} else {
		t.encodeNormalized(w, text, from, specials)
	}
}

// encodeWords writes the words of text from byte from on, one after the other.
// Most need no other normalization than the lower-casing of ASCII: their pieces
// are looked up where they stand.
func (t *Tokenizer) encodeWords(w *writer, text string, from int) {
	for i := from; i < len(text) && !w.full(); {
		kind, size := t.byteClasses[text[i]], 1
		var e entry
		switch kind {
		case multibyte:
			_, e, size = t.multibyteAt(text[i:])
			kind = e.class()
		case apart:
			e = t.classes.lookup(rune(text[i]))
		}
		switch kind {
		case space, dropped:
			i += size
		case apart:
			w.addWord(e.payload(), Span{i, i + size})
			i += size
		default:
			length, chars, plain := t.nextWord(text[i:], kind)
			if word := text[i : i+length]; plain {
				t.encodeWord(w, word, chars, i)
			} else {
				t.encodeNormalizedWords(w, word, i)
			}
			i += length
		}
	}
}

// nextWord is how far the word reaches that text begins with, whose first
// character is of class kind: up to a space, or to a character that is a word
// of its own. It is plain if it can be looked up as it stands, but for the case
// of ASCII; otherwise normalization may yet split it.
func (t *Tokenizer) nextWord(text string, kind class) (length, chars int, plain bool) {
	plain = kind == letter || kind == symbol
	for length < len(text) {
		next, size := t.byteClasses[text[length]], 1
		if next == kind && plain {
			length++
			chars++
			continue
		}
		if next == multibyte {
			var e entry
			_, e, size = t.multibyteAt(text[length:])
			next = e.class()
		}
		switch {
		case next == space, next == apart, plain && next != kind && (next == letter || next == symbol):
			return length, chars, plain
		case next != kind:
			plain = false
		}
		length += size
		chars++
	}
	return length, chars, plain
}

// classAt is the character that text begins with, its entry, and its length in
// bytes.
func (t *Tokenizer) classAt(text string) (r rune, e entry, size int) {
	if r := rune(text[0]); r < utf8.RuneSelf {
		return r, t.classes.lookup(r), 1
	}
	return t.multibyteAt(text)
}

// multibyteAt is classAt for what is not ASCII. A byte that is not UTF-8 is a
// character by itself, U+FFFD.
func (t *Tokenizer) multibyteAt(text string) (r rune, e entry, size int) {
	r, size = utf8.DecodeRuneInString(text)
	e = t.classes.lookup(r)
	if size == 1 && e.class() != dropped {
		e = newEntry(composite, 0) // U+FFFD is not what stands there
	}
	return r, e, size
}
