package bert

import "cloze/internal/kernels"

// output ends both halves of a layer (BertSelfOutput and BertOutput of
// transformers):
//
//	sum = dropout(z·Wᵀ + b) + x
//	y   = LayerNorm(sum)
//
// z (ΣT, in) is what the half computed, x (ΣT, H) what it started from.
type output struct {
	dense   linear
	norm    layerNorm
	dropout dropoutSite
}

func newOutput(prefix string, in int, c *Config, site int) output {
	return output{
		dense:   newLinear(in, c.HiddenSize, prefix+"output.dense"),
		norm:    newLayerNorm(prefix+"output.LayerNorm", c.HiddenSize, c.LayerNormEps),
		dropout: dropoutSite{site, c.HiddenDropoutProb},
	}
}

func (o *output) params() []*Param { return append(o.dense.params(), o.norm.params()...) }

func (o *output) load(r *reader) error {
	if err := o.dense.load(r); err != nil {
		return err
	}
	return o.norm.load(r)
}

func (o *output) bytes() int { return o.dense.bytes() + o.norm.bytes() }

// forward computes y (ΣT, H). It keeps sum (ΣT, H) for backward; sum is nil when
// serving.
func (o *output) forward(ws *Workspace, y, sum, z, x []float32, rows int) {
	if sum == nil {
		sum = y
	}
	if drop := ws.dropout(o.dropout); drop.active() {
		o.dense.forward(ws.pool, sum, z, rows, kernels.None, nil)
		drop.addTo(ws.pool, sum, x)
	} else {
		o.dense.forward(ws.pool, sum, z, rows, kernels.None, x)
	}
	o.norm.forward(ws.pool, y, sum, rows)
}

// backward takes d = ∂loss/∂y (ΣT, H) to the part of ∂loss/∂x that passes the
// residual, in place, and computes dz = ∂loss/∂z (ΣT, in).
func (o *output) backward(ws *Workspace, d, dz, sum, z []float32, rows int) {
	// y = LayerNorm(sum)
	o.norm.backward(ws, d, sum, rows)
	// sum = dropout(z·Wᵀ + b) + x
	dense := d
	if drop := ws.dropout(o.dropout); drop.active() {
		dense = grow(ws.gradients.dense, len(d))
		ws.gradients.dense = dense
		drop.copyTo(ws.pool, dense, d)
	}
	o.dense.backward(ws.pool, dz, dense, z, rows, false)
}
