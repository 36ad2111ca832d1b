package bert

import "cloze/internal/kernels"

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

// blockRows is how many rows a task takes of those operations that go row by
// row: few enough to stay in the cache from one operation to the next. It is
// fixed, so that sums over the rows do not depend on the number of threads.
const blockRows = 64

// inRows calls f for consecutive blocks of rows, on the pool's workers.
func inRows(pool *kernels.Pool, rows int, f func(block, first, end int)) {
	pool.Run((rows+blockRows-1)/blockRows, task(func(_, i int) { f(i, i*blockRows, min((i+1)*blockRows, rows)) }))
}

// backward takes d = ∂loss/∂y (rows, H) to ∂loss/∂x, in place, and adds to the
// gradients of gamma and beta. x is forward's. Unless next is nil, it is called
// for d[first:end] as soon as these are ∂loss/∂x.
func (n *layerNorm) backward(ws *Workspace, d, x []float32, rows int, next func(first, end int)) {
	size := len(n.gamma.Data)
	blocks := (rows + blockRows - 1) / blockRows
	sums := grow(ws.gradients.sums, blocks*2*size) // of each block: of gamma, of beta
	ws.gradients.sums = sums
	clear(sums)
	inRows(ws.pool, rows, func(block, first, end int) {
		dGamma, dBeta := sums[2*block*size:][:size], sums[(2*block+1)*size:][:size]
		values := span{first * size, end * size}
		kernels.LayerNormBackward(values.of(d), values.of(x), n.gamma.Data, dGamma, dBeta, size, n.eps)
		if next != nil {
			next(values.start, values.end)
		}
	})
	if n.gamma.Grad == nil {
		return // frozen
	}
	for block := range blocks {
		add(n.gamma.Grad, sums[2*block*size:])
		add(n.beta.Grad, sums[(2*block+1)*size:])
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
