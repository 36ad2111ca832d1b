package kernels

// The three products of training, between matrices that change from step to
// step. Where x·Wᵀ is a layer, its gradients are
//
//	forward    y  = x·Wᵀ     MulNT
//	backward   dx = dy·W     MulNN
//	           dW += dyᵀ·x   MulTN
//
// All matrices are row-major. With add, the product is added to what c holds;
// otherwise c is overwritten. The result does not depend on the pool.

// MulNT computes c = act(a·bᵀ + bias) + residual; a is (m, k), b (n, k), c and
// the residual (m, n). The residual may be c.
func MulNT(pool *Pool, c, a, b []float32, m, n, k int, ep Epilogue) {
	checkGemm(c, a, b, m, n, k)
	pool.Run(panels(m), &gemm{panel: mulNT, c: c, a: a, b: b, m: m, n: n, k: k, ep: ep})
}

// MulNN computes c = a·b; a is (m, k), b (k, n), c (m, n).
func MulNN(pool *Pool, c, a, b []float32, m, n, k int, add bool) {
	checkGemm(c, a, b, m, n, k)
	pool.Run(panels(m), &gemm{panel: mulNN, c: c, a: a, b: b, m: m, n: n, k: k, add: add})
}

// MulTN computes c = aᵀ·b; a is (k, m), b (k, n), c (m, n).
func MulTN(pool *Pool, c, a, b []float32, m, n, k int, add bool) {
	checkGemm(c, a, b, m, n, k)
	pool.Run(panels(m), &gemm{panel: mulTN, c: c, a: a, b: b, m: m, n: n, k: k, add: add})
}

func checkGemm(c, a, b []float32, m, n, k int) {
	if len(c) != m*n || len(a) != m*k || len(b) != n*k {
		panic("kernels: matrix product of wrong lengths")
	}
}

// panelRows is how many rows of c one task computes.
const panelRows = 16

func panels(rows int) int { return (rows + panelRows - 1) / panelRows }

// gemm is one product as a Task over the panels of c.
type gemm struct {
	panel   func(g *gemm, first, last int)
	c, a, b []float32
	m, n, k int
	add     bool     // NN and TN
	ep      Epilogue // NT
}

// Do implements Task.
func (g *gemm) Do(_, i int) { g.panel(g, i*panelRows, min((i+1)*panelRows, g.m)) }

// mulNT takes four rows of b at a time, so that a row of a is read once for
// four sums.
func mulNT(g *gemm, first, last int) {
	for i := first; i < last; i++ {
		a := g.a[i*g.k:][:g.k]
		j := 0
		for ; j+4 <= g.n; j += 4 {
			b0, b1 := g.b[j*g.k:][:g.k], g.b[(j+1)*g.k:][:g.k]
			b2, b3 := g.b[(j+2)*g.k:][:g.k], g.b[(j+3)*g.k:][:g.k]
			var s0, s1, s2, s3 float32
			for p, x := range a {
				s0 += x * b0[p]
				s1 += x * b1[p]
				s2 += x * b2[p]
				s3 += x * b3[p]
			}
			g.finish(i, j, s0)
			g.finish(i, j+1, s1)
			g.finish(i, j+2, s2)
			g.finish(i, j+3, s3)
		}
		for ; j < g.n; j++ {
			b := g.b[j*g.k:][:g.k]
			var s float32
			for p, x := range a {
				s += x * b[p]
			}
			g.finish(i, j, s)
		}
	}
}

// finish applies the epilogue to one sum and stores it.
func (g *gemm) finish(i, j int, sum float32) {
	if g.ep.Bias != nil {
		sum += g.ep.Bias[j]
	}
	if g.ep.Activation != None {
		one := [1]float32{sum}
		Activate(one[:], g.ep.Activation)
		sum = one[0]
	}
	if g.ep.Residual != nil {
		sum += g.ep.Residual[i*g.n+j]
	}
	g.c[i*g.n+j] = sum
}

// mulNN adds multiples of the rows of b to a row of c.
func mulNN(g *gemm, first, last int) {
	if !g.add {
		clear(g.c[first*g.n : last*g.n])
	}
	for p := range g.k {
		b := g.b[p*g.n:][:g.n]
		for i := first; i < last; i++ {
			addScaled(g.c[i*g.n:][:g.n], b, g.a[i*g.k+p])
		}
	}
}

// mulTN is mulNN with a read by columns.
func mulTN(g *gemm, first, last int) {
	if !g.add {
		clear(g.c[first*g.n : last*g.n])
	}
	for p := range g.k {
		b := g.b[p*g.n:][:g.n]
		for i := first; i < last; i++ {
			addScaled(g.c[i*g.n:][:g.n], b, g.a[p*g.m+i])
		}
	}
}

// addScaled computes y += a·x.
func addScaled(y, x []float32, a float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += a * x[i]
	}
}
