package main

import (
	"encoding/binary"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The tile instructions, which neither avo nor Go's assembler knows, as bytes:
// all are VEX.128.0F38.W0 (Intel's Software Developer's Manual, vol. 2). Operands
// are in Go's order, the destination last.

// tile is one of the eight tile registers.
type tile int

func (t tile) String() string { return fmt.Sprintf("TMM%d", int(t)) }

// The prefix that a VEX instruction has in place of a byte before it.
const (
	pNone = iota
	p66
	pF3
	pF2
)

func ldtilecfg(from GPPhysical) {
	vex(fmt.Sprintf("LDTILECFG (%s)", from.Asm()), pNone, 0x49, 0, 0, pointer{base: from})
}

func tilerelease() { vex("TILERELEASE", pNone, 0x49, 0, 0, tile(0)) }

func tilezero(t tile) { vex(fmt.Sprintf("TILEZERO %s", t), pF2, 0x49, t, 0, tile(0)) }

// tileloadd loads a tile whose rows are stride bytes apart.
func tileloadd(base, stride GPPhysical, disp int, to tile) {
	from := pointer{base, stride, disp}
	vex(fmt.Sprintf("TILELOADD %s, %s", from, to), pF2, 0x4b, to, 0, from)
}

// tilestored is the inverse of tileloadd.
func tilestored(t tile, base, stride GPPhysical, disp int) {
	to := pointer{base, stride, disp}
	vex(fmt.Sprintf("TILESTORED %s, %s", t, to), pF3, 0x4b, t, 0, to)
}

// tdpbf16ps adds the product of a and b, pairs of bfloat16, to sum in float32.
func tdpbf16ps(b, a, sum tile) {
	vex(fmt.Sprintf("TDPBF16PS %s, %s, %s", b, a, sum), pF3, 0x5c, sum, b, a)
}

// tdpbusd adds the product of a and b, fours of bytes without and with a sign,
// to sum in int32.
func tdpbusd(b, a, sum tile) {
	vex(fmt.Sprintf("TDPBUSD %s, %s, %s", b, a, sum), p66, 0x5e, sum, b, a)
}

// pointer is an operand in memory; with an index, rows that are that far apart.
type pointer struct {
	base, index GPPhysical
	disp        int
}

func (p pointer) String() string {
	m := Mem{Base: p.base, Disp: p.disp}
	if p.index != nil {
		m.Index, m.Scale = p.index, 1
	}
	return m.Asm()
}

// vex emits an instruction: reg is ModRM's register, vvvv the one of the prefix,
// and rm a tile or a pointer.
func vex(text string, prefix, opcode byte, reg, vvvv tile, rm any) {
	const map0F38 = 2
	var x, b byte // the upper bits of index and base
	modrm := []byte{byte(reg) << 3}
	switch rm := rm.(type) {
	case tile:
		modrm[0] |= 0b11<<6 | byte(rm)
	case pointer:
		base := byte(rm.base.ID().Index())
		b = base >> 3
		if rm.index == nil {
			if base&7 >= 4 || rm.disp != 0 {
				panic(text + " needs more than a register")
			}
			modrm[0] |= base & 7
			break
		}
		const sib = 4
		index := byte(rm.index.ID().Index())
		x = index >> 3
		modrm[0] |= sib
		modrm = append(modrm, index&7<<3|base&7)
		switch {
		case rm.disp == 0 && base&7 != 5:
		case int(int8(rm.disp)) == rm.disp:
			modrm[0] |= 0b01 << 6
			modrm = append(modrm, byte(rm.disp))
		default:
			modrm[0] |= 0b10 << 6
			modrm = binary.LittleEndian.AppendUint32(modrm, uint32(rm.disp))
		}
	}
	// The prefix inverts the upper bits and vvvv.
	code := append([]byte{
		0xc4,
		1<<7 | (1-x)<<6 | (1-b)<<5 | map0F38,
		byte(^vvvv&15)<<3 | prefix,
		opcode,
	}, modrm...)

	Comment(text)
	for len(code) > 0 {
		switch {
		case len(code) >= 4:
			data("LONG", U32(binary.LittleEndian.Uint32(code)))
			code = code[4:]
		case len(code) >= 2:
			data("WORD", U16(binary.LittleEndian.Uint16(code)))
			code = code[2:]
		default:
			data("BYTE", U8(code[0]))
			code = code[1:]
		}
	}
}

func data(opcode string, value Op) {
	Instruction(&ir.Instruction{Opcode: opcode, Operands: []Op{value}})
}
