package kernels

// The plain Go version of every operation.

import (
	"math"
	"sort"
)

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
