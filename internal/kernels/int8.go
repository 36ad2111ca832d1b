package kernels

import (
	"math"
	"sync"
)

// Int8: a weight w[o][k] is scale[o]·q with q from −127 to 127, one scale for
// each output. A row of x is center + scale·(q − 128) with q from 0 to 255, both
// found when the product begins: from the row's smallest value to its largest
// there are 254 steps, and the center is a whole number of them, so that 0 has a
// q. Many rows are lopsided: what comes out of GELU is hardly negative, and with
// steps on both sides of 0 alone it would waste one of the eight bits. Then
//
//	Σk x[k]·w[o][k] = rowScale·scale[o]·(Σk q·qw − 128·Σk qw) + center·scale[o]·Σk qw
//
// where the sums are of integers, and so the same on every processor. The
// instructions want one of the factors without a sign: hence the 128, whose part
// of the sum depends on the weight alone.

const (
	int8Step = 4   // inputs that an instruction multiplies at a time
	int8Zero = 128 // what the center becomes
	// int8Range is how many steps there are between the smallest value of a row and
	// the largest.
	int8Range = 254
	// smallestMagnitude stands for the distance of the two in a row of zeros, so
	// that its scale has an inverse.
	smallestMagnitude = 1e-30
)

// int8Weight is a packed weight. A panel holds 32 outputs: four inputs of each,
// then the next four.
type int8Weight struct {
	panels  []int8    // (⌈out/32⌉, steps and zeros, 32, 4)
	offsets []int32   // (⌈out/32⌉·32): −128·Σ q
	scales  []float32 // (⌈out/32⌉·32)
	sums    []float32 // (⌈out/32⌉·32): scale·Σ q
	steps   int       // ⌈in/4⌉
	size    int       // of a panel
}

func newInt8Weight(panels, in int) int8Weight {
	steps := (in + int8Step - 1) / int8Step
	size := tileDepth(steps) * tileSteps * panelColumns * int8Step
	return int8Weight{
		panels:  hugePages[int8](panels * size),
		offsets: make([]int32, panels*panelColumns),
		scales:  make([]float32, panels*panelColumns),
		sums:    make([]float32, panels*panelColumns),
		steps:   steps,
		size:    size,
	}
}

func (w *int8Weight) bytes() int { return len(w.panels) + 4*(len(w.offsets)+len(w.scales)+len(w.sums)) }

// packPanel packs panel p, which is columns rows of values.
func (w *int8Weight) packPanel(p int, values []float32, columns, in int) {
	rows := int8Panels.Get().(*int8Rows)
	rows.resize(columns, in)
	first := p * panelColumns
	quantize(&rows.values[0], rows.ld, &values[0], in, columns, in, &w.scales[first], nil)
	for j := range columns {
		row := rows.values[j*rows.ld:][:w.steps*int8Step]
		for k := in; k < len(row); k++ {
			row[k] = int8Zero
		}
		sum := 0
		for k, q := range row {
			sum += int(q)
			row[k] = q ^ int8Zero // q − 128, as int8
		}
		sum -= int8Zero * len(row)
		w.offsets[first+j] = int32(-int8Zero * sum)
		w.sums[first+j] = w.scales[first+j] * float32(sum)
	}
	// Four inputs are a word, and words become columns like the values of float32.
	packRows(asWords(w.panels[p*w.size:][:w.size]), asWords(rows.values), columns, w.steps, rows.ld/int8Step)
	int8Panels.Put(rows)
}

// int8Panels keeps the rows of panels that are being packed.
var int8Panels = sync.Pool{New: func() any { return new(int8Rows) }}

// int8Rows are the rows of x in 8 bits.
type int8Rows struct {
	values  []uint8   // (rows, ld)
	words   []uint16  // (rows, ld): the values where tiles read 16 bits, else empty
	scales  []float32 // (rows)
	centers []float32 // (rows)
	ld      int       // a multiple of 64, which AMX reads at a time; see oddLines
}

func (q *int8Rows) resize(rows, in int) {
	q.ld = oddLines[uint8](in)
	q.values = resize(q.values, rows*q.ld)
	q.scales = resize(q.scales, rows)
	q.centers = resize(q.centers, rows)
}

// makeWords makes room for the values in 16 bits, if tiles read those.
func (q *int8Rows) makeWords() {
	if multipliesWords() {
		q.words = resize(q.words, len(q.values))
	}
}

// fill quantises rows of x, each of in values, to the rows from first on.
func (q *int8Rows) fill(first int, x []float32, rows, in int) {
	quantize(&q.values[first*q.ld], q.ld, &x[0], in, rows, in, &q.scales[first], &q.centers[first])
	if multipliesWords() {
		widenBytes(&q.words[first*q.ld], &q.values[first*q.ld], rows*q.ld)
	}
}

// tile computes rows of x times a section, which has all inputs.
func (w *int8Weight) tile(y *float32, ldy int, x *int8Rows, s section, row, rows int, bias, residual *float32, ldresidual int, fetch fetch) {
	first, panel := s.panel*panelColumns, &w.panels[s.panel*w.size]
	next, bytes := fetchFrom(w.panels, fetch)
	if multipliesWords() {
		tileInt8Words(y, ldy, &x.words[row*x.ld], x.ld, panel, rows, w.steps, &w.offsets[first], &w.scales[first], &w.sums[first],
			bias, &x.scales[row], &x.centers[row], residual, ldresidual, next, bytes)
		return
	}
	if s.panels == maxPanelsPerTile {
		tileTwoPanelsInt8(y, ldy, &x.values[row*x.ld], x.ld, panel, w.size, rows, w.steps, &w.offsets[first], &w.scales[first], &w.sums[first],
			bias, &x.scales[row], &x.centers[row], residual, ldresidual, next, bytes)
		return
	}
	tileInt8(y, ldy, &x.values[row*x.ld], x.ld, panel, rows, w.steps, &w.offsets[first], &w.scales[first], &w.sums[first],
		bias, &x.scales[row], &x.centers[row], residual, ldresidual, next, bytes)
}

// quantizeGo brings rows of x into 8 bits, from lowest ≤ 0 to highest ≥ 0:
//
//	scales[r]  = (highest − lowest)/254
//	centers[r] = scales[r]·round((highest + lowest)/2/scales[r])
//	q[r][k]    = round(x[r][k]/scales[r]) − centers[r]/scales[r] + 128
//
// Rounding is to even. Without centers they are 0, and lowest is −highest. A row
// with a NaN or an infinity has a scale of NaN. Rows of q have room for a
// multiple of 16 bytes; what is in them after the columns is undefined.
func quantizeGo(q *uint8, ldq int, x *float32, ldx, rows, columns int, scales, centers *float32) {
	for r := range rows {
		row := floats(x, r*ldx, columns)
		var lowest, highest, poison float32
		for _, v := range row {
			lowest, highest = min(lowest, v), max(highest, v)
			poison += v - v // 0, or NaN if v is not finite
		}
		if centers == nil {
			highest = max(highest, -lowest)
			lowest = -highest
		}
		span := max(highest-lowest, smallestMagnitude)
		inverse := int8Range / span
		scale := span*(1.0/int8Range) + poison
		center := int32(math.RoundToEven(float64((highest + lowest) * inverse * 0.5)))
		*at(scales, r) = scale
		if centers != nil {
			*at(centers, r) = float32(center) * scale
		}
		to := values(q, r*ldq, columns)
		for k, v := range row {
			to[k] = uint8(min(int32(math.RoundToEven(float64(v*inverse)))-center+int8Zero, math.MaxUint8))
		}
	}
}

// widenBytesGo copies n values, whole cache lines of x.
func widenBytesGo(y *uint16, x *uint8, n int) {
	to := values(y, 0, n)
	for i, v := range values(x, 0, n) {
		to[i] = uint16(v)
	}
}

// tileInt8Go computes a tile, some rows of x times a panel of 32 outputs:
//
//	sum     = offsets[j] + Σk x[r][k]·panel[k/4][j][k%4]
//	y[r][j] = sum·scales[j]·rowScales[r] + sums[j]·rowCenters[r] + bias[j] + last[r][j]
//
// depth counts steps of four inputs. ldy, ldx and ldlast are the distances
// between rows. A nil last is zero.
func tileInt8Go[T uint8 | uint16](y *float32, ldy int, x *T, ldx int, panel *int8, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int) {
	weights := values(panel, 0, depth*panelColumns*int8Step)
	for r := range rows {
		products := [panelColumns]int32(values(offsets, 0, panelColumns))
		for k, q := range values(x, r*ldx, depth*int8Step) {
			step := weights[k/int8Step*panelColumns*int8Step+k%int8Step:]
			for j := range products {
				products[j] += int32(q) * int32(step[j*int8Step])
			}
		}
		to := floats(y, r*ldy, panelColumns)
		rowScale, rowCenter := *at(rowScales, r), *at(rowCenters, r)
		for j, sum := range products {
			v := float32(sum)*(*at(scales, j))*rowScale + (*at(sums, j)*rowCenter + *at(bias, j))
			if last != nil {
				v += *at(last, r*ldlast+j)
			}
			to[j] = v
		}
	}
}

// tileTwoPanelsInt8Go is tileInt8Go for two panels, ldpanel apart, the second one's
// outputs after the first one's in everything else.
func tileTwoPanelsInt8Go(y *float32, ldy int, x *uint8, ldx int, panel *int8, ldpanel, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int) {
	tileInt8Go(y, ldy, x, ldx, panel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
	const n = panelColumns
	if last != nil {
		last = at(last, n)
	}
	tileInt8Go(at(y, n), ldy, x, ldx, at(panel, ldpanel), rows, depth, at(offsets, n), at(scales, n), at(sums, n), at(bias, n), rowScales, rowCenters, last, ldlast)
}
