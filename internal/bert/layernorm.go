package bert

import (
	"math"

	"cloze/internal/kernels"
)

// layerNorm normalises each row and scales it (Ba et al. 2016):
//
//	y = gamma·(x − mean(x))/√(var(x) + ε) + beta
//
// In checkpoints gamma is NAME.weight and beta NAME.bias, both (H).
type layerNorm struct {
	gamma, beta *Param
	eps         float32
}

func newLayerNorm(name string, size int, eps float64) layerNorm {
	return layerNorm{
		gamma: newVector(name+".weight", size),
		beta:  newVector(name+".bias", size),
		eps:   float32(eps),
	}
}

func (n *layerNorm) params() []*Param { return []*Param{n.gamma, n.beta} }

func (n *layerNorm) load(r *reader) error {
	if err := r.resident(n.gamma); err != nil {
		return err
	}
	return r.resident(n.beta)
}

// forward computes y (rows, H) from x (rows, H); y may be x.
func (n *layerNorm) forward(pool *kernels.Pool, y, x []float32, rows int) {
	kernels.LayerNorm(pool, y, x, n.gamma.Data, n.beta.Data, rows, len(n.gamma.Data), n.eps)
}

// normRows is how many rows one task differentiates. It is fixed, so that the
// sums over the rows do not depend on the number of threads.
const normRows = 64

// backward takes d = ∂loss/∂y (rows, H) to ∂loss/∂x, in place, and adds to the
// gradients of gamma and beta. x is forward's. With x̂ = (x − mean)/σ and
// g = d·gamma:
//
//	∂loss/∂gamma += Σ d·x̂
//	∂loss/∂beta  += Σ d
//	∂loss/∂x      = (g − mean(g) − x̂·mean(g·x̂))/σ
func (n *layerNorm) backward(ws *Workspace, d, x []float32, rows int) {
	size := len(n.gamma.Data)
	blocks := (rows + normRows - 1) / normRows
	sums := grow(ws.gradients.sums, blocks*2*size) // of each block: of gamma, of beta
	ws.gradients.sums = sums
	clear(sums)
	ws.pool.Run(blocks, task(func(_, block int) {
		dGamma, dBeta := sums[2*block*size:][:size], sums[(2*block+1)*size:][:size]
		for row := block * normRows; row < min((block+1)*normRows, rows); row++ {
			n.backwardRow(d[row*size:][:size], x[row*size:][:size], dGamma, dBeta)
		}
	}))
	if n.gamma.Grad == nil {
		return // frozen
	}
	for block := range blocks {
		add(n.gamma.Grad, sums[2*block*size:])
		add(n.beta.Grad, sums[(2*block+1)*size:])
	}
}

func (n *layerNorm) backwardRow(d, x, dGamma, dBeta []float32) {
	gamma := n.gamma.Data
	d, dGamma, dBeta, gamma = d[:len(x)], dGamma[:len(x)], dBeta[:len(x)], gamma[:len(x)]
	var sum float64
	for _, v := range x {
		sum += float64(v)
	}
	mean := float32(sum / float64(len(x)))
	var squares, sumG, sumGX float64
	for i, v := range x {
		centered := v - mean
		g := d[i] * gamma[i]
		squares += float64(centered * centered)
		sumG += float64(g)
		sumGX += float64(g * centered)
	}
	count := float64(len(x))
	rstd := float32(1 / math.Sqrt(squares/count+float64(n.eps)))
	meanG, meanGX := float32(sumG/count), float32(sumGX/count)*rstd
	for i, v := range x {
		normal := (v - mean) * rstd
		dGamma[i] += d[i] * normal
		dBeta[i] += d[i]
		d[i] = (d[i]*gamma[i] - meanG - normal*meanGX) * rstd
	}
}

// add computes y += x, for the length of y.
func add(y, x []float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}

func (n *layerNorm) bytes() int { return 4 * (len(n.gamma.Data) + len(n.beta.Data)) }
