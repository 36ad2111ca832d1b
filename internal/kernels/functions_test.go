package kernels

import (
	"math"
	"testing"
)

// The bounds that the comments of the functions state.
const (
	erfError  = 5e-7
	tanhError = 5e-7
	expError  = 2e-7
)

// everyFewFloats calls f with floats of all magnitudes between two positive
// limits.
func everyFewFloats(from, to float32, f func(x float32)) {
	step := uint32(997)
	if testing.Short() {
		step = 99_991 // both are prime: all mantissas occur
	}
	for bits := math.Float32bits(from); bits <= math.Float32bits(to); bits += step {
		f(math.Float32frombits(bits))
	}
}

func TestErf(t *testing.T) {
	everyFewFloats(1e-30, 20, func(x float32) {
		for _, x := range []float32{x, -x} {
			want := math.Erf(float64(x))
			if got := float64(erf(x)); math.Abs(got-want) > erfError*math.Abs(want) {
				t.Fatalf("erf(%v) = %v, want %v", x, got, want)
			}
		}
	})
}

func TestTanh(t *testing.T) {
	everyFewFloats(1e-30, 20, func(x float32) {
		for _, x := range []float32{x, -x} {
			want := math.Tanh(float64(x))
			if got := float64(tanh(x)); math.Abs(got-want) > tanhError*math.Abs(want) {
				t.Fatalf("tanh(%v) = %v, want %v", x, got, want)
			}
		}
	})
}

func TestExp(t *testing.T) {
	everyFewFloats(1e-30, 87.3, func(x float32) {
		want := math.Exp(-float64(x))
		if got := float64(exp(-x)); math.Abs(got-want) > expError*want {
			t.Fatalf("exp(%v) = %v, want %v", -x, got, want)
		}
	})
	for _, x := range []float32{-88, -100, -1e30, float32(math.Inf(-1))} {
		if got := exp(x); got != 0 {
			t.Errorf("exp(%v) = %v, want 0", x, got)
		}
	}
	if got := exp(float32(math.NaN())); !math.IsNaN(float64(got)) {
		t.Errorf("exp(NaN) = %v", got)
	}
}
