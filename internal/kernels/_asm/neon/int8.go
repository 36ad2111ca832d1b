package main

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
		t.logic("VEOR", t.x, t.x, vectors{sign})
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
