//go:build !purego

package kernels

// Which way every operation takes on this processor.

// maxTileRows is the most rows that a tile may have, tileRows what fills the
// registers where it takes one panel.
const maxTileRows = 14

func tileRows() int {
	if useAVX2 && !useAVX512 {
		return 6
	}
	return maxTileRows
}

// int8TileRows is tileRows for int8. With AVX-512, too, its tiles are those of 256
// bits unless it has VNNI.
func int8TileRows() int {
	if useAVX2 && !useVNNI {
		return 6
	}
	return maxTileRows
}

// panelsPerTile is how many panels a tile takes: with AVX-512 two, because a step then
// loads fewer registers for each multiply-add (see _asm/product), and in Go two, so
// that every build tests that.
func panelsPerTile() int {
	if useAVX2 && !useAVX512 {
		return 1
	}
	return 2
}

// int8PanelsPerTile is panelsPerTile for int8.
func int8PanelsPerTile() int {
	if useAVX2 && !useVNNI {
		return 1
	}
	return 2
}

// cutsPanels says whether float32 products take panels in sections.
func cutsPanels() bool { return useAVX2 }

// fetchesAhead says whether tiles fetch for later ones.
const fetchesAhead = true

func tile(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32, bytes int) {
	switch {
	case useAVX512:
		tileAVX512(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast, next, pace(bytes, depth))
	case useAVX2:
		// Half of the columns fill the registers.
		const half = panelColumns / 2
		ahead := fetchInPasses(next, bytes, depth, 2)
		tileAVX2(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast, ahead.from(0), ahead.pace)
		if last != nil {
			last = at(last, half)
		}
		tileAVX2(at(y, half), ldy, x, ldx, at(panel, half), rows, depth, at(first, half), ldfirst, last, ldlast, ahead.from(1), ahead.pace)
	default:
		tileGo(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast)
	}
}

func tileTwoPanels(y *float32, ldy int, x *float32, ldx int, panel *float32, ldpanel, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32, bytes int) {
	if useAVX512 {
		tileTwoPanelsAVX512(y, ldy, x, ldx, panel, ldpanel, rows, depth, first, ldfirst, last, ldlast, next, pace(bytes, depth))
		return
	}
	tileTwoPanelsGo(y, ldy, x, ldx, panel, ldpanel, rows, depth, first, ldfirst, last, ldlast)
}

func transpose(y *float32, ldy int, x *float32, ldx, octets, depth int) {
	if useAVX2 {
		transposeAVX2(y, ldy, x, ldx, octets, depth)
		return
	}
	transposeGo(y, ldy, x, ldx, octets, depth)
}

func copyColumns(panel, x *float32, ldx, rows int) {
	if useAVX2 {
		copyColumnsAVX2(panel, x, ldx, rows)
		return
	}
	copyColumnsGo(panel, x, ldx, rows)
}

func widenFloat16s(y *float32, x *byte, n int) {
	if useAVX2 {
		widenFloat16sAVX2(y, x, n)
		return
	}
	widenFloat16sGo(y, x, n)
}

func activateRows(x *float32, ld, rows, columns int, a Activation) {
	switch {
	case useAVX512:
		switch a {
		case GELU:
			geluAVX512(x, ld, rows, columns)
		case GELUTanh:
			geluTanhAVX512(x, ld, rows, columns)
		case ReLU:
			reluAVX512(x, ld, rows, columns)
		case Tanh:
			tanhAVX512(x, ld, rows, columns)
		}
	case useAVX2:
		switch a {
		case GELU:
			geluAVX2(x, ld, rows, columns)
		case GELUTanh:
			geluTanhAVX2(x, ld, rows, columns)
		case ReLU:
			reluAVX2(x, ld, rows, columns)
		case Tanh:
			tanhAVX2(x, ld, rows, columns)
		}
	default:
		activateRowsGo(x, ld, rows, columns, a)
	}
}

func exponentials(y, x *float32, ld, rows, columns int, scale float32, sums *float32) {
	switch {
	case useAVX512:
		exponentialsAVX512(y, x, ld, rows, columns, scale, sums)
	case useAVX2:
		exponentialsAVX2(y, x, ld, rows, columns, scale, sums)
	default:
		exponentialsGo(y, x, ld, rows, columns, scale, sums)
	}
}

func divideRows(x *float32, ld, rows, columns int, divisors *float32) {
	switch {
	case useAVX512:
		divideRowsAVX512(x, ld, rows, columns, divisors)
	case useAVX2:
		divideRowsAVX2(x, ld, rows, columns, divisors)
	default:
		divideRowsGo(x, ld, rows, columns, divisors)
	}
}

func layerNorm(y, x, gamma, beta *float32, rows, columns int, eps float32) {
	switch {
	case useAVX512:
		layerNormAVX512(y, x, gamma, beta, rows, columns, eps)
	case useAVX2:
		layerNormAVX2(y, x, gamma, beta, rows, columns, eps)
	default:
		layerNormGo(y, x, gamma, beta, rows, columns, eps)
	}
}

// multipliesWords says whether int8 products read rows of x in 16 bits.
func multipliesWords() bool { return useAVX2 && !useAVXVNNI && !useVNNI }

func tileInt8(y *float32, ldy int, x *uint8, ldx int, panel *int8, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, next *int8, bytes int) {
	switch {
	case useVNNI:
		tileInt8VNNI(y, ldy, x, ldx, panel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast, next, pace(bytes, depth))
	case useAVXVNNI:
		const half = panelColumns / 2
		ahead := fetchInPasses(next, bytes, depth, 2)
		tileInt8AVXVNNI(y, ldy, x, ldx, panel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast, ahead.from(0), ahead.pace)
		if last != nil {
			last = at(last, half)
		}
		tileInt8AVXVNNI(at(y, half), ldy, x, ldx, at(panel, half*int8Step), rows, depth,
			at(offsets, half), at(scales, half), at(sums, half), at(bias, half), rowScales, rowCenters, last, ldlast, ahead.from(1), ahead.pace)
	default:
		tileInt8Go(y, ldy, x, ldx, panel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
	}
}

func tileTwoPanelsInt8(y *float32, ldy int, x *uint8, ldx int, panel *int8, ldpanel, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, next *int8, bytes int) {
	if useVNNI {
		tileTwoPanelsInt8VNNI(y, ldy, x, ldx, panel, ldpanel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast, next, pace(bytes, depth))
		return
	}
	tileTwoPanelsInt8Go(y, ldy, x, ldx, panel, ldpanel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
}

// tileInt8Words is tileInt8 for rows of 16 bits, on processors that multiply words.
func tileInt8Words(y *float32, ldy int, x *uint16, ldx int, panel *int8, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, next *int8, bytes int) {
	// A quarter of the columns fills the registers.
	const quarters, outputs = 4, panelColumns / 4
	ahead := fetchInPasses(next, bytes, depth, quarters)
	for i := range quarters {
		j := i * outputs
		var residual *float32
		if last != nil {
			residual = at(last, j)
		}
		tileInt8AVX2(at(y, j), ldy, x, ldx, at(panel, j*int8Step), rows, depth,
			at(offsets, j), at(scales, j), at(sums, j), at(bias, j), rowScales, rowCenters, residual, ldlast, ahead.from(i), ahead.pace)
	}
}

// widenBytes is for processors that multiply words.
func widenBytes(y *uint16, x *uint8, n int) { widenBytesAVX2(y, x, n) }

func quantize(q *uint8, ldq int, x *float32, ldx, rows, columns int, scales, centers *float32) {
	switch {
	case useAVX512:
		quantizeAVX512(q, ldq, x, ldx, rows, columns, scales, centers)
	case useAVX2:
		quantizeAVX2(q, ldq, x, ldx, rows, columns, scales, centers)
	default:
		quantizeGo(q, ldq, x, ldx, rows, columns, scales, centers)
	}
}

// roundsRows says whether products with bfloat16 weights round x to bfloat16.
func roundsRows() bool { return useBFloat16 || useAMX }

func tileBFloat16(y *float32, ldy int, x *float32, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, next *uint16, bytes int) {
	switch {
	case useAVX512:
		tileBFloat16AVX512(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast, next, pace(bytes, bfloat16Steps(depth)))
	case useAVX2:
		const half = panelColumns / 2
		ahead := fetchInPasses(next, bytes, bfloat16Steps(depth), 2)
		tileBFloat16AVX2(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast, ahead.from(0), ahead.pace)
		if last != nil {
			last = at(last, half)
		}
		tileBFloat16AVX2(at(y, half), ldy, x, ldx, at(panel, half*bfloat16Step), rows, depth, at(first, half), last, ldlast, ahead.from(1), ahead.pace)
	default:
		tileBFloat16Go(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast)
	}
}

func tilePairs(y *float32, ldy int, x *uint16, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, next *uint16, bytes int) {
	if useBFloat16 {
		tilePairsAVX512(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast, next, pace(bytes, depth))
		return
	}
	tilePairsGo(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast)
}

func roundRows(y *uint16, ldy int, x *float32, ldx, rows, columns int) {
	if useAVX512 {
		roundRowsAVX512(y, ldy, x, ldx, rows, columns)
		return
	}
	roundRowsGo(y, ldy, x, ldx, rows, columns)
}

func roundPairs(panel *uint16, x *float32, ldx, rows int) {
	if useAVX512 {
		roundPairsAVX512(panel, x, ldx, rows)
		return
	}
	roundPairsGo(panel, x, ldx, rows)
}

// addsFloat16 says whether the processor adds float16 products: nothing else
// would be faster than float32.
func addsFloat16() bool { return useFloat16 }

func tileFloat16(y *float32, ldy int, x *uint16, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int, next *uint16, bytes int) {
	if useFloat16 {
		tileFloat16AVX512(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast, next, pace(bytes, depth))
		return
	}
	tileFloat16Go(y, ldy, x, ldx, panel, rows, depth, first, last, ldlast)
}

func roundFloat16Rows(y *uint16, ldy int, x *float32, ldx, rows, columns int) {
	if useAVX512 {
		roundFloat16RowsAVX512(y, ldy, x, ldx, rows, columns)
		return
	}
	roundFloat16RowsGo(y, ldy, x, ldx, rows, columns)
}

func firstAbove(x *float32, n int, threshold float32) int {
	switch {
	case useAVX512:
		return firstAboveAVX512(x, n, threshold)
	case useAVX2:
		return firstAboveAVX2(x, n, threshold)
	}
	return firstAboveGo(x, n, threshold)
}

// peakLoop is a loop for Peak, and how many operations a turn of it is.
func peakLoop(prec Precision) (loop func(n int), operations float64) {
	const multiplyAdds = 12 * 2
	const tileMultiplyAdds = 4 * 16 * 2
	switch {
	case prec == BFloat16 && useAMX:
		return peakBFloat16OnAMX, tileMultiplyAdds * 16 * 32
	case prec == Int8 && useAMX:
		return peakInt8OnAMX, tileMultiplyAdds * 16 * 64
	case prec == BFloat16 && useBFloat16:
		return peakBFloat16, multiplyAdds * 32
	case prec == Float16 && useFloat16:
		return peakFloat16, multiplyAdds * 32
	case prec <= BFloat16 && useAVX512:
		return peakAVX512, multiplyAdds * 16
	case prec <= BFloat16 && useAVX2:
		return peakAVX2, multiplyAdds * 8
	case prec == Int8 && useVNNI:
		return peakVNNI, multiplyAdds * 64
	case prec == Int8 && useAVXVNNI:
		return peakAVXVNNI, multiplyAdds * 32
	case prec == Int8 && useAVX2:
		return peakInt8AVX2, multiplyAdds * 16
	}
	return nil, 0
}

// Implementation names what computes products in a precision.
func Implementation(prec Precision) string {
	switch {
	case UsesAMX(prec):
		return "AMX"
	case prec == Int8 && useVNNI:
		return "AVX-512 VNNI"
	case prec == Int8 && useAVXVNNI:
		return "AVX-VNNI"
	case prec == BFloat16 && useBFloat16:
		return "AVX-512 BF16"
	case prec == Float16 && useFloat16:
		return "AVX-512 FP16"
	case prec != Int8 && useAVX512:
		return "AVX-512"
	case useAVX2:
		return "AVX2"
	}
	return "Go"
}
