package main

// layerNorm emits LayerNorm over rows (_asm/layernorm).
func layerNorm(g *file) {
	g.function("layerNormNEON", "func(y, x, gamma, beta *float32, rows, columns int, eps float32)", "is layerNormGo.", func() {
		y, x, gamma, beta := g.load("y"), g.load("x"), g.load("gamma"), g.load("beta")
		rows, columns := g.load("rows"), g.load("columns")
		scalars := g.take(4)
		count, eps, mean, rstd := scalars[0], scalars[1], scalars[2:3], scalars[3:]
		g.op("SCVTFS %s, %s", columns, count.F())
		g.op("FMOVS %s, %s", g.argument("eps"), eps.F())
		g.eachRow(rows, func() {
			// mean = Σ x / columns
			sums := g.zero(g.take(unroll))
			g.each(columns, []stream{{x, 4}}, func(p part, at []R) {
				v := p.load(at[0])
				p.fadd(sums[:p.n], sums[:p.n], v)
				p.give(v)
			})
			g.op("FDIVS %s, %s, %s", count.F(), g.sum(sums).F(), mean[0].F())
			g.duplicate(mean[0])

			// variance = Σ (x − mean)² / columns
			g.zero(sums)
			g.each(columns, []stream{{x, 4}}, func(p part, at []R) {
				v := p.load(at[0])
				p.fsub(v, v, mean)
				p.drop(v)
				p.fmla(sums[:p.n], v, v)
				p.give(v)
			})
			variance := g.sum(sums)
			g.op("FDIVS %s, %s, %s", count.F(), variance.F(), variance.F())
			g.give(sums)

			// rstd = 1/√(variance + eps)
			g.op("FADDS %s, %s, %s", eps.F(), variance.F(), variance.F())
			g.op("FSQRTS %s, %s", variance.F(), variance.F())
			g.op("FMOVS $1.0, %s", rstd[0].F())
			g.op("FDIVS %s, %s, %s", variance.F(), rstd[0].F(), rstd[0].F())
			g.duplicate(rstd[0])

			// y = (x − mean)·rstd·gamma + beta
			g.each(columns, []stream{{x, 4}, {gamma, 4}, {beta, 4}, {y, 4}}, func(p part, at []R) {
				v, scale, shift := p.load(at[0]), p.load(at[1]), p.load(at[2])
				p.fsub(v, v, mean)
				p.fmul(v, v, rstd)
				p.fmla(shift, v, scale)
				p.give(v, scale)
				p.store(at[3], shift)
			})
		}, func() {
			g.advance(x, columns, 2)
			g.advance(y, columns, 2)
		})
		g.give(scalars)
	})
}
