package kernels

// The plain Go version of every operation.

import (
	"fmt"
	"math"
	"sort"
	"sync"
	"sync/atomic"
)

// Precision is the number format that weights are packed in.
type Precision uint8

// The precisions.
const (
	Float32 Precision = iota
	BFloat16
	Float16
	Int8
)

func (p Precision) String() string {
	return [...]string{"float32", "bfloat16", "float16", "int8"}[p]
}

// ParsePrecision reads a precision's name.
func ParsePrecision(s string) (Precision, error) {
	for p := Float32; p <= Int8; p++ {
		if p.String() == s {
			return p, nil
		}
	}
	return 0, fmt.Errorf("unknown precision %q", s)
}

// Supported says whether Pack can pack for a precision on this machine.
func Supported(p Precision) bool { return p == Float32 }

// Task is work in numbered parts.
type Task interface{ Do(worker, i int) }

// Pool runs tasks on a fixed number of threads.
type Pool struct{ threads int }

// NewPool makes a pool.
func NewPool(threads int) *Pool { return &Pool{threads: max(1, threads)} }

// Close ends the pool.
func (p *Pool) Close() {}

// Threads is the number of threads.
func (p *Pool) Threads() int {
	if p == nil {
		return 1
	}
	return p.threads
}

// Run calls t.Do for 0..n-1.
func (p *Pool) Run(n int, t Task) {
	if p.Threads() == 1 || n < 2 {
		for i := range n {
			t.Do(0, i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range p.threads {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				t.Do(w, i)
			}
		}()
	}
	wg.Wait()
}

// Activation is a function applied to each element.
type Activation uint8

// The activations.
const (
	None Activation = iota
	GELU
	GELUTanh
	ReLU
	Tanh
)

// Epilogue is what is done to a product.
type Epilogue struct {
	Bias       []float32
	Activation Activation
	Residual   []float32
}

// Matrix is a packed weight.
type Matrix struct {
	w       []float32
	in, out int
}

// Pack packs w (out, in).
func Pack(_ *Pool, _ Precision, w []float32, out, in int) *Matrix {
	return &Matrix{w: append([]float32(nil), w...), in: in, out: out}
}

// In is the inner size.
func (m *Matrix) In() int { return m.in }

// Out is the outer size.
func (m *Matrix) Out() int { return m.out }

// Bytes is the memory.
func (m *Matrix) Bytes() int { return 4 * len(m.w) }

// Precision is the number format.
func (m *Matrix) Precision() Precision { return Float32 }

// Mul computes y = act(x·Wᵀ + bias) + residual.
func (m *Matrix) Mul(pool *Pool, y, x []float32, rows int, ep Epilogue) {
	MulNT(pool, y, x, m.w, rows, m.out, m.in, ep)
}

// Activate applies a to x.
func Activate(x []float32, a Activation) {
	for i, v := range x {
		f := float64(v)
		switch a {
		case GELU:
			x[i] = float32(f * 0.5 * (1 + math.Erf(f/math.Sqrt2)))
		case GELUTanh:
			x[i] = float32(0.5 * f * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(f+0.044715*f*f*f))))
		case ReLU:
			x[i] = max(v, 0)
		case Tanh:
			x[i] = float32(math.Tanh(f))
		}
	}
}

// LayerNorm normalises rows.
func LayerNorm(_ *Pool, y, x, gamma, beta []float32, rows, cols int, eps float32) {
	for r := range rows {
		row := x[r*cols : (r+1)*cols]
		var mean, variance float64
		for _, v := range row {
			mean += float64(v)
		}
		mean /= float64(cols)
		for _, v := range row {
			variance += (float64(v) - mean) * (float64(v) - mean)
		}
		rstd := 1 / math.Sqrt(variance/float64(cols)+float64(eps))
		for i, v := range row {
			y[r*cols+i] = float32((float64(v)-mean)*rstd)*gamma[i] + beta[i]
		}
	}
}

// Softmax normalises rows of x.
func Softmax(y, x []float32, cols int) {
	for at := 0; at < len(x); at += cols {
		row := x[at : at+cols]
		top := float32(math.Inf(-1))
		for _, v := range row {
			top = max(top, v)
		}
		var sum float64
		for i, v := range row {
			e := math.Exp(float64(v - top))
			y[at+i] = float32(e)
			sum += e
		}
		for i := range row {
			y[at+i] = float32(float64(y[at+i]) / sum)
		}
	}
}

// Attention is softmax(q·kᵀ/√D)·v inside each sequence.
type Attention struct {
	QKV, Context    []float32
	Starts          []int32
	Heads, HeadSize int
	Probs           []float32
}

// Run computes the attention.
func (a *Attention) Run(*Pool) {
	h := a.Heads * a.HeadSize
	at := 0
	scale := 1 / math.Sqrt(float64(a.HeadSize))
	for s := 0; s+1 < len(a.Starts); s++ {
		first, t := int(a.Starts[s]), int(a.Starts[s+1]-a.Starts[s])
		for head := range a.Heads {
			for i := range t {
				p := make([]float32, t)
				q := a.QKV[(first+i)*3*h+head*a.HeadSize:][:a.HeadSize]
				for j := range t {
					k := a.QKV[(first+j)*3*h+h+head*a.HeadSize:][:a.HeadSize]
					var sum float32
					for d := range q {
						sum += q[d] * k[d]
					}
					p[j] = sum * float32(scale)
				}
				Softmax(p, p, t)
				if a.Probs != nil {
					copy(a.Probs[at:], p)
					at += t
				}
				out := a.Context[(first+i)*h+head*a.HeadSize:][:a.HeadSize]
				clear(out)
				for j, w := range p {
					v := a.QKV[(first+j)*3*h+2*h+head*a.HeadSize:][:a.HeadSize]
					for d := range out {
						out[d] += w * v[d]
					}
				}
			}
		}
	}
}

// TopK returns the k largest.
func TopK(x []float32, k int) (indices []int32, values []float32) {
	idx := make([]int32, len(x))
	for i := range idx {
		idx[i] = int32(i)
	}
	sort.SliceStable(idx, func(a, b int) bool { return x[idx[a]] > x[idx[b]] })
	idx = idx[:min(k, len(idx))]
	for _, i := range idx {
		values = append(values, x[i])
	}
	return idx, values
}
