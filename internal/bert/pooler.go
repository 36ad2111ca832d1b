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
	ws.cls = grow(ws.cls, rows*size)
	for b, start := range in.Starts[:rows] {
		copy(ws.cls[b*size:][:size], hidden[int(start)*size:])
	}
	ws.pooled = grow(ws.pooled, rows*size)
	p.dense.forward(ws.pool, ws.pooled, ws.cls, rows, kernels.Tanh, nil)
	return ws.pooled
}
