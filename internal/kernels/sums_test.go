package kernels

import (
	"math"
	"testing"
)

func TestSumSquares(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(7)
		for n := range 131 {
			for offset := range 4 {
				x := normal(r, make([]float32, n+offset), 1e25)[offset:] // squares are infinite in float32
				var want float64
				for _, v := range x {
					want += float64(v) * float64(v)
				}
				if got := SumSquares(x); math.Abs(got-want) > 1e-14*want {
					t.Fatalf("%d values: %v, want %v", n, got, want)
				}
			}
		}
		for _, special := range []float64{math.NaN(), math.Inf(-1)} {
			x := make([]float32, 37)
			x[36] = float32(special)
			if got := SumSquares(x); !sameKind(got, math.Abs(special)) {
				t.Errorf("sum with %v is %v", special, got)
			}
		}
	})
}

func BenchmarkSumSquares(b *testing.B) {
	x := normal(newRand(1), make([]float32, 1<<14), 1)
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		SumSquares(x)
	}
}
