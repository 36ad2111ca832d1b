package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestLayerNormBackward(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(3)
		for cols := 1; cols <= 130; cols++ {
			for offset := range 4 {
				rows := 1 + cols%5*3
				d, x := newGuarded(rows*cols, offset), normal(r, make([]float32, rows*cols), 2)
				normal(r, d.slice(), 1)
				for i := range x {
					x[i] += 3
				}
				gamma := normal(r, make([]float32, cols), 1)
				dGamma, dBeta := newGuarded(cols, 3-offset), newGuarded(cols, offset)
				normal(r, dGamma.slice(), 1)
				normal(r, dBeta.slice(), 1)
				wantGamma, wantBeta := widen(dGamma.slice()), widen(dBeta.slice())
				want := exactLayerNormBackward(widen(d.slice()), widen(x), widen(gamma), wantGamma, wantBeta, 1e-3)
				LayerNormBackward(d.slice(), x, gamma, dGamma.slice(), dBeta.slice(), cols, 1e-3)
				d.check(t, "d")
				dGamma.check(t, "dGamma")
				dBeta.check(t, "dBeta")
				// Of two or three columns that are almost equal, x̂ loses digits to
				// x − mean, and rstd, at most 1/√eps, enlarges what is left.
				const tolerance = 1e-4
				name := fmt.Sprintf("%d columns, %d rows", cols, rows)
				checkNear(t, name+": d", d.slice(), want, tolerance)
				checkNear(t, name+": dGamma", dGamma.slice(), wantGamma, tolerance)
				checkNear(t, name+": dBeta", dBeta.slice(), wantBeta, tolerance)
			}
		}
	})
}

// exactLayerNormBackward is LayerNormBackward in float64.
func exactLayerNormBackward(d, x, gamma, dGamma, dBeta []float64, eps float64) []float64 {
	cols := len(gamma)
	dx := make([]float64, len(x))
	for at := 0; at < len(x); at += cols {
		d, x, dx := d[at:at+cols], x[at:at+cols], dx[at:at+cols]
		var mean, variance, meanG, meanGX float64
		for _, v := range x {
			mean += v / float64(cols)
		}
		for _, v := range x {
			variance += (v - mean) * (v - mean) / float64(cols)
		}
		rstd := 1 / math.Sqrt(variance+eps)
		for i, v := range x {
			meanG += d[i] * gamma[i] / float64(cols)
			meanGX += d[i] * gamma[i] * (v - mean) * rstd / float64(cols)
		}
		for i, v := range x {
			normal := (v - mean) * rstd
			dGamma[i] += d[i] * normal
			dBeta[i] += d[i]
			dx[i] = (d[i]*gamma[i] - meanG - normal*meanGX) * rstd
		}
	}
	return dx
}

// checkNear fails at the first value that is off by more than tolerance times
// its size or, if that is smaller, tolerance.
func checkNear(tb testing.TB, name string, got []float32, want []float64, tolerance float64) {
	tb.Helper()
	for i, v := range got {
		if !(math.Abs(float64(v)-want[i]) <= tolerance*(1+math.Abs(want[i]))) {
			tb.Fatalf("%s: value %d is %v, want %v", name, i, v, want[i])
		}
	}
}

func TestLayerNormBackwardPassesNaNAndInfinityThrough(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		const rows, cols = 3, 21
		for _, special := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			for _, ofGradient := range []bool{false, true} {
				r := newRand(4)
				d, x := normal(r, make([]float32, rows*cols), 1), normal(r, make([]float32, rows*cols), 1)
				if ofGradient {
					d[cols+20] = float32(special)
				} else {
					x[cols+20] = float32(special)
				}
				dGamma := make([]float32, cols)
				LayerNormBackward(d, x, slices.Repeat([]float32{1}, cols), dGamma, make([]float32, cols), cols, 1e-12)
				for i, v := range d {
					if finite := sameKind(float64(v), 0); finite != (i/cols != 1) {
						t.Errorf("%v in gradient %v: row %d: %v", special, ofGradient, i/cols, v)
					}
				}
				if sameKind(float64(dGamma[20]), 0) {
					t.Errorf("%v in gradient %v: gamma's gradient is %v", special, ofGradient, dGamma[20])
				}
			}
		}
	})
}

func BenchmarkLayerNormBackward(b *testing.B) {
	const rows, cols = 64, 384
	r := newRand(1)
	d, x := normal(r, make([]float32, rows*cols), 1), normal(r, make([]float32, rows*cols), 1)
	gamma, dGamma, dBeta := make([]float32, cols), make([]float32, cols), make([]float32, cols)
	b.SetBytes(2 * 4 * rows * cols)
	for b.Loop() {
		LayerNormBackward(d, x, gamma, dGamma, dBeta, cols, 1e-12)
	}
}
