package main

// bfloat16Products emits the tile of products with bfloat16 weights
// (_asm/bfloat16), and the rounding to bfloat16.
func bfloat16Products(g *file) {
	g.function("tileBFloat16NEON",
		"func(y *float32, ldy int, x *float32, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, next *uint16, pace int)",
		"is tileBFloat16Go for 16 outputs and 1 to 6 rows.", func() {
			g.cases(mostRows, tileWidened)
		})
	g.function("roundRowsNEON", "func(y *uint16, ldy int, x *float32, ldx, rows, columns int)", "is roundRowsGo.", func() { roundRows(g) })
}

// tileWidened takes the first inputs of a step, then the second ones.
func tileWidened(t *tile) {
	t.begin(2)
	t.op("MOVD %s, %s", t.argument("first"), t.pointer)
	for _, sums := range t.sums {
		t.loadVectors(t.pointer, 0, sums)
	}
	t.loop(2, 2, 8, func(steps int) { t.multiplyPairs(steps, 2) })
	even := t.label("even")
	t.op("CBZ %s, %s", t.depth, even)
	t.loadRows(4)
	t.multiplyPairs(1, 1)
	t.place(even)
	t.store()
	t.end()
}

// multiplyPairs multiplies the first one or two inputs of some steps. Two
// registers take turns: while one has the second inputs of four outputs, the
// other is loaded with the next four.
func (t *tile) multiplyPairs(steps, inputs int) {
	raw, widened := t.weights[0], t.weights[1]
	load := func(i int, to V) {
		t.op("FMOVQ %d(%s), %s", i/wide*panelBytes+i%wide*16, t.panel, to.F())
	}
	multiply := func(i int, weights V, input int) {
		for r := range t.rows {
			t.fmlaElement(t.sums[r][i%wide], weights, t.x[r], i/wide*2+input)
		}
	}
	load(0, raw)
	for i := range steps * wide {
		if i%wide == 0 {
			t.fetch()
		}
		// The upper half of a float32 is a bfloat16.
		t.op("VSHL $16, %s, %s", raw.S4(), widened.S4())
		multiply(i, widened, 0)
		if i+1 < steps*wide {
			load(i+1, widened)
		}
		if inputs == 2 {
			t.clearLower(raw)
			multiply(i, raw, 1)
		}
		raw, widened = widened, raw
	}
}

// roundRows emits the rounding of float32 to bfloat16, to nearest even.
func roundRows(g *file) {
	y, x := g.load("y"), g.load("x")
	ldy, ldx, rows, columns := g.load("ldy"), g.load("ldx"), g.load("rows"), g.load("columns")
	broken, at := g.general(), g.general()
	g.needTable()
	constants := g.take(3)
	one, below, quiet := g.bits(1, constants[:1]), g.bits(0x7fff, constants[1:2]), g.bits(0x00400000, constants[2:])
	g.eachRow(rows, func() {
		// The last 16 values, if they are not whole: what is not stored later is zero.
		whole := g.label("whole")
		g.op("AND $15, %s, %s", columns, broken)
		g.op("CBZ %s, %s", broken, whole)
		g.op("SUB %s, %s, %s", broken, columns, at)
		g.op("ADD %s<<1, %s, %s", at, y, at)
		zeros := g.zero(g.take(2))
		g.storeVectors(at, 0, zeros)
		g.give(zeros)
		g.place(whole)

		g.each(columns, []stream{{x, 4}, {y, 2}}, func(p part, at []R) {
			v := p.load(at[0])
			// (v + 0x7fff + (bit 16 of v)) >> 16; a NaN only gets the bit that keeps it one
			sum, number := p.take(p.n), p.take(p.n)
			for i := range v {
				p.op("VUSHR $16, %s, %s", v[i].S4(), sum[i].S4())
			}
			p.logic("VAND", sum, sum, one)
			p.iadd(sum, sum, below)
			p.iadd(sum, sum, v)
			p.fcmeq(number, v, v)
			p.logic("VORR", v, v, quiet)
			p.logic("VBIF", sum, v, number)
			p.give(v, number)
			if p.n == 1 {
				p.op("VUZP2 %s, %s, %s", sum[0].H8(), sum[0].H8(), sum[0].H8())
				p.op("FMOVD %s, (%s)", sum[0].F(), at[1])
			} else {
				for i := 0; i < p.n; i += 2 {
					p.op("VUZP2 %s, %s, %s", sum[i+1].H8(), sum[i].H8(), sum[i/2].H8())
				}
				p.storeVectors(at[1], 0, sum[:p.n/2])
			}
			p.give(sum)
		})
	}, func() {
		g.advance(x, ldx, 2)
		g.advance(y, ldy, 1)
	})
	g.give(constants)
}
