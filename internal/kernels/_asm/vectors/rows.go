package vectors

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Rows addresses the rows of a row-major matrix: one pointer for three rows.
type Rows struct {
	bases  []Register
	stride Register
}

// RowsOf loads a pointer and the distance of its rows, which is a number of
// elements of 1<<shift bytes.
func RowsOf(pointer, stride string, rows int, shift uint8) Rows {
	m := Rows{stride: Load(Param(stride), GP64())}
	if shift > 0 {
		SHLQ(U8(shift), m.stride)
	}
	for r := 0; r < rows; r += 3 {
		base := GP64()
		if r == 0 {
			Load(Param(pointer), base)
		} else {
			LEAQ(Mem{Base: m.bases[len(m.bases)-1], Index: m.stride, Scale: 2}, base)
			ADDQ(m.stride, base)
		}
		m.bases = append(m.bases, base)
	}
	return m
}

// At is the byte at an offset of row r.
func (m Rows) At(r, offset int) Mem {
	if r%3 == 0 {
		return Mem{Base: m.bases[r/3], Disp: offset}
	}
	return Mem{Base: m.bases[r/3], Index: m.stride, Scale: uint8(r % 3), Disp: offset}
}

// Advance moves the pointers by some bytes.
func (m Rows) Advance(bytes int) {
	for _, base := range m.bases {
		ADDQ(U32(uint32(bytes)), base)
	}
}

// Cases emits a function's code for each number of rows from 1 to most,
// because registers have no index, and the choice between them.
func Cases(most int, emit func(rows int)) {
	rows := Load(Param("rows"), GP64())
	var names []string
	for r := 0; r <= most; r++ {
		names = append(names, Unique("rows"))
	}
	for r := most; r > 1; r-- {
		CMPQ(rows, U8(uint8(r)))
		JEQ(LabelRef(names[r]))
	}
	for r := 1; r <= most; r++ {
		Label(names[r])
		emit(r)
		VZEROUPPER()
		RET()
	}
}
