package bert

import "cloze/internal/kernels"

// feedForward is the position-wise network with its residual (Vaswani et al.
// 2017, §3.3), with the activation of the configuration:
//
//	intermediate = act(x·W₁ᵀ + b₁)
//	y            = output(intermediate, x)     with W₂ and b₂
type feedForward struct {
	dense      linear // W₁ (I, H)
	activation kernels.Activation
	output     output // W₂ (H, I)
}

// feedForwardActivations are what feedForward computes on the way.
type feedForwardActivations struct {
	intermediate []float32 // (rows, I)
	slope        []float32 // (rows, I), of the activation; nil when serving
	sum          []float32 // (rows, H), of output; nil when serving
}

func newFeedForward(prefix string, c *Config, layer int) feedForward {
	return feedForward{
		dense:      newLinear(c.HiddenSize, c.IntermediateSize, prefix+"intermediate.dense"),
		activation: c.activation(),
		output:     newOutput(prefix, c.IntermediateSize, c, feedForwardSite+layer*layerSites),
	}
}

func (f *feedForward) params() []*Param { return append(f.dense.params(), f.output.params()...) }

func (f *feedForward) load(r *reader) error {
	if err := f.dense.load(r); err != nil {
		return err
	}
	return f.output.load(r)
}

func (f *feedForward) bytes() int { return f.dense.bytes() + f.output.bytes() }

// forward computes y (rows, H) from x (rows, H).
func (f *feedForward) forward(ws *Workspace, acts *feedForwardActivations, y, x []float32, rows int) {
	f.dense.forwardActivated(ws, acts.intermediate, acts.slope, x, rows, f.activation)
	f.output.forward(ws, y, acts.sum, acts.intermediate, x, rows)
}

// backward takes d = ∂loss/∂y (rows, H) to ∂loss/∂x in place. x is forward's.
func (f *feedForward) backward(ws *Workspace, acts *feedForwardActivations, d, x []float32, rows int) {
	g := ws.gradients
	dIntermediate := grow(g.intermediate, len(acts.intermediate)) // before the activation
	g.intermediate = dIntermediate
	f.output.backward(ws, d, dIntermediate, acts.slope, acts.sum, acts.intermediate, rows)
	f.dense.backward(ws, d, dIntermediate, x, rows, true)
}
