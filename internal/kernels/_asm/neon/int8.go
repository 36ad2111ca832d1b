package main

import "cloze/internal/kernels/_asm/vectors"

const int8Signature = "func(y *float32, ldy int, x *uint8, ldx int, panel *int8, rows, depth int, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, next *int8, pace int)"

// int8Products emits the tiles of the int8 product (_asm/int8), and what brings
// rows of float32 into 8 bits. The multiplications want bytes of the same sign:
// 128 is taken from those of x by turning their highest bit, so that the sums
// have no offset.
func int8Products(g *file) {
	g.function("tileInt8DotProduct", int8Signature,
		"is tileInt8Go for 16 outputs and 1 to 6 rows, with offsets of −128·Σk panel.", func() {
			g.cases(mostRows, tileDotProduct)
		})
	g.function("tileInt8NEON", int8Signature,
		"is tileInt8Go for 16 outputs and 1 or 2 rows, with offsets of −128·Σk panel.", func() {
			g.cases(2, tileWidening)
		})
	g.function("quantizeNEON", "func(q *uint8, ldq int, x *float32, ldx, rows, columns int, scales, centers *float32)", "is quantizeGo.", func() { quantize(g) })
}

// tileDotProduct multiplies four bytes of a row with four of each of four
// outputs in an instruction.
func tileDotProduct(t *tile) {
	t.begin(0)
	for r := range t.rows {
		t.zero(t.sums[r])
	}
	t.loop(1, 4, 4, func(steps int) {
		sign := t.weights[0]
		t.op("VMOVI $128, %s", sign.B16())
		t.logic("VEOR", t.x, t.x, group{sign})
		t.eachWeight(steps, func(weights V, step, j int) {
			for r := range t.rows {
				t.sdotElement(t.sums[r][j], weights, t.x[r], step)
			}
		})
	})
	t.finishInt8()
	t.store()
	t.end()
}

// tileWidening multiplies bytes to products of 16 bits. Two of those fit in 16
// bits, because no weight is −128; then neighbours are added to a sum of
// 32 bits. So there are two sums for each output, of two of the four products
// each, and 2 outputs in a register.
func tileWidening(t *tile) {
	sums := make([]group, t.rows)
	for r := range sums {
		sums[r] = t.zero(t.take(2 * wide))
	}
	// A row's four bytes of each of two steps in all lanes, weights of the same
	// steps, and for each row the products with four outputs.
	first, second := t.take(t.rows), t.take(t.rows)
	weights, products := t.take(4), t.take(2*t.rows)
	sign := t.take(1)
	t.x = second
	t.point(0)
	t.op("VMOVI $128, %s", sign[0].B16())
	t.loop(1, 2, 4, func(steps int) {
		t.logic("VEOR", t.x, t.x, sign)
		for r, x := range t.x {
			t.op("VDUP %s, %s", x.lane(0), first[r].S4())
			if steps == 2 {
				t.op("VDUP %s, %s", x.lane(1), x.S4())
			}
		}
		for range steps {
			t.fetch()
		}
		for j := range wide {
			w := weights[j%2*2:][:steps]
			for step := range w {
				t.loadVectors(t.panel, step*panelBytes+j*16, w[step:step+1])
			}
			for r := range t.rows {
				t.smull(products[2*r], products[2*r+1], w[0], first[r])
			}
			for r := range t.rows {
				if steps == 2 {
					t.smlal(products[2*r], products[2*r+1], w[1], second[r])
				}
			}
			for r := range t.rows {
				t.sadalp(sums[r][2*j], products[2*r])
				t.sadalp(sums[r][2*j+1], products[2*r+1])
			}
		}
	})
	t.give(first, second, weights, products, sign)
	t.x = nil
	for r := range sums {
		for j := range wide {
			low, high := sums[r][2*j], sums[r][2*j+1]
			t.op("VADDP %s, %s, %s", high.S4(), low.S4(), sums[r][j].S4())
		}
		t.sums = append(t.sums, sums[r][:wide])
		t.give(sums[r][wide:])
	}
	t.finishInt8()
	t.store()
	t.end()
}

// finishInt8 emits sum·scale·rowScale + bias + weightSum·rowCenter.
func (t *tile) finishInt8() {
	t.give(t.x, t.weights)
	scales, bias := t.take(wide), t.take(wide-1)
	rowScale := bias[0]
	t.op("MOVD %s, %s", t.argument("scales"), t.pointer)
	t.loadVectors(t.pointer, 0, scales)
	t.op("MOVD %s, %s", t.argument("rowScales"), t.pointer)
	for r, sums := range t.sums {
		t.scvtf(sums, sums)
		t.fmul(sums, sums, scales)
		t.op("FMOVS %d(%s), %s", 4*r, t.pointer, rowScale.F())
		for _, sum := range sums {
			t.fmulElement(sum, sum, rowScale, 0)
		}
	}
	t.op("MOVD %s, %s", t.argument("bias"), t.pointer)
	t.loadVectors(t.pointer, 0, scales)
	for _, sums := range t.sums {
		t.fadd(sums, sums, scales)
	}
	weightSums, rowCenter := scales, rowScale
	t.op("MOVD %s, %s", t.argument("sums"), t.pointer)
	t.loadVectors(t.pointer, 0, weightSums)
	t.op("MOVD %s, %s", t.argument("rowCenters"), t.pointer)
	for r, sums := range t.sums {
		t.op("FMOVS %d(%s), %s", 4*r, t.pointer, rowCenter.F())
		for j, sum := range sums {
			t.fmlaElement(sum, weightSums[j], rowCenter, 0)
		}
	}
	t.give(scales, bias)
	t.x, t.weights = nil, nil
}

// quantize emits the rounding of rows to 8 bits. It stores four bytes for what
// is left of a vector: rows of q have room for a multiple of 16.
func quantize(g *file) {
	q, x := g.load("q"), g.load("x")
	ldq, ldx, rows, columns := g.load("ldq"), g.load("ldx"), g.load("rows"), g.load("columns")
	scales, centers := g.load("scales"), g.load("centers")
	g.needTable()
	sign, most := g.take(1), g.take(1)
	g.op("VMOVI $128, %s", sign[0].B16())
	word := g.general()
	g.op("MOVD $127, %s", word)
	g.op("VDUP %s, %s", word, most[0].S4())
	g.eachRow(rows, func() {
		highest, lowest := g.zero(g.take(unroll)), g.zero(g.take(unroll))
		g.each(columns, []stream{{x, 4}}, func(p part, at []R) {
			v := p.load(at[0])
			p.fmax(highest[:p.n], highest[:p.n], v)
			p.fmin(lowest[:p.n], lowest[:p.n], v)
			p.give(v)
		})
		high, low := g.reduce(g.fmax, highest), g.reduce(g.fmin, lowest)
		g.fmaxv(high[0], high[0])
		g.fminv(low[0], low[0])
		center := g.zero(g.take(1))
		symmetric, known := g.label("symmetric"), g.label("known")
		g.op("CBZ %s, %s", centers, symmetric)
		g.fadd(center, high, low)
		g.fsub(high, high, low)
		g.op("B %s", known)
		g.place(symmetric)
		g.fsub(low, center, low)
		g.fmax(high, high, low)
		g.fadd(high, high, high)
		g.place(known)

		// The distance of the two, the scale, and the center in scales.
		span := g.single(vectors.SmallestMagnitude)
		g.fmax(span, span, high)
		inverse := g.single(254)
		g.fdiv(inverse, inverse, span)
		g.fmul(span, span, g.constant(1.0/254, high))
		g.op("FMOVS.P %s, 4(%s)", span[0].F(), scales)
		g.fmul(center, center, inverse)
		g.fmul(center, center, g.constant(0.5, high))
		g.fcvtns(center, center)
		stored := g.label("stored")
		g.op("CBZ %s, %s", centers, stored)
		g.scvtf(low, center)
		g.fmul(low, low, span)
		g.op("FMOVS.P %s, 4(%s)", low[0].F(), centers)
		g.place(stored)
		g.duplicate(center[0])
		g.duplicate(inverse[0])
		g.give(highest, lowest, span)

		// q = round(x/scale) − center + 128, which may be 256: in 8 bits, the highest
		// bit is turned
		g.each(columns, []stream{{x, 4}, {q, 1}}, func(p part, at []R) {
			v := p.load(at[0])
			p.fmul(v, v, inverse)
			p.fcvtns(v, v)
			p.isub(v, v, center)
			p.smin(v, v, most)
			for i := 0; i < p.n; i += 2 { // the lower halves of words, then of those
				p.op("VUZP1 %s, %s, %s", v.at(i+p.n/4).H8(), v[i].H8(), v[i].H8())
			}
			p.op("VUZP1 %s, %s, %s", v.at(p.n/2).B16(), v[0].B16(), v[0].B16())
			p.logic("VEOR", v[:1], v[:1], sign)
			name := "FMOVS"
			if p.n > 1 {
				name = "FMOVQ"
			}
			p.op("%s %s, (%s)", name, v[0].F(), at[1])
			p.give(v)
		})
		g.give(inverse, center)
	}, func() {
		g.advance(x, ldx, 2)
		g.advance(q, ldq, 0)
	})
	g.give(sign, most)
}
