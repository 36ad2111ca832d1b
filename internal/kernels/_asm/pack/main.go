// Command pack generates what brings matrices into panels of 32 columns, and
// transposes them.
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
	TEXT("transposeAVX2", NOSPLIT, "func(y *float32, ldy int, x *float32, ldx int, octets, depth int)")
	Pragma("noescape")
	Doc("transposeAVX2 is transposeGo for 8 × octets rows of x and a depth that 8 divides.")
	y, x := Load(Param("y"), GP64()), Load(Param("x"), GP64())
	ldy, ldx, octets := Load(Param("ldy"), GP64()), Load(Param("ldx"), GP64()), Load(Param("octets"), GP64())
	SHLQ(U8(2), ldy)
	SHLQ(U8(2), ldx)
	ldy3, ldx3 := GP64(), GP64()
	LEAQ(Mem{Base: ldy, Index: ldy, Scale: 2}, ldy3)
	LEAQ(Mem{Base: ldx, Index: ldx, Scale: 2}, ldx3)

	Label("octet")
	depth, from, to := Load(Param("depth"), GP64()), GP64(), GP64()
	MOVQ(x, from)
	MOVQ(y, to)
	Label("square")
	rows := eightRows(from, ldx, ldx3)
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
	columns := eightRows(to, ldy, ldy3)
	for i := range 4 {
		column := YMM()
		VPERM2F128(U8(0x20), r[i+4], r[i], column)
		VMOVUPS(column, columns[i])
		VPERM2F128(U8(0x31), r[i+4], r[i], column)
		VMOVUPS(column, columns[i+4])
	}
	ADDQ(U8(32), from)
	LEAQ(Mem{Base: to, Index: ldy, Scale: 8}, to)
	SUBQ(U8(8), depth)
	JG(LabelRef("square"))

	LEAQ(Mem{Base: x, Index: ldx, Scale: 8}, x)
	ADDQ(U8(32), y)
	DECQ(octets)
	JG(LabelRef("octet"))
	VZEROUPPER()
	RET()
}

// eightRows addresses eight rows from p on that are ld bytes apart; ld3 is
// three times ld.
func eightRows(p, ld, ld3 Register) [8]Mem {
	p3, p6 := GP64(), GP64()
	LEAQ(Mem{Base: p, Index: ld3, Scale: 1}, p3)
	LEAQ(Mem{Base: p3, Index: ld3, Scale: 1}, p6)
	return [8]Mem{
		{Base: p},
		{Base: p, Index: ld, Scale: 1},
		{Base: p, Index: ld, Scale: 2},
		{Base: p3},
		{Base: p3, Index: ld, Scale: 1},
		{Base: p3, Index: ld, Scale: 2},
		{Base: p6},
		{Base: p6, Index: ld, Scale: 1},
	}
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
