package bert

import "cloze/internal/kernels"

// MLMHead predicts the piece at a position, the masked language model of
// Devlin et al. 2018, §3.1:
//
//	x      = LayerNorm(act(hidden·Wᵀ + b))
//	logits = x·decoderᵀ + bias
//
// The decoder (V, H) is the word embedding table unless the checkpoint has one
// of its own.
type MLMHead struct {
	Name       string
	transform  linear
	norm       layerNorm
	decoder    linear
	tied       bool // the decoder's weight is the word embeddings' parameter
	activation kernels.Activation
}

// newMLMHead makes the head; word is the word embedding table to tie the
// decoder to, or nil for a decoder of its own.
func newMLMHead(c *Config, word *Param) *MLMHead {
	const prefix = "cls.predictions."
	decoder := affine{word, newVector(prefix+"bias", c.VocabSize)}
	if word == nil {
		decoder.weight = newMatrix(prefix+"decoder.weight", c.VocabSize, c.HiddenSize)
	}
	return &MLMHead{
		Name:       MLMName,
		transform:  newLinear(c.HiddenSize, c.HiddenSize, prefix+"transform.dense"),
		norm:       newLayerNorm(prefix+"transform.LayerNorm", c.HiddenSize, c.LayerNormEps),
		decoder:    linear{in: c.HiddenSize, out: c.VocabSize, parts: []affine{decoder}},
		tied:       word != nil,
		activation: c.activation(),
	}
}

func (h *MLMHead) params() []*Param {
	return append(append(h.transform.params(), h.norm.params()...), h.decoder.params()...)
}

func (h *MLMHead) load(r *reader) error {
	if err := h.transform.load(r); err != nil {
		return err
	}
	if err := h.norm.load(r); err != nil {
		return err
	}
	if h.tied && r.training() {
		return h.decoder.tie(r)
	}
	return h.decoder.load(r)
}

func (h *MLMHead) bytes() int {
	n := h.transform.bytes() + h.norm.bytes() + h.decoder.bytes()
	if h.tied {
		n -= 4 * len(h.decoder.weight) // counted with the embeddings
	}
	return n
}

// Forward computes the vocabulary's logits at some positions.
//
//	hidden     (ΣT, H), the encoder's
//	positions  (P) rows of hidden
//	result     (P, V), owned by ws until its next Forward
func (h *MLMHead) Forward(ws *Workspace, hidden []float32, positions []int32) []float32 {
	rows, size := len(positions), h.transform.in
	ws.masked = gather(ws.masked, hidden, positions, size)
	ws.transformed = grow(ws.transformed, rows*size)
	ws.activated = ws.transformed
	var slope []float32
	if ws.gradients != nil {
		ws.activated = grow(ws.gradients.activated, rows*size)
		slope = grow(ws.gradients.slope, rows*size)
		ws.gradients.activated, ws.gradients.slope = ws.activated, slope
	}
	h.transform.forwardActivated(ws, ws.activated, slope, ws.masked, rows, h.activation)
	h.norm.forward(ws.pool, ws.transformed, ws.activated, rows)
	ws.vocabulary = grow(ws.vocabulary, rows*h.decoder.out)
	h.decoder.forward(ws, ws.vocabulary, ws.transformed, rows, kernels.None, nil)
	return ws.vocabulary
}

// Backward takes dLogits = ∂loss/∂logits (P, V) to the hidden states, adding to
// what other heads left there, and adds to the Grad of the head's parameters,
// which include the word embeddings if the decoder is tied. positions are
// Forward's.
func (h *MLMHead) Backward(ws *Workspace, dLogits []float32, positions []int32) {
	g := ws.gradients
	rows, size := len(positions), h.transform.in
	// logits = x·decoderᵀ + bias
	g.rows = grow(g.rows, rows*size)
	h.decoder.backward(ws, g.rows, dLogits, ws.transformed, rows, false)
	// x = LayerNorm(activated), activated = act(u)
	h.norm.backward(ws, g.rows, g.activated, rows, func(first, end int) {
		kernels.Multiply(g.rows[first:end], g.slope[first:end])
	})
	// u = hidden·Wᵀ + b
	g.masked = grow(g.masked, rows*size)
	h.transform.backward(ws, g.masked, g.rows, ws.masked, rows, false)
	for i, position := range positions {
		add(g.hidden[int(position)*size:][:size], g.masked[i*size:])
	}
}
