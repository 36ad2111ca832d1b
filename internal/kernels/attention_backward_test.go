package kernels

import (
	"fmt"
	"math"
	"testing"
)

// attentionPass is attention over random values, after Run.
type attentionPass struct {
	Attention
	context guarded
}

func newAttentionPass(heads, size int, lengths []int, drop Dropout, pool *Pool) attentionPass {
	starts, squares := []int32{0}, 0
	for _, n := range lengths {
		starts = append(starts, starts[len(starts)-1]+int32(n))
		squares += n * n
	}
	tokens, hidden := int(starts[len(starts)-1]), heads*size
	p := attentionPass{context: newGuarded(tokens*hidden, 1)}
	p.Attention = Attention{
		QKV:     normal(newRand(uint64(tokens)), make([]float32, tokens*3*hidden), 1),
		Context: p.context.slice(), Starts: starts, Heads: heads, HeadSize: size,
		Probs: make([]float32, squares*heads), Dropout: drop,
	}
	p.Run(pool)
	return p
}

// exactAttention computes the context and, from dContext, dQKV in float64,
// value by value.
func exactAttention(a *Attention, dContext []float32) (context, dQKV []float64) {
	hidden, at := a.Heads*a.HeadSize, 0
	context, dQKV = make([]float64, len(a.Context)), make([]float64, len(a.QKV))
	scale := 1 / math.Sqrt(float64(a.HeadSize))
	for b := range len(a.Starts) - 1 {
		first, length := int(a.Starts[b]), int(a.Starts[b+1]-a.Starts[b])
		for head := range a.Heads {
			place := func(token, which int) int { return (first+token)*3*hidden + which*hidden + head*a.HeadSize }
			dot := func(token, other, which int, x []float32, y []float32) (sum float64) {
				for d := range a.HeadSize {
					sum += float64(x[token+d]) * float64(y[place(other, which)+d])
				}
				return sum
			}
			for query := range length {
				probs, kept, sum := make([]float64, length), make([]float32, length), 0.0
				for key := range probs {
					probs[key] = math.Exp(dot(place(query, 0), key, 1, a.QKV, a.QKV) * scale)
					sum += probs[key]
					kept[key] = 1
				}
				a.Dropout.Apply(kept, kept, at)
				at += length
				here := (first+query)*hidden + head*a.HeadSize
				dProbs, mean := make([]float64, length), 0.0
				for key := range probs {
					probs[key] /= sum
					dropped := probs[key] * float64(kept[key])
					for d := range a.HeadSize {
						context[here+d] += dropped * float64(a.QKV[place(key, 2)+d])
						dQKV[place(key, 2)+d] += dropped * float64(dContext[here+d])
					}
					dProbs[key] = dot(here, key, 2, dContext, a.QKV) * float64(kept[key])
					mean += probs[key] * dProbs[key]
				}
				for key := range probs {
					dScore := probs[key] * (dProbs[key] - mean) * scale
					for d := range a.HeadSize {
						dQKV[place(query, 0)+d] += dScore * float64(a.QKV[place(key, 1)+d])
						dQKV[place(key, 1)+d] += dScore * float64(a.QKV[place(query, 0)+d])
					}
				}
			}
		}
	}
	return context, dQKV
}

func TestAttentionBackward(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for _, tt := range attentionCases {
			for name, drop := range map[string]Dropout{"no dropout": {}, "dropout": NewDropout(1, 2, 0.3)} {
				for _, pool := range []*Pool{nil, pool} {
					t.Run(fmt.Sprintf("%d heads of %d over %d on %d threads, %s", tt.heads, tt.size, tt.lengths, pool.Threads(), name), func(t *testing.T) {
						p := newAttentionPass(tt.heads, tt.size, tt.lengths, drop, pool)
						p.context.check(t, "context")
						dContext := normal(newRand(9), make([]float32, len(p.Context)), 1)
						dQKV := newGuarded(len(p.QKV), 2)
						p.Backward(pool, dQKV.slice(), dContext)
						dQKV.check(t, "dQKV")
						wantContext, want := exactAttention(&p.Attention, dContext)
						// Sums of up to 130 products around 1.
						const tolerance = 1e-5
						checkNear(t, "context", p.Context, wantContext, tolerance)
						checkNear(t, "dQKV", dQKV.slice(), want, tolerance)
					})
				}
			}
		}
	})
}

// Blocks of queries add up, and threads change nothing.
func TestAttentionBackwardOfLongSequences(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	lengths := []int{2*blockQueries + 5, 7, blockQueries + 1}
	p := newAttentionPass(2, 32, lengths, NewDropout(3, 4, 0.1), nil)
	dContext := normal(newRand(10), make([]float32, len(p.Context)), 1)
	one, many := make([]float32, len(p.QKV)), make([]float32, len(p.QKV))
	p.Backward(nil, one, dContext)
	p.Backward(pool, many, dContext)
	checkSameBits(t, "three threads", many, one)
	_, want := exactAttention(&p.Attention, dContext)
	checkNear(t, "dQKV", one, want, 2e-5)
}

// A gradient that is not a number stays in its sequence.
func TestAttentionBackwardStaysInsideASequence(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		p := newAttentionPass(2, 32, []int{20, 17, 23}, Dropout{}, nil)
		dContext := normal(newRand(11), make([]float32, len(p.Context)), 1)
		for i := 20 * 64; i < 37*64; i++ {
			dContext[i] = float32(math.NaN())
		}
		dQKV := make([]float32, len(p.QKV))
		p.Backward(nil, dQKV, dContext)
		for i, v := range dQKV {
			token := i / (3 * 64)
			if got, want := math.IsNaN(float64(v)), token >= 20 && token < 37; got != want {
				t.Fatalf("token %d: %v", token, v)
			}
		}
	})
}

func TestAttentionBackwardPanics(t *testing.T) {
	starts := []int32{0, 2}
	for name, run := range map[string]func(){
		"without probabilities": func() {
			a := Attention{QKV: make([]float32, 24), Context: make([]float32, 8), Starts: starts, Heads: 1, HeadSize: 4}
			a.Backward(nil, make([]float32, 24), make([]float32, 8))
		},
		"on wrong lengths": func() {
			a := Attention{QKV: make([]float32, 24), Context: make([]float32, 8), Starts: starts, Heads: 1, HeadSize: 4, Probs: make([]float32, 4)}
			a.Backward(nil, make([]float32, 23), make([]float32, 8))
		},
		"on dropout without probabilities": func() {
			a := Attention{QKV: make([]float32, 24), Context: make([]float32, 8), Starts: starts, Heads: 1, HeadSize: 4, Dropout: NewDropout(1, 1, 0.1)}
			a.Run(nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			run()
		})
	}
}

func BenchmarkAttentionBackward(b *testing.B) {
	for _, length := range []int{16, 128, 512} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			p := newAttentionPass(6, 64, []int{length}, NewDropout(1, 1, 0.1), nil)
			dContext := normal(newRand(1), make([]float32, len(p.Context)), 1)
			dQKV := make([]float32, len(p.QKV))
			for b.Loop() {
				p.Backward(nil, dQKV, dContext)
			}
			b.ReportMetric(8*float64(length*length*6*64)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
