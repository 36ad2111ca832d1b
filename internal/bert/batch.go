package bert

import (
	"fmt"
	"slices"
)

// Batch is a ragged batch: the tokens of B sequences end to end.
type Batch struct {
	InputIDs []int32 // (ΣT)
	// TokenTypeIDs say which segment a token is of (ΣT); nil means 0 for all.
	TokenTypeIDs []int32
	// Starts has B+1 entries: sequence b is tokens Starts[b] to Starts[b+1].
	Starts []int32
}

// NewBatch joins sequences. typeIDs, or an entry of it, may be nil.
func NewBatch(ids, typeIDs [][]int32) Batch {
	in := Batch{Starts: make([]int32, 1, len(ids)+1)}
	for b, sequence := range ids {
		in.InputIDs = append(in.InputIDs, sequence...)
		in.Starts = append(in.Starts, int32(len(in.InputIDs)))
		if b < len(typeIDs) && typeIDs[b] != nil {
			in.TokenTypeIDs = append(in.TokenTypeIDs, typeIDs[b]...)
		} else if typeIDs != nil {
			in.TokenTypeIDs = append(in.TokenTypeIDs, make([]int32, len(sequence))...)
		}
	}
	return in
}

// Sequences is B.
func (in Batch) Sequences() int { return max(len(in.Starts)-1, 0) }

// Tokens is ΣT.
func (in Batch) Tokens() int { return len(in.InputIDs) }

// typeOf is a token's type.
func (in Batch) typeOf(token int) int32 {
	if in.TokenTypeIDs == nil {
		return 0
	}
	return in.TokenTypeIDs[token]
}

// sequenceOf is the sequence that a token is of.
func (in Batch) sequenceOf(token int) int {
	b, starts := slices.BinarySearch(in.Starts, int32(token))
	if !starts {
		b--
	}
	return b
}

// eachToken calls f with each token's number in the batch, its position in its
// sequence, its id and its type.
func (in Batch) eachToken(f func(token, position int, id, kind int32)) {
	for b := range in.Sequences() {
		start, end := int(in.Starts[b]), int(in.Starts[b+1])
		for token := start; token < end; token++ {
			f(token, token-start, in.InputIDs[token], in.typeOf(token))
		}
	}
}

// squares is ΣT²: the attention probabilities of one head.
func (in Batch) squares() int {
	n := 0
	for b := range in.Sequences() {
		t := int(in.Starts[b+1] - in.Starts[b])
		n += t * t
	}
	return n
}

// Check returns why a model of this configuration cannot read the batch.
// Forward panics on such a batch; the ids of a tokenizer that fits the model,
// truncated to MaxPositionEmbeddings, always pass.
func (in Batch) Check(c *Config) error {
	n := len(in.InputIDs)
	if len(in.Starts) < 2 || in.Starts[0] != 0 || int(in.Starts[len(in.Starts)-1]) != n {
		return fmt.Errorf("batch of %d tokens starts at %v", n, in.Starts)
	}
	if in.TokenTypeIDs != nil && len(in.TokenTypeIDs) != n {
		return fmt.Errorf("batch of %d tokens has %d token types", n, len(in.TokenTypeIDs))
	}
	for b := range in.Sequences() {
		if t := int(in.Starts[b+1]) - int(in.Starts[b]); t < 1 || t > c.MaxPositionEmbeddings {
			return fmt.Errorf("sequence %d has %d tokens, want 1 to %d", b, t, c.MaxPositionEmbeddings)
		}
	}
	for i, id := range in.InputIDs {
		if id < 0 || int(id) >= c.VocabSize {
			return fmt.Errorf("token %d has id %d, the vocabulary ends at %d", i, id, c.VocabSize-1)
		}
	}
	for i, id := range in.TokenTypeIDs {
		if id < 0 || int(id) >= c.TypeVocabSize {
			return fmt.Errorf("token %d has type %d, the types end at %d", i, id, c.TypeVocabSize-1)
		}
	}
	return nil
}
