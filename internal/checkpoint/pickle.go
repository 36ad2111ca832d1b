package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// A pickle is a program for a stack machine. Python's machine calls whatever
// the program names; gopickle's, which pytorch.go uses, calls nothing, but
// takes whatever memory the program asks for and panics on some that are
// broken. So a program is read before it is run: it may hold only the opcodes
// and names that a state dict needs, and no length that reaches beyond it.

const (
	// maxPickle bounds a program: BERT-large's has 100 kB, and running one may
	// take a hundred times its size.
	maxPickle = 2 << 20
	// maxMarks bounds how deep a program nests; a state dict's nests twice.
	maxMarks = 16
)

// Opcodes, as Python's pickletools calls them.
const (
	opStop       = '.'
	opMark       = '('
	opTuple      = 't'
	opAppends    = 'e'
	opSetItems   = 'u'
	opBinUnicode = 'X'
	opLong1      = 0x8a
	opGlobal     = 'c'
)

// operandSize says how many bytes follow an opcode, for those that torch.save
// writes (protocol 2). BINUNICODE's and LONG1's are a length, and as many bytes
// follow; GLOBAL is followed by two lines.
var operandSize = map[byte]int{
	opStop: 0, opMark: 0, opTuple: 0, opAppends: 0, opSetItems: 0,
	opBinUnicode: 4, opLong1: 1, opGlobal: 0,
	0x80: 1,                   // PROTO
	'N':  0, 0x88: 0, 0x89: 0, // NONE, NEWTRUE, NEWFALSE
	'K': 1, 'M': 2, 'J': 4, 'G': 8, // BININT1, BININT2, BININT, BINFLOAT
	')': 0, 0x85: 0, 0x86: 0, 0x87: 0, // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3
	']': 0, 'a': 0, '}': 0, 's': 0, // EMPTY_LIST, APPEND, EMPTY_DICT, SETITEM
	'q': 1, 'r': 4, 'h': 1, 'j': 4, // BINPUT, LONG_BINPUT, BINGET, LONG_BINGET
	'R': 0, 'b': 0, 'Q': 0, // REDUCE, BUILD, BINPERSID
}

// checkPickle returns the program that data starts with, or an error unless it
// is safe to run. mayName says what the program may name, as MODULE.NAME.
func checkPickle(data []byte, mayName func(name string) bool) (program []byte, err error) {
	marks := 0
	for at := 0; at < min(len(data), maxPickle); {
		op := data[at]
		size, known := operandSize[op]
		if !known {
			return nil, fmt.Errorf("pickle has opcode %#x at byte %d, want those of torch.save", op, at)
		}
		end := at + 1 + size
		if end > len(data) {
			break
		}
		operand := data[at+1 : end]
		switch op {
		case opStop:
			return data[:end], nil
		case opMark:
			marks++
		case opTuple, opAppends, opSetItems:
			marks--
		case opBinUnicode:
			end += int(binary.LittleEndian.Uint32(operand))
		case opLong1:
			end += int(operand[0])
		case opGlobal:
			module, after, _ := bytes.Cut(data[end:], []byte("\n"))
			name, _, _ := bytes.Cut(after, []byte("\n"))
			end += len(module) + len("\n") + len(name) + len("\n")
			if full := fmt.Sprintf("%.100s.%.100s", module, name); !mayName(full) {
				return nil, fmt.Errorf("pickle names %q, want nothing but tensors", full)
			}
		}
		if marks < 0 || marks > maxMarks {
			return nil, fmt.Errorf("pickle nests %d deep at byte %d, want 0 to %d", marks, at, maxMarks)
		}
		at = end
	}
	return nil, fmt.Errorf("pickle of at least %d bytes has no end: %w", min(len(data), maxPickle), io.ErrUnexpectedEOF)
}
