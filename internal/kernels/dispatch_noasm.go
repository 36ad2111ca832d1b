//go:build (!amd64 && !arm64) || purego

package kernels

import "runtime"

func transpose(y *float32, ldy int, x *float32, ldx, octets, depth int) {
	transposeGo(y, ldy, x, ldx, octets, depth)
}

func copyColumns(panel, x *float32, ldx, rows int) { copyColumnsGo(panel, x, ldx, rows) }

func widenFloat16s(y *float32, x *byte, n int) { widenFloat16sGo(y, x, n) }

func activateRows(x *float32, ld, rows, columns int, a Activation) {
	activateRowsGo(x, ld, rows, columns, a)
}

func exponentials(y, x *float32, ld, rows, columns int, scale float32, sums *float32) {
	exponentialsGo(y, x, ld, rows, columns, scale, sums)
}

func divideRows(x *float32, ld, rows, columns int, divisors *float32) {
	divideRowsGo(x, ld, rows, columns, divisors)
}

func layerNorm(y, x, gamma, beta *float32, rows, columns int, eps float32) {
	layerNormGo(y, x, gamma, beta, rows, columns, eps)
}

func tileInt8(y *float32, ldy int, x *uint8, ldx int, panel *int8, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, _ *int8, _ int) {
	tileInt8Go(y, ldy, x, ldx, panel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
}

func tileTwoPanelsInt8(y *float32, ldy int, x *uint8, ldx int, panel *int8, ldpanel, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, _ *int8, _ int) {
	tileTwoPanelsInt8Go(y, ldy, x, ldx, panel, ldpanel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
}

// multipliesWords says whether int8 products read rows of x in 16 bits.
func multipliesWords() bool { return false }

// tileInt8Words and widenBytes have no use where rows are not widened.
func tileInt8Words(y *float32, ldy int, x *uint16, ldx int, panel *int8, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, _ *int8, _ int) {
	tileInt8Go(y, ldy, x, ldx, panel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
}

func widenBytes(y *uint16, x *uint8, n int) { widenBytesGo(y, x, n) }

func quantize(q *uint8, ldq int, x *float32, ldx, rows, columns int, scales, centers *float32) {
	quantizeGo(q, ldq, x, ldx, rows, columns, scales, centers)
}

func tileBFloat16(y *float32, ldy int, x *float32, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, _ *uint16, _ int) {
	tileBFloat16Go(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast)
}

func tilePairs(y *float32, ldy int, x *uint16, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, _ *uint16, _ int) {
	tilePairsGo(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast)
}

func roundRows(y *uint16, ldy int, x *float32, ldx, rows, columns int) {
	roundRowsGo(y, ldy, x, ldx, rows, columns)
}

func roundPairs(panel *uint16, x *float32, ldx, rows int) { roundPairsGo(panel, x, ldx, rows) }

// roundsRows says whether products with bfloat16 weights round x to bfloat16.
func roundsRows() bool { return false }

// addsFloat16 says whether the processor adds float16 products.
func addsFloat16() bool { return false }

func tileFloat16(y *float32, ldy int, x *uint16, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, _ *uint16, _ int) {
	tileFloat16Go(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast)
}

func roundFloat16Rows(y *uint16, ldy int, x *float32, ldx, rows, columns int) {
	roundFloat16RowsGo(y, ldy, x, ldx, rows, columns)
}

func firstAbove(x *float32, n int, threshold float32) int { return firstAboveGo(x, n, threshold) }

// pause waits a little.
func pause() { runtime.Gosched() }

func peakLoop(Precision) (loop func(n int), operations float64) { return nil, 0 }
