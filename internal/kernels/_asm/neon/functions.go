package main

import (
	"math"

	"cloze/internal/kernels/_asm/vectors"
)

// The functions of functions.go in the package kernels, for some vectors at a
// time. A NaN stays one, because FMAX and FMIN keep it.

// single puts a constant in every lane of one register.
func (g *file) single(v float64) group { return g.constant(v, g.take(1)) }

// clamp puts x between two limits.
func (g *file) clamp(x group, low, high float64) {
	limits := g.take(2)
	g.constant(low, limits[:1])
	g.constant(high, limits[1:])
	g.fmax(x, x, limits[:1])
	g.fmin(x, x, limits[1:])
	g.give(limits)
}

// polynomial is c[0] + c[1]·z + c[2]·z² + …, by Horner's rule. FMLA adds to what
// is in its result: that is loaded with the next coefficient, which takes no
// arithmetic.
func (g *file) polynomial(z group, c ...float64) group {
	p, next := g.take(len(z)), g.take(len(z))
	g.constant(c[len(c)-1], p)
	for i := len(c) - 2; i >= 0; i-- {
		g.constant(c[i], next)
		g.fmla(next, p, z)
		p, next = next, p
	}
	g.give(next)
	return p
}

// erf is the Go function erf; it changes x.
func (g *file) erf(x group) group {
	g.clamp(x, -vectors.ErfLimit, vectors.ErfLimit)
	return g.odd(x, vectors.ErfNumerator[:], vectors.ErfDenominator[:])
}

// tanh is the Go function tanh; it changes x.
func (g *file) tanh(x group) group {
	g.clamp(x, -vectors.TanhLimit, vectors.TanhLimit)
	return g.odd(x, vectors.TanhNumerator[:], vectors.TanhDenominator[:])
}

// odd is x·p(x²)/q(x²).
func (g *file) odd(x group, p, q []float64) group {
	z := g.take(len(x))
	g.fmul(z, x, x)
	numerator := g.polynomial(z, p...)
	denominator := g.polynomial(z, q...)
	g.fmul(numerator, x, numerator)
	g.fdiv(numerator, numerator, denominator)
	g.give(z, denominator)
	return numerator
}

// exp is the Go function exp, for x of 0 or less; it changes x.
func (g *file) exp(x group) group {
	scalar := g.take(1)
	g.fmax(x, x, g.constant(-vectors.ExpLimit, scalar))
	// n = round(x/ln 2), r = x − n·ln 2
	n := g.take(len(x))
	g.fmul(n, x, g.constant(math.Log2E, scalar))
	g.frintn(n, n)
	g.fmls(x, n, g.constant(vectors.Ln2High, scalar))
	g.fmls(x, n, g.constant(vectors.Ln2Low, scalar))
	p := g.polynomial(x, vectors.ExpCoefficients[:]...)
	// 2ⁿ has n in the bits of the exponent; −127 makes it 0.
	g.fcvtns(n, n)
	g.iadd(n, n, g.bits(127, scalar))
	for _, v := range n {
		g.op("VSHL $23, %s, %s", v.S4(), v.S4())
	}
	g.fmul(p, p, n)
	g.give(n, scalar)
	return p
}
