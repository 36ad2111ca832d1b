// Command product generates the tiles of the float32 matrix product for
// AVX2 with FMA and for AVX-512F.
//
// A tile is some rows of x times one panel of the weight:
//
//	for k := range depth {
//		for r := range rows {
//			for j := range columns {
//				sum[r][j] += x[r][k] * panel[k][j]
//			}
//		}
//	}
//
// The sums stay in registers. One step of k loads a row of the panel, then
// takes each x[r][k] into all lanes of a register and multiplies it with that
// row. Each number of rows has code of its own, because registers have no
// index.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const panelBytes = 32 * 4 // of one row of a panel

// set is an instruction set: how wide, and how large a tile fills its
// registers.
type set struct {
	name   string
	lanes  int
	vector func() VecVirtual
	rows   int // at most, in a tile
	wide   int // vectors in a row of a tile
}

func main() {
	ConstraintExpr("!purego")
	// 28 of 32 registers hold sums, and 12 of 16.
	generate(set{name: "AVX512", lanes: 16, vector: ZMM, rows: 14, wide: 2})
	generate(set{name: "AVX2", lanes: 8, vector: YMM, rows: 6, wide: 2})
	Generate()
}

func generate(s set) {
	columns := s.lanes * s.wide
	TEXT("tile"+s.name, NOSPLIT, "func(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("tile%s is tileGo for %d columns and 1 to %d rows.", s.name, columns, s.rows))

	rows := Load(Param("rows"), GP64())
	for r := s.rows; r > 1; r-- {
		CMPQ(rows, U8(r))
		JEQ(LabelRef(fmt.Sprintf("rows%d", r)))
	}
	for r := 1; r <= s.rows; r++ {
		Label(fmt.Sprintf("rows%d", r))
		s.tile(r)
		VZEROUPPER()
		RET()
	}
}

// tile emits the code for a number of rows.
func (s set) tile(rows int) {
	x := s.rowsAt("x", "ldx", rows)
	panel := Load(Param("panel"), GP64())
	depth := Load(Param("depth"), GP64())
	next := Load(Param("next"), GP64())

	sums := make([][]VecVirtual, rows)
	first := s.rowsAt("first", "ldfirst", rows)
	for r := range sums {
		sums[r] = make([]VecVirtual, s.wide)
		for j := range sums[r] {
			sums[r][j] = s.vector()
			VMOVUPS(first.at(r, j*s.lanes*4), sums[r][j])
		}
	}

	step := func(k int) {
		weights := make([]VecVirtual, s.wide)
		for j := range weights {
			weights[j] = s.vector()
			VMOVUPS(Mem{Base: panel, Disp: k*panelBytes + j*s.lanes*4}, weights[j])
		}
		PREFETCHT0(Mem{Base: next, Disp: k * 64})
		for r := range rows {
			factor := s.vector()
			VBROADCASTSS(x.at(r, k*4), factor)
			for j := range weights {
				VFMADD231PS(weights[j], factor, sums[r][j])
			}
		}
	}
	loop := func(name string, unroll int) {
		Label(fmt.Sprintf("%s%d", name, rows))
		for k := range unroll {
			step(k)
		}
		x.advance(unroll * 4)
		ADDQ(U32(unroll*panelBytes), panel)
		ADDQ(U32(unroll*64), next)
		SUBQ(U32(unroll), depth)
		Label(fmt.Sprintf("%sTest%d", name, rows))
		CMPQ(depth, U32(unroll))
		JGE(LabelRef(fmt.Sprintf("%s%d", name, rows)))
	}
	JMP(LabelRef(fmt.Sprintf("fourTest%d", rows)))
	loop("four", 4)
	JMP(LabelRef(fmt.Sprintf("oneTest%d", rows)))
	loop("one", 1)

	lastPointer := Load(Param("last"), GP64())
	TESTQ(lastPointer, lastPointer)
	JZ(LabelRef(fmt.Sprintf("store%d", rows)))
	last := s.rowsAt("last", "ldlast", rows)
	for r := range sums {
		for j := range sums[r] {
			VADDPS(last.at(r, j*s.lanes*4), sums[r][j], sums[r][j])
		}
	}
	Label(fmt.Sprintf("store%d", rows))
	y := s.rowsAt("y", "ldy", rows)
	for r := range sums {
		for j := range sums[r] {
			VMOVUPS(sums[r][j], y.at(r, j*s.lanes*4))
		}
	}
}

// matrix addresses the rows of a row-major matrix: one pointer for three rows.
type matrix struct {
	bases  []Register
	stride Register
}

// rowsAt loads a pointer and the distance of its rows, which is a number of
// floats.
func (s set) rowsAt(pointer, stride string, rows int) matrix {
	m := matrix{stride: Load(Param(stride), GP64())}
	SHLQ(U8(2), m.stride)
	for r := 0; r < rows; r += 3 {
		base := GP64()
		if r == 0 {
			Load(Param(pointer), base)
		} else {
			LEAQ(Mem{Base: m.bases[len(m.bases)-1], Index: m.stride, Scale: 2}, base)
			ADDQ(m.stride, base)
		}
		m.bases = append(m.bases, base)
	}
	return m
}

// at is the byte at an offset of row r.
func (m matrix) at(r, offset int) Mem {
	switch r % 3 {
	case 0:
		return Mem{Base: m.bases[r/3], Disp: offset}
	default:
		return Mem{Base: m.bases[r/3], Index: m.stride, Scale: uint8(r % 3), Disp: offset}
	}
}

func (m matrix) advance(bytes int) {
	for _, base := range m.bases {
		ADDQ(U32(bytes), base)
	}
}
