//go:build !purego

package kernels

// Which way every operation takes on this processor.

// maxTileRows is the most rows that a tile may have, tileRows what fills the
// registers.
const maxTileRows = 14

func tileRows() int {
	if useAVX2 && !useAVX512 {
		return 6
	}
	return maxTileRows
}

func tile(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32) {
	switch {
	case useAVX512:
		tileAVX512(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast, next)
	case useAVX2:
		// Half of the columns fill the registers.
		const half = panelColumns / 2
		tileAVX2(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast, next)
		if last != nil {
			last = at(last, half)
		}
		tileAVX2(at(y, half), ldy, x, ldx, at(panel, half), rows, depth, at(first, half), ldfirst, last, ldlast, next)
	default:
		tileGo(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast)
	}
}

func transpose(panel, w *float32, ldw, octets, depth int) {
	if useAVX2 {
		transposeAVX2(panel, w, ldw, octets, depth)
		return
	}
	transposeGo(panel, w, ldw, octets, depth)
}

func copyColumns(panel, x *float32, ldx, rows int) {
	if useAVX2 {
		copyColumnsAVX2(panel, x, ldx, rows)
		return
	}
	copyColumnsGo(panel, x, ldx, rows)
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

// peakLoop is a loop for Peak, and how many operations a turn of it is.
func peakLoop(prec Precision) (loop func(n int), operations float64) {
	const multiplyAdds = 12 * 2
	switch {
	case prec == Float32 && useAVX512:
		return peakAVX512, multiplyAdds * 16
	case prec == Float32 && useAVX2:
		return peakAVX2, multiplyAdds * 8
	}
	return nil, 0
}
