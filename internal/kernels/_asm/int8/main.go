// Command int8 generates the tiles of the int8 matrix product, and what brings
// rows of float32 into 8 bits.
//
// A tile multiplies four bytes of each row of x, which are 0 to 255, with four
// of each of 32 outputs, −127 to 127, and adds the four products to a sum of 32
// bits:
//
//	for k := range depth {
//		for r := range rows {
//			for j := range 32 {
//				sum[r][j] += Σ x[r][4k+i] * panel[k][j][i], i = 0 … 3
//			}
//		}
//	}
//
// VNNI has an instruction for that, of 512 bits in AVX-512 and of 256 in AVX-VNNI.
// AVX2 has one that multiplies bytes, but it saturates at 16 bits. To get the same
// sums on every processor, its tile multiplies 16 bits: four instructions where
// bytes, whose sums must be widened, would take three. It gets rows of x that are
// in 16 bits already, and widens the weights once for all rows.
package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

const panelBytes = 32 * 4 // of one step of a panel: four inputs of 32 outputs

const signature = "func(y *float32, ldy int, x *uint8, ldx int, panel *int8, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, next *int8, pace int)"

func main() {
	avx512, avx2 := vectors.Sets[0], vectors.Sets[1]
	ConstraintExpr("!purego")

	TEXT("tileInt8VNNI", NOSPLIT, signature)
	Pragma("noescape")
	Doc("tileInt8VNNI is tileInt8Go for 32 outputs and 1 to 14 rows.")
	vectors.Cases(14, func(rows int) { tileVNNI(avx512, 1, rows, 2) })

	TEXT("tileTwoPanelsInt8VNNI", NOSPLIT, strings.Replace(signature, "panel *int8", "panel *int8, ldpanel int", 1))
	Pragma("noescape")
	Doc("tileTwoPanelsInt8VNNI is tileTwoPanelsInt8Go for 1 to 6 rows.")
	vectors.Cases(6, func(rows int) { tileVNNI(avx512, 2, rows, 4) })

	TEXT("tileInt8AVX2", NOSPLIT, strings.Replace(signature, "x *uint8", "x *uint16", 1))
	Pragma("noescape")
	Doc("tileInt8AVX2 is tileInt8Go for 8 outputs and 1 to 6 rows.")
	vectors.Cases(6, func(rows int) { tileAVX2(avx2, rows) })

	quantize(avx512)
	quantize(avx2)
	widenBytes(avx2)

	TEXT("tileInt8AVXVNNI", NOSPLIT, signature)
	Pragma("noescape")
	Doc("tileInt8AVXVNNI is tileInt8Go for 16 outputs and 1 to 6 rows.")
	vectors.Cases(6, func(rows int) { tileVNNI(avx2, 1, rows, 2) })
	Generate()
}

// tileVNNI emits the code for n panels and a number of rows, each of wide registers,
// which it chooses, because avo does not know AVX-VNNI: first the sums, then the
// weights and the four bytes of x.
func tileVNNI(s vectors.Set, n, rows, wide int) {
	sum := func(r, j int) VecPhysical { return s.Registers[r*wide+j] }
	weights, factor := s.Registers[rows*wide:][:wide], s.Registers[(rows+1)*wide]
	s.Ahead(rows, wide)
	x := vectors.RowsOf("x", "ldx", rows, 0)
	offsets := Load(Param("offsets"), GP64())
	for r := range rows {
		for j := range wide {
			VMOVUPS(Mem{Base: offsets, Disp: j * s.Bytes()}, sum(r, j))
		}
	}
	panels := vectors.Panels(n, 0)
	s.Steps(x, panels, panelBytes, 4, 1, 4, func(k int) {
		for j := range wide {
			VMOVUPS(s.OfStep(panels, panelBytes, k, j), weights[j])
		}
		for r := range rows {
			VPBROADCASTD(x.At(r, k*4), factor)
			for j := range wide {
				s.VPDPBUSD(weights[j], factor, sum(r, j))
			}
		}
	})
	finish(s, rows, wide, func(r, j int) Op { return sum(r, j) })
}

// tileAVX2 has two sums for each output, of two of the four products each, and
// 4 outputs in a register.
func tileAVX2(s vectors.Set, rows int) {
	const wide = 2
	s.Ahead(rows, 1)
	x := vectors.RowsOf("x", "ldx", rows, 1)
	sums := make([][wide]VecVirtual, rows)
	for r := range sums {
		for j := range sums[r] {
			sums[r][j] = s.Zero()
		}
	}
	panel := vectors.Panels(1, 0)
	s.Steps(x, panel, panelBytes, 8, 1, 4, func(k int) {
		var weights [wide]VecVirtual
		for j := range weights {
			weights[j] = s.New()
			VPMOVSXBW(panel.At(0, k*panelBytes+j*16), weights[j])
		}
		for r := range sums {
			factor, product := s.New(), s.New()
			VPBROADCASTQ(x.At(r, k*8), factor)
			VPMADDWD(weights[0], factor, product)
			VPMADDWD(weights[1], factor, factor)
			VPADDD(product, sums[r][0], sums[r][0])
			VPADDD(factor, sums[r][1], sums[r][1])
		}
	})
	offsets := Load(Param("offsets"), GP64())
	for r := range sums {
		// VPHADDD adds neighbours, but takes turns between its operands.
		VPHADDD(sums[r][1], sums[r][0], sums[r][0])
		VPERMQ(U8(0b11_01_10_00), sums[r][0], sums[r][0])
		VPADDD(Mem{Base: offsets}, sums[r][0], sums[r][0])
	}
	finish(s, rows, 1, func(r, _ int) Op { return sums[r][0] })
}

// widenBytes emits the widening of whole lines of bytes to 16 bits.
func widenBytes(s vectors.Set) {
	TEXT("widenBytes"+s.Name, NOSPLIT, "func(y *uint16, x *uint8, n int)")
	Pragma("noescape")
	Doc("widenBytes" + s.Name + " is widenBytesGo.")
	y, x, n := Load(Param("y"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	const line = 64
	Label("line")
	for i := 0; i < line; i += 16 {
		words := s.New()
		VPMOVZXBW(Mem{Base: x, Disp: i}, words)
		VMOVUPS(words, Mem{Base: y, Disp: 2 * i})
	}
	ADDQ(U8(line), x)
	ADDQ(U32(2*line), y)
	SUBQ(U8(line), n)
	JG(LabelRef("line"))
	VZEROUPPER()
	RET()
}

// finish emits y = sum·scale·rowScale + (weightSum·rowCenter + bias) + last.
func finish(s vectors.Set, rows, wide int, sum func(r, j int) Op) {
	scales, bias := Load(Param("scales"), GP64()), Load(Param("bias"), GP64())
	weightSums := Load(Param("sums"), GP64())
	rowScales, rowCenters := Load(Param("rowScales"), GP64()), Load(Param("rowCenters"), GP64())
	for r := range rows {
		for j := range wide {
			v := sum(r, j)
			VCVTDQ2PS(v, v)
			VMULPS(Mem{Base: scales, Disp: j * s.Bytes()}, v, v)
		}
	}
	for r := range rows {
		rowScale := s.Broadcast(Mem{Base: rowScales, Disp: r * 4})
		rowCenter := s.Broadcast(Mem{Base: rowCenters, Disp: r * 4})
		for j := range wide {
			b := s.Copy(Mem{Base: bias, Disp: j * s.Bytes()})
			VFMADD231PS(Mem{Base: weightSums, Disp: j * s.Bytes()}, rowCenter, b)
			VFMADD213PS(b, rowScale, sum(r, j))
		}
	}
	s.Store(rows, wide, sum)
}

// quantize emits the rounding of rows to 8 bits. It stores whole registers: rows
// of q have room for a multiple of 16 bytes.
func quantize(s vectors.Set) {
	TEXT("quantize"+s.Name, NOSPLIT, "func(q *uint8, ldq int, x *float32, ldx, rows, columns int, scales, centers *float32)")
	Pragma("noescape")
	Doc("quantize" + s.Name + " is quantizeGo.")
	q, x := Load(Param("q"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual)
	ldq, ldx := Load(Param("ldq"), GP64()).(GPVirtual), Load(Param("ldx"), GP64()).(GPVirtual)
	rows, columns := Load(Param("rows"), GP64()).(GPVirtual), Load(Param("columns"), GP64()).(GPVirtual)
	scales, centers := Load(Param("scales"), GP64()).(GPVirtual), Load(Param("centers"), GP64()).(GPVirtual)
	tail := s.Tail(columns)
	zero := s.Zero()
	Label("row")

	highest, lowest, poison := s.Zero(), s.Zero(), s.Zero()
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		v := p.Load(at[0])
		VMAXPS(v, highest, highest)
		VMINPS(v, lowest, lowest)
		VFMADD231PS(zero, v, poison) // 0·v is NaN if v is not finite
	})
	high, low := s.Max(highest), s.Min(lowest)
	center, symmetric, known := XMM(), vectors.Unique("symmetric"), vectors.Unique("known")
	TESTQ(centers, centers)
	JZ(LabelRef(symmetric))
	VADDSS(low, high, center)
	VSUBSS(low, high, high)
	JMP(LabelRef(known))
	Label(symmetric)
	VSUBSS(low, zero.AsX(), low)
	VMAXSS(low, high, high)
	VADDSS(high, high, high)
	VXORPS(center, center, center)
	Label(known)

	// The distance of the two, the scale, and the center in scales.
	span := s.Broadcast(high)
	VMAXPS(s.Constant(vectors.SmallestMagnitude), span, span)
	inverse := s.Copy(s.Constant(254))
	VDIVPS(span, inverse, inverse)
	VMULPS(s.Constant(1.0/254), span, span)
	VADDSS(s.Sum(poison), span.AsX(), span.AsX())
	VMOVSS(span.AsX(), Mem{Base: scales})
	VMULSS(inverse.AsX(), center, center)
	VMULSS(s.Constant(0.5), center, center)
	VCVTPS2DQ(center, center)
	base := s.New()
	VPBROADCASTD(center, base)
	symmetric = vectors.Unique("symmetric")
	TESTQ(centers, centers)
	JZ(LabelRef(symmetric))
	VCVTDQ2PS(center, center)
	VMULSS(span.AsX(), center, center)
	VMOVSS(center, Mem{Base: centers})
	ADDQ(I8(4), centers)
	Label(symmetric)

	// q = round(x/scale) − center + 128, which may be 256
	offset := s.Copy(s.Bits(128))
	VPSUBD(base, offset, base)
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		v := p.Load(at[0])
		VMULPS(inverse, v, v)
		VCVTPS2DQ(v, v)
		VPADDD(base, v, v)
		to := Mem{Base: q, Index: at[0].Index, Scale: 1}
		if s.Lanes == 16 {
			bytes := XMM()
			VPMOVUSDB(v, bytes)
			VMOVDQU(bytes, to)
			return
		}
		high := XMM()
		VEXTRACTI128(U8(1), v, high)
		VPACKUSDW(high, v.AsX(), high)
		VPACKUSWB(high, high, high)
		VMOVQ(high, to)
	})
	LEAQ(Mem{Base: x, Index: ldx, Scale: 4}, x)
	ADDQ(ldq, q)
	ADDQ(I8(4), scales)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}
