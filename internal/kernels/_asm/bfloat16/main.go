// Command bfloat16 generates the tiles of products with bfloat16 weights.
//
// A step of a panel has two inputs of each of 32 outputs, side by side in a
// word of 32 bits. Where the processor multiplies pairs of bfloat16 as fast as
// it multiplies float32, rows of x are in bfloat16, too:
//
//	sum[r][j] += x[r][2k]·panel[k][j][0] + x[r][2k+1]·panel[k][j][1]
//
// Elsewhere the weights are widened to float32, whose upper half is a bfloat16,
// and x is float32.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

const (
	panelBytes = 32 * 4 // of one step of a panel
	wide       = 2      // vectors in a row of a tile
)

func main() {
	avx512 := vectors.Sets[0]
	ConstraintExpr("!purego")
	for _, s := range vectors.Sets {
		rows := 6
		if s.Lanes == 16 {
			rows = 14
		}
		TEXT("tileBFloat16"+s.Name, NOSPLIT, "func(y *float32, ldy int, x *float32, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, next *uint16, pace int)")
		Pragma("noescape")
		Doc(fmt.Sprintf("tileBFloat16%s is tileBFloat16Go for %d outputs and 1 to %d rows.", s.Name, wide*s.Lanes, rows))
		vectors.Cases(rows, func(rows int) { tileWidened(s, rows) })
	}

	TEXT("tilePairsAVX512", NOSPLIT, "func(y *float32, ldy int, x *uint16, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, next *uint16, pace int)")
	Pragma("noescape")
	Doc("tilePairsAVX512 is tilePairsGo for 1 to 14 rows.")
	vectors.Cases(14, func(rows int) { tilePairs(avx512, rows) })

	roundRows(avx512)
	roundPairs(avx512)
	peak()
	Generate()
}

// tileWidened takes the first inputs of a step, then the second ones.
func tileWidened(s vectors.Set, rows int) {
	s.Ahead(rows, wide)
	x := vectors.RowsOf("x", "ldx", rows, 2)
	first := Load(Param("first"), GP64())
	sums := make([][wide]VecVirtual, rows)
	for r := range sums {
		for j := range sums[r] {
			sums[r][j] = s.Copy(Mem{Base: first, Disp: j * s.Bytes()})
		}
	}
	panel := vectors.Panels(1, 1)
	input := func(k, which int) {
		var weights [wide]VecVirtual
		for j := range weights {
			weights[j] = s.Copy(s.OfStep(panel, panelBytes, k, j))
			if which == 0 {
				VPSLLD(U8(16), weights[j], weights[j])
			} else {
				VANDPS(s.Bits(0xffff0000), weights[j], weights[j])
			}
		}
		for r := range sums {
			factor := s.Broadcast(x.At(r, k*8+which*4))
			for j := range weights {
				VFMADD231PS(weights[j], factor, sums[r][j])
			}
		}
	}
	depth := s.Steps(x, panel, panelBytes, 8, 2, 2, func(k int) {
		input(k, 0)
		input(k, 1)
	})
	even := vectors.Unique("even")
	TESTQ(depth, depth)
	JZ(LabelRef(even))
	input(0, 0)
	Label(even)
	s.Store(rows, wide, func(r, j int) Op { return sums[r][j] })
}

// tilePairs has registers of its choice, because avo does not know VDPBF16PS:
// the sums in Z0 and up, the weights in Z28 and Z29, the pair of x in Z30.
func tilePairs(s vectors.Set, rows int) {
	const weights, factor = 28, 30
	s.Ahead(rows, wide)
	x := vectors.RowsOf("x", "ldx", rows, 1)
	first := Load(Param("first"), GP64())
	for r := range rows {
		for j := range wide {
			VMOVUPS(Mem{Base: first, Disp: j * s.Bytes()}, vectors.Z[r*wide+j])
		}
	}
	panel := vectors.Panels(1, 1)
	s.Steps(x, panel, panelBytes, 4, 1, 4, func(k int) {
		for j := range wide {
			VMOVUPS(s.OfStep(panel, panelBytes, k, j), vectors.Z[weights+j])
		}
		for r := range rows {
			VBROADCASTSS(x.At(r, k*4), vectors.Z[factor])
			for j := range wide {
				vectors.VDPBF16PS(weights+j, factor, r*wide+j)
			}
		}
	})
	s.Store(rows, wide, func(r, j int) Op { return vectors.Z[r*wide+j] })
}

// roundRows emits the rounding of float32 to bfloat16, to nearest even.
func roundRows(s vectors.Set) {
	TEXT("roundRowsAVX512", NOSPLIT, "func(y *uint16, ldy int, x *float32, ldx, rows, columns int)")
	Pragma("noescape")
	Doc("roundRowsAVX512 is roundRowsGo.")
	y, x := Load(Param("y"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual)
	ldy, ldx := Load(Param("ldy"), GP64()).(GPVirtual), Load(Param("ldx"), GP64()).(GPVirtual)
	rows, columns := Load(Param("rows"), GP64()).(GPVirtual), Load(Param("columns"), GP64()).(GPVirtual)
	tail := s.Tail(columns)
	Label("row")
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		rounded := round(s, p.Load(at[0]))
		VPSRLD(U8(16), rounded, rounded)
		half := YMM()
		VPMOVDW(rounded, half)
		VMOVDQU(half, Mem{Base: y, Index: at[0].Index, Scale: 2})
	})
	LEAQ(Mem{Base: x, Index: ldx, Scale: 4}, x)
	LEAQ(Mem{Base: y, Index: ldy, Scale: 2}, y)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// round emits the rounding of a register: its upper halves are the results, its
// lower ones are not cleared.
func round(s vectors.Set, v VecVirtual) VecVirtual {
	isNaN := K()
	const unordered = 3
	VCMPPS(U8(unordered), v, v, isNaN)
	// v + 0x7fff + (bit 16 of v); a NaN only gets the bit that keeps it one
	rounded := s.New()
	VPSRLD(U8(16), v, rounded)
	VPANDD(s.Bits(1), rounded, rounded)
	VPADDD(s.Bits(0x7fff), rounded, rounded)
	VPADDD(v, rounded, rounded)
	VPORD(s.Bits(0x00400000), v, isNaN, rounded)
	return rounded
}

// roundPairs emits the rounding of two rows into one of words.
func roundPairs(s vectors.Set) {
	TEXT("roundPairsAVX512", NOSPLIT, "func(panel *uint16, x *float32, ldx, rows int)")
	Pragma("noescape")
	Doc("roundPairsAVX512 is roundPairsGo.")
	panel, x := Load(Param("panel"), GP64()), Load(Param("x"), GP64())
	ldx, rows := Load(Param("ldx"), GP64()), Load(Param("rows"), GP64())
	first := func(j int) VecVirtual {
		v := round(s, s.Copy(Mem{Base: x, Disp: j * s.Bytes()}))
		VPSRLD(U8(16), v, v)
		return v
	}
	Label("pair")
	CMPQ(rows, U8(2))
	JL(LabelRef("last"))
	for j := range wide {
		low, high := first(j), round(s, s.Copy(Mem{Base: x, Index: ldx, Scale: 4, Disp: j * s.Bytes()}))
		VPANDD(s.Bits(0xffff0000), high, high)
		VPORD(low, high, high)
		VMOVDQU32(high, Mem{Base: panel, Disp: j * s.Bytes()})
	}
	LEAQ(Mem{Base: x, Index: ldx, Scale: 8}, x)
	ADDQ(U32(panelBytes), panel)
	SUBQ(U8(2), rows)
	JMP(LabelRef("pair"))
	Label("last")
	TESTQ(rows, rows)
	JZ(LabelRef("end"))
	for j := range wide {
		VMOVDQU32(first(j), Mem{Base: panel, Disp: j * s.Bytes()})
	}
	Label("end")
	VZEROUPPER()
	RET()
}

// peak emits the loop that measures VDPBF16PS, as in _asm/processor.
func peak() {
	const unroll = 12
	TEXT("peakBFloat16", NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("peakBFloat16 executes %d × n bfloat16 multiply-adds of 32 lanes.", unroll))
	n := Load(Param("n"), GP64())
	const x, y = 30, 31
	for _, r := range append([]int{x, y}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) {
		VXORPS(vectors.Z[r], vectors.Z[r], vectors.Z[r])
	}
	Label("loop")
	for i := range unroll {
		vectors.VDPBF16PS(x, y, i)
	}
	DECQ(n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
