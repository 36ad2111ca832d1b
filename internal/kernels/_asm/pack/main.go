// Command pack generates what brings matrices into panels of 32 columns.
// AVX2 does it as fast as the caches go.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const panelBytes = 32 * 4 // of one row of a panel

func main() {
	ConstraintExpr("!purego")
	transpose()
	copyColumns()
	Generate()
}

// transpose emits the loop over squares of 8×8.
func transpose() {
	TEXT("transposeAVX2", NOSPLIT, "func(panel, w *float32, ldw, octets, depth int)")
	Pragma("noescape")
	Doc("transposeAVX2 is transposeGo for 8 × octets rows of w and a depth that 8 divides.")
	panel, w := Load(Param("panel"), GP64()), Load(Param("w"), GP64())
	ldw, octets := Load(Param("ldw"), GP64()), Load(Param("octets"), GP64())
	SHLQ(U8(2), ldw)
	ldw3 := GP64()
	LEAQ(Mem{Base: ldw, Index: ldw, Scale: 2}, ldw3)

	Label("octet")
	depth, from, from3, to := Load(Param("depth"), GP64()), GP64(), GP64(), GP64()
	MOVQ(w, from)
	MOVQ(panel, to)
	Label("square")
	LEAQ(Mem{Base: from, Index: ldw3, Scale: 1}, from3)
	from6 := GP64()
	LEAQ(Mem{Base: from3, Index: ldw3, Scale: 1}, from6)
	rows := [8]Mem{
		{Base: from},
		{Base: from, Index: ldw, Scale: 1},
		{Base: from, Index: ldw, Scale: 2},
		{Base: from3},
		{Base: from3, Index: ldw, Scale: 1},
		{Base: from3, Index: ldw, Scale: 2},
		{Base: from6},
		{Base: from6, Index: ldw, Scale: 1},
	}
	var r [8]VecVirtual
	for i := range r {
		r[i] = YMM()
		VMOVUPS(rows[i], r[i])
	}
	// Pairs of rows, then fours, side by side in each half of the registers.
	var t [8]VecVirtual
	for i := 0; i < 8; i += 2 {
		t[i], t[i+1] = YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], t[i])
		VUNPCKHPS(r[i+1], r[i], t[i+1])
	}
	const lower, upper = 0b01_00_01_00, 0b11_10_11_10
	for i := 0; i < 8; i += 4 {
		VSHUFPS(U8(lower), t[i+2], t[i], r[i])
		VSHUFPS(U8(upper), t[i+2], t[i], r[i+1])
		VSHUFPS(U8(lower), t[i+3], t[i+1], r[i+2])
		VSHUFPS(U8(upper), t[i+3], t[i+1], r[i+3])
	}
	// r[i] has column i of rows 0 to 3 and column i+4, r[i+4] those of rows 4 to 7.
	for i := range 4 {
		column := YMM()
		VPERM2F128(U8(0x20), r[i+4], r[i], column)
		VMOVUPS(column, Mem{Base: to, Disp: i * panelBytes})
		VPERM2F128(U8(0x31), r[i+4], r[i], column)
		VMOVUPS(column, Mem{Base: to, Disp: (i + 4) * panelBytes})
	}
	ADDQ(U8(32), from)
	ADDQ(U32(8*panelBytes), to)
	SUBQ(U8(8), depth)
	JG(LabelRef("square"))

	LEAQ(Mem{Base: w, Index: ldw, Scale: 8}, w)
	ADDQ(U8(32), panel)
	DECQ(octets)
	JG(LabelRef("octet"))
	VZEROUPPER()
	RET()
}

// copyColumns emits the copy of 32 columns.
func copyColumns() {
	TEXT("copyColumnsAVX2", NOSPLIT, "func(panel, x *float32, ldx, rows int)")
	Pragma("noescape")
	Doc("copyColumnsAVX2 copies 32 columns of x, whose rows are ldx apart, to a panel.")
	panel, x := Load(Param("panel"), GP64()), Load(Param("x"), GP64())
	ldx, rows := Load(Param("ldx"), GP64()), Load(Param("rows"), GP64())
	Label("row")
	var v [4]VecVirtual
	for i := range v {
		v[i] = YMM()
		VMOVUPS(Mem{Base: x, Disp: i * 32}, v[i])
	}
	for i := range v {
		VMOVUPS(v[i], Mem{Base: panel, Disp: i * 32})
	}
	LEAQ(Mem{Base: x, Index: ldx, Scale: 4}, x)
	ADDQ(U32(panelBytes), panel)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}
