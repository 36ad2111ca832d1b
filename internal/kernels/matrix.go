package kernels

import "fmt"

// panelColumns is how many outputs of a weight a panel holds: two registers of
// AVX-512, four of AVX2.
const panelColumns = 32

// Matrix is a weight, packed once for a precision so that products read each panel
// front to back, or each section of one. It is read-only and may be shared.
//
// W (out, in) becomes panels of 32 outputs. In a panel the inputs follow each
// other, each with its 32 outputs side by side, because a product adds
// x[k]·W[·][k] to 32 sums at a time:
//
//	panel p: W[32p][0] W[32p+1][0] … W[32p+31][0]  W[32p][1] … W[32p+31][1]  …
//
// The last panel is filled up with zeros.
type Matrix struct {
	in, out   int
	precision Precision
	panels    []float32 // of Float32: (⌈out/32⌉, in, 32)
	int8      int8Weight
	bfloat16  bfloat16Weight
	float16   float16Weight
}

// packed is a type that weights are packed in.
type packed interface {
	float32 | int8 | uint8 | uint16
}

// Supported says whether this build and processor compute in a precision: in
// Float16 only where that is faster than Float32.
func Supported(p Precision) bool { return p <= Int8 && (p != Float16 || addsFloat16()) }

// MaxInputs is the most inputs of a weight: in Int8, so many products of two signed
// bytes have a sum of 32 bits.
const MaxInputs = 1 << 17

// Pack packs w, row-major (out, in) as in checkpoints, on all threads of the
// pool. It panics if the precision is not Supported or in is above MaxInputs.
func Pack(pool *Pool, prec Precision, w []float32, out, in int) *Matrix {
	if in < 1 || in > MaxInputs || out < 1 || len(w) != out*in {
		panic(fmt.Sprintf("kernels: Pack of %d values, want %d×%d with 1 to %d inputs", len(w), out, in, MaxInputs))
	}
	if !Supported(prec) {
		panic("kernels: no " + prec.String() + " on this processor")
	}
	return pack(pool, prec, w, out, in)
}

// pack is Pack of any precision: what the processor does not compute in, the Go
// functions do, slowly.
func pack(pool *Pool, prec Precision, w []float32, out, in int) *Matrix {
	m := &Matrix{in: in, out: out, precision: prec}
	panels := panelCount(out)
	switch prec {
	case Int8:
		m.int8 = newInt8Weight(panels, in)
	case BFloat16:
		m.bfloat16 = newBFloat16Weight(panels, in)
	case Float16:
		m.float16 = newFloat16Weight(panels, in)
	default:
		m.panels = hugePages[float32](panels * in * panelColumns)
	}
	pool.Run(panels, &packTask{m, w})
	return m
}

// Panels of bfloat16 and int8 are filled up with zeros to a multiple of 16 steps,
// so many as AMX multiplies at a time.
const tileSteps = 16

// tileDepth is how many times 16 steps a panel has.
func tileDepth(steps int) int { return (steps + tileSteps - 1) / tileSteps }

// panelCount is ⌈out/32⌉.
func panelCount(out int) int { return (out + panelColumns - 1) / panelColumns }

// Bytes is the memory that the packed weight takes.
func (m *Matrix) Bytes() int {
	return 4*len(m.panels) + m.int8.bytes() + m.bfloat16.bytes() + m.float16.bytes()
}

// Precision is what the weight was packed for.
func (m *Matrix) Precision() Precision { return m.precision }

// packTask packs a panel in each part.
type packTask struct {
	*Matrix
	w []float32
}

// Do implements Task; i is a panel.
func (t *packTask) Do(_, i int) {
	columns := min(panelColumns, t.out-i*panelColumns)
	w := t.w[i*panelColumns*t.in:][:columns*t.in]
	switch t.precision {
	case Int8:
		t.int8.packPanel(i, w, columns, t.in)
	case BFloat16:
		t.bfloat16.packRows(i, w, columns, t.in, t.in)
	case Float16:
		t.float16.packRows(i, w, columns, t.in)
	default:
		packRows(t.panels[i*t.in*panelColumns:][:t.in*panelColumns], w, columns, t.in, t.in)
	}
}
