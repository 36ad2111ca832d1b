package kernels

import (
	"math"
	"testing"
)

func TestLayerNorm(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		r := newRand(1)
		for cols := 1; cols <= 130; cols++ {
			for offset := range 4 {
				rows := 1 + cols%5*20
				x := newGuarded(rows*cols, offset)
				for i := range normal(r, x.slice(), 2) {
					x.slice()[i] += 3
				}
				y := newGuarded(rows*cols, 3-offset)
				gamma, beta := normal(r, make([]float32, cols), 1), normal(r, make([]float32, cols), 1)
				LayerNorm(pool, y.slice(), x.slice(), gamma, beta, rows, cols, 1e-5)
				x.check(t, "x")
				y.check(t, "y")
				checkLayerNorm(t, y.slice(), x.slice(), gamma, beta, 1e-5)
				in := append([]float32(nil), x.slice()...)
				LayerNorm(pool, x.slice(), x.slice(), gamma, beta, rows, cols, 1e-5)
				checkLayerNorm(t, x.slice(), in, gamma, beta, 1e-5)
			}
		}
	})
}

func checkLayerNorm(t *testing.T, y, x, gamma, beta []float32, eps float64) {
	t.Helper()
	cols := len(gamma)
	for at := 0; at < len(x); at += cols {
		var mean, variance float64
		for _, v := range x[at : at+cols] {
			mean += float64(v) / float64(cols)
		}
		for _, v := range x[at : at+cols] {
			variance += (float64(v) - mean) * (float64(v) - mean) / float64(cols)
		}
		rstd := 1 / math.Sqrt(variance+eps)
		for i, v := range x[at : at+cols] {
			want := (float64(v)-mean)*rstd*float64(gamma[i]) + float64(beta[i])
			// The mean is rounded to float32, and rstd enlarges that.
			tolerance := 2e-6 * (1 + math.Abs(want)) * (1 + math.Abs(float64(gamma[i]))) * max(1, rstd)
			if got := float64(y[at+i]); math.Abs(got-want) > tolerance {
				t.Fatalf("%d columns: y[%d] = %v, want %v", cols, i, got, want)
			}
		}
	}
}

func TestLayerNormPassesNaNAndInfinityThrough(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		const rows, cols = 3, 21
		ones := make([]float32, cols)
		for i := range ones {
			ones[i] = 1
		}
		for _, special := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			x := normal(newRand(1), make([]float32, rows*cols), 1)
			x[cols+20] = float32(special)
			LayerNorm(nil, x, x, ones, ones, rows, cols, 1e-12)
			for i, v := range x {
				if got := math.IsNaN(float64(v)); got != (i/cols == 1) {
					t.Errorf("row %d: %v", i/cols, v)
				}
			}
		}
	})
}

func BenchmarkLayerNorm(b *testing.B) {
	const rows, cols = 16, 768
	x, gamma := normal(newRand(1), make([]float32, rows*cols), 1), make([]float32, cols)
	b.SetBytes(4 * rows * cols)
	for b.Loop() {
		LayerNorm(nil, x, x, gamma, gamma, rows, cols, 1e-12)
	}
}
