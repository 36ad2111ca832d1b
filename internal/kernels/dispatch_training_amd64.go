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
