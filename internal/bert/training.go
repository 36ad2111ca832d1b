package bert

import (
	"strings"

	"cloze/internal/kernels"
)

// TrainingOptions say what a model that learns starts with.
type TrainingOptions struct {
	// Seed of the parameters that are drawn, because the weights lack them.
	Seed uint64
	// Pretraining gives the model a pooler and the two pre-training heads even
	// if the weights have none. Without it, it has those that the weights have,
	// and a pooler if a head needs one.
	Pretraining bool
}

// NewForTraining makes a model whose parameters have float32 values and
// gradients. A nil w draws all of them anew; else the encoder must be there,
// while the pooler and the heads may be new: Fresh tells.
func NewForTraining(cfg Config, w Weights, o TrainingOptions) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var optional parts
	if w != nil {
		cfg, optional = withClassifier(cfg, w), partsOf(w)
	}
	if o.Pretraining {
		optional.pooler, optional.mlm, optional.nextSentence = true, true, true
	}
	for _, head := range cfg.Heads {
		optional.pooler = optional.pooler || head.Type == SequenceHeadType
	}
	optional.pooler = optional.pooler || optional.nextSentence
	m, err := assemble(cfg, optional)
	if err != nil {
		return nil, err
	}
	draw := &initializer{seed: o.Seed, deviation: cfg.InitializerRange}
	if err := m.load(&reader{weights: w, initial: draw}); err != nil {
		return nil, err
	}
	m.fresh = draw.fresh
	return m, nil
}

// mayBeNew says whether a checkpoint may lack a parameter when training starts
// from it: the encoder must be there, what stands on it need not.
func mayBeNew(p *Param) bool {
	return !strings.HasPrefix(p.Name, "bert.embeddings.") && !strings.HasPrefix(p.Name, "bert.encoder.")
}

// Fresh are the names of the parameters that NewForTraining drew.
func (m *Model) Fresh() []string { return m.fresh }

// gradients are what a training workspace holds beside the activations: those
// that only backward needs, and the gradients on their way down.
type gradients struct {
	stream uint64 // of the dropout masks

	embeddingSum     []float32 // (ΣT, H)
	slope, activated []float32 // (P, H), of the masked language model

	// The gradients with respect to the encoder's and the pooler's output, to
	// which the heads add.
	hidden []float32 // (ΣT, H)
	pooled []float32 // (B, H)

	// Between two steps of a layer.
	dense, context    []float32 // (ΣT, H)
	qkv, intermediate []float32 // (ΣT, 3H), (ΣT, I)
	rows, masked      []float32 // (ΣT, B or P, H)
	sums              []float32 // of blocks of rows, of LayerNorm
}

// NewTrainingWorkspace makes a workspace that keeps the activations of every
// layer for Backward, and applies dropout. Its use, for one batch:
//
//	ws.SetDropout(stream)
//	ws.OnlyRows(rows)                          // that the heads read, if not all
//	hidden := m.Encoder.Forward(ws, in)
//	pooled := m.Pooler.Forward(ws, hidden, in)
//	logits := head.Forward(ws, pooled)         // of any heads, in any order
//	loss   := CrossEntropy{…}.Loss(pool, dLogits, logits)
//	head.Backward(ws, dLogits)                 // of the same heads
//	m.Pooler.Backward(ws, in)
//	m.Encoder.Backward(ws, in)
//
// Backward adds to Param.Grad; who starts a step zeroes them.
func (m *Model) NewTrainingWorkspace(pool *kernels.Pool) *Workspace {
	ws := m.NewWorkspace(pool)
	ws.layers = make([]layerActivations, m.Config.NumHiddenLayers)
	ws.keepHidden, ws.keepAttention = true, true
	ws.gradients = &gradients{}
	return ws
}

// SetDropout chooses the masks of the next passes. Whether a value is dropped
// depends on the stream, its place in the network and its number there, and on
// nothing else: a run that gives every batch its own stream, say a hash of seed
// and step, is repeated bit for bit on any number of threads.
func (ws *Workspace) SetDropout(stream uint64) {
	if ws.gradients == nil {
		panic("bert: dropout in a serving workspace")
	}
	ws.gradients.stream = stream
}

// resize makes room for a batch beside what serving needs, and starts the
// gradients at zero.
func (g *gradients) resize(ws *Workspace, in Batch) {
	h := in.Tokens() * ws.config.HiddenSize
	g.embeddingSum = grow(g.embeddingSum, h)
	g.hidden = grow(g.hidden, h)
	g.pooled = grow(g.pooled, in.Sequences()*ws.config.HiddenSize)
	clear(g.hidden)
	clear(g.pooled)
}
