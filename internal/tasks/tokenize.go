package tasks

import (
	"context"

	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// Tokenizer shows texts as their models see them. It needs no forward pass.
type Tokenizer struct{ Engine *engine.Engine }

// TokenizeOptions are the options of Tokenizer.Tokenize. Texts are never
// truncated unless Truncate is true.
type TokenizeOptions struct {
	Options
	// AddSpecialTokens puts [CLS] and [SEP] around the texts; nil is true.
	AddSpecialTokens *bool
}

// Tokenization is the result of Tokenizer.Tokenize.
type Tokenization struct {
	Pieces []Piece `json:"pieces"`
	Info
}

// Piece is one word piece.
type Piece struct {
	Token string `json:"token"` // as in the vocabulary
	ID    int32  `json:"id"`
	// Type is 0 in the first text and 1 in the second one of a pair.
	Type int32 `json:"type"`
	// Word counts the words of a text from 0; -1 for the [CLS] and [SEP]
	// around the texts.
	Word int32 `json:"word"`
	// Start and End are the piece's place in its text; 0 and 0 for the [CLS]
	// and [SEP] around the texts.
	Start int `json:"start"`
	End   int `json:"end"`
	// Special says that this is a special token, added or written in the text. An unknown word is not: [UNK] stands for what was written.
	Special bool `json:"special"`
}

// Tokenize splits each text into word pieces. Special tokens written in the
// text are recognised, as Hugging Face's tokenizers do. An empty text is
// nothing but special tokens.
func (t Tokenizer) Tokenize(ctx context.Context, texts []Text, o TokenizeOptions) ([]Tokenization, error) {
	models, err := route(t.Engine, texts, o.Model, anyModel)
	if err != nil {
		return nil, err
	}
	defer timingFrom(ctx).phase(phaseTokenize)()
	results := make([]Tokenization, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		results[i], err = tokenizeOne(models[i], i, text, o)
		if err != nil {
			return nil, err
		}
		if err := spendTokens(ctx, results[i].Tokens); err != nil {
			return nil, err
		}
		if err := takeRoom(ctx, AnswerSize{Text: results[i].Tokens * pieceBytes}); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func tokenizeOne(m *engine.Model, index int, text Text, o TokenizeOptions) (Tokenization, error) {
	encode := func(maxTokens int) *tokenizer.Encoding {
		o := tokenizer.Options{NoTemplate: o.AddSpecialTokens != nil && !*o.AddSpecialTokens, MaxTokens: maxTokens}
		if text.HasPair {
			return m.Tokenizer.EncodePair(text.Text, text.Pair, o)
		}
		return m.Tokenizer.Encode(text.Text, o)
	}
	encoding := encode(0)
	if encoding.Len() > m.MaxTokens && o.Truncate != nil {
		if !*o.Truncate {
			return Tokenization{}, tooLong(m, index, text, encoding)
		}
		encoding = encode(m.MaxTokens)
	}
	return Tokenization{
		Pieces: Pieces(m.Tokenizer, encoding, text, o.OffsetUnit),
		Info:   Info{Model: m.ID, Tokens: encoding.Len(), Truncated: encoding.Truncated, Windows: 1},
	}, nil
}

// Pieces lists the pieces of an encoding of text, their places counted in unit.
func Pieces(t *tokenizer.Tokenizer, e *tokenizer.Encoding, text Text, unit tokenizer.OffsetUnit) []Piece {
	spans := make([]tokenizer.Span, e.Len())
	copy(spans, e.Offsets)
	pointers := make([]*tokenizer.Span, e.Len())
	for i := range spans {
		pointers[i] = &spans[i]
	}
	unit.Convert(text.Text, pointers[:e.PairStart]...)
	unit.Convert(text.Pair, pointers[e.PairStart:]...)

	pieces := make([]Piece, e.Len())
	for i := range pieces {
		pieces[i] = Piece{
			Token: e.Tokens[i], ID: e.IDs[i], Type: e.TypeIDs[i], Word: e.Words[i],
			Start: spans[i].Start, End: spans[i].End,
			Special: special(t, e.IDs[i]),
		}
	}
	return pieces
}

// special reports whether a piece stands for itself rather than for text.
func special(t *tokenizer.Tokenizer, id int32) bool { return t.IsSpecial(id) && id != t.UNK() }
