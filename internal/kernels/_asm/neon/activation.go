package main

import "math"

// activations emits the activation functions over rows, and those that write
// their derivatives, too (_asm/activation).
func activations(g *file) {
	g.function("multiplyRowsNEON", "func(y, x *float32, ld, rows, columns int)", "is multiplyRowsGo.", func() {
		y, x, ld := g.load("y"), g.load("x"), g.load("ld")
		g.rowsOf(ld, []R{y, x}, func(p part, at []R) {
			v, factor := p.load(at[0]), p.load(at[1])
			p.fmul(v, v, factor)
			p.give(factor)
			p.store(at[0], v)
		})
	})

	// 0.5·x·(1 + erf(x/√2))
	activation(g, "gelu", func(x group) group {
		t := g.take(len(x))
		g.scale(t, x, math.Sqrt2/2)
		return half(g, x, t, g.erf(t))
	})
	// 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
	activation(g, "geluTanh", func(x group) group {
		square := g.take(len(x))
		g.fmul(square, x, x)
		u := g.polynomial(square, cubic, cubic*0.044715)
		g.give(square)
		g.fmul(u, x, u)
		return half(g, x, u, g.tanh(u))
	})
	activation(g, "tanh", func(x group) group {
		t := g.tanh(x)
		g.give(x)
		return t
	})
	activation(g, "relu", func(x group) group {
		zero := g.zero(g.take(1))
		g.fmax(x, x, zero)
		g.give(zero)
		return x
	})

	// The slope is Φ(x) + x·φ(x) with Φ(x) = 0.5 + 0.5·erf(x/√2).
	slope(g, "gelu", func(x group) (y, derivative group) {
		square := g.take(len(x))
		g.fmul(square, x, x)
		g.scale(square, square, -0.5)
		density := g.exp(square)
		g.give(square)
		g.fmul(density, x, density)
		g.scale(density, density, 1/math.Sqrt(2*math.Pi))
		t := g.take(len(x))
		g.scale(t, x, math.Sqrt2/2)
		erf := g.erf(t)
		derivative = g.constant(0.5, t)
		g.fmla(derivative, derivative, erf)
		g.fadd(derivative, derivative, density)
		g.give(density)
		return half(g, x, nil, erf), derivative
	})
	// The slope is 0.5 + 0.5·t + 0.5·x·(1 − t²)·u' with t = tanh(u),
	// u = √(2/π)·(x + 0.044715·x³).
	slope(g, "geluTanh", func(x group) (y, derivative group) {
		square := g.take(len(x))
		g.fmul(square, x, x)
		u := g.polynomial(square, cubic, cubic*0.044715)
		g.fmul(u, x, u)
		t := g.tanh(u)
		du := g.polynomial(square, cubic, cubic*0.044715*3)
		rest := g.constant(1, u)
		g.fmls(rest, t, t)
		g.fmul(du, rest, du)
		derivative = g.constant(0.5, square)
		g.fmul(rest, x, derivative)
		g.fmla(derivative, derivative, t)
		g.fmla(derivative, rest, du)
		g.give(u, du)
		return half(g, x, nil, t), derivative
	})
}

// cubic is √(2/π), the factor of x + 0.044715·x³.
var cubic = math.Sqrt(2 / math.Pi)

// scale is d = n·factor.
func (g *file) scale(d, n group, factor float64) {
	f := g.single(factor)
	g.fmul(d, n, f)
	g.give(f)
}

// half is 0.5·x·(1 + t), in x; it gives t back, and what is not needed either.
func half(g *file, x, rest, t group) group {
	g.give(rest)
	g.scale(x, x, 0.5)
	g.fmla(x, x, t)
	g.give(t)
	return x
}

// rowsOf emits the loop over rows, which are ld apart, of matrices of float32;
// pointers are moved.
func (g *file) rowsOf(ld R, pointers []R, body func(p part, at []R)) {
	rows, columns := g.load("rows"), g.load("columns")
	g.needTable()
	var streams []stream
	for _, p := range pointers {
		streams = append(streams, stream{p, 4})
	}
	g.eachRow(rows, func() { g.each(columns, streams, body) }, func() {
		for _, p := range pointers {
			g.advance(p, ld, 2)
		}
	})
}

// activation emits a function that replaces every element of some rows.
func activation(g *file, name string, f func(x group) group) {
	g.function(name+"NEON", "func(x *float32, ld, rows, columns int)",
		"applies "+name+" to columns values of each of the rows, ld apart.", func() {
			x, ld := g.load("x"), g.load("ld")
			g.rowsOf(ld, []R{x}, func(p part, at []R) { p.store(at[0], f(p.load(at[0]))) })
		})
}

// slope emits a function that applies an activation and writes its derivative.
func slope(g *file, name string, f func(x group) (y, derivative group)) {
	g.function(name+"SlopeNEON", "func(y, slope *float32, ld, rows, columns int)",
		"applies "+name+" to y and writes its derivative to slope.", func() {
			y, slope, ld := g.load("y"), g.load("slope"), g.load("ld")
			g.rowsOf(ld, []R{y, slope}, func(p part, at []R) {
				value, derivative := f(p.load(at[0]))
				p.store(at[0], value)
				p.store(at[1], derivative)
			})
		})
}
