//go:build !purego

package kernels

// Which way the operations of training take on this processor. Most have no
// assembly yet.

func addRowSums(sums, x *float32, ldx, rows, columns int) {
	addRowSumsGo(sums, x, ldx, rows, columns)
}

func sumSquares(x *float32, n int) float64 { return sumSquaresGo(x, n) }

func dropoutRun(y, x, residual *float32, n int, state uint64, threshold uint16, scale float32) {
	dropoutGo(y, x, residual, n, state, threshold, scale)
}

func layerNormBackward(d, x, gamma, dGamma, dBeta *float32, rows, columns int, eps float32) {
	layerNormBackwardGo(d, x, gamma, dGamma, dBeta, rows, columns, eps)
}

func adamW(p, dp, m, v *float32, n int, constants *float32) { adamWGo(p, dp, m, v, n, constants) }

func softmaxBackward(d *float32, ldd int, probs *float32, ldprobs, rows, columns int, scale float32) {
	softmaxBackwardGo(d, ldd, probs, ldprobs, rows, columns, scale)
}

func activateWithSlope(y, slope *float32, ld, rows, columns int, a Activation) {
	switch {
	case useNEON && a == GELU:
		geluSlopeNEON(y, slope, ld, rows, columns)
	case useNEON && a == GELUTanh:
		geluTanhSlopeNEON(y, slope, ld, rows, columns)
	default:
		activateWithSlopeGo(y, slope, ld, rows, columns, a)
	}
}

func multiplyRows(y, x *float32, ld, rows, columns int) {
	if useNEON {
		multiplyRowsNEON(y, x, ld, rows, columns)
		return
	}
	multiplyRowsGo(y, x, ld, rows, columns)
}

func maximum(x *float32, n int) float32 { return maximumGo(x, n) }
