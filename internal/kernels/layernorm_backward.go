package kernels

import (
	"fmt"
	"math"
)

// LayerNormBackward differentiates LayerNorm: it takes d = ∂loss/∂y to ∂loss/∂x
// in place, and adds to the gradients of gamma and beta. x is what LayerNorm
// read. With x̂ = (x − mean)·rstd and g = d·gamma, row by row:
//
//	dGamma += d·x̂
//	dBeta  += d
//	d       = (g − mean(g) − x̂·mean(g·x̂))·rstd
//
// d and x are (rows, cols), the others (cols).
func LayerNormBackward(d, x, gamma, dGamma, dBeta []float32, cols int, eps float32) {
	if len(x) != len(d) || cols < 1 || len(x)%cols != 0 || len(gamma) != cols || len(dGamma) != cols || len(dBeta) != cols {
		panic(fmt.Sprintf("kernels: LayerNormBackward of %d columns with %d values, %d gradients, gamma %d, its gradient %d, beta's %d",
			cols, len(x), len(d), len(gamma), len(dGamma), len(dBeta)))
	}
	if len(x) > 0 {
		layerNormBackward(&d[0], &x[0], &gamma[0], &dGamma[0], &dBeta[0], len(x)/cols, cols, eps)
	}
}

// layerNormBackwardGo is LayerNormBackward of some rows.
func layerNormBackwardGo(d, x, gamma, dGamma, dBeta *float32, rows, columns int, eps float32) {
	scale, dScale, dShift := floats(gamma, 0, columns), floats(dGamma, 0, columns), floats(dBeta, 0, columns)
	count := float32(columns)
	for r := range rows {
		gradient, input := floats(d, r*columns, columns), floats(x, r*columns, columns)
		var sum, squares, sumG, sumGX float32
		for _, v := range input {
			sum += v
		}
		mean := sum / count
		for i, v := range input {
			g := gradient[i] * scale[i]
			squares += (v - mean) * (v - mean)
			sumG += g
			sumGX += g * (v - mean)
		}
		rstd := float32(1 / math.Sqrt(float64(squares/count+eps)))
		meanG, meanGX := sumG/count, sumGX/count*rstd
		for i, v := range input {
			normal := (v - mean) * rstd
			dScale[i] += gradient[i] * normal
			dShift[i] += gradient[i]
			gradient[i] = (gradient[i]*scale[i] - meanG - normal*meanGX) * rstd
		}
	}
}
