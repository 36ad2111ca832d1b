package kernels

import (
	"fmt"
	"math"
)

// AdamW holds the constants of a step of the optimizer (Loshchilov and Hutter
// 2019) for some parameters p with gradients g, where m and v are the moving
// averages of gradient and squared gradient:
//
//	g' = Scale·g
//	m  = m + TakeMean·(g' − m)
//	v  = KeepSquare·v + TakeSquare·g'²
//	p  = Keep·p − StepSize·m/(√v·PerRoot + Epsilon)
type AdamW struct {
	Keep       float32 // 1 − learning rate·weight decay
	StepSize   float32 // learning rate/(1 − β1ᵗ)
	PerRoot    float32 // 1/√(1 − β2ᵗ)
	Epsilon    float32
	TakeMean   float32 // 1 − β1
	KeepSquare float32 // β2
	TakeSquare float32 // 1 − β2
	Scale      float32 // of the gradient
}

// Step moves p, m and v; all are of one length.
func (a AdamW) Step(p, g, m, v []float32) {
	if len(g) != len(p) || len(m) != len(p) || len(v) != len(p) {
		panic(fmt.Sprintf("kernels: AdamW of %d values, %d gradients, %d and %d averages", len(p), len(g), len(m), len(v)))
	}
	if len(p) > 0 {
		adamW(&p[0], &g[0], &m[0], &v[0], len(p), &a.Keep)
	}
}

// adamWGo is AdamW.Step of n values; constants are the fields, in their order.
func adamWGo(p, dp, m, v *float32, n int, constants *float32) {
	c := floats(constants, 0, 8)
	a := AdamW{c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]}
	values, means, squares := floats(p, 0, n), floats(m, 0, n), floats(v, 0, n)
	for i, gradient := range floats(dp, 0, n) {
		gradient *= a.Scale
		means[i] += a.TakeMean * (gradient - means[i])
		squares[i] = a.KeepSquare*squares[i] + a.TakeSquare*gradient*gradient
		root := float32(math.Sqrt(float64(squares[i]))) // one instruction, rounded once
		values[i] = a.Keep*values[i] - a.StepSize*means[i]/(root*a.PerRoot+a.Epsilon)
	}
}
