package tasks

import (
	"context"
	"fmt"
	"math"
	"slices"

	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// Embedder makes vectors of texts.
type Embedder struct{ Engine *engine.Engine }

// Pooling makes one vector of the hidden states of a text's tokens, special
// tokens included.
type Pooling string

// The poolings. The zero value is MeanPooling.
const (
	MeanPooling   Pooling = "mean"   // mean over the tokens
	CLSPooling    Pooling = "cls"    // hidden state of [CLS]
	PoolerPooling Pooling = "pooler" // the pooler's tanh(W·h[CLS] + b); last layer only
	MaxPooling    Pooling = "max"    // greatest value over the tokens, dimension by dimension
	NoPooling     Pooling = "none"   // every token's vector
)

// EmbedOptions are the options of Embedder.Embed.
//
// A long text is read in overlapping windows. Its vector is the mean of its
// windows' vectors weighted by their length, with MaxPooling their maximum;
// it is normalized at the end. With NoPooling a long text is truncated. Pairs
// are truncated, longest text first. Truncate false refuses all three.
type EmbedOptions struct {
	Options
	Pooling Pooling
	// Layer is the layer whose hidden states are pooled: 0 the embedding
	// output, L the last layer; -1 is the last one too, -2 the one before.
	// Nil is the last.
	Layer *int
	// Normalize scales every vector to length 1; nil is true.
	Normalize *bool
}

// Embedding is the result of Embedder.Embed.
type Embedding struct {
	// Embedding is the text's vector, unless pooling is none.
	Embedding Vector `json:"embedding,omitempty"`
	// TokenEmbeddings has a vector for each of Pieces, if pooling is none.
	TokenEmbeddings []Vector `json:"token_embeddings,omitempty"`
	Pieces          []string `json:"pieces,omitempty"`
	Info
}

// Embed makes the vectors of each text.
func (e Embedder) Embed(ctx context.Context, texts []Text, o EmbedOptions) ([]Embedding, error) {
	switch o.Pooling {
	case "":
		o.Pooling = MeanPooling
	case MeanPooling, CLSPooling, PoolerPooling, MaxPooling, NoPooling:
	default:
		return nil, invalid("pooling", "pooling is %q, want %s, %s, %s, %s or %s", o.Pooling, MeanPooling, CLSPooling, PoolerPooling, MaxPooling, NoPooling)
	}
	if err := requireText(texts); err != nil {
		return nil, err
	}
	models, err := route(e.Engine, texts, o.Model, func(m *engine.Model) bool {
		return o.Pooling != PoolerPooling || m.Network.Pooler != nil
	})
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		if err := o.check(m); err != nil {
			return nil, err
		}
	}
	long := inWindows
	if o.Pooling == NoPooling {
		long = truncated
	}
	readings, err := read(ctx, models, texts, o.Options, tokenizer.SpecialsNone, long)
	if err != nil {
		return nil, err
	}
	if err := takeRoom(ctx, AnswerSize{Numbers: o.numbers(readings)}); err != nil {
		return nil, err
	}
	all := sequences(readings)
	vectors := make([]Vector, len(all)) // of each window; with NoPooling those of its tokens end to end
	outputs, err := run(ctx, e.Engine, all, func(m *engine.Model) engine.Request {
		if o.Pooling == PoolerPooling {
			return engine.Request{Pooled: true}
		}
		return engine.Request{
			Hidden: []int{o.layer(m)},
			HiddenStates: func(i, _ int, states []float32) {
				vectors[i] = pool(states, all[i].encoding.Len(), o.Pooling)
			},
		}
	})
	if err != nil {
		return nil, err
	}
	if o.Pooling == PoolerPooling {
		for i, out := range outputs {
			vectors[i] = out.Pooled
		}
	}

	defer timingFrom(ctx).phase(phasePost)()
	results := make([]Embedding, len(texts))
	for i, r := range readings {
		windows := vectors[:len(r.windows)]
		vectors = vectors[len(r.windows):]
		results[i].Info = r.info()
		if o.Pooling == NoPooling {
			results[i].Pieces = r.windows[0].Tokens
			results[i].TokenEmbeddings = slices.Collect(slices.Chunk(windows[0], len(windows[0])/r.windows[0].Len()))
		} else {
			results[i].Embedding = joinWindows(windows, windowWeights(r), o.Pooling)
		}
		if o.Normalize == nil || *o.Normalize {
			normalize(results[i].Embedding)
			for _, v := range results[i].TokenEmbeddings {
				normalize(v)
			}
		}
	}
	return results, nil
}

// layer is the layer to pool, counted from 0.
func (o EmbedOptions) layer(m *engine.Model) int {
	last := m.Network.Config.NumHiddenLayers
	switch {
	case o.Layer == nil:
		return last
	case *o.Layer < 0:
		return last + 1 + *o.Layer
	default:
		return *o.Layer
	}
}

// numbers is how many the vectors of all texts hold.
func (o EmbedOptions) numbers(readings []reading) int {
	n := 0
	for _, r := range readings {
		vectors := 1
		if o.Pooling == NoPooling {
			vectors = r.windows[0].Len()
		}
		n += vectors * r.model.Network.Config.HiddenSize
	}
	return n
}

func (o EmbedOptions) check(m *engine.Model) error {
	last := m.Network.Config.NumHiddenLayers
	switch layer := o.layer(m); {
	case layer < 0 || layer > last:
		return invalid("layer", "layer is %d, and model %s has 0 (the embedding output) to %d, or counted from the end -1 to %d", *o.Layer, m.ID, last, -last-1)
	case o.Pooling == PoolerPooling && layer != last:
		return invalid("layer", "the pooler reads the last layer only: leave out layer, or choose another pooling")
	case o.Pooling == PoolerPooling && m.Network.Pooler == nil:
		return &InputError{
			Code: CodeUnsupportedFeature, Index: -1, Field: "pooling",
			Detail: fmt.Sprintf("model %s has no pooler: choose another pooling", m.ID),
		}
	}
	return nil
}

// pool makes one vector of the hidden states (T, H) of a window, or with
// NoPooling a copy of them.
func pool(states []float32, tokens int, p Pooling) Vector {
	if p == NoPooling {
		return slices.Clone(states)
	}
	size := len(states) / tokens
	v := Vector(slices.Clone(states[:size])) // [CLS]
	switch p {
	case MeanPooling:
		for token := range slices.Chunk(states[size:], size) {
			for i, x := range token {
				v[i] += x
			}
		}
		for i := range v {
			v[i] /= float32(tokens)
		}
	case MaxPooling:
		for token := range slices.Chunk(states[size:], size) {
			for i, x := range token {
				v[i] = max(v[i], x)
			}
		}
	}
	return v
}

// joinWindows makes a text's vector of those of its windows.
func joinWindows(windows []Vector, weights []float32, p Pooling) Vector {
	if len(windows) == 1 {
		return windows[0]
	}
	whole := make(Vector, len(windows[0]))
	if p == MaxPooling {
		copy(whole, windows[0])
	}
	for w, v := range windows {
		for i, x := range v {
			if p == MaxPooling {
				whole[i] = max(whole[i], x)
			} else {
				whole[i] += weights[w] * x
			}
		}
	}
	return whole
}

// normalize scales v to length 1; a vector of zeros stays as it is.
func normalize(v Vector) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
}
