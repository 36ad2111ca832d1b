package vectors

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// PREFETCHW fetches a cache line that will be written, so that no other core has it
// then. Processors that do not have it (Haswell) take it for a NOP. Neither avo nor Go's
// assembler knows it: its bytes address RAX, which the instruction before changes.
func PREFETCHW(m Mem) {
	LEAQ(m, RAX)
	Comment("PREFETCHW (AX)")
	Instruction(&ir.Instruction{Opcode: "WORD", Operands: []Op{U16(0x0d0f)}})
	Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []Op{U8(0x08)}})
}
