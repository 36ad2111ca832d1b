package main

import "fmt"

// group is registers that an instruction is repeated for, so that several
// are in flight. Where an operand has only one register, all use that.
type group []V

func (vs group) at(i int) V {
	if len(vs) == 1 {
		return vs[0]
	}
	return vs[i]
}

// The assembler lacks most instructions of vectors of floats. They are words,
// with Arm's notation in a comment (Arm Architecture Reference Manual, C7.2).
func (g *file) word(code uint32, format string, args ...any) {
	g.op("WORD $0x%08x // %s", code, fmt.Sprintf(format, args...))
}

// three emits d = n OP m in lanes of 32 bits.
func (g *file) three(code uint32, name string, d, n, m group) {
	for i := range d {
		d, n, m := d[i], n.at(i), m.at(i)
		g.word(code|uint32(m<<16|n<<5|d), "%s v%d.4s, v%d.4s, v%d.4s", name, d, n, m)
	}
}

func (g *file) fadd(d, n, m group)   { g.three(0x4e20d400, "fadd", d, n, m) }
func (g *file) fsub(d, n, m group)   { g.three(0x4ea0d400, "fsub", d, n, m) }
func (g *file) fmul(d, n, m group)   { g.three(0x6e20dc00, "fmul", d, n, m) }
func (g *file) fdiv(d, n, m group)   { g.three(0x6e20fc00, "fdiv", d, n, m) }
func (g *file) faddp(d, n, m group)  { g.three(0x6e20d400, "faddp", d, n, m) }  // neighbours
func (g *file) fcmeq(d, n, m group)  { g.three(0x4e20e400, "fcmeq", d, n, m) }  // all bits or none
func (g *file) fmax(d, n, m group)   { g.three(0x4e20f400, "fmax", d, n, m) }   // NaN if one is
func (g *file) fmin(d, n, m group)   { g.three(0x4ea0f400, "fmin", d, n, m) }   // NaN if one is
func (g *file) smin(d, n, m group)   { g.three(0x4ea06c00, "smin", d, n, m) }   // of signed integers
func (g *file) fmaxnm(d, n, m group) { g.three(0x4e20c400, "fmaxnm", d, n, m) } // NaN if both are

// fmla emits d += n·m, fmls d −= n·m.
func (g *file) fmla(d, n, m group) { g.threeGo("VFMLA", d, n, m) }
func (g *file) fmls(d, n, m group) { g.threeGo("VFMLS", d, n, m) }
func (g *file) iadd(d, n, m group) { g.threeGo("VADD", d, n, m) }
func (g *file) isub(d, n, m group) { g.threeGo("VSUB", d, n, m) }

// threeGo is three for instructions that the assembler has.
func (g *file) threeGo(name string, d, n, m group) {
	for i := range d {
		g.op("%s %s, %s, %s", name, m.at(i).S4(), n.at(i).S4(), d[i].S4())
	}
}

// logic emits a bitwise d = n OP m.
func (g *file) logic(name string, d, n, m group) {
	for i := range d {
		g.op("%s %s, %s, %s", name, m.at(i).B16(), n.at(i).B16(), d[i].B16())
	}
}

// two emits d = OP n in lanes of 32 bits.
func (g *file) two(code uint32, name string, d, n group) {
	for i := range d {
		g.word(code|uint32(n.at(i)<<5|d[i]), "%s v%d.4s, v%d.4s", name, d[i], n.at(i))
	}
}

func (g *file) fabs(d, n group)   { g.two(0x4ea0f800, "fabs", d, n) }
func (g *file) frintn(d, n group) { g.two(0x4e218800, "frintn", d, n) } // to even
func (g *file) fcvtns(d, n group) { g.two(0x4e21a800, "fcvtns", d, n) } // to even
func (g *file) scvtf(d, n group)  { g.two(0x4e21d800, "scvtf", d, n) }

// across emits d = OP over the four lanes of n.
func (g *file) across(code uint32, name string, d, n V) {
	g.word(code|uint32(n<<5|d), "%s s%d, v%d.4s", name, d, n)
}

func (g *file) fmaxv(d, n V)   { g.across(0x6e30f800, "fmaxv", d, n) }
func (g *file) fminv(d, n V)   { g.across(0x6eb0f800, "fminv", d, n) }
func (g *file) fmaxnmv(d, n V) { g.across(0x6e30c800, "fmaxnmv", d, n) }

// faddPair emits d = the sum of the two lowest lanes of n.
func (g *file) faddPair(d, n V) {
	g.word(0x7e30d800|uint32(n<<5|d), "faddp s%d, v%d.2s", d, n)
}

// element puts the number of a lane of 32 bits of the last operand into a code.
func element(lane int) uint32 { return uint32(lane&1<<21 | lane>>1<<11) }

// fmlaElement emits d += n·(lane of m), fmulElement d = n·(lane of m).
func (g *file) fmlaElement(d, n, m V, lane int) {
	g.word(0x4f801000|element(lane)|uint32(m<<16|n<<5|d), "fmla v%d.4s, v%d.4s, v%d.s[%d]", d, n, m, lane)
}

func (g *file) fmulElement(d, n, m V, lane int) {
	g.word(0x4f809000|element(lane)|uint32(m<<16|n<<5|d), "fmul v%d.4s, v%d.4s, v%d.s[%d]", d, n, m, lane)
}

// sdotElement emits the dot-product extension's d += Σ of four signed bytes of n
// times the four of a lane of m.
func (g *file) sdotElement(d, n, m V, lane int) {
	g.word(0x4f80e000|element(lane)|uint32(m<<16|n<<5|d), "sdot v%d.4s, v%d.16b, v%d.4b[%d]", d, n, m, lane)
}

// smull emits the 16 products of signed bytes: low of the first 8, high of the
// others. smlal adds them.
func (g *file) smull(low, high, n, m V) {
	g.word(0x0e20c000|uint32(m<<16|n<<5|low), "smull v%d.8h, v%d.8b, v%d.8b", low, n, m)
	g.word(0x4e20c000|uint32(m<<16|n<<5|high), "smull2 v%d.8h, v%d.16b, v%d.16b", high, n, m)
}

func (g *file) smlal(low, high, n, m V) {
	g.word(0x0e208000|uint32(m<<16|n<<5|low), "smlal v%d.8h, v%d.8b, v%d.8b", low, n, m)
	g.word(0x4e208000|uint32(m<<16|n<<5|high), "smlal2 v%d.8h, v%d.16b, v%d.16b", high, n, m)
}

// sadalp emits d += the sums of neighbours among the 8 of n.
func (g *file) sadalp(d, n V) {
	g.word(0x4e606800|uint32(n<<5|d), "sadalp v%d.4s, v%d.8h", d, n)
}

// fcvtl widens the 8 float16 of n: low the first 4, high the others.
func (g *file) fcvtl(low, high, n V) {
	g.word(0x0e217800|uint32(n<<5|low), "fcvtl v%d.4s, v%d.4h", low, n)
	g.word(0x4e217800|uint32(n<<5|high), "fcvtl2 v%d.4s, v%d.8h", high, n)
}

// clearLower clears the lower 16 bits of every lane.
func (g *file) clearLower(d V) {
	g.word(0x6f0717e0|uint32(d), "bic v%d.4s, #255", d)
	g.word(0x6f0737e0|uint32(d), "bic v%d.4s, #255, lsl #8", d)
}

// duplicate puts the lowest lane in every lane.
func (g *file) duplicate(v V) { g.op("VDUP %s, %s", v.lane(0), v.S4()) }

// zero clears registers.
func (g *file) zero(vs group) group {
	g.logic("VEOR", vs, vs, vs)
	return vs
}

// loadVectors loads vectors from memory that an offset after r begins.
func (g *file) loadVectors(r R, offset int, vs group) {
	for i := 0; i < len(vs); i += 2 {
		if i+1 == len(vs) {
			g.op("FMOVQ %d(%s), %s", offset+16*i, r, vs[i].F())
		} else {
			g.op("FLDPQ %d(%s), (%s, %s)", offset+16*i, r, vs[i].F(), vs[i+1].F())
		}
	}
}

// storeVectors stores vectors.
func (g *file) storeVectors(r R, offset int, vs group) {
	for i := 0; i < len(vs); i += 2 {
		if i+1 == len(vs) {
			g.op("FMOVQ %s, %d(%s)", vs[i].F(), offset+16*i, r)
		} else {
			g.op("FSTPQ (%s, %s), %d(%s)", vs[i].F(), vs[i+1].F(), offset+16*i, r)
		}
	}
}
