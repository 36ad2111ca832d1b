package bert

import "cloze/internal/kernels"

// output ends both halves of a layer (BertSelfOutput and BertOutput of
// transformers):
//
//	sum = dropout(z·Wᵀ + b) + x
//	y   = LayerNorm(sum)
//
// z (rows, in) is what the half computed, x (rows, H) what it started from.
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

// forward computes y (rows, H). It keeps sum (rows, H) for backward; sum is nil when
// serving.
func (o *output) forward(ws *Workspace, y, sum, z, x []float32, rows int) {
	if sum == nil {
		sum = y
	}
	mask := ws.dropout(o.dropout)
	if !mask.Active() {
		o.dense.forward(ws, sum, z, rows, kernels.None, x)
		o.norm.forward(ws.pool, y, sum, rows)
		return
	}
	o.dense.forward(ws, sum, z, rows, kernels.None, nil)
	size := o.dense.out
	inRows(ws.pool, rows, func(_, first, end int) {
		block := span{first * size, end * size}
		mask.ApplyAndAdd(block.of(sum), block.of(sum), block.of(x), block.start)
		o.norm.forward(nil, block.of(y), block.of(sum), end-first)
	})
}

// backward takes d = ∂loss/∂y (rows, H) to the part of ∂loss/∂x that passes the
// residual, in place, and computes dz = ∂loss/∂z (rows, in). Where z is activated
// and slope the slope of that, dz is the gradient before the activation; else
// slope is nil.
func (o *output) backward(ws *Workspace, d, dz, slope, sum, z []float32, rows int) {
	// y = LayerNorm(sum), sum = dropout(z·Wᵀ + b) + x
	dense := d
	var dropped func(first, end int)
	if mask := ws.dropout(o.dropout); mask.Active() {
		dense = grow(ws.gradients.dense, len(d))
		ws.gradients.dense = dense
		dropped = func(first, end int) { mask.Apply(dense[first:end], d[first:end], first) }
	}
	o.norm.backward(ws, d, sum, rows, dropped)
	if slope != nil {
		o.dense.backwardActivated(ws, dz, slope, dense, z, rows)
	} else {
		o.dense.backward(ws, dz, dense, z, rows, false)
	}
}
