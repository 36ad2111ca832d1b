package kernels

import (
	"fmt"
	"math"
	"testing"
)

// activate replaces every element by its activation.
func activate(x []float32, a Activation) {
	if len(x) > 0 {
		activateRows(&x[0], len(x), 1, len(x), a)
	}
}

// activationError is the bound that activation.go states, for a value x.
func activationError(x float64, a Activation) float64 {
	switch a {
	case GELU, GELUTanh:
		return 5e-7 * math.Abs(x)
	case Tanh:
		return 5e-7 * math.Abs(math.Tanh(x))
	}
	return 0
}

func TestActivate(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for a := None; a <= Tanh; a++ {
			t.Run(fmt.Sprintf("activation %d", a), func(t *testing.T) {
				r := newRand(uint64(a))
				for n := range 131 {
					for offset := range 4 {
						g := newGuarded(n, offset)
						x := normal(r, g.slice(), 3)
						before := append([]float32(nil), x...)
						activate(x, a)
						g.check(t, "x")
						for i, v := range before {
							want := exactActivation(float64(v), a)
							if math.Abs(float64(x[i])-want) > activationError(float64(v), a) {
								t.Fatalf("of %v: %v, want %v", v, x[i], want)
							}
						}
					}
				}
				var all []float32
				everyFewFloats(1e-30, 100, func(x float32) { all = append(all, x, -x) })
				got := append([]float32(nil), all...)
				activate(got, a)
				for i, v := range all {
					want := exactActivation(float64(v), a)
					if math.Abs(float64(got[i])-want) > activationError(float64(v), a) {
						t.Fatalf("of %v: %v, want %v", v, got[i], want)
					}
				}
			})
		}
	})
}

func TestActivatePassesNaNAndInfinityThrough(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for a := None; a <= Tanh; a++ {
			x := make([]float32, 37)
			x[3], x[34] = float32(math.NaN()), float32(math.NaN())
			x[5], x[35] = float32(math.Inf(1)), float32(math.Inf(1))
			x[6] = float32(math.Inf(-1))
			activate(x, a)
			for i, v := range x {
				want := 0.0
				switch i {
				case 3, 34:
					want = math.NaN()
				case 5, 35:
					want = exactActivation(math.Inf(1), a)
				case 6:
					want = exactActivation(math.Inf(-1), a) // NaN for the GELUs: −∞·0
				}
				if !sameKind(float64(v), want) {
					t.Errorf("activation %d: x[%d] = %v, want %v", a, i, v, want)
				}
			}
		}
	})
}

func BenchmarkActivate(b *testing.B) {
	for a := GELU; a <= Tanh; a++ {
		b.Run(fmt.Sprint(a), func(b *testing.B) {
			x := normal(newRand(1), make([]float32, 3072), 1)
			b.SetBytes(int64(4 * len(x)))
			for b.Loop() {
				activate(x, a)
			}
		})
	}
}
