package training

import (
	"fmt"
	"math"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// AdamWOptions are the optimizer's constants.
type AdamWOptions struct {
	Beta1       float64
	Beta2       float64
	Epsilon     float64
	WeightDecay float64
	// NoBiasCorrection leaves out the correction of the moments' start at zero,
	// as google-research/bert does (optimization.py). The first steps are then
	// larger, by up to a factor of (1−β1)/√(1−β2) ≈ 3.2.
	NoBiasCorrection bool
}

// DefaultAdamWOptions are the paper's constants (Devlin et al. 2018, §A.2),
// with bias correction as in PyTorch and with Google's epsilon.
func DefaultAdamWOptions() AdamWOptions {
	return AdamWOptions{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-6, WeightDecay: 0.01}
}

// Validate says what is wrong with the options, if anything is.
func (o AdamWOptions) Validate() error {
	for _, v := range []struct {
		name  string
		value float64
		below float64
	}{
		{"beta1", o.Beta1, 1}, {"beta2", o.Beta2, 1}, {"weight decay", o.WeightDecay, 1},
	} {
		if !(v.value >= 0 && v.value < v.below) {
			return fmt.Errorf("%s is %v, want 0 or more and less than %v", v.name, v.value, v.below)
		}
	}
	if !(o.Epsilon > 0 && o.Epsilon < 1) {
		return fmt.Errorf("epsilon is %v, want a small number above 0", o.Epsilon)
	}
	return nil
}

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019),
// computed in float32 as PyTorch's torch.optim.AdamW does:
//
//	p ← p − lr·λ·p                         λ for matrices only: Param.Decay
//	m ← m + (1−β1)·(g − m)
//	v ← β2·v + (1−β2)·g²
//	p ← p − lr/(1−β1ᵗ) · m / (√v/√(1−β2ᵗ) + ε)
//
// Google's optimizer decays p after the step instead of before it, which
// differs by a term of lr².
type AdamW struct {
	options AdamWOptions
	params  []*bert.Param
	// scale multiplies the learning rate of each parameter: layer-wise decay.
	// A parameter with scale 0 is frozen; its moments are nil.
	scale []float64
	m, v  [][]float32
	step  int // t: steps taken

	chunks  []chunk
	norms   []float64 // of the chunks
	zeroing zeroTask
	norming normTask
	moving  stepTask
}

// chunk is a run of values of one parameter: the unit of work. Its size does
// not depend on the number of workers, so that neither do sums over chunks.
type chunk struct{ param, start, end int }

const chunkLen = 1 << 15

// NewAdamW makes an optimizer for the parameters; scale gives each one's share
// of the learning rate, or is nil for 1. A share of 0 freezes a parameter.
func NewAdamW(params []*bert.Param, scale []float64, o AdamWOptions) *AdamW {
	a := &AdamW{options: o, params: params, scale: scale, m: make([][]float32, len(params)), v: make([][]float32, len(params))}
	if scale == nil {
		a.scale = make([]float64, len(params))
		for i := range a.scale {
			a.scale[i] = 1
		}
	}
	for i, p := range params {
		if a.scale[i] == 0 {
			continue
		}
		n := p.Len()
		a.m[i], a.v[i] = make([]float32, n), make([]float32, n)
		for start := 0; start < n; start += chunkLen {
			a.chunks = append(a.chunks, chunk{i, start, min(start+chunkLen, n)})
		}
	}
	a.norms = make([]float64, len(a.chunks))
	return a
}

// Steps is how many steps were taken.
func (a *AdamW) Steps() int { return a.step }

// Norm is the length of the gradient of all parameters that are not frozen,
// taken as one vector. It is NaN or infinite if one of its values is.
func (a *AdamW) Norm(pool *kernels.Pool) float64 {
	a.norming.AdamW = a
	pool.Run(len(a.chunks), &a.norming)
	sum := 0.0
	for _, n := range a.norms {
		sum += n
	}
	return math.Sqrt(sum)
}

// clipFactor is what to multiply a gradient of this norm by so that its norm
// is at most maxNorm; 0 or less never clips (torch.nn.utils.clip_grad_norm_,
// its guard against division by zero included).
func clipFactor(norm, maxNorm float64) float64 {
	if maxNorm <= 0 {
		return 1
	}
	return min(1, maxNorm/(norm+1e-6))
}

// Step moves the parameters against the gradients times factor.
func (a *AdamW) Step(pool *kernels.Pool, learningRate, factor float64) {
	a.step++
	correction1, correction2 := 1.0, 1.0
	if !a.options.NoBiasCorrection {
		correction1 = 1 - math.Pow(a.options.Beta1, float64(a.step))
		correction2 = 1 - math.Pow(a.options.Beta2, float64(a.step))
	}
	a.moving = stepTask{
		AdamW:        a,
		learningRate: learningRate,
		factor:       float32(factor),
		correction1:  correction1,
		correction2:  correction2,
	}
	pool.Run(len(a.chunks), &a.moving)
}

// ZeroGrad sets the gradients to zero, for Backward to add to.
func (a *AdamW) ZeroGrad(pool *kernels.Pool) {
	a.zeroing.AdamW = a
	pool.Run(len(a.chunks), &a.zeroing)
}

type zeroTask struct{ *AdamW }

// Do implements kernels.Task; i is a chunk.
func (t *zeroTask) Do(_, i int) {
	c := t.chunks[i]
	clear(t.params[c.param].Grad[c.start:c.end])
}

type normTask struct{ *AdamW }

// Do implements kernels.Task; i is a chunk.
func (t *normTask) Do(_, i int) {
	c := t.chunks[i]
	t.norms[i] = kernels.SumSquares(t.params[c.param].Grad[c.start:c.end])
}

type stepTask struct {
	*AdamW
	learningRate             float64
	factor                   float32
	correction1, correction2 float64
}

// Do implements kernels.Task; i is a chunk.
func (t *stepTask) Do(_, i int) {
	c := t.chunks[i]
	param := t.params[c.param]
	rate := t.learningRate * t.scale[c.param]
	keep := float32(1)
	if param.Decay {
		keep = float32(1 - rate*t.options.WeightDecay)
	}
	kernels.AdamW{
		Keep:       keep,
		StepSize:   float32(rate / t.correction1),
		PerRoot:    float32(1 / math.Sqrt(t.correction2)),
		Epsilon:    float32(t.options.Epsilon),
		TakeMean:   float32(1 - t.options.Beta1),
		KeepSquare: float32(t.options.Beta2),
		TakeSquare: float32(1 - t.options.Beta2),
		Scale:      t.factor,
	}.Step(param.Data[c.start:c.end], param.Grad[c.start:c.end], t.m[c.param][c.start:c.end], t.v[c.param][c.start:c.end])
}
