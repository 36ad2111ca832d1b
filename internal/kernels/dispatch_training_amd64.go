//go:build !purego

package kernels

// Which way training's operations take on this processor.

func addRowSums(sums, x *float32, ldx, rows, columns int) {
	switch {
	case useAVX512:
		addRowSumsAVX512(sums, x, ldx, rows, columns)
	case useAVX2:
		addRowSumsAVX2(sums, x, ldx, rows, columns)
	default:
		addRowSumsGo(sums, x, ldx, rows, columns)
	}
}

func sumSquares(x *float32, n int) float64 {
	switch {
	case useAVX512:
		return sumSquaresAVX512(x, n)
	case useAVX2:
		return sumSquaresAVX2(x, n)
	}
	return sumSquaresGo(x, n)
}

func dropoutRun(y, x, residual *float32, n int, state uint64, threshold uint16, scale float32) {
	switch {
	case useAVX512:
		dropoutAVX512(y, x, residual, n, state, threshold, scale)
	case useAVX2:
		dropoutAVX2(y, x, residual, n, state, threshold, scale)
	default:
		dropoutGo(y, x, residual, n, state, threshold, scale)
	}
}

func layerNormBackward(d, x, gamma, dGamma, dBeta *float32, rows, columns int, eps float32) {
	switch {
	case useAVX512:
		layerNormBackwardAVX512(d, x, gamma, dGamma, dBeta, rows, columns, eps)
	case useAVX2:
		layerNormBackwardAVX2(d, x, gamma, dGamma, dBeta, rows, columns, eps)
	default:
		layerNormBackwardGo(d, x, gamma, dGamma, dBeta, rows, columns, eps)
	}
}

func adamW(p, dp, m, v *float32, n int, constants *float32) {
	switch {
	case useAVX512:
		adamWAVX512(p, dp, m, v, n, constants)
	case useAVX2:
		adamWAVX2(p, dp, m, v, n, constants)
	default:
		adamWGo(p, dp, m, v, n, constants)
	}
}

func softmaxBackward(d *float32, ldd int, probs *float32, ldprobs, rows, columns int, scale float32) {
	switch {
	case useAVX512:
		softmaxBackwardAVX512(d, ldd, probs, ldprobs, rows, columns, scale)
	case useAVX2:
		softmaxBackwardAVX2(d, ldd, probs, ldprobs, rows, columns, scale)
	default:
		softmaxBackwardGo(d, ldd, probs, ldprobs, rows, columns, scale)
	}
}

func activateWithSlope(y, slope *float32, ld, rows, columns int, a Activation) {
	switch {
	case useAVX512 && a == GELU:
		geluSlopeAVX512(y, slope, ld, rows, columns)
	case useAVX512 && a == GELUTanh:
		geluTanhSlopeAVX512(y, slope, ld, rows, columns)
	case useAVX2 && a == GELU:
		geluSlopeAVX2(y, slope, ld, rows, columns)
	case useAVX2 && a == GELUTanh:
		geluTanhSlopeAVX2(y, slope, ld, rows, columns)
	default:
		activateWithSlopeGo(y, slope, ld, rows, columns, a)
	}
}

func multiplyRows(y, x *float32, ld, rows, columns int) {
	switch {
	case useAVX512:
		multiplyRowsAVX512(y, x, ld, rows, columns)
	case useAVX2:
		multiplyRowsAVX2(y, x, ld, rows, columns)
	default:
		multiplyRowsGo(y, x, ld, rows, columns)
	}
}

func maximum(x *float32, n int) float32 {
	switch {
	case useAVX512:
		return maximumAVX512(x, n)
	case useAVX2:
		return maximumAVX2(x, n)
	}
	return maximumGo(x, n)
}
