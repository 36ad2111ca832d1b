package tokenizer

import (
	"math"
	"sync"
)

// writer writes pieces into an encoding. While it does, the encoding's slices
// are longer than the n pieces they hold.
type writer struct {
	e     *Encoding
	n     int
	word  int32 // of the text that is being written
	limit int   // of n, where writing may stop after a word

	normalized *normalized // what scratch gives, once it has
}

// begin makes room for the pieces of texts of so many bytes.
func (w *writer) begin(bytes, maxTokens int) {
	// A guess: a piece of English is some 4 bytes, of Chinese 3.
	room := bytes/4 + 16
	if maxTokens > 0 {
		room = min(room, 2*maxTokens)
	}
	w.e.resize(max(room, cap(w.e.IDs)))
	w.limit = math.MaxInt
}

func (w *writer) full() bool { return w.n >= w.limit }

// reserve makes room for n more pieces.
func (w *writer) reserve(n int) {
	if w.n+n > len(w.e.IDs) {
		w.e.resize(w.n + max(n, w.n))
	}
}

// add writes a piece of the current word; there must be room.
func (w *writer) add(id int32, span Span) {
	n := w.n
	w.e.IDs[n] = id
	w.e.Words[n] = w.word
	w.e.Offsets[n] = span
	w.n = n + 1
}

// addWord writes a word of one piece.
func (w *writer) addWord(id int32, span Span) {
	w.reserve(1)
	w.add(id, span)
	w.word++
}

// addTemplate writes a token that the template adds.
func (w *writer) addTemplate(id, typeID int32) {
	w.reserve(1)
	w.e.TypeIDs[w.n] = typeID
	w.word = -1
	w.add(id, Span{})
}

// setTypeIDs gives the pieces from start on their type id.
func (w *writer) setTypeIDs(start int, typeID int32) {
	for i := range w.e.TypeIDs[start:w.n] {
		w.e.TypeIDs[start+i] = typeID
	}
}

// scratch is room for the normal form of a word or of more, empty each time.
func (w *writer) scratch() *normalized {
	if w.normalized == nil {
		w.normalized = normalizedPool.Get().(*normalized)
	}
	w.normalized.reset()
	return w.normalized
}

// normalizedPool spares encodings an allocation. Nothing large stays in it.
var normalizedPool = sync.Pool{New: func() any { return new(normalized) }}

// maxPooledChars keeps what one long text needed from being held for ever.
const maxPooledChars = 1 << 14

// end makes the encoding as long as it is, and fills in the tokens.
func (w *writer) end(vocabulary []string) {
	if w.normalized != nil && cap(w.normalized.chars) <= maxPooledChars {
		normalizedPool.Put(w.normalized)
	}
	w.e.resize(w.n)
	for i, id := range w.e.IDs {
		w.e.Tokens[i] = vocabulary[id]
	}
}
