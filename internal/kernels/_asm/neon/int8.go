package main

import "cloze/internal/kernels/_asm/vectors"

const int8Signature = "func(y *float32, ldy int, x *uint8, ldx int, panel *int8, rows, depth int, scales, bias, rowScales, last *float32, ldlast int, next *int8, pace int)"

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
	g.function("quantizeNEON", "func(q *uint8, ldq int, x *float32, ldx, rows, columns int, scales *float32)", "is quantizeGo.", func() { quantize(g) })
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
// bits, because weights are −127 to 127; then neighbours are added to a sum of
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

// finishInt8 emits sum·scale·rowScale + bias.
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
	t.give(scales, bias)
	t.x, t.weights = nil, nil
}

// quantize emits the rounding of rows to 8 bits. It stores four bytes for what
// is left of a vector: rows of q have room for a multiple of 16.
func quantize(g *file) {
	q, x := g.load("q"), g.load("x")
	ldq, ldx, rows, columns, scales := g.load("ldq"), g.load("ldx"), g.load("rows"), g.load("columns"), g.load("scales")
	g.needTable()
	sign := g.take(1)
	g.op("VMOVI $128, %s", sign[0].B16())
	g.eachRow(rows, func() {
		largest := g.zero(g.take(unroll))
		g.each(columns, []stream{{x, 4}}, func(p part, at []R) {
			v := p.load(at[0])
			p.fabs(v, v)
			p.fmax(largest[:p.n], largest[:p.n], v)
			p.give(v)
		})
		highest := g.reduce(g.fmax, largest)
		g.fmaxv(highest[0], highest[0])

		// scale = max(largest, smallest)/127
		scale := g.single(vectors.SmallestMagnitude)
		g.fmax(scale, scale, highest)
		inverse := g.single(127)
		g.fdiv(inverse, inverse, scale)
		g.duplicate(inverse[0])
		g.fmul(scale, scale, g.constant(1.0/127, highest))
		g.op("FMOVS.P %s, 4(%s)", scale[0].F(), scales)
		g.give(largest, scale)

		// q = round(x/scale) + 128: in 8 bits, the highest bit is turned
		g.each(columns, []stream{{x, 4}, {q, 1}}, func(p part, at []R) {
			v := p.load(at[0])
			p.fmul(v, v, inverse)
			p.fcvtns(v, v)
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
		g.give(inverse)
	}, func() {
		g.advance(x, ldx, 2)
		g.advance(q, ldq, 0)
	})
	g.give(sign)
}
