package kernels

import (
	"fmt"
	"math"
	"sync"
)

// LayerNorm normalises each row (Ba et al. 2016); y may be x.
//
//	y[i] = (x[i] − mean)·rstd·gamma[i] + beta[i]
//	rstd = 1/√(Σ (x[i] − mean)²/cols + eps)
//
// x and y are (rows, cols), gamma and beta (cols).
func LayerNorm(pool *Pool, y, x, gamma, beta []float32, rows, cols int, eps float32) {
	if len(x) != rows*cols || len(y) != rows*cols || len(gamma) != cols || len(beta) != cols {
		panic(fmt.Sprintf("kernels: LayerNorm of (%d, %d) from %d values to %d, gamma %d, beta %d",
			rows, cols, len(x), len(y), len(gamma), len(beta)))
	}
	if rows == 0 || cols == 0 {
		return
	}
	t := layerNorms.Get().(*layerNormTask)
	*t = layerNormTask{y: y, x: x, gamma: gamma, beta: beta, rows: rows, cols: cols, eps: eps}
	t.parts = max(1, min(4*pool.Threads(), rows*cols/layerNormPart))
	pool.Run(t.parts, t)
	*t = layerNormTask{}
	layerNorms.Put(t)
}

// layerNormPart is how many values are worth a part: a microsecond or two.
const layerNormPart = 1 << 12

var layerNorms = sync.Pool{New: func() any { return new(layerNormTask) }}

// layerNormTask normalises some rows in each part.
type layerNormTask struct {
	y, x, gamma, beta []float32
	rows, cols        int
	eps               float32
	parts             int
}

// Do implements Task.
func (t *layerNormTask) Do(_, i int) {
	first, end := evenly(t.rows, t.parts).part(i)
	if first < end {
		layerNorm(&t.y[first*t.cols], &t.x[first*t.cols], &t.gamma[0], &t.beta[0], end-first, t.cols, t.eps)
	}
}

// layerNormGo is LayerNorm of rows that follow each other.
func layerNormGo(y, x, gamma, beta *float32, rows, columns int, eps float32) {
	scale, shift := floats(gamma, 0, columns), floats(beta, 0, columns)
	for r := range rows {
		from, to := floats(x, r*columns, columns), floats(y, r*columns, columns)
		var sum, squares float32
		for _, v := range from {
			sum += v
		}
		mean := sum / float32(columns)
		for _, v := range from {
			squares += (v - mean) * (v - mean)
		}
		rstd := float32(1 / math.Sqrt(float64(squares/float32(columns)+eps)))
		for i, v := range from {
			to[i] = (v-mean)*rstd*scale[i] + shift[i]
		}
	}
}
