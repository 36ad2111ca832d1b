package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// Request is what one Run asks of a model: some sequences, and which outputs
// it wants of each. The encoder runs once per sequence, however many outputs
// are asked for.
//
// Small outputs are copied into the Response. What grows with the vocabulary,
// or with every token, is lent to a function instead, so that the caller can
// reduce it on the spot and a request of many texts never holds it all. Such
// a function is called during the pass and must be quick, since others wait
// for it; it may overwrite what it is lent, and must not keep it. After a pass
// that failed it may be called again for the same sequence.
//
// T is the sequence's number of tokens, H the hidden size, A the attention
// heads, L the layers, V the vocabulary.
type Request struct {
	// Sequences to encode, each of 1 to Model.MaxTokens tokens.
	Sequences []*tokenizer.Encoding

	// Heads by name: sequence heads and token heads of the model, and
	// bert.NSPName.
	Heads []string
	// Pooled asks for the pooled [CLS].
	Pooled bool

	// Hidden lists the layers whose hidden states (T, H) HiddenStates is
	// lent, in that order: 0 is the embedding output, L the last layer.
	Hidden       []int
	HiddenStates func(sequence, layer int, states []float32)

	// Attention lists the layers, 0 to L−1, whose attention probabilities
	// (A, T, T), from and to, AttentionProbs is lent, in that order.
	Attention      []int
	AttentionProbs func(sequence, layer int, probs []float32)

	// MaskPositions holds, for each sequence, the positions whose vocabulary
	// logits (V) MaskLogits is lent. Calls for different masks may be at the
	// same time.
	MaskPositions [][]int32
	MaskLogits    func(sequence, mask int, logits []float32)
}

// Response holds a request's outputs, which belong to the caller.
type Response struct {
	// Outputs are in the order of Request.Sequences.
	Outputs []Output
	// Queue and Model add up to the time Run took: Model is that of the
	// passes that the request was part of, Queue the rest.
	Queue, Model time.Duration
}

// Output is what was asked for of one sequence; the rest is nil.
type Output struct {
	// Heads holds the logits in the order of Request.Heads: (labels) of a
	// sequence head, (T, labels) of a token head.
	Heads [][]float32
	// Pooled is (H).
	Pooled []float32
}

// tokens is what the request costs: the tokens of all its sequences.
func (r *Request) tokens() int {
	n := 0
	for _, s := range r.Sequences {
		n += s.Len()
	}
	return n
}

// check returns what makes the request impossible for the model: mistakes of
// the calling code, which the tasks rule out for their callers.
func (r *Request) check(m *Model) error {
	layers := m.Network.Config.NumHiddenLayers
	for i, s := range r.Sequences {
		if n := s.Len(); n < 1 || n > m.MaxTokens {
			return fmt.Errorf("sequence %d has %d tokens, model %s reads 1 to %d", i, n, m.ID, m.MaxTokens)
		}
		for _, p := range r.masksOf(i) {
			if p < 0 || int(p) >= s.Len() {
				return fmt.Errorf("sequence %d: mask at position %d of %d", i, p, s.Len())
			}
		}
	}
	for _, name := range r.Heads {
		if _, ok := labelsOf(m, name); !ok {
			return fmt.Errorf("model %s has no head %q", m.ID, name)
		}
	}
	switch {
	case len(r.Hidden) > 0 && r.HiddenStates == nil,
		len(r.Attention) > 0 && r.AttentionProbs == nil,
		len(r.MaskPositions) > 0 && r.MaskLogits == nil:
		return errors.New("an output is asked for that no function takes")
	case len(r.MaskPositions) > 0 && len(r.MaskPositions) != len(r.Sequences):
		return fmt.Errorf("mask positions of %d sequences, want %d", len(r.MaskPositions), len(r.Sequences))
	case len(r.MaskPositions) > 0 && m.Network.MLM == nil:
		return fmt.Errorf("model %s has no masked language model head", m.ID)
	case r.Pooled && m.Network.Pooler == nil:
		return fmt.Errorf("model %s has no pooler", m.ID)
	case slices.ContainsFunc(r.Hidden, func(l int) bool { return l < 0 || l > layers }):
		return fmt.Errorf("hidden states of layers %v, model %s has 0 to %d", r.Hidden, m.ID, layers)
	case slices.ContainsFunc(r.Attention, func(l int) bool { return l < 0 || l >= layers }):
		return fmt.Errorf("attention of layers %v, model %s has 0 to %d", r.Attention, m.ID, layers-1)
	}
	return nil
}

func (r *Request) masksOf(sequence int) []int32 {
	if len(r.MaskPositions) == 0 {
		return nil
	}
	return r.MaskPositions[sequence]
}

// labelsOf is how many labels the named head has, and whether there is one.
func labelsOf(m *Model, name string) (labels int, ok bool) {
	head := headOf(m, name)
	if head == nil {
		return 0, false
	}
	return len(head.Describe().Labels), true
}

// headOf is the model's head of that name, nil if it has none.
func headOf(m *Model, name string) bert.Head {
	if name == bert.NSPName {
		if m.Network.NSP == nil {
			return nil // not a nil *SequenceHead inside a Head
		}
		return m.Network.NSP
	}
	return m.Network.Heads[name]
}

// newOutputs makes room for the logits of all heads, so that the scheduler
// only copies: three allocations for the request, none for a sequence.
func (r *Request) newOutputs(m *Model) []Output {
	outputs := make([]Output, len(r.Sequences))
	if len(r.Heads) == 0 {
		return outputs
	}
	sizes := make([]int, len(r.Heads)) // floats for one sequence, or for one token
	perToken := make([]bool, len(r.Heads))
	total := 0
	for k, name := range r.Heads {
		sizes[k], _ = labelsOf(m, name)
		_, perToken[k] = headOf(m, name).(*bert.TokenHead)
		rows := len(r.Sequences)
		if perToken[k] {
			rows = r.tokens()
		}
		total += rows * sizes[k]
	}
	logits := make([]float32, total)
	heads := make([][]float32, len(r.Sequences)*len(r.Heads))
	for i, s := range r.Sequences {
		outputs[i].Heads, heads = heads[:len(r.Heads):len(r.Heads)], heads[len(r.Heads):]
		for k, n := range sizes {
			if perToken[k] {
				n *= s.Len()
			}
			outputs[i].Heads[k], logits = logits[:n:n], logits[n:]
		}
	}
	return outputs
}
