//go:build !amd64 || purego

package kernels

func addRowSums(sums, x *float32, ldx, rows, columns int) {
	addRowSumsGo(sums, x, ldx, rows, columns)
}

func dropoutRun(y, x, residual *float32, n int, state uint64, threshold uint16, scale float32) {
	dropoutGo(y, x, residual, n, state, threshold, scale)
}

func layerNormBackward(d, x, gamma, dGamma, dBeta *float32, rows, columns int, eps float32) {
	layerNormBackwardGo(d, x, gamma, dGamma, dBeta, rows, columns, eps)
}
