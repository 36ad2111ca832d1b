package bert

import "cloze/internal/kernels"

// linear is one affine map, or several of the same input computed as one
// product (query, key and value):
//
//	y = x·Wᵀ + b
//
// x is (rows, in), y (rows, out), W (out, in) and b (out).
type linear struct {
	in, out int
	parts   []affine

	packed *kernels.Matrix // W when serving

	// When training, the parts' Data and Grad are end to end in these.
	weight, bias   []float32
	dWeight, dBias []float32
}

// affine is one weight (out, in) with its bias (out).
type affine struct{ weight, bias *Param }

// newLinear makes the map whose parameters are NAME.weight and NAME.bias for
// each of the names; all parts are (out, in).
func newLinear(in, out int, names ...string) linear {
	l := linear{in: in, out: out * len(names)}
	for _, name := range names {
		l.parts = append(l.parts, affine{
			weight: newMatrix(name+".weight", out, in),
			bias:   newVector(name+".bias", out),
		})
	}
	return l
}

func (l *linear) params() []*Param {
	var ps []*Param
	for _, part := range l.parts {
		ps = append(ps, part.weight, part.bias)
	}
	return ps
}

// load reads the parts, each to its place in one (out, in) matrix, and packs
// that for serving.
func (l *linear) load(r *reader) error {
	var weight []float32
	if r.training() {
		l.weight, l.dWeight = make([]float32, l.out*l.in), make([]float32, l.out*l.in)
		l.dBias = make([]float32, l.out)
		weight = l.weight
	} else {
		weight = r.scratchFor(l.out * l.in)
	}
	l.bias = make([]float32, l.out)
	row := 0
	for _, part := range l.parts {
		rows := part.bias.Len()
		w, b := span{row * l.in, (row + rows) * l.in}, span{row, row + rows}
		if err := r.tensor(part.weight, w.of(weight)); err != nil {
			return err
		}
		if err := r.tensor(part.bias, b.of(l.bias)); err != nil {
			return err
		}
		part.bias.Data = b.of(l.bias)
		if r.training() {
			part.weight.Data, part.weight.Grad = w.of(l.weight), w.of(l.dWeight)
			part.bias.Grad = b.of(l.dBias)
		}
		row += rows
	}
	if !r.training() {
		l.packed = r.pack(weight, l.out, l.in)
	}
	return nil
}

// tie makes the map learn the weight that another layer has loaded, and reads
// only the bias.
func (l *linear) tie(r *reader) error {
	shared := l.parts[0]
	if err := r.resident(shared.bias); err != nil {
		return err
	}
	l.weight, l.dWeight = shared.weight.Data, shared.weight.Grad
	l.bias, l.dBias = shared.bias.Data, shared.bias.Grad
	return nil
}

// span is a part of a slice.
type span struct{ start, end int }

func (s span) of(values []float32) []float32 { return values[s.start:s.end:s.end] }

// forward computes y = act(x·Wᵀ + b) + residual; residual may be nil, or y.
func (l *linear) forward(ws *Workspace, y, x []float32, rows int, act kernels.Activation, residual []float32) {
	ep := kernels.Epilogue{Bias: l.bias, Activation: act, Residual: residual}
	if l.packed != nil {
		l.packed.Mul(ws.pool, y, x, rows, ep)
		return
	}
	kernels.MulNT(ws.pool, ws.precision, y, x, l.weight, rows, l.out, l.in, ep)
}

// forwardActivated is forward without a residual that, when training, keeps the
// slope of the activation (rows, out) for backward; slope is nil when serving.
func (l *linear) forwardActivated(ws *Workspace, y, slope, x []float32, rows int, act kernels.Activation) {
	if slope == nil {
		l.forward(ws, y, x, rows, act, nil)
		return
	}
	kernels.MulNTWithSlope(ws.pool, ws.precision, y, slope, x, l.weight, l.bias, rows, l.out, l.in, act)
}

// backward differentiates y = x·Wᵀ + b. From dy = ∂loss/∂y (rows, out):
//
//	∂loss/∂W += dyᵀ·x
//	∂loss/∂b += Σ dy
//	dx        = dy·W     or dx += dy·W with add
//
// A nil dx is not computed.
func (l *linear) backward(ws *Workspace, dx, dy, x []float32, rows int, add bool) {
	l.learn(ws, dy, x, rows)
	if dx != nil {
		kernels.MulNN(ws.pool, ws.precision, dx, dy, l.weight, rows, l.in, l.out, add)
	}
}

// backwardActivated is backward where x is act(u), of which forwardActivated
// kept the slope (rows, in):
//
//	du = (dy·W) ⊙ slope
func (l *linear) backwardActivated(ws *Workspace, du, slope, dy, x []float32, rows int) {
	l.learn(ws, dy, x, rows)
	kernels.MulNNTimes(ws.pool, ws.precision, du, dy, l.weight, slope, rows, l.in, l.out)
}

// learn adds to the gradients of weight and bias, unless they are frozen.
func (l *linear) learn(ws *Workspace, dy, x []float32, rows int) {
	if learns(l.params()) {
		kernels.MulTN(ws.pool, ws.precision, l.dWeight, l.dBias, dy, x, l.out, l.in, rows, true)
	}
}

// bytes is the memory of the weight and the bias.
func (l *linear) bytes() int {
	n := 4 * (len(l.bias) + len(l.weight))
	if l.packed != nil {
		n += l.packed.Bytes()
	}
	return n
}
