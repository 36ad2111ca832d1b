// Command sums generates what adds up values.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

func main() { vectors.Run(addRowSums) }

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
