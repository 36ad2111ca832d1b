package tasks

import (
	"context"
	"fmt"
	"slices"

	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// Attention shows which tokens the encoder attends to. What it shows is what
// the model computes with, not an explanation of its answers.
type Attention struct{ Engine *engine.Engine }

// Aggregate says how the heads of a layer are brought together.
type Aggregate string

// The aggregates. The zero value is NoAggregate.
const (
	NoAggregate Aggregate = "none"  // every head by itself
	MeanHeads   Aggregate = "heads" // the mean of a layer's heads
	// Rollout follows attention through the layers (Abnar and Zuidema 2020,
	// §3): how much of what stands in a token's place after layer l comes
	// from each token of the input. With A_l the mean of layer l's heads,
	//
	//	A'_l = the rows of A_l + I, each divided by its sum
	//	R_0  = A'_0
	//	R_l  = A'_l · R_l−1
	//
	// where I stands for the residual connections.
	Rollout Aggregate = "rollout"
)

// AttendOptions are the options of Attention.Attend. A text that is too long
// is truncated; Truncate false refuses it.
type AttendOptions struct {
	Options
	// Layers to show, 0 to L−1; none means all.
	Layers []int
	// Heads to show or to bring together, 0 to A−1; none means all.
	Heads []int
	// Aggregate brings the heads together.
	Aggregate Aggregate
}

// maxAttentionValues bounds one answer: 128 MB as float32. A text of 512
// tokens fits with all layers and heads of a small model.
const maxAttentionValues = 1 << 25

// AttentionResult is the result of Attention.Attend.
type AttentionResult struct {
	// Pieces are the T tokens.
	Pieces []Piece `json:"pieces"`
	// Layers and Heads are those shown, in the order of Attention; with an
	// aggregate Heads are those brought together.
	Layers []int `json:"layers"`
	Heads  []int `json:"heads"`
	// Attention has the shape (layer, head, from, to), with one head where
	// they are brought together. Every row of "to" adds up to 1.
	Attention Tensor `json:"attention"`
	Info
}

// Attend returns the attention probabilities for each text or pair. Special
// tokens written in the text are recognised.
func (a Attention) Attend(ctx context.Context, texts []Text, o AttendOptions) ([]AttentionResult, error) {
	switch o.Aggregate {
	case "":
		o.Aggregate = NoAggregate
	case NoAggregate, MeanHeads, Rollout:
	default:
		return nil, invalid("aggregate", "aggregate is %q, want %s, %s or %s", o.Aggregate, NoAggregate, MeanHeads, Rollout)
	}
	if err := requireText(texts); err != nil {
		return nil, err
	}
	models, err := route(a.Engine, texts, o.Model, anyModel)
	if err != nil {
		return nil, err
	}
	selections := make(map[*engine.Model]selection)
	for _, m := range models {
		if _, done := selections[m]; !done {
			if selections[m], err = selectFrom(m, o); err != nil {
				return nil, err
			}
		}
	}
	readings, err := read(ctx, models, texts, o.Options, tokenizer.SpecialsAll, truncated)
	if err != nil {
		return nil, err
	}
	values := 0
	for _, r := range readings {
		values += selections[r.model].values(r.windows[0].Len())
	}
	if values > maxAttentionValues {
		return nil, &InputError{
			Code: CodeTooLarge, Index: -1, Field: "layers",
			Detail: fmt.Sprintf("the answer would hold %d probabilities, and may hold %d: ask for fewer layers or heads, or aggregate them", values, maxAttentionValues),
			Limit:  maxAttentionValues, Actual: values,
		}
	}
	if err := takeRoom(ctx, AnswerSize{Numbers: values}); err != nil {
		return nil, err
	}
	pictures := make([]picture, len(texts))
	for i, r := range readings {
		pictures[i] = newPicture(selections[r.model], r.windows[0].Len())
	}
	_, err = run(ctx, a.Engine, sequences(readings), func(m *engine.Model) engine.Request {
		return engine.Request{
			Attention:      selections[m].needed(),
			AttentionProbs: func(i, layer int, probs []float32) { pictures[i].add(layer, probs) },
		}
	})
	if err != nil {
		return nil, err
	}

	defer timingFrom(ctx).phase(phasePost)()
	results := make([]AttentionResult, len(texts))
	for i, r := range readings {
		results[i] = AttentionResult{
			Pieces:    Pieces(r.model.Tokenizer, r.windows[0], texts[i], o.OffsetUnit),
			Layers:    pictures[i].layers,
			Heads:     pictures[i].heads,
			Attention: pictures[i].shown,
			Info:      r.info(),
		}
	}
	return results, nil
}

// selection is what to show of a model's attention.
type selection struct {
	layers, heads []int
	aggregate     Aggregate
}

func selectFrom(m *engine.Model, o AttendOptions) (selection, error) {
	c := m.Network.Config
	layers, err := chosen("layers", o.Layers, c.NumHiddenLayers, m.ID)
	if err != nil {
		return selection{}, err
	}
	heads, err := chosen("heads", o.Heads, c.NumAttentionHeads, m.ID)
	if err != nil {
		return selection{}, err
	}
	return selection{layers, heads, o.Aggregate}, nil
}

// chosen checks a choice of layers or heads, and makes all of them of none.
func chosen(field string, choice []int, count int, model string) ([]int, error) {
	if len(choice) == 0 {
		all := make([]int, count)
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	for i, x := range choice {
		if x < 0 || x >= count {
			return nil, invalid(field, "%s holds %d, and model %s has 0 to %d", field, x, model, count-1)
		}
		if slices.Contains(choice[:i], x) {
			return nil, invalid(field, "%s holds %d twice", field, x)
		}
	}
	return choice, nil
}

// shownHeads is how many matrices are shown of a layer.
func (s selection) shownHeads() int {
	if s.aggregate == NoAggregate {
		return len(s.heads)
	}
	return 1
}

// values is how many probabilities are shown of a text.
func (s selection) values(tokens int) int {
	return len(s.layers) * s.shownHeads() * tokens * tokens
}

// needed are the layers that the shown ones are made of: a rollout goes
// through all layers below, the lowest first.
func (s selection) needed() []int {
	if s.aggregate != Rollout {
		return s.layers
	}
	all := make([]int, slices.Max(s.layers)+1)
	for i := range all {
		all[i] = i
	}
	return all
}

// picture is what is shown of one text's attention, made layer by layer while
// the engine lends the probabilities.
type picture struct {
	selection
	tokens int
	shown  Tensor
	// rollout is R_lᵀ of the last layer added, if a rollout is shown.
	rollout []float32
}

func newPicture(s selection, tokens int) picture {
	return picture{selection: s, tokens: tokens, shown: Tensor{
		Shape: []int{len(s.layers), s.shownHeads(), tokens, tokens},
		Data:  make([]float32, s.values(tokens)),
	}}
}

// add takes the probabilities (A, T, T) of a layer.
func (p *picture) add(layer int, probs []float32) {
	switch p.aggregate {
	case Rollout:
		p.rollout = nextRollout(p.rollout, layer, meanHeads(probs, p.heads, p.tokens), p.tokens)
		if slices.Contains(p.layers, layer) {
			copy(p.place(layer, 0), transpose(p.rollout, p.tokens))
		}
	case MeanHeads:
		copy(p.place(layer, 0), meanHeads(probs, p.heads, p.tokens))
	default:
		for i, head := range p.heads {
			copy(p.place(layer, i), headOf(probs, head, p.tokens))
		}
	}
}

// place is where the (T, T) of a layer and of the i-th shown head stands.
func (p *picture) place(layer, i int) []float32 {
	size := p.tokens * p.tokens
	start := (slices.Index(p.layers, layer)*p.shownHeads() + i) * size
	return p.shown.Data[start : start+size]
}

// headOf is the (T, T) of one head among a layer's (A, T, T).
func headOf(layer []float32, head, tokens int) []float32 {
	size := tokens * tokens
	return layer[head*size : (head+1)*size]
}

// meanHeads is the mean (T, T) of some heads of a layer (A, T, T).
func meanHeads(layer []float32, heads []int, tokens int) []float32 {
	mean := make([]float32, tokens*tokens)
	share := 1 / float32(len(heads))
	for _, head := range heads {
		for i, p := range headOf(layer, head, tokens) {
			mean[i] += share * p
		}
	}
	return mean
}

// nextRollout makes R_lᵀ of R_l−1ᵀ and of A_l, which it overwrites. The
// transposes are carried from layer to layer because R_lᵀ = R_l−1ᵀ·A'_lᵀ is
// the product that kernels.Matrix computes.
func nextRollout(previous []float32, layer int, a []float32, tokens int) []float32 {
	addResidual(a, tokens)
	if layer == 0 {
		return transpose(a, tokens)
	}
	next := make([]float32, tokens*tokens)
	kernels.Pack(nil, kernels.Float32, a, tokens, tokens).Mul(nil, next, previous, tokens, kernels.Epilogue{})
	return next
}

// addResidual makes A' of A: A + I, its rows divided by their sums.
func addResidual(a []float32, tokens int) {
	for from := range tokens {
		row := a[from*tokens : (from+1)*tokens]
		row[from]++
		var sum float32
		for _, p := range row {
			sum += p
		}
		for to := range row {
			row[to] /= sum
		}
	}
}

func transpose(a []float32, tokens int) []float32 {
	b := make([]float32, len(a))
	for i := range tokens {
		for j := range tokens {
			b[j*tokens+i] = a[i*tokens+j]
		}
	}
	return b
}
