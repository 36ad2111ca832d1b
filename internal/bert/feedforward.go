package bert

import "cloze/internal/kernels"

// feedForward is the position-wise network with its residual (Vaswani et al.
// 2017, §3.3), with the activation of the configuration:
//
//	y = LayerNorm(act(x·W₁ᵀ + b₁)·W₂ᵀ + b₂ + x)
type feedForward struct {
	intermediate linear // W₁ (I, H)
	output       linear // W₂ (H, I)
	norm         layerNorm
	activation   kernels.Activation
}

// feedForwardActivations are what feedForward computes on the way.
type feedForwardActivations struct {
	intermediate []float32 // (ΣT, I)
}

func newFeedForward(prefix string, c *Config) feedForward {
	return feedForward{
		intermediate: newLinear(c.HiddenSize, c.IntermediateSize, prefix+"intermediate.dense"),
		output:       newLinear(c.IntermediateSize, c.HiddenSize, prefix+"output.dense"),
		norm:         newLayerNorm(prefix+"output.LayerNorm", c.HiddenSize, c.LayerNormEps),
		activation:   c.activation(),
	}
}

func (f *feedForward) params() []*Param {
	return append(append(f.intermediate.params(), f.output.params()...), f.norm.params()...)
}

func (f *feedForward) load(r *reader) error {
	if err := f.intermediate.load(r); err != nil {
		return err
	}
	if err := f.output.load(r); err != nil {
		return err
	}
	return f.norm.load(r)
}

// forward computes y (ΣT, H) from x (ΣT, H).
func (f *feedForward) forward(ws *Workspace, acts *feedForwardActivations, y, x []float32, rows int) {
	f.intermediate.forward(ws.pool, acts.intermediate, x, rows, f.activation, nil)
	f.output.forward(ws.pool, y, acts.intermediate, rows, kernels.None, x)
	f.norm.forward(ws.pool, y, y, rows)
}

func (f *feedForward) bytes() int { return f.intermediate.bytes() + f.output.bytes() + f.norm.bytes() }
