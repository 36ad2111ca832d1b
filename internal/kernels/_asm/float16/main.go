// Command float16 generates the tile of products with float16 weights, for
// processors that multiply and add in half precision (AVX512-FP16).
//
// A step of a panel has two inputs of each of 32 outputs, side by side in a word
// of 32 bits, and so have rows of x. One load brings a word of x to all lanes
// and serves two instructions:
//
//	half[r][2j]   += x[r][2k]·panel[k][j][0]
//	half[r][2j+1] += x[r][2k+1]·panel[k][j][1]
//
// (A load that brings 16 bits to all lanes takes a place of the port that half
// of the multiply-adds need, too.) With 14 rows these sums are 28 registers. After
// 32 steps, a run, they are widened and added to float32 sums in memory, which
// are all in the L1 cache:
//
//	sum[r][i] += half[r][i], half[r][i] = 0
//
// A run is 896 multiply-adds, and widening 112 conversions and additions on the
// same two ports: 8/9 of the processor's peak. A conversion reads memory because
// that of a register takes a shuffle as well, which only one of the ports does.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

const (
	line       = 64
	panelBytes = 32 * 4 // of one step of a panel
	xBytes     = 4      // of one step of a row of x
	wide       = 2      // vectors in a row of a tile, of halves or of results
	sumsWide   = 2 * wide
	most       = 14 // rows
	run        = 32 // float16Run
)

// The registers: half sums in Z0 and up; weights and the word of x, or what is
// on its way through the widening.
const weights, factor = 28, 30

var (
	set   = vectors.Sets[0]
	spare = vectors.Z[28:]
)

func main() {
	ConstraintExpr("!purego")
	TEXT("tileFloat16AVX512", 0, "func(y *float32, ldy int, x *uint16, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, next *uint16, pace int)")
	Pragma("noescape")
	Doc("tileFloat16AVX512 is tileFloat16Go for 1 to 14 rows.")
	// The float32 sums, then a place for each register of halves.
	memory := AllocLocal(most*(sumsWide+wide)*line + line)
	vectors.Cases(most, func(rows int) { tile(rows, memory) })

	roundRows()
	peak()
	features()
	Generate()
}

// tile emits the code for a number of rows.
func tile(rows int, memory Mem) {
	set.Ahead(rows, wide)
	base := GP64()
	LEAQ(memory.Offset(line-1), base)
	ANDQ(I8(-line), base)
	sum := func(r, i int) Mem { return Mem{Base: base, Disp: (r*sumsWide + i) * line} }
	half := func(r, j int) Mem { return Mem{Base: base, Disp: (rows*sumsWide + r*wide + j) * line} }

	zero := spare[0]
	VXORPS(zero, zero, zero)
	for r := range rows {
		for i := range sumsWide {
			VMOVAPS(zero, sum(r, i))
		}
	}
	x := vectors.RowsOf("x", "ldx", rows, 1)
	panel, depth, steps := vectors.Panels(1, 1), Load(Param("depth"), GP64()), GP64()
	fetch := set.FetchAhead()
	again := vectors.Unique("run")
	Label(again)
	MOVQ(U32(run), steps)
	CMPQ(depth, steps)
	CMOVQLT(depth, steps)
	SUBQ(steps, depth)
	for i := range rows * wide {
		VXORPS(vectors.Z[i], vectors.Z[i], vectors.Z[i])
	}
	fetch.Steps(x, panel, steps, panelBytes, xBytes, 1, 4, func(k int) {
		for j := range wide {
			VMOVUPS(set.OfStep(panel, panelBytes, k, j), vectors.Z[weights+j])
		}
		for r := range rows {
			VBROADCASTSS(x.At(r, k*xBytes), vectors.Z[factor])
			for j := range wide {
				vectors.VFMADD231PH(weights+j, factor, r*wide+j)
			}
		}
	})
	for r := range rows {
		for j := range wide {
			VMOVAPS(vectors.Z[r*wide+j], half(r, j))
		}
		for i := range sumsWide {
			v := spare[i]
			VCVTPH2PS(half(r, 0).Offset(i*line/2), v)
			VADDPS(sum(r, i), v, v)
			VMOVAPS(v, sum(r, i))
		}
	}
	TESTQ(depth, depth)
	JNZ(LabelRef(again))

	// Neighbours are one output's first inputs and second ones.
	first, order := Load(Param("first"), GP64()), vectors.Z[31]
	VMOVDQU64(pairsInOrder(), order)
	for r := range rows {
		for j := range wide {
			v, odd := vectors.Z[r*wide+j], spare[j]
			VMOVAPS(sum(r, 2*j), odd)
			VSHUFPS(U8(0b10_00_10_00), sum(r, 2*j+1), odd, v)
			VSHUFPS(U8(0b11_01_11_01), sum(r, 2*j+1), odd, odd)
			VADDPS(odd, v, v)
			VPERMPD(v, order, v)
			VADDPS(Mem{Base: first, Disp: j * line}, v, v)
		}
	}
	set.Store(rows, wide, func(r, j int) Op { return vectors.Z[r*wide+j] })
}

var pairs Mem

// pairsInOrder undoes what VSHUFPS does to the order of pairs of outputs.
func pairsInOrder() Mem {
	if pairs.Symbol.Name == "" {
		pairs = GLOBL("pairs", RODATA|NOPTR)
		for i, from := range []uint64{0, 2, 4, 6, 1, 3, 5, 7} {
			DATA(8*i, U64(from))
		}
	}
	return pairs
}

// roundRows emits the rounding of float32 to float16.
func roundRows() {
	TEXT("roundFloat16RowsAVX512", NOSPLIT, "func(y *uint16, ldy int, x *float32, ldx, rows, columns int)")
	Pragma("noescape")
	Doc("roundFloat16RowsAVX512 is roundFloat16RowsGo.")
	y, x := Load(Param("y"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual)
	ldy, ldx := Load(Param("ldy"), GP64()).(GPVirtual), Load(Param("ldx"), GP64()).(GPVirtual)
	rows, columns := Load(Param("rows"), GP64()).(GPVirtual), Load(Param("columns"), GP64()).(GPVirtual)
	tail := set.Tail(columns)
	Label("row")
	set.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		const nearest = 0
		VCVTPS2PH(U8(nearest), p.Load(at[0]), Mem{Base: y, Index: at[0].Index, Scale: 2})
	})
	LEAQ(Mem{Base: x, Index: ldx, Scale: 4}, x)
	LEAQ(Mem{Base: y, Index: ldy, Scale: 2}, y)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// peak emits the loop that measures VFMADD231PH, as in _asm/processor.
func peak() {
	const unroll = 12
	TEXT("peakFloat16", NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("peakFloat16 executes %d × n float16 multiply-adds of 32 lanes.", unroll))
	n := Load(Param("n"), GP64())
	const a, b = 30, 31
	for _, r := range append([]int{a, b}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) {
		VXORPS(vectors.Z[r], vectors.Z[r], vectors.Z[r])
	}
	Label("loop")
	for i := range unroll {
		vectors.VFMADD231PH(a, b, i)
	}
	DECQ(n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// features emits the question to the processor that golang.org/x/sys/cpu does
// not ask.
func features() {
	TEXT("extendedFeatures", NOSPLIT, "func() uint32")
	Doc("extendedFeatures is what CPUID says in EDX of leaf 7.")
	MOVL(U32(7), EAX)
	XORL(ECX, ECX)
	CPUID()
	Store(EDX, ReturnIndex(0))
	RET()
}
