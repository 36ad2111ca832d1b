// Command sums generates what adds up values.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

func main() {
	vectors.Run(func(s vectors.Set) {
		addRowSums(s)
		sumSquares(s)
	})
}

func addRowSums(s vectors.Set) {
	TEXT("addRowSums"+s.Name, NOSPLIT, "func(sums, x *float32, ldx, rows, columns int)")
	Pragma("noescape")
	Doc("addRowSums" + s.Name + " is addRowSumsGo.")
	sums, x := Load(Param("sums"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual)
	ldx, rows := Load(Param("ldx"), GP64()).(GPVirtual), Load(Param("rows"), GP64()).(GPVirtual)
	columns := Load(Param("columns"), GP64()).(GPVirtual)
	tail := s.Tail(columns)
	Label("row")
	sum := s.Zero()
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		VADDPS(p.Load(at[0]), sum, sum)
	})
	total := s.Sum(sum)
	VADDSS(Mem{Base: sums}, total, total)
	VMOVSS(total, Mem{Base: sums})
	LEAQ(Mem{Base: x, Index: ldx, Scale: 4}, x)
	ADDQ(I8(4), sums)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// sumSquares widens each half of a register, so that nothing overflows and
// little is rounded.
func sumSquares(s vectors.Set) {
	TEXT("sumSquares"+s.Name, NOSPLIT, "func(x *float32, n int) float64")
	Pragma("noescape")
	Doc("sumSquares" + s.Name + " is sumSquaresGo.")
	x, n := Load(Param("x"), GP64()).(GPVirtual), Load(Param("n"), GP64()).(GPVirtual)
	tail := s.Tail(n)
	sums := [2]VecVirtual{s.Zero(), s.Zero()}
	s.Each(n, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		v := p.Load(at[0])
		low, high := s.New(), s.New()
		if s.Lanes == 16 {
			upper := YMM()
			VCVTPS2PD(v.AsY(), low)
			VEXTRACTF64X4(U8(1), v, upper)
			VCVTPS2PD(upper, high)
		} else {
			upper := XMM()
			VCVTPS2PD(v.AsX(), low)
			VEXTRACTF128(U8(1), v, upper)
			VCVTPS2PD(upper, high)
		}
		VFMADD231PD(low, low, sums[0])
		VFMADD231PD(high, high, sums[1])
	})
	total := sums[0]
	VADDPD(sums[1], total, total)
	if s.Lanes == 16 {
		upper := YMM()
		VEXTRACTF64X4(U8(1), total, upper)
		VADDPD(upper, total.AsY(), total.AsY())
	}
	other := XMM()
	VEXTRACTF128(U8(1), total.AsY(), other)
	VADDPD(other, total.AsX(), total.AsX())
	VPERMILPD(U8(1), total.AsX(), other)
	VADDSD(other, total.AsX(), total.AsX())
	Store(total.AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}
