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
	g.function("quantizeNEON", "func(q *uint8, ldq int, x *float32, ldx, rows, columns int, scales *float32)", "is quantizeGo.", func() { quantize(g) })
}

// tileDotProduct multiplies four bytes of a row with four of each of four
// outputs in an instruction.
func tileDotProduct(t *tile) {
	t.begin(0)
	for r := range t.rows {
		t.zero(t.sums[r])
	}
	t.loop(1, 4, func(steps int) {
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
