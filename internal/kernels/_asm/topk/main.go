// Command topk generates the search for a value above a threshold.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"

	"cloze/internal/kernels/_asm/vectors"
)

const greater = 0x1e // ordered, quiet: false for NaN

func main() {
	vectors.Run(func(s vectors.Set) {
		TEXT("firstAbove"+s.Name, NOSPLIT, "func(x *float32, n int, threshold float32) int")
		Pragma("noescape")
		Doc("firstAbove" + s.Name + " is firstAboveGo.")
		x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
		threshold := s.Broadcast(vectors.Argument("threshold"))
		i, whole, found := GP64(), GP64(), GP64()
		XORQ(i, i)
		MOVQ(n, whole)
		ANDQ(I8(int8(-s.Lanes)), whole)
		JMP(LabelRef("test"))

		Label("again")
		at := Mem{Base: x, Index: i, Scale: 4}
		if s.Lanes == 16 {
			above := K()
			VCMPPS(U8(greater), threshold, s.Copy(at), above)
			KMOVW(above, found.As32())
		} else {
			above := s.New()
			VCMPPS(U8(greater), threshold, s.Copy(at), above)
			VMOVMSKPS(above, found.As32())
		}
		TESTL(found.As32(), found.As32())
		JNZ(LabelRef("found"))
		ADDQ(I8(int8(s.Lanes)), i)
		Label("test")
		CMPQ(i, whole)
		JLT(LabelRef("again"))

		// One by one what is left.
		JMP(LabelRef("testRest"))
		Label("rest")
		value := XMM()
		VMOVSS(at, value)
		VUCOMISS(threshold.AsX(), value)
		JHI(LabelRef("end")) // not for NaN: the comparison sets the carry
		INCQ(i)
		Label("testRest")
		CMPQ(i, n)
		JLT(LabelRef("rest"))
		JMP(LabelRef("end"))

		Label("found")
		BSFL(found.As32(), found.As32())
		ADDQ(found, i)
		Label("end")
		Store(i, ReturnIndex(0))
		VZEROUPPER()
		RET()
	})
}
