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
