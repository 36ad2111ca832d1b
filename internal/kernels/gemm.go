package kernels

import (
	"fmt"
	"sync"
)

// The three products of training, between matrices that change from step to
// step. Where y = x·Wᵀ is a layer,
//
//	forward    y  = x·Wᵀ     MulNT
//	backward   dx = dy·W     MulNN
//	           dW += dyᵀ·x   MulTN
//
// All matrices are row-major. Each brings its operands into the form that
// Matrix.Mul reads, which costs little beside the product, and runs the same
// tiles. Results do not depend on the pool.

// MulNT computes c = act(a·bᵀ + bias) + residual; a is (m, k), b (n, k), c and
// the residual (m, n). The residual may be c.
func MulNT(pool *Pool, c, a, b []float32, m, n, k int, ep Epilogue) {
	ep.check(m, n)
	mulAny(pool, c, operand{a, k, 1}, operand{b, k, 1}, m, n, k, ep)
}

// MulNN computes c = a·b, or c += a·b with add; a is (m, k), b (k, n), c (m, n).
func MulNN(pool *Pool, c, a, b []float32, m, n, k int, add bool) {
	mulAny(pool, c, operand{a, k, 1}, operand{b, 1, n}, m, n, k, addTo(c, add))
}

// MulTN computes c = aᵀ·b, or c += aᵀ·b with add; a is (k, m), b (k, n), c
// (m, n).
func MulTN(pool *Pool, c, a, b []float32, m, n, k int, add bool) {
	mulAny(pool, c, operand{a, 1, m}, operand{b, 1, n}, m, n, k, addTo(c, add))
}

func addTo(c []float32, add bool) Epilogue {
	if add {
		return Epilogue{Residual: c}
	}
	return Epilogue{}
}

// operand is a matrix, or the transpose of one, as the product sees it: its
// value k of row r is values[r·row + k·depth]. One of the two is 1.
type operand struct {
	values     []float32
	row, depth int
}

// maxDepth is the most summands that a tile adds up at a time: more would not
// stay in the cache. Longer sums are cut, and c holds what is there so far.
const maxDepth = 1024

// mulAny computes c[i][j] = Σ a[i][k]·b[j][k] and the epilogue.
func mulAny(pool *Pool, c []float32, a, b operand, m, n, k int, ep Epilogue) {
	if len(c) != m*n || len(a.values) != m*k || len(b.values) != n*k {
		panic(fmt.Sprintf("kernels: product of (%d, %d) and (%d, %d), of %d and %d values, into %d",
			m, k, n, k, len(a.values), len(b.values), len(c)))
	}
	if m == 0 || n == 0 {
		return
	}
	free := &gemms
	if pool == nil {
		free = &smallGemms
	}
	g := free.Get().(*gemm)
	g.a, g.b, g.m, g.n = a, b, m, n
	blocks := max(1, (k+maxDepth-1)/maxDepth)
	if ep.Activation != None {
		blocks = 1 // an activation needs the whole sum
	}
	for i := range blocks {
		first, end := share(k, blocks, i), share(k, blocks, i+1)
		g.block(pool, c, first, end-first, blocks == 1, ep)
		ep = Epilogue{Residual: c}
	}
	g.a, g.b, g.product = operand{}, operand{}, product{}
	free.Put(g)
}

// gemm is a product with the memory that its operands are copied to.
type gemm struct {
	a, b         operand
	m, n         int
	first, depth int // of the summands at hand

	panels  []float32 // of b, as in Matrix: (⌈n/32⌉, depth, 32)
	rows    []float32 // of a: (m, depth)
	product product
}

// gemms keeps the memory of large products, smallGemms of those that a part of
// a task computes by itself.
var (
	gemms      = sync.Pool{New: func() any { return new(gemm) }}
	smallGemms = sync.Pool{New: func() any { return new(gemm) }}
)

// block multiplies depth summands from first on; whole says that they are all.
func (g *gemm) block(pool *Pool, c []float32, first, depth int, whole bool, ep Epilogue) {
	g.first, g.depth = first, depth
	panels := (g.n + panelColumns - 1) / panelColumns
	g.panels = resize(g.panels, panels*depth*panelColumns)
	pool.Run(panels, (*gemmPanels)(g))
	rows := g.a.values
	if !whole || g.a.depth != 1 {
		g.rows = resize(g.rows, g.m*depth)
		pool.Run((g.m+panelColumns-1)/panelColumns, (*gemmRows)(g))
		rows = g.rows
	}
	g.product = product{y: c, x: rows, panels: g.panels, rows: g.m, in: depth, out: g.n, ep: ep}
	g.product.run(pool)
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// gemmPanels packs b; part i is a panel.
type gemmPanels gemm

// Do implements Task.
func (g *gemmPanels) Do(_, i int) {
	columns := min(panelColumns, g.n-i*panelColumns)
	panel := g.panels[i*g.depth*panelColumns:][:g.depth*panelColumns]
	b := g.b.values[i*panelColumns*g.b.row+g.first*g.b.depth:]
	if g.b.depth == 1 {
		packRows(panel, b, columns, g.depth, g.b.row)
	} else {
		packColumns(panel, b, g.depth, columns, g.b.depth)
	}
}

// gemmRows copies a; part i is as many of its rows as a panel has columns.
type gemmRows gemm

// Do implements Task.
func (g *gemmRows) Do(_, i int) {
	firstRow, endRow := i*panelColumns, min((i+1)*panelColumns, g.m)
	a := g.a.values[g.first*g.a.depth:]
	if g.a.depth == 1 {
		for r := firstRow; r < endRow; r++ {
			copy(g.rows[r*g.depth:][:g.depth], a[r*g.a.row:])
		}
		return
	}
	const square = 16 // of values: a cache line
	for start := 0; start < g.depth; start += square {
		end := min(start+square, g.depth)
		for r := firstRow; r < endRow; r++ {
			row := g.rows[r*g.depth+start : r*g.depth+end]
			for k := range row {
				row[k] = a[(start+k)*g.a.depth+r]
			}
		}
	}
}
