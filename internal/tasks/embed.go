package tasks

import (
	"context"
	"fmt"
	"math"

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
	models, err := route(e.Engine, texts, o.Model)
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
	outputs, err := run(ctx, e.Engine, sequences(readings), func(m *engine.Model) engine.Request {
		if o.Pooling == PoolerPooling {
			return engine.Request{Pooled: true}
		}
		return engine.Request{Hidden: []int{o.layer(m)}}
	})
	if err != nil {
		return nil, err
	}

	defer timingFrom(ctx).phase(phasePost)()
	results := make([]Embedding, len(texts))
	for i, r := range readings {
		if o.Pooling == NoPooling {
			results[i].TokenEmbeddings = tokenVectors(outputs[0].Hidden[0], r.windows[0].Len())
			results[i].Pieces = r.windows[0].Tokens
		} else {
			results[i].Embedding = poolWindows(r, outputs[:len(r.windows)], o.Pooling)
		}
		outputs = outputs[len(r.windows):]
		if o.Normalize == nil || *o.Normalize {
			normalize(results[i].Embedding)
			for _, v := range results[i].TokenEmbeddings {
				normalize(v)
			}
		}
		results[i].Info = r.info()
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

// poolWindows makes one vector of a text's windows.
func poolWindows(r reading, windows []engine.Output, p Pooling) Vector {
	if len(windows) == 1 {
		return pool(windows[0], r.windows[0].Len(), p)
	}
	var whole Vector
	weights := windowWeights(r)
	for w, out := range windows {
		v := pool(out, r.windows[w].Len(), p)
		if whole == nil {
			whole = make(Vector, len(v))
			if p == MaxPooling {
				copy(whole, v)
			}
		}
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

// pool makes one vector of a window of T tokens.
func pool(out engine.Output, tokens int, p Pooling) Vector {
	if p == PoolerPooling {
		return out.Pooled
	}
	hidden := out.Hidden[0]
	size := len(hidden) / tokens
	v := Vector(hidden[:size])
	switch p {
	case MeanPooling:
		for t := 1; t < tokens; t++ {
			for i, x := range hidden[t*size : (t+1)*size] {
				v[i] += x
			}
		}
		for i := range v {
			v[i] /= float32(tokens)
		}
	case MaxPooling:
		for t := 1; t < tokens; t++ {
			for i, x := range hidden[t*size : (t+1)*size] {
				v[i] = max(v[i], x)
			}
		}
	}
	// A copy, so that the result does not hold on to the hidden states.
	return append(Vector(nil), v...)
}

// tokenVectors cuts hidden states (T, H) into T vectors.
func tokenVectors(hidden []float32, tokens int) []Vector {
	size := len(hidden) / tokens
	vectors := make([]Vector, tokens)
	for t := range vectors {
		vectors[t] = Vector(hidden[t*size : (t+1)*size])
	}
	return vectors
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
