package tokenizer

import "slices"

// Span is a stretch of a text: the bytes from Start up to, but not including,
// End.
type Span struct{ Start, End int }

// Encoding is a text, or a pair of texts, as a model reads it: parallel slices
// of length T, one entry for each piece.
type Encoding struct {
	Tokens  []string // the pieces as they stand in the vocabulary, not copies
	IDs     []int32
	TypeIDs []int32 // 0 in the first text, 1 in the second one of a pair
	// Words counts the words of each text from 0; -1 for the tokens that the
	// template adds ([CLS], [SEP]). Special tokens written in a text are words.
	Words []int32
	// Offsets are the bytes of the original text that a piece is made from,
	// each in its own text of a pair; {0, 0} for the tokens that the template
	// adds. Accents, and characters that were dropped, belong to a piece if
	// they lie inside it, not if they end it.
	Offsets []Span
	// PairStart is the piece that the second text of a pair begins with, or
	// would if it had any; T where there is no second text.
	PairStart int
	// Truncated says that pieces were dropped to keep to Options.MaxTokens.
	Truncated bool
}

// Len is T, the number of pieces.
func (e *Encoding) Len() int { return len(e.IDs) }

// resize sets the length of the slices, which the caller fills.
func (e *Encoding) resize(n int) {
	e.Tokens = resized(e.Tokens, n)
	e.IDs = resized(e.IDs, n)
	e.TypeIDs = resized(e.TypeIDs, n)
	e.Words = resized(e.Words, n)
	e.Offsets = resized(e.Offsets, n)
}

func resized[T any](s []T, n int) []T {
	if n > cap(s) {
		s = slices.Grow(s[:len(s):len(s)], n-len(s))
	}
	return s[:n]
}

// remove drops a stretch of pieces.
func (e *Encoding) remove(s stretch) {
	e.Tokens = slices.Delete(e.Tokens, s.start, s.end)
	e.IDs = slices.Delete(e.IDs, s.start, s.end)
	e.TypeIDs = slices.Delete(e.TypeIDs, s.start, s.end)
	e.Words = slices.Delete(e.Words, s.start, s.end)
	e.Offsets = slices.Delete(e.Offsets, s.start, s.end)
}

// appendPieces appends the pieces of another encoding from i up to j.
func (e *Encoding) appendPieces(from *Encoding, i, j int) {
	e.Tokens = append(e.Tokens, from.Tokens[i:j]...)
	e.IDs = append(e.IDs, from.IDs[i:j]...)
	e.TypeIDs = append(e.TypeIDs, from.TypeIDs[i:j]...)
	e.Words = append(e.Words, from.Words[i:j]...)
	e.Offsets = append(e.Offsets, from.Offsets[i:j]...)
}
