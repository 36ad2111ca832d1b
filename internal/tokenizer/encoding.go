package tokenizer

// Span is a stretch of a text: the bytes from Start up to, not including, End.
type Span struct{ Start, End int }

// Encoding is a text, or a pair of texts, as a model reads it: parallel slices
// with one entry for each of its T pieces.
type Encoding struct {
	Tokens  []string // the pieces as they stand in the vocabulary
	IDs     []int32
	TypeIDs []int32 // 0 in the first text, 1 in the second one of a pair
	// Words counts the words of each text from 0; -1 for the tokens that the
	// template adds.
	Words []int32
	// Offsets are bytes of the original text that the piece is from; {0, 0}
	// for the tokens that the template adds.
	Offsets   []Span
	Truncated bool // pieces were dropped to keep to Options.MaxTokens
}

// Len is the number of pieces.
func (e *Encoding) Len() int { return len(e.IDs) }

func (e *Encoding) reset() {
	e.Tokens, e.IDs, e.TypeIDs = e.Tokens[:0], e.IDs[:0], e.TypeIDs[:0]
	e.Words, e.Offsets, e.Truncated = e.Words[:0], e.Offsets[:0], false
}

func (e *Encoding) append(token string, id, typeID, word int32, span Span) {
	e.Tokens = append(e.Tokens, token)
	e.IDs = append(e.IDs, id)
	e.TypeIDs = append(e.TypeIDs, typeID)
	e.Words = append(e.Words, word)
	e.Offsets = append(e.Offsets, span)
}
