package kernels

import (
	"math"
	"testing"
)

func TestSoftmax(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(1)
		for cols := 1; cols <= 130; cols++ {
			for offset := range 4 {
				rows := 1 + cols%3*9
				x := newGuarded(rows*cols, offset)
				normal(r, x.slice(), 5)
				y := newGuarded(rows*cols, 3-offset)
				Softmax(y.slice(), x.slice(), cols)
				x.check(t, "x")
				y.check(t, "y")
				checkSoftmax(t, y.slice(), x.slice(), cols)
				in := append([]float32(nil), x.slice()...)
				Softmax(x.slice(), x.slice(), cols)
				checkSoftmax(t, x.slice(), in, cols)
			}
		}
	})
}

func checkSoftmax(t *testing.T, y, x []float32, cols int) {
	t.Helper()
	for at := 0; at < len(x); at += cols {
		highest, sum := math.Inf(-1), 0.0
		for _, v := range x[at : at+cols] {
			highest = max(highest, float64(v))
		}
		for _, v := range x[at : at+cols] {
			sum += math.Exp(float64(v) - highest)
		}
		for i, v := range x[at : at+cols] {
			want := math.Exp(float64(v)-highest) / sum
			// x − max x is rounded to float32, and so is the sum.
			tolerance := (2e-6 + 1e-7*(highest-float64(v))) * want
			if got := float64(y[at+i]); math.Abs(got-want) > tolerance+1e-38 {
				t.Fatalf("%d columns: y[%d] = %v, want %v", cols, i, got, want)
			}
		}
	}
}

// The exponentials of everything that is not 0, against float64.
func TestExponentialsAreExact(t *testing.T) {
	var x []float32
	everyFewFloats(1e-30, 87.3, func(v float32) { x = append(x, -v) })
	x = append(x, 0, -88, -100, -1e30)
	eachImplementation(t, func(t *testing.T) {
		y, sum := make([]float32, len(x)), float32(0)
		exponentials(&y[0], &x[0], len(x), 1, len(x), 1, &sum)
		for i, v := range x {
			want := math.Exp(float64(v))
			if v <= -88 {
				want = 0
			}
			if got := float64(y[i]); math.Abs(got-want) > expError*want {
				t.Fatalf("exp(%v) = %v, want %v", v, got, want)
			}
		}
	})
}

func TestSoftmaxOfExtremes(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachImplementation(t, func(t *testing.T) {
		for _, tt := range []struct {
			name    string
			x, want []float32
		}{
			{"large", []float32{1e30, 1e30, -1e30}, []float32{0.5, 0.5, 0}},
			{"masked", []float32{0, -inf, 0}, []float32{0.5, 0, 0.5}},
			{"nan", []float32{0, nan, 0}, []float32{nan, nan, nan}},
			{"infinity", []float32{0, inf, 0}, []float32{nan, nan, nan}},
			{"nothing", []float32{-inf, -inf}, []float32{nan, nan}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				// In the first and in the last vector of a long row, too.
				for _, at := range []int{0, 20} {
					x := make([]float32, at+len(tt.x))
					for i := range at {
						x[i] = -inf
					}
					copy(x[at:], tt.x)
					Softmax(x, x, len(x))
					for i, want := range tt.want {
						if got := x[at+i]; !sameKind(float64(got), float64(want)) || math.Abs(float64(got-want)) > 1e-6 {
							t.Errorf("y = %v, want %v", x[at:], tt.want)
						}
					}
				}
			})
		}
	})
}

func BenchmarkSoftmax(b *testing.B) {
	x := normal(newRand(1), make([]float32, 12*128), 1)
	y := make([]float32, len(x))
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		Softmax(y, x, 128)
	}
}
