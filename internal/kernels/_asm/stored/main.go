// Command stored generates what converts numbers as files store them.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	ConstraintExpr("!purego")
	widenFloat16s()
	Generate()
}

// widenFloat16s takes F16C's instruction: every processor with AVX2 has it.
func widenFloat16s() {
	TEXT("widenFloat16sAVX2", NOSPLIT, "func(y *float32, x *byte, n int)")
	Pragma("noescape")
	Doc("widenFloat16sAVX2 is widenFloat16sGo for an n that 16 divides, 0 or more.")
	y, x, n := Load(Param("y"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	JMP(LabelRef("test"))
	Label("again")
	low, high := YMM(), YMM()
	VCVTPH2PS(Mem{Base: x}, low)
	VCVTPH2PS(Mem{Base: x, Disp: 16}, high)
	VMOVUPS(low, Mem{Base: y})
	VMOVUPS(high, Mem{Base: y, Disp: 32})
	ADDQ(I8(32), x)
	ADDQ(I8(64), y)
	Label("test")
	SUBQ(I8(16), n)
	JGE(LabelRef("again"))
	VZEROUPPER()
	RET()
}
