// Command processor generates what concerns the processor itself: the pause of
// a spinning thread, and the loops that measure how much it can compute.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

func main() {
	ConstraintExpr("!purego")

	TEXT("pause", NOSPLIT, "func()")
	Doc("pause waits a little, and tells the processor that it spins.")
	PAUSE()
	RET()

	avx512, avx2 := vectors.Sets[0], vectors.Sets[1]
	peak("peakAVX512", "float32 multiply-adds of 16 lanes", avx512.Registers, func(x, y, sum VecPhysical) { VFMADD231PS(x, y, sum) })
	peak("peakAVX2", "float32 multiply-adds of 8 lanes", avx2.Registers, func(x, y, sum VecPhysical) { VFMADD231PS(x, y, sum) })
	peak("peakVNNI", "int8 multiply-adds of 64 lanes", avx512.Registers, avx512.VPDPBUSD)
	product, others := avx2.Registers[0], avx2.Registers[1:]
	peak("peakInt8AVX2", "int8 multiply-adds of 16 lanes", others, func(x, y, sum VecPhysical) {
		VPMADDWD(x, y, product)
		VPADDD(product, sum, sum)
	})
	peak("peakAVXVNNI", "int8 multiply-adds of 32 lanes", avx2.Registers, avx2.VPDPBUSD)
	Generate()
}

// peak emits a loop of 12 independent instructions that touch no memory: more
// than the latency of any processor times what it begins in a cycle.
func peak(name, what string, registers []VecPhysical, instruction func(x, y, sum VecPhysical)) {
	const unroll = 12
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("%s executes %d × n %s.", name, unroll, what))
	n := Load(Param("n"), GP64())
	x, y, sums := registers[0], registers[1], registers[2:][:unroll]
	for _, r := range registers[:2+unroll] {
		VXORPS(r, r, r)
	}
	Label("loop")
	for _, sum := range sums {
		instruction(x, y, sum)
	}
	DECQ(n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
