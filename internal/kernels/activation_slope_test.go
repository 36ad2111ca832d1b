package kernels

import (
	"fmt"
	"math"
	"testing"
)

// exactActivations are the activations in float64.
var exactActivations = map[Activation]func(x float64) float64{
	None:     func(x float64) float64 { return x },
	GELU:     func(x float64) float64 { return x * (1 + math.Erf(x/math.Sqrt2)) / 2 },
	GELUTanh: func(x float64) float64 { return x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) / 2 },
	ReLU:     func(x float64) float64 { return max(x, 0) },
	Tanh:     math.Tanh,
}

// The slopes against central differences of the activations in float64, and
// the values against activate.
func TestActivateWithSlope(t *testing.T) {
	var x []float32
	for v := float32(-12); v <= 12; v += 0.037 { // never 0, where ReLU has no slope
		x = append(x, v)
	}
	eachImplementation(t, func(t *testing.T) {
		for act, f := range exactActivations {
			want := append([]float32(nil), x...)
			activate(want, act)
			y, slope := append([]float32(nil), x...), make([]float32, len(x))
			activateWithSlope(&y[0], &slope[0], len(x), 1, len(x), act)
			for i, v := range x {
				// Tanh has no assembly with a slope, so that they may differ in rounding.
				if y[i] != want[i] && !(act == Tanh && math.Abs(float64(y[i]-want[i])) < 5e-7) {
					t.Fatalf("activation %d of %v is %v, activate says %v", act, v, y[i], want[i])
				}
				const step = 1e-5
				exact := (f(float64(v)+step) - f(float64(v)-step)) / (2 * step)
				// 1 − tanh² keeps few digits where tanh is almost 1.
				if math.Abs(float64(slope[i])-exact) > 5e-6 {
					t.Fatalf("activation %d: the slope at %v is %v, want %v", act, v, slope[i], exact)
				}
			}
		}
	})
}

// Rows of every length are activated and multiplied, and nothing between them.
func TestRowsOfSlopes(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(12)
		for columns := 1; columns <= 130; columns++ {
			for offset := range 4 {
				const rows = 3
				ld := columns + offset
				n := (rows-1)*ld + columns
				x := normal(r, make([]float32, n), 2)
				for act := range exactActivations {
					y, slope := newGuarded(n, offset), newGuarded(n, 3-offset)
					copy(y.slice(), x)
					fill(slope.slice(), guardValue)
					activateWithSlope(&y.slice()[0], &slope.slice()[0], ld, rows, columns, act)
					y.check(t, "y")
					slope.check(t, "slope")
					product := newGuarded(n, offset)
					fill(product.slice(), 2)
					multiplyRows(&product.slice()[0], &y.slice()[0], ld, rows, columns)
					product.check(t, "product")
					name := fmt.Sprintf("activation %d, %d columns, %d apart", act, columns, ld)
					for i, v := range x {
						wantY, wantSlope, wantProduct := v, float32(guardValue), float32(2)
						if i%ld < columns {
							wantSlope = 0
							activateWithSlopeGo(&wantY, &wantSlope, 1, 1, 1, act)
							wantProduct = 2 * y.slice()[i]
						}
						const tolerance = 1e-5 // of one implementation to another
						checkNear(t, name+": y", y.slice()[i:i+1], []float64{float64(wantY)}, tolerance)
						checkNear(t, name+": slope", slope.slice()[i:i+1], []float64{float64(wantSlope)}, tolerance)
						checkNear(t, name+": product", product.slice()[i:i+1], []float64{float64(wantProduct)}, 0)
					}
				}
			}
		}
	})
}

func TestActivateWithSlopePassesNaNThrough(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, act := range []Activation{GELU, GELUTanh, Tanh} {
			y, slope := make([]float32, 20), make([]float32, 20)
			y[19] = float32(math.NaN())
			activateWithSlope(&y[0], &slope[0], 20, 1, 20, act)
			if !math.IsNaN(float64(y[19])) || !math.IsNaN(float64(slope[19])) || math.IsNaN(float64(slope[18])) {
				t.Errorf("activation %d of NaN is %v with slope %v, beside it %v", act, y[19], slope[19], slope[18])
			}
		}
	})
}

func TestMultiply(t *testing.T) {
	y := []float32{1, 2, 3}
	Multiply(y, []float32{4, -5, 0.5})
	if y[0] != 4 || y[1] != -10 || y[2] != 1.5 {
		t.Errorf("product %v", y)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic on different lengths")
		}
	}()
	Multiply(y, y[:2])
}

func BenchmarkActivateWithSlope(b *testing.B) {
	for _, act := range []Activation{GELU, GELUTanh} {
		b.Run(fmt.Sprint(act), func(b *testing.B) {
			x := normal(newRand(1), make([]float32, 1<<14), 1)
			y, slope := make([]float32, len(x)), make([]float32, len(x))
			b.SetBytes(int64(4 * len(x)))
			for b.Loop() {
				copy(y, x)
				activateWithSlope(&y[0], &slope[0], len(x), 1, len(x), act)
			}
		})
	}
}
