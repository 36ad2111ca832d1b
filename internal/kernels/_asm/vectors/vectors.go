// Package vectors lets a generator say once what it emits for AVX2 and for
// AVX-512: loops over slices with their tails, constants, sums over lanes, and
// the functions that BERT needs of every element.
package vectors

import (
	"fmt"
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Set is an instruction set.
type Set struct {
	Name  string
	Lanes int
	New   func() VecVirtual
	// Registers are those of the processor, for instructions that avo does not know.
	Registers []VecPhysical

	held map[uint32]VecVirtual // constants in registers, by their bits
}

// Bytes is the size of a register.
func (s Set) Bytes() int { return 4 * s.Lanes }

// Sets are the instruction sets that everything is emitted for.
var Sets = []Set{
	{Name: "AVX512", Lanes: 16, New: ZMM, Registers: Z[:]},
	{Name: "AVX2", Lanes: 8, New: YMM, Registers: Y[:]},
}

// Run emits a function for each set. An error, such as an unknown parameter,
// ends the program in Generate.
func Run(emit func(s Set)) {
	ConstraintExpr("!purego")
	for _, s := range Sets {
		emit(s)
	}
	Generate()
}

var labels int

// Unique makes a label that is not used elsewhere in the file.
func Unique(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// Part is some elements that the body of Each works on: a whole register full,
// or the first few lanes of one.
type Part struct {
	set  Set
	mask Register // nil for a whole register
}

// Load reads the elements, and zeros for the lanes after the last.
func (p Part) Load(m Mem) VecVirtual {
	v := p.set.New()
	switch {
	case p.mask == nil:
		VMOVUPS(m, v)
	case p.set.Lanes == 16:
		VMOVUPS_Z(m, p.mask, v)
	default:
		VMASKMOVPS(m, p.mask, v)
	}
	return v
}

// Store writes the elements.
func (p Part) Store(v VecVirtual, m Mem) {
	switch {
	case p.mask == nil:
		VMOVUPS(v, m)
	case p.set.Lanes == 16:
		VMOVUPS(v, p.mask, m)
	default:
		VMASKMOVPS(v, p.mask, m)
	}
}

// Select sets the lanes after the last to zero.
func (p Part) Select(v VecVirtual) VecVirtual {
	switch {
	case p.mask == nil:
	case p.set.Lanes == 16:
		VMOVAPS_Z(v, p.mask, v)
	default:
		VANDPS(v, p.mask, v)
	}
	return v
}

// Keep takes the lanes after the last from old, the others from v.
func (p Part) Keep(v, old VecVirtual) VecVirtual {
	switch {
	case p.mask == nil:
		return v
	case p.set.Lanes == 16:
		VMOVAPS(v, p.mask, old)
		return old
	default:
		VBLENDVPS(p.mask, v, old, v)
		return v
	}
}

// Tail prepares Each for slices of n elements: it makes the mask of what is
// left after the whole registers.
func (s Set) Tail(n GPVirtual) Part {
	left := GP64()
	MOVQ(n, left)
	ANDQ(I8(int8(s.Lanes-1)), left)
	if s.Lanes == 16 {
		ones, mask := GP64(), K()
		MOVQ(I32(-1), ones)
		BZHIQ(left, ones, ones)
		KMOVW(ones.As32(), mask)
		return Part{s, mask}
	}
	table, mask := GP64(), s.New()
	LEAQ(maskTable(), table)
	NEGQ(left)
	VMOVUPS(Mem{Base: table, Disp: 32, Index: left, Scale: 4}, mask)
	return Part{s, mask}
}

var maskTableName Mem

// maskTable is eight words of ones and eight of zeros.
func maskTable() Mem {
	if maskTableName.Symbol.Name == "" {
		maskTableName = GLOBL("lanes", RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(uint32(0xffffffff)*uint32((15-i)/8)))
		}
	}
	return maskTableName
}

// Each emits the loop over n elements of slices that begin at the pointers:
// body works on the elements at the pointers it is given. n and the pointers
// are not changed. tail is Tail's for n.
func (s Set) Each(n GPVirtual, tail Part, pointers []GPVirtual, body func(p Part, at []Mem)) {
	loop, test, rest, end := Unique("loop"), Unique("test"), Unique("rest"), Unique("end")
	offset, whole := GP64(), GP64()
	XORQ(offset, offset)
	MOVQ(n, whole)
	ANDQ(I8(int8(-s.Lanes)), whole)
	at := make([]Mem, len(pointers))
	for i, p := range pointers {
		at[i] = Mem{Base: p, Index: offset, Scale: 4}
	}
	JMP(LabelRef(test))
	Label(loop)
	body(Part{set: s}, at)
	ADDQ(I8(int8(s.Lanes)), offset)
	Label(test)
	CMPQ(offset, whole)
	JLT(LabelRef(loop))
	Label(rest)
	CMPQ(offset, n)
	JGE(LabelRef(end))
	body(tail, at)
	Label(end)
}

// Hold, before a loop, is a set that has constants in registers from here on, if there
// are registers enough: AVX-512 has 32. In memory they would be loads of 512 bits,
// which some processors begin hardly more often than once a cycle.
func (s Set) Hold(constants ...float64) Set {
	if s.Lanes < 16 {
		return s
	}
	s.held = map[uint32]VecVirtual{}
	for _, v := range constants {
		bits := math.Float32bits(float32(v))
		if _, ok := s.held[bits]; !ok {
			s.held[bits] = s.Copy(constant(bits))
		}
	}
	return s
}

// Constant is v in every lane, as an operand to read: it may be a register that is held.
func (s Set) Constant(v float64) Op { return s.Bits(math.Float32bits(float32(v))) }

// Bits is a word in every lane, as Constant is.
func (s Set) Bits(word uint32) Op {
	if v, ok := s.held[word]; ok {
		return v
	}
	return constant(word)
}

// And is the bits that both operands have.
func (s Set) And(a, b, to VecVirtual) {
	if s.Lanes == 16 {
		VPANDD(a, b, to)
	} else {
		VPAND(a, b, to)
	}
}

var constants = map[uint32]Mem{}

func constant(bits uint32) Mem {
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("c%08x", bits), RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32(bits))
		}
		constants[bits] = m
	}
	return m
}

// Zero is a register of zeros.
func (s Set) Zero() VecVirtual {
	v := s.New()
	VXORPS(v, v, v)
	return v
}

// Copy is another register with the same values.
func (s Set) Copy(v Op) VecVirtual {
	c := s.New()
	VMOVUPS(v, c)
	return c
}

// Broadcast is a float32 of memory or of an X register in every lane.
func (s Set) Broadcast(v Op) VecVirtual {
	b := s.New()
	VBROADCASTSS(v, b)
	return b
}

// Polynomial is c[0] + c[1]·z + c[2]·z² + …, by Horner's rule.
func (s Set) Polynomial(z VecVirtual, c ...float64) VecVirtual {
	p := s.Copy(s.Constant(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		VFMADD213PS(s.Constant(c[i]), z, p)
	}
	return p
}

// Clamp puts v between two limits. A NaN stays one: of two operands with a NaN
// among them, VMINPS and VMAXPS take the first of Go's order.
func (s Set) Clamp(v VecVirtual, low, high float64) {
	limit := s.New()
	VMOVUPS(s.Constant(low), limit)
	VMAXPS(v, limit, v)
	VMOVUPS(s.Constant(high), limit)
	VMINPS(v, limit, v)
}

// Erf is the Go function erf.
func (s Set) Erf(x VecVirtual) VecVirtual {
	s.Clamp(x, -ErfLimit, ErfLimit)
	return s.odd(x, ErfNumerator[:], ErfDenominator[:])
}

// Tanh is the Go function tanh.
func (s Set) Tanh(x VecVirtual) VecVirtual {
	s.Clamp(x, -TanhLimit, TanhLimit)
	return s.odd(x, TanhNumerator[:], TanhDenominator[:])
}

// odd is x·p(x²)/q(x²).
func (s Set) odd(x VecVirtual, p, q []float64) VecVirtual {
	z := s.New()
	VMULPS(x, x, z)
	numerator, denominator := s.Polynomial(z, p...), s.Polynomial(z, q...)
	VMULPS(x, numerator, numerator)
	VDIVPS(denominator, numerator, numerator)
	return numerator
}

// ErfConstants, TanhConstants and ExpConstants are what Erf, Tanh and Exp want to be
// held.
var (
	ErfConstants  = slices.Concat([]float64{-ErfLimit, ErfLimit}, ErfNumerator[:], ErfDenominator[:])
	TanhConstants = slices.Concat([]float64{-TanhLimit, TanhLimit}, TanhNumerator[:], TanhDenominator[:])
	ExpConstants  = slices.Concat([]float64{-ExpLimit, math.Log2E, Ln2High, Ln2Low, float64(exponentBias)}, ExpCoefficients[:])
)

// exponentBias is what a float32 of 1 has in the bits of its exponent, as the lowest
// bits of a word.
var exponentBias = math.Float32frombits(127)

// Exp is the Go function exp, for x of 0 or less.
func (s Set) Exp(x VecVirtual) VecVirtual {
	limit := s.New()
	VMOVUPS(s.Constant(-ExpLimit), limit)
	VMAXPS(x, limit, x)
	// n = round(x/ln 2), r = x − n·ln 2
	n := s.New()
	VMULPS(s.Constant(math.Log2E), x, n)
	const nearest = 0
	if s.Lanes == 16 {
		VRNDSCALEPS(U8(nearest), n, n)
	} else {
		VROUNDPS(U8(nearest), n, n)
	}
	VFNMADD231PS(s.Constant(Ln2High), n, x)
	VFNMADD231PS(s.Constant(Ln2Low), n, x)
	p := s.Polynomial(x, ExpCoefficients[:]...)
	// 2ⁿ has n in the bits of the exponent; −127 makes it 0.
	VCVTPS2DQ(n, n)
	VPADDD(s.Bits(math.Float32bits(exponentBias)), n, n)
	VPSLLD(U8(23), n, n)
	VMULPS(n, p, p)
	return p
}

// Sum is the sum of the lanes, in an X register.
func (s Set) Sum(v VecVirtual) Register { return s.reduce(v, func(a, b, c Op) { VADDPS(a, b, c) }) }

// Max is the largest of the lanes, in an X register.
func (s Set) Max(v VecVirtual) Register { return s.reduce(v, func(a, b, c Op) { VMAXPS(a, b, c) }) }

// Min is the smallest of the lanes, in an X register.
func (s Set) Min(v VecVirtual) Register { return s.reduce(v, func(a, b, c Op) { VMINPS(a, b, c) }) }

func (s Set) reduce(v VecVirtual, combine func(a, b, c Op)) Register {
	if s.Lanes == 16 {
		high := YMM()
		VEXTRACTF64X4(U8(1), v, high)
		combine(high, v.AsY(), v.AsY())
	}
	other := XMM()
	VEXTRACTF128(U8(1), v.AsY(), other)
	combine(other, v.AsX(), v.AsX())
	VPERMILPS(U8(0b01_00_11_10), v.AsX(), other)
	combine(other, v.AsX(), v.AsX())
	VPERMILPS(U8(0b10_11_00_01), v.AsX(), other)
	combine(other, v.AsX(), v.AsX())
	return v.AsX()
}

// Argument is the address of a parameter.
func Argument(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}
