package main

import "math"

// softmax emits the exponentials of rows and their sums (_asm/softmax).
func softmax(g *file) {
	g.function("exponentialsNEON", "func(y, x *float32, ld, rows, columns int, scale float32, sums *float32)", "is exponentialsGo.", func() {
		y, x, ld := g.load("y"), g.load("x"), g.load("ld")
		rows, columns, sums := g.load("rows"), g.load("columns"), g.load("sums")
		g.needTable()
		scale := g.take(1)
		g.op("FMOVS %s, %s", g.argument("scale"), scale[0].F())
		g.duplicate(scale[0])
		g.eachRow(rows, func() {
			highest := g.largest(x, columns)
			g.duplicate(highest[0])

			// y = exp(scale·(x − highest)), sum = Σ y
			sum := g.zero(g.take(unroll))
			g.each(columns, []stream{{x, 4}, {y, 4}}, func(p part, at []R) {
				v := p.load(at[0])
				p.fsub(v, v, highest)
				p.fmul(v, v, scale)
				e := p.exp(v)
				p.give(v)
				p.drop(e)
				p.fadd(sum[:p.n], sum[:p.n], e)
				p.store(at[1], e)
			})
			g.op("FMOVS.P %s, 4(%s)", g.sum(sum).F(), sums)
			g.give(highest, sum)
		}, func() {
			g.advance(x, ld, 2)
			g.advance(y, ld, 2)
		})
		g.give(scale)
	})

	g.function("divideRowsNEON", "func(x *float32, ld, rows, columns int, divisors *float32)", "is divideRowsGo.", func() {
		x, ld, rows, columns, divisors := g.load("x"), g.load("ld"), g.load("rows"), g.load("columns"), g.load("divisors")
		factor := g.take(2)
		g.eachRow(rows, func() {
			g.op("FMOVS.P 4(%s), %s", divisors, factor[1].F())
			g.op("FMOVS $1.0, %s", factor[0].F())
			g.op("FDIVS %s, %s, %s", factor[1].F(), factor[0].F(), factor[0].F())
			g.duplicate(factor[0])
			g.each(columns, []stream{{x, 4}}, func(p part, at []R) {
				v := p.load(at[0])
				p.fmul(v, v, factor[:1])
				p.store(at[0], v)
			})
		}, func() { g.advance(x, ld, 2) })
		g.give(factor)
	})
}

// largest is the largest of n elements that is a number, in the lowest lane.
func (g *file) largest(x, n R) group {
	highest := g.constant(math.Inf(-1), g.take(unroll))
	g.each(n, []stream{{x, 4}}, func(p part, at []R) {
		v := p.load(at[0])
		if p.partial {
			p.fmaxnm(v, v, highest[:1])
			p.keep(v, highest[:1])
		} else {
			p.fmaxnm(highest[:p.n], highest[:p.n], v)
		}
		p.give(v)
	})
	h := g.reduce(g.fmaxnm, highest)
	g.fmaxnmv(h[0], h[0])
	g.give(highest[1:])
	return h
}
