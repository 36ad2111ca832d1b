// Command amx generates the products that use Intel's Advanced Matrix
// Extensions: tile registers of 16 rows of 64 bytes, and an instruction that
// adds the product of two of them to a third.
//
// A tile of a panel is 16 of its steps times 16 outputs, in the order in which
// the panel has them. With a tile of 16 rows of x, which are 16 steps of 4 bytes
// each, it makes 16 sums of 16 rows. Four such sums are a block of 32 rows and
// the panel's 32 outputs, so that each tile that is loaded is used twice:
//
//	            TMM6 TMM7   the panel
//	      TMM4  TMM0 TMM1
//	x     TMM5  TMM2 TMM3   sums
//
// An instruction takes 16 cycles, in which the processor can load two tiles from
// the L1 cache, and the next one may begin while it is at work: it takes 52
// until its sum can be added to. The tiles of the next 16 steps are loaded as
// soon as the last product with those before has begun.
//
// How many rows each register has is configured once a call. A block of 16 rows
// or fewer leaves out the lower half of the picture.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

const (
	line      = 64
	rowBytes  = 32 * 4        // of a row of sums, or a step of a panel
	tileBytes = 16 * rowBytes // of 16 steps of a panel
	tileRows  = 16
	blockRows = 2 * tileRows
)

// The registers.
const (
	sum00, sum01 = tile(0), tile(1)
	sum10, sum11 = tile(2), tile(3)
	x0, x1       = tile(4), tile(5)
	panel0       = tile(6)
	panel1       = tile(7)
)

var (
	xAt0, xAt1, xStride = RAX, RBX, RSI
	panelAt, stride     = RCX, RDI // stride is rowBytes
	next                = RDX
	count               = R8
	fetches             = R9 // and what else comes between two of them
	y, yStride          = R10, R14
	last                = R11 // nil stays nil
	rowsLeft            = R12
	x                   = R13
	scratch             = R15

	low, high = K1, K2 // the columns that y has, of the first 16 and the others

	bias, scales, offsets = [2]VecPhysical{Z30, Z31}, [2]VecPhysical{Z28, Z29}, [2]VecPhysical{Z26, Z27}
	weightSums            = [2]VecPhysical{Z24, Z25}
)

func main() {
	ConstraintExpr("!purego")

	TEXT("panelsBFloat16AMX", NOSPLIT, "func(y *float32, ldy, columns int, x *uint16, ldx, rows int, panel *uint16, depth int, bias, last *float32, ldlast int, next *uint16, fetches int, config *uint8, scratch *float32)")
	Pragma("noescape")
	Doc("panelsBFloat16AMX is tilePairsGo for a number of panels, and of rows below 32 or",
		"a multiple of 32; depth counts tiles.")
	panels(tdpbf16ps, 1, sumsOfFloats)

	TEXT("panelsInt8AMX", NOSPLIT, "func(y *float32, ldy, columns int, x *uint8, ldx, rows int, panel *int8, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, next *int8, fetches int, config *uint8, scratch *float32)")
	Pragma("noescape")
	Doc("panelsInt8AMX is tileInt8Go for a number of panels, and of rows below 32 or a",
		"multiple of 32; depth counts tiles.")
	panels(tdpbusd, 0, sumsOfIntegers)

	peak("peakBFloat16AMX", "bfloat16 multiply-adds of 16 × 16 × 32", tdpbf16ps)
	peak("peakInt8AMX", "int8 multiply-adds of 16 × 16 × 64", tdpbusd)

	TEXT("enabledState", NOSPLIT, "func() uint32")
	Doc("enabledState is the lower half of XCR0: what the operating system saves of the",
		"processor's state.")
	XORL(ECX, ECX)
	XGETBV()
	Store(EAX, ReturnIndex(0))
	RET()
	Generate()
}

// panels emits a product of rows of x, of elements of 1<<shift bytes, with
// panels that follow each other. The pointers among the parameters move on with
// the panels; the distance between rows of last becomes one of bytes.
func panels(multiply func(b, a, sum tile), shift uint8, sums sums) {
	load := func(name string, to GPPhysical) { MOVQ(vectors.Argument(name), to) }
	load("config", RAX)
	ldtilecfg(RAX)
	load("ldx", xStride)
	if shift > 0 {
		SHLQ(U8(shift), xStride)
	}
	load("ldy", yStride)
	SHLQ(U8(2), yStride)
	SHLQ(U8(2), vectors.Argument("ldlast"))
	MOVQ(U32(rowBytes), stride)
	load("scratch", scratch)

	Label("panel")
	load("columns", RAX)
	columnMasks(RAX)
	sums.constants()
	load("y", y)
	load("last", last)
	load("x", x)
	load("rows", rowsLeft)
	// The next panel, which is elsewhere after the last of these.
	load("depth", next)
	IMUL3Q(U32(tileBytes), next, next)
	ADDQ(vectors.Argument("panel"), next)
	CMPQ(vectors.Argument("columns"), U8(32))
	JG(LabelRef("block"))
	load("next", next)

	Label("block")
	MOVQ(x, xAt0)
	load("panel", panelAt)
	load("depth", count)
	CMPQ(rowsLeft, U8(tileRows))
	JLE(LabelRef("half"))
	MOVQ(xStride, xAt1)
	SHLQ(U8(4), xAt1)
	ADDQ(x, xAt1)
	whole(multiply)
	tilestored(sum10, scratch, stride, tileBytes)
	tilestored(sum11, scratch, stride, tileBytes+line)
	JMP(LabelRef("store"))
	Label("half")
	half(multiply)
	Label("store")
	tilestored(sum00, scratch, stride, 0)
	tilestored(sum01, scratch, stride, line)
	epilogue(sums)

	MOVQ(xStride, RAX)
	SHLQ(U8(5), RAX)
	ADDQ(RAX, x)
	SUBQ(U8(blockRows), rowsLeft)
	JG(LabelRef("block"))

	load("depth", RAX)
	IMUL3Q(U32(tileBytes), RAX, RAX)
	ADDQ(RAX, vectors.Argument("panel"))
	ADDQ(U32(rowBytes), vectors.Argument("y"))
	for _, name := range append([]string{"bias", "last"}, sums.parameters...) {
		forward(name)
	}
	SUBQ(U8(32), vectors.Argument("columns"))
	JG(LabelRef("panel"))
	tilerelease()
	VZEROUPPER()
	RET()
}

// forward moves a parameter on by the columns of a panel, unless it is nil.
func forward(name string) {
	skip := vectors.Unique("skip")
	CMPQ(vectors.Argument(name), U8(0))
	JEQ(LabelRef(skip))
	ADDQ(U32(rowBytes), vectors.Argument(name))
	Label(skip)
}

// columnMasks makes the masks of n columns.
func columnMasks(n GPPhysical) {
	MOVQ(U32(32), RBX)
	CMPQ(n, RBX)
	CMOVQGT(RBX, n)
	MOVL(I32(-1), EBX)
	BZHIL(n.As32(), EBX, EBX)
	KMOVW(EBX, low)
	SHRL(U8(16), EBX)
	KMOVW(EBX, high)
}

// ahead emits the fetching of what the epilogue will touch, while the first tiles
// are on their way.
func ahead() {
	skip := vectors.Unique("skip")
	aheadOf(y, yStride)
	TESTQ(last, last)
	JZ(LabelRef(skip))
	aheadOf(last, vectors.Argument("ldlast"))
	Label(skip)
}

// aheadOf fetches the rows of this block at a pointer.
func aheadOf(at GPPhysical, stride Op) {
	again, size := vectors.Unique("ahead"), fetches
	rowsOfBlock(size)
	IMULQ(stride, size)
	ADDQ(at, size)
	Label(again)
	PREFETCHT0(Mem{Base: at})
	PREFETCHT0(Mem{Base: at, Disp: line})
	ADDQ(stride, at)
	CMPQ(at, size)
	JNE(LabelRef(again))
	rowsOfBlock(size)
	IMULQ(stride, size)
	SUBQ(size, at)
}

// rowsOfBlock emits n = min(rowsLeft, 32).
func rowsOfBlock(n GPPhysical) {
	MOVQ(U32(blockRows), n)
	CMPQ(rowsLeft, n)
	CMOVQLT(rowsLeft, n)
}

// fetch emits the fetching of a part of the next panel, 8 lines a turn. It goes
// to the L2 cache: the L1 cache is too small for two panels.
func fetch() {
	const lines = 8
	again := vectors.Unique("fetch")
	MOVQ(vectors.Argument("fetches"), fetches)
	Label(again)
	for i := range lines {
		PREFETCHT1(Mem{Base: next, Disp: i * line})
	}
	ADDQ(U32(lines*line), next)
	DECQ(fetches)
	JG(LabelRef(again))
}

// whole emits the sums of more than 16 rows, half those of fewer.
func whole(multiply func(b, a, sum tile)) {
	again, end := vectors.Unique("whole"), vectors.Unique("end")
	for _, sum := range []tile{sum00, sum01, sum10, sum11} {
		tilezero(sum)
	}
	tileloadd(xAt0, xStride, 0, x0)
	tileloadd(panelAt, stride, 0, panel0)
	tileloadd(panelAt, stride, line, panel1)
	tileloadd(xAt1, xStride, 0, x1)
	ahead()
	DECQ(count)
	JLE(LabelRef(end))
	Label(again)
	multiply(panel0, x0, sum00)
	fetch()
	multiply(panel1, x0, sum01)
	tileloadd(xAt0, xStride, line, x0)
	multiply(panel1, x1, sum11)
	tileloadd(panelAt, stride, tileBytes+line, panel1)
	multiply(panel0, x1, sum10)
	tileloadd(panelAt, stride, tileBytes, panel0)
	tileloadd(xAt1, xStride, line, x1)
	ADDQ(U8(line), xAt0)
	ADDQ(U8(line), xAt1)
	ADDQ(U32(tileBytes), panelAt)
	DECQ(count)
	JG(LabelRef(again))
	Label(end)
	multiply(panel0, x0, sum00)
	fetch()
	multiply(panel1, x0, sum01)
	multiply(panel1, x1, sum11)
	multiply(panel0, x1, sum10)
}

func half(multiply func(b, a, sum tile)) {
	again, end := vectors.Unique("half"), vectors.Unique("end")
	tilezero(sum00)
	tilezero(sum01)
	tileloadd(xAt0, xStride, 0, x0)
	tileloadd(panelAt, stride, 0, panel0)
	tileloadd(panelAt, stride, line, panel1)
	ahead()
	DECQ(count)
	JLE(LabelRef(end))
	Label(again)
	multiply(panel0, x0, sum00)
	tileloadd(panelAt, stride, tileBytes, panel0)
	fetch()
	multiply(panel1, x0, sum01)
	tileloadd(panelAt, stride, tileBytes+line, panel1)
	tileloadd(xAt0, xStride, line, x0)
	ADDQ(U8(line), xAt0)
	ADDQ(U32(tileBytes), panelAt)
	DECQ(count)
	JG(LabelRef(again))
	Label(end)
	multiply(panel0, x0, sum00)
	fetch()
	multiply(panel1, x0, sum01)
}

// epilogue emits what becomes of the sums in the scratch: rows of y, to which y
// and last move on.
func epilogue(s sums) {
	row, from := RAX, RCX
	rowsOfBlock(row)
	MOVQ(scratch, from)
	s.rows()
	Label("row")
	values := [2]VecPhysical{Z0, Z1}
	s.finish(from, values)
	TESTQ(last, last)
	JZ(LabelRef("stored"))
	VADDPS(Mem{Base: last}, values[0], low, values[0])
	VADDPS(Mem{Base: last, Disp: line}, values[1], high, values[1])
	ADDQ(vectors.Argument("ldlast"), last)
	Label("stored")
	VMOVUPS(values[0], low, Mem{Base: y})
	VMOVUPS(values[1], high, Mem{Base: y, Disp: line})
	ADDQ(yStride, y)
	ADDQ(U32(rowBytes), from)
	DECQ(row)
	JG(LabelRef("row"))
}

// sums is what an epilogue does with a row of sums.
type sums struct {
	parameters []string                                     // those that move on with the panels, beside the common ones
	constants  func()                                       // loads what a panel needs
	rows       func()                                       // prepares a block of rows
	finish     func(from GPPhysical, values [2]VecPhysical) // makes float32 of the row
}

// value = sum + bias
var sumsOfFloats = sums{
	constants: loadBias,
	rows:      func() {},
	finish: func(from GPPhysical, values [2]VecPhysical) {
		for j, v := range values {
			VADDPS(Mem{Base: from, Disp: j * line}, bias[j], v)
		}
	},
}

// value = (sum + offset)·scale·rowScale + (weightSum·rowCenter + bias)
var sumsOfIntegers = sums{
	parameters: []string{"offsets", "scales", "sums"},
	constants: func() {
		loadBias()
		MOVQ(vectors.Argument("offsets"), RAX)
		MOVQ(vectors.Argument("scales"), RBX)
		MOVQ(vectors.Argument("sums"), RCX)
		for j := range 2 {
			VMOVUPS(Mem{Base: RAX, Disp: j * line}, offsets[j])
			VMOVUPS(Mem{Base: RBX, Disp: j * line}, scales[j])
			VMOVUPS(Mem{Base: RCX, Disp: j * line}, weightSums[j])
		}
	},
	rows: func() { // rowScale = rowScales[rows − rowsLeft], rowCenter likewise
		MOVQ(vectors.Argument("rows"), rowScale)
		SUBQ(rowsLeft, rowScale)
		SHLQ(U8(2), rowScale)
		MOVQ(rowScale, rowCenter)
		ADDQ(vectors.Argument("rowScales"), rowScale)
		ADDQ(vectors.Argument("rowCenters"), rowCenter)
	},
	finish: func(from GPPhysical, values [2]VecPhysical) {
		VBROADCASTSS(Mem{Base: rowScale}, Z2)
		VBROADCASTSS(Mem{Base: rowCenter}, Z3)
		ADDQ(U8(4), rowScale)
		ADDQ(U8(4), rowCenter)
		for j, v := range values {
			VPADDD(Mem{Base: from, Disp: j * line}, offsets[j], v)
			VCVTDQ2PS(v, v)
			VMULPS(scales[j], v, v)
			VMOVAPS(bias[j], Z4)
			VFMADD231PS(weightSums[j], Z3, Z4)
			VFMADD213PS(Z4, Z2, v)
		}
	},
}

// The counters of the products before are free.
var rowScale, rowCenter = count, fetches

// loadBias loads zeros if there is none.
func loadBias() {
	skip := vectors.Unique("bias")
	for _, v := range bias {
		VXORPS(v, v, v)
	}
	MOVQ(vectors.Argument("bias"), RAX)
	TESTQ(RAX, RAX)
	JZ(LabelRef(skip))
	VMOVUPS_Z(Mem{Base: RAX}, low, bias[0])
	VMOVUPS_Z(Mem{Base: RAX, Disp: line}, high, bias[1])
	Label(skip)
}

// peak emits the loop that measures an instruction, as in _asm/processor: four
// sums, because one can be added to every 52 cycles and the instruction takes 16.
func peak(name, what string, multiply func(b, a, sum tile)) {
	TEXT(name, NOSPLIT, "func(n int, config *uint8)")
	Pragma("noescape")
	Doc(name + " executes 4 × n " + what + "; all tiles have 16 rows.")
	MOVQ(vectors.Argument("config"), RAX)
	ldtilecfg(RAX)
	MOVQ(vectors.Argument("n"), RAX)
	Label("loop")
	multiply(panel0, x0, sum00)
	multiply(panel1, x0, sum01)
	multiply(panel0, x1, sum10)
	multiply(panel1, x1, sum11)
	DECQ(RAX)
	JG(LabelRef("loop"))
	tilerelease()
	RET()
}
