package bert

import "cloze/internal/kernels"

// Pooler summarises a sequence by the hidden state of its first token, [CLS]:
//
//	pooled = tanh(hidden[CLS]·Wᵀ + b)
type Pooler struct {
	dense linear
}

func newPooler(c *Config) *Pooler {
	return &Pooler{newLinear(c.HiddenSize, c.HiddenSize, "bert.pooler.dense")}
}

func (p *Pooler) params() []*Param     { return p.dense.params() }
func (p *Pooler) load(r *reader) error { return p.dense.load(r) }
func (p *Pooler) bytes() int           { return p.dense.bytes() }

// Forward computes the pooled outputs.
//
//	hidden  (ΣT, H), the encoder's
//	result  (B, H), owned by ws until its next Forward
func (p *Pooler) Forward(ws *Workspace, hidden []float32, in Batch) []float32 {
	rows, size := in.Sequences(), p.dense.in
	ws.cls = gather(ws.cls, hidden, in.Starts[:rows], size)
	ws.pooled = grow(ws.pooled, rows*size)
	p.dense.forward(ws, ws.pooled, ws.cls, rows, kernels.Tanh, nil)
	return ws.pooled
}

// Backward takes the gradient that the sequence heads left in ws to the hidden
// states of [CLS], and adds to the Grad of the pooler's parameters.
func (p *Pooler) Backward(ws *Workspace, in Batch) {
	rows, size := in.Sequences(), p.dense.in
	// pooled = tanh(u): ∂loss/∂u = ∂loss/∂pooled·(1 − pooled²)
	d := ws.gradients.pooled
	for i, y := range ws.pooled {
		d[i] *= 1 - y*y
	}
	dCLS := grow(ws.gradients.rows, rows*size)
	ws.gradients.rows = dCLS
	p.dense.backward(ws, dCLS, d, ws.cls, rows, false)
	for b, start := range in.Starts[:rows] {
		add(ws.gradients.hidden[int(start)*size:][:size], dCLS[b*size:])
	}
}
