package vectors

import (
	"encoding/binary"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Y are the registers of 256 bits that VEX reaches.
var Y = [16]VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

// VPDPBUSD adds the products of four bytes, of a without and of b with a sign, to
// sums of 32 bits. Neither avo nor Go's assembler knows it of AVX-VNNI: what they
// make of it has AVX-512's encoding.
func (s Set) VPDPBUSD(b, a, sum VecPhysical) {
	if s.Lanes == 16 {
		VPDPBUSD(b, a, sum)
		return
	}
	const map0F38, prefix66 = 2, 1
	vex("VPDPBUSD", map0F38, prefix66, 0x50, b, a, sum)
}

// vex emits an instruction of three registers in Go's order, the destination
// last: VEX.256 with W0, in three bytes (Intel's Software Developer's Manual,
// vol. 2). VEX inverts the upper bits of register numbers and all of the second
// operand's, as EVEX does.
func vex(name string, opcodeMap, prefix, opcode uint8, b, a, sum VecPhysical) {
	number := func(r VecPhysical) uint8 { return uint8(r.PhysicalIndex()) }
	upper := func(r VecPhysical) uint8 { return ^number(r) >> 3 & 1 }
	code := [5]uint8{
		0xc4,
		upper(sum)<<7 | 1<<6 | upper(b)<<5 | opcodeMap, // no index
		^number(a)&15<<3 | 1<<2 | prefix,               // 256 bits
		opcode,
		0b11<<6 | number(sum)&7<<3 | number(b)&7,
	}
	Comment(fmt.Sprintf("%s %s, %s, %s", name, b.Asm(), a.Asm(), sum.Asm()))
	Instruction(&ir.Instruction{Opcode: "LONG", Operands: []Op{U32(binary.LittleEndian.Uint32(code[:]))}})
	Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []Op{U8(code[4])}})
}
