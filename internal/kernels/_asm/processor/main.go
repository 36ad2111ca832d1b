// Command processor generates what concerns the processor itself: the pause of
// a spinning thread, and the loops that measure how much it can compute.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")

	TEXT("pause", NOSPLIT, "func(n int)")
	Doc("pause executes n PAUSE instructions, which tell the processor that it spins.")
	n := Load(Param("n"), GP64())
	Label("loop")
	PAUSE()
	DECQ(n)
	JG(LabelRef("loop"))
	RET()

	peak("peakAVX512", "float32 multiply-adds of 16 lanes", ZMM, func(x, y, sum Op) { VFMADD231PS(x, y, sum) })
	peak("peakAVX2", "float32 multiply-adds of 8 lanes", YMM, func(x, y, sum Op) { VFMADD231PS(x, y, sum) })
	peak("peakVNNI", "int8 multiply-adds of 64 lanes", ZMM, func(x, y, sum Op) { VPDPBUSD(x, y, sum) })
	product := YMM()
	peak("peakInt8AVX2", "int8 multiply-adds of 16 lanes", YMM, func(x, y, sum Op) {
		VPMADDWD(x, y, product)
		VPADDD(product, sum, sum)
	})
	Generate()
}

// peak emits a loop of 12 independent instructions that touch no memory: more
// than the latency of any processor times what it begins in a cycle.
func peak(name, what string, vector func() VecVirtual, instruction func(x, y, sum Op)) {
	const unroll = 12
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("%s executes %d × n %s.", name, unroll, what))
	n := Load(Param("n"), GP64())
	x, y := vector(), vector()
	VXORPS(x, x, x)
	VXORPS(y, y, y)
	var sums [unroll]VecVirtual
	for i := range sums {
		sums[i] = vector()
		VXORPS(sums[i], sums[i], sums[i])
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
