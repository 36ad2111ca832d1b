package kernels

// The plain Go version of every operation.

import (
	"math"
	"sort"
)

// Activate applies a to x.
func Activate(x []float32, a Activation) { activate(x, a) }

func activate(x []float32, a Activation) {
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
