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

// Ahead emits the beginning of a tile: it fetches into the cache what the end
// will touch, the rows at the parameters y and last.
func (s Set) Ahead(rows, wide int) {
	const line = 64
	for _, p := range [][2]string{{"y", "ldy"}, {"last", "ldlast"}} {
		skip := Unique("skip")
		if p[0] == "last" {
			pointer := Load(Param("last"), GP64())
			TESTQ(pointer, pointer)
			JZ(LabelRef(skip))
		}
		m := RowsOf(p[0], p[1], rows, 2)
		for r := range rows {
			for offset := 0; offset < wide*s.Bytes(); offset += line {
				if p[0] == "last" {
					PREFETCHT0(m.At(r, offset))
				} else {
					PREFETCHW(m.At(r, offset))
				}
			}
		}
		Label(skip)
	}
}

// Store emits the end of a tile: it adds the rows at the parameter last, unless
// that is nil, and stores the sums at the parameter y.
func (s Set) Store(rows, wide int, sum func(r, j int) Op) {
	store := Unique("store")
	pointer := Load(Param("last"), GP64())
	TESTQ(pointer, pointer)
	JZ(LabelRef(store))
	last := RowsOf("last", "ldlast", rows, 2)
	for r := range rows {
		for j := range wide {
			VADDPS(last.At(r, j*s.Bytes()), sum(r, j), sum(r, j))
		}
	}
	Label(store)
	y := RowsOf("y", "ldy", rows, 2)
	for r := range rows {
		for j := range wide {
			VMOVUPS(sum(r, j), y.At(r, j*s.Bytes()))
		}
	}
}

// Panels are n panels, one or two: the first at the parameter panel, another one the
// parameter ldpanel later, a number of elements of 1<<shift bytes.
func Panels(n int, shift uint8) Rows {
	if n == 1 {
		return Rows{bases: []Register{Load(Param("panel"), GP64())}}
	}
	return RowsOf("panel", "ldpanel", n, shift)
}

// OfStep is register j of step k of panels, each of which has panelBytes a step.
func (s Set) OfStep(panels Rows, panelBytes, k, j int) Mem {
	offset := j * s.Bytes()
	return panels.At(offset/panelBytes, k*panelBytes+offset%panelBytes)
}

// Steps emits the loop over the steps of a tile: panels move on by panelBytes a step,
// the rows of x by xBytes, and the parameter depth counts down by count, while it is
// at least that. It ends with less than count left in the register that it returns.
// With each step the parameter next moves on by the parameter pace, and what it passes
// is fetched into the L2 cache: most panels are larger than the L1 cache, which has
// buffers for few misses at a time.
func (s Set) Steps(x, panels Rows, panelBytes, xBytes, count, unroll int, step func(k int)) (depth Register) {
	depth = Load(Param("depth"), GP64())
	s.FetchAhead().Steps(x, panels, depth, panelBytes, xBytes, count, unroll, step)
	return depth
}

// Fetch is what a tile brings into the cache for later ones: of as many panels as it
// takes, the first one at next. (Of two panels a tile of one fetches the first; where
// one is next, a tile of two fetches what lies after it, too.)
type Fetch struct {
	next, pace Register
	most       int // bytes of a panel that a step can fetch; a larger pace leaves gaps
}

// FetchAhead loads the parameters next and pace.
func (s Set) FetchAhead() Fetch {
	return Fetch{Load(Param("next"), GP64()), Load(Param("pace"), GP64()), 2 * s.Bytes()}
}

// Steps is Set's with a depth in a register. A turn of the loop fetches as much as the
// largest pace asks for, which at a smaller one repeats what was fetched. That shows (a
// line is half a cycle of an Ice Lake), so smaller paces have loops of their own.
func (f Fetch) Steps(x, panels Rows, depth Register, panelBytes, xBytes, count, unroll int, step func(k int)) {
	const line = 64
	turns := func(unroll, lines int) {
		again, test := Unique("again"), Unique("test")
		JMP(LabelRef(test))
		Label(again)
		for k := range unroll {
			for i := k * lines / unroll; i < (k+1)*lines/unroll; i++ {
				PREFETCHT1(Mem{Base: f.next, Disp: i * line})
				if panels.stride != nil {
					PREFETCHT1(Mem{Base: f.next, Index: panels.stride, Scale: 1, Disp: i * line})
				}
			}
			step(k)
		}
		x.Advance(unroll * xBytes)
		panels.Advance(unroll * panelBytes)
		LEAQ(Mem{Base: f.next, Index: f.pace, Scale: uint8(unroll)}, f.next)
		SUBQ(U8(uint8(unroll*count)), depth)
		Label(test)
		CMPQ(depth, U8(uint8(unroll*count)))
		JGE(LabelRef(again))
	}
	// After a loop, less than a turn is left for the next one.
	turnsUpTo := func(lines int) {
		denser := Unique("denser")
		CMPQ(f.pace, U8(uint8(lines*line/unroll)))
		JG(LabelRef(denser))
		turns(unroll, lines)
		Label(denser)
	}
	if panels.stride != nil { // each line is fetched of both, so half as many a turn
		turnsUpTo(f.most / line / 2)
		turnsUpTo(f.most / line / 2 * unroll)
	} else {
		turnsUpTo(f.most / line)
	}
	turns(unroll, f.most/line*unroll)
	turns(1, f.most/line)
}
