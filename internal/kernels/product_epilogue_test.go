package kernels

import (
	"fmt"
	"math"
	"testing"
)

// In every precision an epilogue is what it does to the product without one.
func TestMulEpilogueInEveryPrecision(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for _, prec := range []Precision{Float32, BFloat16, Float16, Int8} {
			for _, shape := range [][3]int{{1, 33, 70}, {16, 64, 20}, {17, 31, 64}, {50, 70, 100}, {64, 96, 65}, {20, 70, 900}} {
				for _, act := range []Activation{None, GELU} {
					for _, withResidual := range []bool{false, true} {
						rows, out, in := shape[0], shape[1], shape[2]
						t.Run(fmt.Sprintf("%s %dx%dx%d, activation %d, residual %t", prec, rows, out, in, act, withResidual), func(t *testing.T) {
							r := newRand(uint64(rows))
							x := normal(r, make([]float32, rows*in), 1)
							m := pack(pool, prec, normal(r, make([]float32, out*in), 0.1), out, in)
							sums := make([]float32, rows*out)
							m.Mul(pool, sums, x, rows, Epilogue{})

							y := newGuarded(rows*out, 3)
							before := normal(r, y.slice(), 1)
							ep := Epilogue{Bias: normal(r, make([]float32, out), 1), Activation: act}
							want := make([]float64, rows*out)
							for i := range want {
								want[i] = exactActivation(float64(sums[i])+float64(ep.Bias[i%out]), act)
								if withResidual {
									want[i] += float64(before[i])
								}
							}
							if withResidual {
								ep.Residual = y.slice()
							}
							m.Mul(pool, y.slice(), x, rows, ep)
							y.check(t, "y")
							tolerance := 1e-6 * max(10, math.Sqrt(float64(in)))
							for i, v := range y.slice() {
								if !(math.Abs(float64(v)-want[i]) <= tolerance) {
									t.Fatalf("y[%d][%d] = %v, want %v", i/out, i%out, v, want[i])
								}
							}
						})
					}
				}
			}
		}
	})
}
