package vectors

import (
	"encoding/binary"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Z are the registers of 512 bits. Instructions that avo does not know need
// registers of the generator's choice.
var Z = [32]VecPhysical{
	Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
	Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31,
}

// VDPBF16PS adds the products of pairs of bfloat16 to sums of float32.
func VDPBF16PS(b, a, sum int) {
	const map0F38, prefixF3 = 2, 2
	evex("VDPBF16PS", map0F38, prefixF3, 0x52, b, a, sum)
}

// VFMADD231PH adds products of float16 to sums of float16.
func VFMADD231PH(b, a, sum int) {
	const map6, prefix66 = 6, 1
	evex("VFMADD231PH", map6, prefix66, 0xb8, b, a, sum)
}

// evex emits an instruction of three registers in Go's order, the destination
// last: EVEX.512 with W0 (Intel's Software Developer's Manual, vol. 2). EVEX
// inverts the upper bits of register numbers and all of the second operand's.
func evex(name string, opcodeMap, prefix, opcode uint8, b, a, sum int) {
	bit := func(n, i int) uint8 { return uint8(^n >> i & 1) }
	code := [6]uint8{
		0x62,
		bit(sum, 3)<<7 | bit(b, 4)<<6 | bit(b, 3)<<5 | bit(sum, 4)<<4 | opcodeMap,
		uint8(^a&15)<<3 | 1<<2 | prefix,
		0b10<<5 | bit(a, 4)<<3, // 512 bits
		opcode,
		0b11<<6 | uint8(sum&7)<<3 | uint8(b&7),
	}
	Comment(fmt.Sprintf("%s Z%d, Z%d, Z%d", name, b, a, sum))
	Instruction(&ir.Instruction{Opcode: "LONG", Operands: []Op{U32(binary.LittleEndian.Uint32(code[:]))}})
	Instruction(&ir.Instruction{Opcode: "WORD", Operands: []Op{U16(binary.LittleEndian.Uint16(code[4:]))}})
}
