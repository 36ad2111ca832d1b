package main

import (
	"strings"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// randomWeights are an encoder's and a pooler's: BERT's arithmetic takes as
// long with random weights as with trained ones.
type randomWeights struct{ cfg *bert.Config }

// Has implements bert.Weights.
func (randomWeights) Has(name string) bool { return strings.HasPrefix(name, "bert.") }

// Shape implements bert.Weights.
func (w randomWeights) Shape(name string) ([]int, bool) {
	out, in := w.cfg.HiddenSize, w.cfg.HiddenSize
	switch {
	case !w.Has(name):
		return nil, false
	case strings.Contains(name, ".word_embeddings."):
		out = w.cfg.VocabSize
	case strings.Contains(name, ".position_embeddings."):
		out = w.cfg.MaxPositionEmbeddings
	case strings.Contains(name, ".token_type_embeddings."):
		out = w.cfg.TypeVocabSize
	case strings.Contains(name, ".intermediate.dense."):
		out = w.cfg.IntermediateSize
	case strings.Contains(name, ".output.dense.") && !strings.Contains(name, ".attention."):
		in = w.cfg.IntermediateSize
	}
	if strings.HasSuffix(name, ".bias") || strings.Contains(name, ".LayerNorm.") {
		return []int{out}, true
	}
	return []int{out, in}, true
}

// Raw implements bert.Weights.
func (randomWeights) Raw(string) (kernels.Precision, []byte, bool) { return 0, nil, false }

// Read implements bert.Weights: small values, of which none are so small that
// processors take longer over them.
func (randomWeights) Read(name string, dst []float32) error {
	state := uint32(2463534242) // xorshift, Marsaglia 2003
	for i := range dst {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		dst[i] = (float32(state>>8)/(1<<24) - 0.5) * 0.07 // deviation 0.02
	}
	if strings.HasSuffix(name, "LayerNorm.weight") {
		for i := range dst {
			dst[i]++
		}
	}
	return nil
}

// randomBatch is a batch of sequences of one length.
func randomBatch(cfg *bert.Config, batch, length int) bert.Batch {
	ids := make([][]int32, batch)
	id := 0
	for b := range ids {
		for range length {
			id = (id*7919 + 13) % cfg.VocabSize
			ids[b] = append(ids[b], int32(id))
		}
	}
	return bert.NewBatch(ids, nil)
}
