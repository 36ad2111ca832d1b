package kernels

import (
	"math"
	"testing"
)

// The slopes against central differences of the activations in float64.
func TestActivateBackward(t *testing.T) {
	functions := map[Activation]func(x float64) float64{
		None:     func(x float64) float64 { return x },
		GELU:     func(x float64) float64 { return x * (1 + math.Erf(x/math.Sqrt2)) / 2 },
		GELUTanh: func(x float64) float64 { return x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) / 2 },
		ReLU:     func(x float64) float64 { return max(x, 0) },
		Tanh:     math.Tanh,
	}
	for activation, f := range functions {
		var x []float32
		for v := float32(-12); v <= 12; v += 0.037 { // never 0, where ReLU has no slope
			x = append(x, v)
		}
		d := make([]float32, len(x))
		for i := range d {
			d[i] = 2
		}
		ActivateBackward(d, x, activation)
		for i, v := range x {
			const step = 1e-5
			want := 2 * (f(float64(v)+step) - f(float64(v)-step)) / (2 * step)
			// x·(1 − tanh²) loses most digits to 1 − 1 where |x| is large.
			if math.Abs(float64(d[i])-want) > 1e-5 {
				t.Errorf("activation %d: twice the slope at %v is %v, want %v", activation, v, d[i], want)
			}
		}
	}
}

func TestActivateBackwardAgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(1)
		for a := None; a <= Tanh; a++ {
			for n := range 131 {
				for offset := range 4 {
					d, x := newGuarded(n, offset), newGuarded(n, 3-offset)
					normal(r, d.slice(), 1)
					normal(r, x.slice(), 3)
					want := append([]float32(nil), d.slice()...)
					ActivateBackward(d.slice(), x.slice(), a)
					d.check(t, "d")
					x.check(t, "x")
					if n > 0 {
						activateBackwardGo(&want[0], &x.slice()[0], n, a)
					}
					for i, v := range d.slice() {
						// As above: 1 − tanh² keeps few digits.
						if math.Abs(float64(v-want[i])) > 2e-5*(1+math.Abs(float64(want[i]))) {
							t.Fatalf("activation %d of %v: %v, want %v", a, x.slice()[i], v, want[i])
						}
					}
				}
			}
		}
	})
}
