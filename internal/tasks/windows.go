package tasks

import (
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// windows reads a text in windows of at most maxTokens. Neighbours share a quarter
// of that, as in BERT's SQuAD code (doc_stride 128 of max_seq_length 384 leaves a
// third; a quarter is enough context on a border and costs less).
func windows(m *engine.Model, text string, specials tokenizer.Specials, maxTokens int) []*tokenizer.Encoding {
	return m.Tokenizer.Windows(text, tokenizer.Options{Specials: specials, MaxTokens: maxTokens}, maxTokens/4)
}

// windowAverage is the scores of a text read in windows: those of its
// windows, weighted by their length without special tokens. Head is an index
// into Output.Heads.
func windowAverage(r reading, windows []engine.Output, head int, f Function) []float32 {
	if len(windows) == 1 {
		return f.apply(windows[0].Heads[head])
	}
	mean := make([]float32, len(windows[0].Heads[head]))
	weights := windowWeights(r)
	for w, out := range windows {
		for i, s := range f.apply(out.Heads[head]) {
			mean[i] += weights[w] * s
		}
	}
	return mean
}

// windowWeights is the share of each window in a text's pieces, without the
// template's and those of an aspect behind it.
func windowWeights(r reading) []float32 {
	weights := make([]float32, len(r.windows))
	var total float32
	for w, encoding := range r.windows {
		for _, word := range encoding.Words[:encoding.PairStart] {
			if word >= 0 {
				weights[w]++
			}
		}
		total += weights[w]
	}
	for w := range weights {
		weights[w] /= total
	}
	return weights
}
