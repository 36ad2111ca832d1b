package kernels

import "math"

// Float16: weights and rows of x are rounded to half precision. Where a
// processor multiplies and adds in half precision, it does that twice as fast as
// in single precision, but a long sum of 11 bits is worth little. So runs of
// products are added up in half precision, and then to float32 sums.
//
// The first inputs of pairs and the second ones are added up apart, so that a
// run is 32 products of every other input. The root mean square error, relative
// to that of the results, is then 0.4 times bfloat16's with float32 sums or less:
//
//	run                                   8       16      32      64  bfloat16
//	of normal values, 768 inputs     0.0005  0.0007  0.0009  0.0012    0.0023
//	share of the peak (_asm/float16)   0.67    0.80    0.89    0.94
//
// A float16 ends at 65,504. What is beyond in x, in a weight or in the sum of a
// run becomes infinite, and so do all results that it is part of, or NaN. BERT
// stays far below: LayerNorm gives √H at most before it is scaled, and weights are
// of the order of 1. Values below 2^−14 lose bits, and up to 2^−25 they become 0.

const (
	float16Step = 2  // inputs that a word of a panel has
	float16Run  = 32 // steps
)

// float16Weight is a packed weight. A panel holds 32 outputs: two inputs of
// each, then the next two.
type float16Weight struct {
	panels []uint16 // (⌈out/32⌉, steps, 32, 2)
	steps  int      // ⌈in/2⌉
	size   int      // of a panel
}

func newFloat16Weight(panels, in int) float16Weight {
	steps := (in + float16Step - 1) / float16Step
	size := steps * panelColumns * float16Step
	return float16Weight{panels: hugePages[uint16](panels * size), steps: steps, size: size}
}

func (w *float16Weight) bytes() int { return 2 * len(w.panels) }

// packRows packs panel p, which is columns rows of x, each of in values.
func (w *float16Weight) packRows(p int, x []float32, columns, in int) {
	packRounded(Float16, w.panels[p*w.size:][:w.size], x, columns, in, in)
}

// tile computes rows of x times panel p.
func (w *float16Weight) tile(t *product, y *float32, ldy, p, row, rows int, bias, residual *float32, fetch fetch) {
	x := &t.rounded
	next, bytes := fetchFrom(w.panels, fetch)
	tileFloat16(y, ldy, &x.values[row*x.ld], x.ld, &w.panels[p*w.size], rows, w.steps, bias, residual, t.out, next, bytes)
}

// roundFloat16 is the nearest float16, the even one of two. A NaN stays one, as
// VCVTPS2PH keeps it.
func roundFloat16(v float32) uint16 {
	const (
		infinity = 0x7c00
		quiet    = 0x0200
		tooLarge = (127 + 16) << 23 // 2^16; rounding carries from 65,520 on
		smallest = (127 - 14) << 23 // 2^−14, the smallest normal number
		biases   = (127 - 15) << 23 // the difference of the exponents' biases
	)
	bits := math.Float32bits(v)
	sign, magnitude := uint16(bits>>16)&0x8000, bits&0x7fffffff
	switch {
	case math.IsNaN(float64(v)):
		return sign | infinity | quiet | uint16(magnitude>>13)&0x03ff
	case magnitude >= tooLarge:
		return sign | infinity
	case magnitude < smallest:
		// The last bit of 0.5 is worth 2^−24, as that of a subnormal number is: the
		// addition rounds.
		return sign | uint16(math.Float32bits(math.Float32frombits(magnitude)+0.5)-math.Float32bits(0.5))
	}
	return sign | uint16((magnitude-biases+0xfff+magnitude>>13&1)>>13)
}

// widenFloat16 is exact, of subnormal numbers, infinities and NaNs, too.
func widenFloat16(v uint16) float32 {
	const exponent = 0x0f800000 // of infinities and NaNs, after the shift
	bits := uint32(v&0x7fff) << 13
	sign := uint32(v&0x8000) << 16
	if bits >= exponent {
		return math.Float32frombits(sign | bits | 0x7f800000)
	}
	return math.Float32frombits(sign | math.Float32bits(math.Float32frombits(bits)*0x1p112))
}

// addFloat16 is a·b + sum of float16 values, rounded once to float16. float64
// holds the product, and of the sum all bits that decide how it is rounded.
func addFloat16(a, b, sum float32) float32 {
	const (
		exponent = 0x7ff << 52
		smallest = (1023 - 14) << 52 // the exponent of 2^−14
		bits     = 10                // of a mantissa
	)
	v := float64(a)*float64(b) + float64(sum)
	// Beside 1.5·2^52 steps the last bit is worth a step: the addition rounds.
	rounder := math.Float64frombits(max(math.Float64bits(v)&exponent, smallest)+(52-bits)<<52) * 1.5
	rounded := (v + rounder) - rounder
	if math.Abs(rounded) > 65504 {
		return float32(math.Inf(1)) * float32(math.Copysign(1, v))
	}
	return float32(rounded)
}

// roundFloat16RowsGo is roundRowsGo of float16.
func roundFloat16RowsGo(y *uint16, ldy int, x *float32, ldx, rows, columns int) {
	roundRowsBy(roundFloat16, y, ldy, x, ldx, rows, columns)
}

// tileFloat16Go computes a tile of depth steps, of two inputs each. In runs of 32
// steps, or what is left at the end,
//
//	half[i][j] += x[r][k][i]·panel[k][j][i], rounded to float16
//
// and after each run sum[i][j] += half[i][j] in float32. Then
//
//	y[r][j] = sum[0][j] + sum[1][j] + first[j] + last[r][j]
//
// ldy, ldx and ldlast are the distances between rows. A nil last is zero.
func tileFloat16Go(y *float32, ldy int, x *uint16, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int) {
	const width = panelColumns * float16Step
	for r := range rows {
		var sums [width]float32
		for k := 0; k < depth; k += float16Run {
			var halves [width]float32
			for n := k; n < min(k+float16Run, depth); n++ {
				pair := values(x, r*ldx+n*float16Step, float16Step)
				factors := [float16Step]float32{widenFloat16(pair[0]), widenFloat16(pair[1])}
				for i, w := range values(panel, n*width, width) {
					halves[i] = addFloat16(factors[i%float16Step], widenFloat16(w), halves[i])
				}
			}
			for i, v := range halves {
				sums[i] += v
			}
		}
		var results [panelColumns]float32
		for j, v := range floats(first, 0, panelColumns) {
			results[j] = sums[j*float16Step] + sums[j*float16Step+1] + v
		}
		storeRow(floats(y, r*ldy, panelColumns), results[:], last, r*ldlast)
	}
}
