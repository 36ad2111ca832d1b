package kernels

import (
	"fmt"
	"math"
	"testing"
)

func TestCrossEntropy(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(13)
		for classes := 1; classes <= 130; classes++ {
			for offset := range 4 {
				for _, scale := range []float64{1, 50} {
					x, d := newGuarded(classes, offset), newGuarded(classes, 3-offset)
					normal(r, x.slice(), scale)
					label, factor := r.IntN(classes), float32(r.NormFloat64())
					wantLoss, want := exactCrossEntropy(x.slice(), label, factor)
					name := fmt.Sprintf("%d classes, label %d", classes, label)
					loss := CrossEntropy(d.slice(), x.slice(), label, factor)
					d.check(t, name)
					checkNear(t, name, d.slice(), want, 1e-5)
					inPlace := CrossEntropy(x.slice(), x.slice(), label, factor)
					x.check(t, name)
					checkSameBits(t, name+", in place", x.slice(), d.slice())
					for _, got := range []float64{loss, inPlace} {
						if math.Abs(got-wantLoss) > 2e-6*(1+wantLoss) {
							t.Fatalf("%s: loss %v, want %v", name, got, wantLoss)
						}
					}
				}
			}
		}
	})
}

// exactCrossEntropy is CrossEntropy in float64.
func exactCrossEntropy(x []float32, label int, factor float32) (loss float64, d []float64) {
	highest, sum := math.Inf(-1), 0.0
	for _, v := range x {
		highest = max(highest, float64(v))
	}
	for _, v := range x {
		sum += math.Exp(float64(v) - highest)
	}
	for i, v := range x {
		p := math.Exp(float64(v)-highest) / sum
		if i == label {
			p--
		}
		d = append(d, p*float64(factor))
	}
	return highest + math.Log(sum) - float64(x[label]), d
}

func TestCrossEntropyPassesNaNAndInfinityThrough(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, special := range []float64{math.NaN(), math.Inf(1)} {
			x := make([]float32, 40)
			x[30] = float32(special)
			if loss := CrossEntropy(x, x, 3, 1); !math.IsNaN(loss) && !math.IsInf(loss, 1) {
				t.Errorf("loss %v with a logit of %v", loss, special)
			}
		}
		// A class that cannot be.
		x := make([]float32, 4)
		x[1] = float32(math.Inf(-1))
		if loss := CrossEntropy(x, x, 0, 1); math.Abs(loss-math.Log(3)) > 1e-6 || x[1] != 0 {
			t.Errorf("loss %v, gradient %v", loss, x)
		}
	})
}

func TestCrossEntropyWithoutFactor(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		x := []float32{1, 2, 3}
		if loss := CrossEntropy(x, x, 2, 0); math.Abs(loss-0.40760596) > 1e-6 {
			t.Errorf("loss %v", loss)
		}
		for _, v := range x {
			if v != 0 {
				t.Errorf("gradient %v, want zeros", x)
			}
		}
	})
}

func TestMaximum(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for n := 1; n <= 70; n++ {
			for at := range n {
				x := make([]float32, n)
				fill(x, -3)
				x[at] = -2
				if got := maximum(&x[0], n); got != -2 {
					t.Fatalf("largest of %v is %v", x, got)
				}
			}
		}
	})
}

func TestCrossEntropyPanics(t *testing.T) {
	for name, label := range map[string]int{"label": 3, "negative label": -1} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			CrossEntropy(make([]float32, 3), make([]float32, 3), label, 1)
		})
	}
}
