package bert

import "cloze/internal/kernels"

// Workspace owns the activations of one pass. It is used by one goroutine at a
// time, reused from pass to pass, and grows to the largest batch it has seen:
// after that, Forward allocates nothing.
type Workspace struct {
	pool          *kernels.Pool
	config        *Config
	precision     kernels.Precision // of products with weights that are not packed
	keepHidden    bool
	keepAttention bool

	// hidden[0] is the embeddings' output, hidden[i] layer i's, each (ΣT, H).
	// All are buffers[0] unless they are to be kept: a layer reads its input for
	// the last time before it writes its output.
	hidden  [][]float32
	buffers [][]float32
	layers  []layerActivations // one that all layers use in turn
	probs   [][]float32        // of each layer, as Attention returns them
	rows    rows               // of the last layer's output

	cls, pooled         []float32         // (B, H)
	masked, transformed []float32         // (P, H)
	activated           []float32         // (P, H); transformed when serving
	vocabulary          []float32         // (P, V)
	heads               []headActivations // by slot

	gradients *gradients // nil when serving

	// The tasks given to the pool live here, so that no pass allocates them.
	embed     embedTask
	attention kernels.Attention
	blocks    blockTask
}

type layerActivations struct {
	attention   attentionActivations
	feedForward feedForwardActivations
}

// NewWorkspace makes a workspace for passes of m on the pool's workers. A nil
// pool computes in the calling goroutine.
func (m *Model) NewWorkspace(pool *kernels.Pool) *Workspace {
	return &Workspace{
		pool:    pool,
		config:  &m.Config,
		hidden:  make([][]float32, m.Config.NumHiddenLayers+1),
		buffers: make([][]float32, m.Config.NumHiddenLayers+1),
		layers:  make([]layerActivations, 1),
		probs:   make([][]float32, m.Config.NumHiddenLayers),
		heads:   make([]headActivations, m.slots),
	}
}

// SetPrecision chooses what the next passes of a model that learns round the
// operands of their matrix products to, forward and backward: Float32, as at
// first, or BFloat16. Attention between tokens, sums, weights and gradients stay
// float32. What a serving model computes in was chosen when it was loaded.
func (ws *Workspace) SetPrecision(prec kernels.Precision) { ws.precision = prec }

// KeepHidden says whether the next passes keep the hidden states of every
// layer for Hidden.
func (ws *Workspace) KeepHidden(keep bool) { ws.keepHidden = keep }

// KeepAttention says whether the next passes keep the attention probabilities
// of every layer for Attention.
func (ws *Workspace) KeepAttention(keep bool) { ws.keepAttention = keep }

// Hidden returns the hidden states (ΣT, H) of the last pass: 0 is the
// embeddings' output, i is layer i's, L the last. It panics unless the pass
// kept them.
func (ws *Workspace) Hidden(layer int) []float32 {
	if !ws.keepHidden && layer != len(ws.hidden)-1 {
		panic("bert: hidden states were not kept")
	}
	return ws.hidden[layer]
}

// Attention returns the attention probabilities that a layer, 0 to L−1, had in
// the last pass: for each sequence (A, T, T), from and to, end to end. It panics
// unless the pass kept them.
func (ws *Workspace) Attention(layer int) []float32 {
	if !ws.keepAttention {
		panic("bert: attention probabilities were not kept")
	}
	return ws.probs[layer]
}

// layer returns the activations that layer i uses.
func (ws *Workspace) layer(i int) *layerActivations {
	return &ws.layers[i%len(ws.layers)]
}

// embeddingSum is where the embeddings keep what they normalise.
func (ws *Workspace) embeddingSum() []float32 {
	if ws.gradients != nil {
		return ws.gradients.embeddingSum
	}
	return ws.hidden[0]
}

// resize makes room for a batch.
func (ws *Workspace) resize(in Batch) {
	h := in.Tokens() * ws.config.HiddenSize
	for i := range ws.hidden {
		buffer := &ws.buffers[0]
		if ws.keepHidden {
			buffer = &ws.buffers[i]
		}
		*buffer = grow(*buffer, h)
		ws.hidden[i] = *buffer
	}
	for i := range ws.layers {
		acts := &ws.layers[i]
		acts.attention.qkv = grow(acts.attention.qkv, 3*h)
		acts.attention.context = grow(acts.attention.context, h)
		if ws.blocks.count == 0 { // else each thread has its own
			acts.resize(ws.config, in.Tokens(), ws.gradients != nil)
		}
	}
	for i := range ws.probs {
		if ws.keepAttention {
			ws.probs[i] = grow(ws.probs[i], in.squares()*ws.config.NumAttentionHeads)
		} else {
			ws.probs[i] = nil // they grow with T², and few passes ask for them
		}
	}
	if ws.gradients != nil {
		ws.gradients.resize(ws, in)
	}
}

// resize makes room for what a layer computes of some rows after the context.
func (acts *layerActivations) resize(c *Config, rows int, training bool) {
	h, intermediate := rows*c.HiddenSize, rows*c.IntermediateSize
	acts.attention.y = grow(acts.attention.y, h)
	acts.feedForward.intermediate = grow(acts.feedForward.intermediate, intermediate)
	if training {
		acts.attention.sum = grow(acts.attention.sum, h)
		acts.feedForward.sum = grow(acts.feedForward.sum, h)
		acts.feedForward.slope = grow(acts.feedForward.slope, intermediate)
	}
}
