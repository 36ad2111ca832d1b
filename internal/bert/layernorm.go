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

func (n *layerNorm) bytes() int { return 4 * (len(n.gamma.Data) + len(n.beta.Data)) }
