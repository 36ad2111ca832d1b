package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// attentionCases are heads, size of a head, and the lengths of the sequences.
var attentionCases = []struct {
	heads, size int
	lengths     []int
}{
	{1, 1, []int{1}},
	{2, 3, []int{1, 2, 0, 7}},
	{3, 8, []int{33}},
	{2, 32, []int{16, 31, 32, 5}},
	{4, 64, []int{50, 1, 65}},
	{1, 40, []int{13, 130}},
	{2, 96, []int{20}},
}

func TestAttention(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, tt := range attentionCases {
			for i := range 8 {
				threads, prec, keep := [2]int{1, 3}[i&1], [2]Precision{Float32, BFloat16}[i>>1&1], i>>2 == 1
				t.Run(fmt.Sprintf("%d heads of %d over %d on %d threads in %v, keep %t", tt.heads, tt.size, tt.lengths, threads, prec, keep), func(t *testing.T) {
					pool := NewPool(threads)
					defer pool.Close()
					starts, squares := []int32{0}, 0
					for _, n := range tt.lengths {
						starts = append(starts, starts[len(starts)-1]+int32(n))
						squares += n * n
					}
					tokens, hidden := int(starts[len(starts)-1]), tt.heads*tt.size
					qkv := newGuarded(tokens*3*hidden, 1)
					normal(newRand(uint64(tokens)), qkv.slice(), 1)
					context, probs := newGuarded(tokens*hidden, 3), newGuarded(squares*tt.heads, 2)
					a := Attention{QKV: qkv.slice(), Context: context.slice(), Starts: starts, Heads: tt.heads, HeadSize: tt.size, Precision: prec}
					if keep {
						a.Probs = probs.slice()
					}
					a.Run(pool)
					context.check(t, "context")
					probs.check(t, "probs")
					checkAttention(t, &a)
				})
			}
		}
	})
}

// checkAttention compares with the formula in float64.
func checkAttention(t *testing.T, a *Attention) {
	t.Helper()
	tolerance, contextTolerance := 3e-6, 3e-6
	qkv := slices.Clone(a.QKV)
	if a.pairs() {
		// Only the probabilities are rounded after that, by half of 2⁻⁸ of each.
		roundFloats(qkv)
		contextTolerance = 0.004 * 4
	}
	hidden, kept := a.Heads*a.HeadSize, 0
	part := func(token, which, head int) []float32 {
		return qkv[token*3*hidden+which*hidden+head*a.HeadSize:][:a.HeadSize]
	}
	for b := range len(a.Starts) - 1 {
		first, last := int(a.Starts[b]), int(a.Starts[b+1])
		for head := range a.Heads {
			for query := first; query < last; query++ {
				probs, sum := make([]float64, last-first), 0.0
				for key := range probs {
					var score float64
					for d, q := range part(query, 0, head) {
						score += float64(q) * float64(part(first+key, 1, head)[d])
					}
					probs[key] = math.Exp(score / math.Sqrt(float64(a.HeadSize)))
					sum += probs[key]
				}
				want := make([]float64, a.HeadSize)
				for key, p := range probs {
					p /= sum
					for d, v := range part(first+key, 2, head) {
						want[d] += p * float64(v)
					}
					if a.Probs != nil {
						if got := float64(a.Probs[kept]); math.Abs(got-p) > tolerance {
							t.Fatalf("sequence %d, head %d: probability %d of %d is %v, want %v", b, head, query-first, key, got, p)
						}
						kept++
					}
				}
				for d, got := range a.Context[query*hidden+head*a.HeadSize:][:a.HeadSize] {
					if math.Abs(float64(got)-want[d]) > contextTolerance {
						t.Fatalf("sequence %d, head %d, token %d: context[%d] = %v, want %v", b, head, query-first, d, got, want[d])
					}
				}
			}
		}
	}
}

// A sequence may not see another one's values.
func TestAttentionStaysInsideASequence(t *testing.T) {
	const heads, size = 2, 32
	nan := float32(math.NaN())
	eachImplementation(t, func(t *testing.T) {
		starts := []int32{0, 20, 37, 60}
		qkv := normal(newRand(1), make([]float32, 60*3*heads*size), 1)
		for token := 20; token < 37; token++ {
			for i := range 3 * heads * size {
				qkv[token*3*heads*size+i] = nan
			}
		}
		for _, prec := range []Precision{Float32, BFloat16} {
			context := make([]float32, 60*heads*size)
			(&Attention{QKV: qkv, Context: context, Starts: starts, Heads: heads, HeadSize: size, Precision: prec}).Run(nil)
			for i, v := range context {
				token := i / (heads * size)
				if got, want := math.IsNaN(float64(v)), token >= 20 && token < 37; got != want {
					t.Fatalf("%v, token %d: %v", prec, token, v)
				}
			}
		}
	})
}

// With AMX, float16 would lose to bfloat16's attention what it is more exact.
func TestAttentionInFloat16IsFloat32s(t *testing.T) {
	const heads, size, length = 2, 64, 33
	qkv := normal(newRand(1), make([]float32, length*3*heads*size), 1)
	eachImplementation(t, func(t *testing.T) {
		run := func(prec Precision) []float32 {
			context := make([]float32, length*heads*size)
			(&Attention{QKV: qkv, Context: context, Starts: []int32{0, length}, Heads: heads, HeadSize: size, Precision: prec}).Run(nil)
			return context
		}
		if got, want := run(Float16), run(Float32); !slices.Equal(got, want) {
			t.Error("not the results of float32")
		}
	})
}

func TestAttentionAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	pool := NewPool(2)
	defer pool.Close()
	for _, prec := range []Precision{Float32, BFloat16} {
		a := &Attention{
			QKV: make([]float32, 50*3*64), Context: make([]float32, 50*64), Starts: []int32{0, 20, 50}, Heads: 2, HeadSize: 32, Precision: prec,
		}
		if n := testing.AllocsPerRun(50, func() { a.Run(pool) }); n != 0 {
			t.Errorf("Run allocates %v times in %v, want 0", n, prec)
		}
	}
}

func BenchmarkAttention(b *testing.B) {
	const heads, size = 12, 64
	for _, length := range []int{16, 128, 512} {
		for _, prec := range []Precision{Float32, BFloat16} {
			b.Run(fmt.Sprintf("%d/%v", length, prec), func(b *testing.B) {
				a := &Attention{
					QKV: normal(newRand(1), make([]float32, length*3*heads*size), 1), Context: make([]float32, length*heads*size),
					Starts: []int32{0, int32(length)}, Heads: heads, HeadSize: size, Precision: prec,
				}
				for b.Loop() {
					a.Run(nil)
				}
				b.ReportMetric(4*float64(length*length*heads*size)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
