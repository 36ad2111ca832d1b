//go:build !purego

package kernels

import "runtime"

// Which way every operation takes on this processor.

// maxTileRows is the most rows that a tile may have, tileRows what fills the
// registers.
const maxTileRows = 14

func tileRows() int {
	if useNEON {
		return 6
	}
	return maxTileRows
}

// int8TileRows is tileRows for int8.
func int8TileRows() int { return tileRows() }

// cutsPanels says whether float32 products take panels in sections.
func cutsPanels() bool { return false }

// fetchesAhead says whether tiles fetch for later ones.
const fetchesAhead = true

// panelsPerTile is how many panels a tile takes: in Go two, as with AVX-512, so that
// every build tests that.
func panelsPerTile() int {
	if useNEON {
		return 1
	}
	return 2
}

// int8PanelsPerTile is panelsPerTile for int8.
func int8PanelsPerTile() int { return panelsPerTile() }

// halfPanel is how many of a panel's columns fill the registers.
const halfPanel = panelColumns / 2

func tile(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32, bytes int) {
	if !useNEON {
		tileGo(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast)
		return
	}
	ahead := fetchInPasses(next, bytes, depth, 2)
	tileNEON(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast, ahead.from(0), ahead.pace)
	tileNEON(at(y, halfPanel), ldy, x, ldx, at(panel, halfPanel), rows, depth, at(first, halfPanel), ldfirst, secondHalf(last), ldlast, ahead.from(1), ahead.pace)
}

func tileTwoPanels(y *float32, ldy int, x *float32, ldx int, panel *float32, ldpanel, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, _ *float32, _ int) {
	tileTwoPanelsGo(y, ldy, x, ldx, panel, ldpanel, rows, depth, first, ldfirst, last, ldlast)
}

// secondHalf is the second half of a row's columns; there may be no row.
func secondHalf(row *float32) *float32 {
	if row == nil {
		return nil
	}
	return at(row, halfPanel)
}

func transpose(y *float32, ldy int, x *float32, ldx, octets, depth int) {
	if useNEON {
		transposeNEON(y, ldy, x, ldx, octets, depth)
		return
	}
	transposeGo(y, ldy, x, ldx, octets, depth)
}

func copyColumns(panel, x *float32, ldx, rows int) {
	if useNEON {
		copyColumnsNEON(panel, x, ldx, rows)
		return
	}
	copyColumnsGo(panel, x, ldx, rows)
}

func widenFloat16s(y *float32, x *byte, n int) {
	if useNEON {
		widenFloat16sNEON(y, x, n)
		return
	}
	widenFloat16sGo(y, x, n)
}

func activateRows(x *float32, ld, rows, columns int, a Activation) {
	if !useNEON {
		activateRowsGo(x, ld, rows, columns, a)
		return
	}
	switch a {
	case GELU:
		geluNEON(x, ld, rows, columns)
	case GELUTanh:
		geluTanhNEON(x, ld, rows, columns)
	case ReLU:
		reluNEON(x, ld, rows, columns)
	case Tanh:
		tanhNEON(x, ld, rows, columns)
	}
}

func exponentials(y, x *float32, ld, rows, columns int, scale float32, sums *float32) {
	if useNEON {
		exponentialsNEON(y, x, ld, rows, columns, scale, sums)
		return
	}
	exponentialsGo(y, x, ld, rows, columns, scale, sums)
}

func divideRows(x *float32, ld, rows, columns int, divisors *float32) {
	if useNEON {
		divideRowsNEON(x, ld, rows, columns, divisors)
		return
	}
	divideRowsGo(x, ld, rows, columns, divisors)
}

func layerNorm(y, x, gamma, beta *float32, rows, columns int, eps float32) {
	if useNEON {
		layerNormNEON(y, x, gamma, beta, rows, columns, eps)
		return
	}
	layerNormGo(y, x, gamma, beta, rows, columns, eps)
}

func tileInt8(y *float32, ldy int, x *uint8, ldx int, panel *int8, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, next *int8, bytes int) {
	switch {
	case useDotProduct:
		ahead := fetchInPasses(next, bytes, depth, 2)
		tileInt8DotProduct(y, ldy, x, ldx, panel, rows, depth, scales, sums, bias, rowScales, rowCenters, last, ldlast, ahead.from(0), ahead.pace)
		tileInt8DotProduct(at(y, halfPanel), ldy, x, ldx, at(panel, halfPanel*int8Step), rows, depth,
			at(scales, halfPanel), at(sums, halfPanel), at(bias, halfPanel), rowScales, rowCenters, secondHalf(last), ldlast, ahead.from(1), ahead.pace)
	case useNEON:
		tileInt8InParts(y, ldy, x, ldx, panel, rows, depth, scales, sums, bias, rowScales, rowCenters, last, ldlast, next, bytes)
	default:
		tileInt8Go(y, ldy, x, ldx, panel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
	}
}

func tileTwoPanelsInt8(y *float32, ldy int, x *uint8, ldx int, panel *int8, ldpanel, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, _ *int8, _ int) {
	tileTwoPanelsInt8Go(y, ldy, x, ldx, panel, ldpanel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
}

// tileInt8InParts is tileInt8 with tileInt8NEON, whose registers are full with
// 2 rows and half of the outputs.
func tileInt8InParts(y *float32, ldy int, x *uint8, ldx int, panel *int8, rows, depth int, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, next *int8, bytes int) {
	const most = 2
	ahead := fetchInPasses(next, bytes, depth, (rows+most-1)/most*2)
	for row := 0; row < rows; row += most {
		n := min(most, rows-row)
		for j := 0; j < panelColumns; j += halfPanel {
			var residual *float32
			if last != nil {
				residual = at(last, row*ldlast+j)
			}
			tileInt8NEON(at(y, row*ldy+j), ldy, at(x, row*ldx), ldx, at(panel, j*int8Step), n, depth,
				at(scales, j), at(sums, j), at(bias, j), at(rowScales, row), at(rowCenters, row), residual, ldlast, ahead.from(row+j/halfPanel), ahead.pace)
		}
	}
}

// multipliesWords says whether int8 products read rows of x in 16 bits.
func multipliesWords() bool { return false }

// tileInt8Words and widenBytes have no use where rows are not widened.
func tileInt8Words(y *float32, ldy int, x *uint16, ldx int, panel *int8, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, _ *int8, _ int) {
	tileInt8Go(y, ldy, x, ldx, panel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
}

func widenBytes(y *uint16, x *uint8, n int) { widenBytesGo(y, x, n) }

func quantize(q *uint8, ldq int, x *float32, ldx, rows, columns int, scales, centers *float32) {
	if useNEON {
		quantizeNEON(q, ldq, x, ldx, rows, columns, scales, centers)
		return
	}
	quantizeGo(q, ldq, x, ldx, rows, columns, scales, centers)
}

// roundsRows says whether products with bfloat16 weights round x to bfloat16.
func roundsRows() bool { return false }

func tileBFloat16(y *float32, ldy int, x *float32, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, next *uint16, bytes int) {
	if !useNEON {
		tileBFloat16Go(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast)
		return
	}
	ahead := fetchInPasses(next, bytes, bfloat16Steps(depth), 2)
	tileBFloat16NEON(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast, ahead.from(0), ahead.pace)
	tileBFloat16NEON(at(y, halfPanel), ldy, x, ldx, at(panel, halfPanel*bfloat16Step), rows, depth, at(first, halfPanel), secondHalf(last), ldlast, ahead.from(1), ahead.pace)
}

// tilePairs has no use where rows are not rounded.
func tilePairs(y *float32, ldy int, x *uint16, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, _ *uint16, _ int) {
	tilePairsGo(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast)
}

func roundRows(y *uint16, ldy int, x *float32, ldx, rows, columns int) {
	if useNEON {
		roundRowsNEON(y, ldy, x, ldx, rows, columns)
		return
	}
	roundRowsGo(y, ldy, x, ldx, rows, columns)
}

func roundPairs(panel *uint16, x *float32, ldx, rows int) { roundPairsGo(panel, x, ldx, rows) }

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

// peakLoop is a loop for Peak, and how many operations a turn of it is.
func peakLoop(prec Precision) (loop func(n int), operations float64) {
	const multiplyAdds = 24 * 2
	switch {
	case prec <= BFloat16 && useNEON:
		return peakNEON, multiplyAdds * 4
	case prec == Int8 && useDotProduct:
		return peakDotProduct, multiplyAdds * 16
	}
	return nil, 0
}

// Implementation names what computes products in a precision.
func Implementation(prec Precision) string {
	switch {
	case prec == Int8 && useDotProduct:
		return "NEON dot product"
	case useNEON:
		return "NEON"
	}
	return "Go"
}
