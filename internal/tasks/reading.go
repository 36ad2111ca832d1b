package tasks

import (
	"context"
	"fmt"

	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// policy is what a task does with a text longer than its model reads, unless
// Options.Truncate is false.
type policy uint8

const (
	inWindows policy = iota // read it all, in overlapping windows; pairs are truncated
	truncated               // read its beginning, and say so
	refused                 // not without the caller's leave (Options.Truncate is true)
)

// reading is a text as its model reads it.
type reading struct {
	model     *engine.Model
	windows   []*tokenizer.Encoding // at least one
	truncated bool
}

// info is what the result says of the reading.
func (r reading) info() Info {
	info := Info{Model: r.model.ID, Truncated: r.truncated, Windows: len(r.windows)}
	for _, w := range r.windows {
		info.Tokens += w.Len()
	}
	return info
}

// read turns texts into what their models read. Specials says which special
// tokens written in a text count as such.
func read(ctx context.Context, models []*engine.Model, texts []Text, o Options, specials tokenizer.Specials, long policy) ([]reading, error) {
	defer timingFrom(ctx).phase(phaseTokenize)()
	readings := make([]reading, len(texts))
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if readings[i], err = readOne(models[i], i, t, o, specials, long); err != nil {
			return nil, err
		}
		if err := spendTokens(ctx, readings[i].info().Tokens); err != nil {
			return nil, err
		}
	}
	return readings, nil
}

func readOne(m *engine.Model, index int, t Text, o Options, specials tokenizer.Specials, long policy) (reading, error) {
	encode := func(maxTokens int) *tokenizer.Encoding {
		o := tokenizer.Options{Specials: specials, MaxTokens: maxTokens}
		if t.HasPair {
			return m.Tokenizer.EncodePair(t.Text, t.Pair, o)
		}
		return m.Tokenizer.Encode(t.Text, o)
	}
	r := reading{model: m}
	if t.HasPair && m.Network.Config.TypeVocabSize < 2 {
		return r, &InputError{
			Code: CodeUnsupportedFeature, Index: index, Field: "text_pair",
			Detail: fmt.Sprintf("model %s was not trained on pairs: it knows one token type", m.ID),
		}
	}
	whole := encode(0)
	if whole.Len() <= m.MaxTokens {
		r.windows = []*tokenizer.Encoding{whole}
		return r, nil
	}
	if refusesLong(o, long) {
		return r, tooLong(m, index, t, whole)
	}
	if long == inWindows && !t.HasPair {
		r.windows = windows(m, t.Text, specials, m.MaxTokens)
		return r, nil
	}
	r.windows = []*tokenizer.Encoding{encode(m.MaxTokens)}
	r.truncated = true
	return r, nil
}

// refusesLong reports whether a text over the model's limit is an error.
func refusesLong(o Options, long policy) bool {
	if o.Truncate != nil {
		return !*o.Truncate
	}
	return long == refused
}

// tooLong is the error about a text, or about the longer one of a pair.
func tooLong(m *engine.Model, index int, t Text, whole *tokenizer.Encoding) *InputError {
	field, which, shorten := "text", "the text makes", "it"
	if t.HasPair {
		which, shorten = "the two texts make", "the longer one"
		// Without [CLS] and [SEP] of the one, and [SEP] of the other.
		if whole.Len()-whole.PairStart-1 > whole.PairStart-2 {
			field = "text_pair"
		}
	}
	return &InputError{
		Code: CodeTooLong, Index: index, Field: field,
		Detail: fmt.Sprintf("%s %d tokens, and model %s reads %d: shorten %s, or allow truncation with \"truncate\": true", which, whole.Len(), m.ID, m.MaxTokens, shorten),
		Limit:  m.MaxTokens, Actual: whole.Len(),
	}
}
