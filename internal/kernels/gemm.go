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
//
// A precision of Float32 or BFloat16 says what the operands are rounded to
// before they are multiplied. Sums, epilogues and everything else that is
// computed on the way are float32, of values that were not rounded. Where the
// processor does not multiply bfloat16 faster, BFloat16 is Float32 of rounded
// values.

// MulNT computes c = act(a·bᵀ + bias) + residual; a is (m, k), b (n, k), c and
// the residual (m, n). The residual may be c.
func MulNT(pool *Pool, prec Precision, c, a, b []float32, m, n, k int, ep Epilogue) {
	ep.check(m, n)
	multiplication{precision: prec, c: c, a: operand{a, k, 1}, b: operand{b, k, 1}, m: m, n: n, k: k, ep: ep}.run(pool)
}

// MulNTWithSlope computes c = act(u) and slope = act'(u), u = a·bᵀ + bias; a is
// (m, k), b (n, k), c and slope (m, n), bias (n).
func MulNTWithSlope(pool *Pool, prec Precision, c, slope, a, b, bias []float32, m, n, k int, act Activation) {
	ep := Epilogue{Bias: bias}
	ep.check(m, n)
	if len(slope) != m*n {
		panic(fmt.Sprintf("kernels: slope of %d values for (%d, %d)", len(slope), m, n))
	}
	multiplication{
		precision: prec, c: c, slope: slope, act: act, a: operand{a, k, 1}, b: operand{b, k, 1}, m: m, n: n, k: k, ep: ep,
	}.run(pool)
}

// MulNN computes c = a·b, or c += a·b with add; a is (m, k), b (k, n), c (m, n).
func MulNN(pool *Pool, prec Precision, c, a, b []float32, m, n, k int, add bool) {
	multiplication{precision: prec, c: c, a: operand{a, k, 1}, b: operand{b, 1, n}, m: m, n: n, k: k, ep: addTo(c, add)}.run(pool)
}

// MulNNTimes computes c = (a·b) ⊙ factor; a is (m, k), b (k, n), c and factor
// (m, n). Where x is act(u), which MulNTWithSlope computed, ∂loss/∂u is
// (dy·W) ⊙ slope.
func MulNNTimes(pool *Pool, prec Precision, c, a, b, factor []float32, m, n, k int) {
	if len(factor) != m*n {
		panic(fmt.Sprintf("kernels: factor of %d values for (%d, %d)", len(factor), m, n))
	}
	multiplication{precision: prec, c: c, factor: factor, a: operand{a, k, 1}, b: operand{b, 1, n}, m: m, n: n, k: k}.run(pool)
}

// MulTN computes c = aᵀ·b, or c += aᵀ·b with add; a is (k, m), b (k, n), c
// (m, n). Unless sums (m) is nil, it also computes sums += Σ a over the k rows:
// of dyᵀ·x, which is a weight's gradient, the gradient of the bias.
func MulTN(pool *Pool, prec Precision, c, sums, a, b []float32, m, n, k int, add bool) {
	if sums != nil && len(sums) != m {
		panic(fmt.Sprintf("kernels: %d sums of %d columns", len(sums), m))
	}
	multiplication{
		precision: prec, c: c, sums: sums, a: operand{a, 1, m}, b: operand{b, 1, n}, m: m, n: n, k: k, ep: addTo(c, add),
	}.run(pool)
}

func addTo(c []float32, add bool) Epilogue {
	if add {
		return Epilogue{Residual: c}
	}
	return Epilogue{}
}

// multiplication says what to compute: c[i][j] = Σ a[i][k]·b[j][k], and then the
// epilogue.
type multiplication struct {
	precision Precision // of the operands
	c         []float32
	a, b      operand
	m, n, k   int
	ep        Epilogue

	sums   []float32 // unless nil, gets Σ a[i][k] added
	slope  []float32 // unless nil, c is activated at last, and this the slope
	act    Activation
	factor []float32 // unless nil, c is multiplied with it at last
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

func (m multiplication) run(pool *Pool) {
	if len(m.c) != m.m*m.n || len(m.a.values) != m.m*m.k || len(m.b.values) != m.n*m.k {
		panic(fmt.Sprintf("kernels: product of (%d, %d) and (%d, %d), of %d and %d values, into %d",
			m.m, m.k, m.n, m.k, len(m.a.values), len(m.b.values), len(m.c)))
	}
	if m.precision != Float32 && m.precision != BFloat16 {
		panic("kernels: no product of " + m.precision.String() + " operands")
	}
	if m.m == 0 || m.n == 0 {
		return
	}
	if m.k == 0 && m.ep.Residual != nil {
		return // nothing to add
	}
	g := gemms.Get().(*gemm)
	g.multiplication, g.pairs = m, m.precision == BFloat16 && roundsRows()
	g.cut(pool)
	panels, blocks := panelCount(m.n), max(1, (m.k+maxDepth-1)/maxDepth)
	if m.ep.Activation != None {
		blocks = 1 // an activation needs the whole sum
	}
	for i := range blocks {
		first, end := evenly(m.k, blocks).part(i)
		g.first, g.depth = first, end-first
		g.last = i == blocks-1
		g.makeRoom(panels)
		pool.Run(panels, (*gemmPanels)(g))
		pool.Run(g.chunks*g.groups, g)
		g.ep = Epilogue{Residual: m.c}
	}
	g.multiplication = multiplication{}
	gemms.Put(g)
}

// gemm is a multiplication as a Task, with the memory that its operands are
// copied to. Its parts are those of product: groups of panels times chunks of
// rows.
type gemm struct {
	multiplication
	first, depth int  // of the summands at hand
	last         bool // none come after them

	chunks, groups int
	panels         []float32   // of b, as in Matrix: (⌈n/32⌉, depth, 32)
	rows           [][]float32 // of a: each worker's chunk

	pairs    bool           // what is multiplied are pairs of bfloat16:
	bfloat16 bfloat16Weight // instead of panels
	rounded  []roundedRows  // instead of rows
}

var gemms = sync.Pool{New: func() any { return new(gemm) }}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// makeRoom makes room for the panels of the summands at hand.
func (g *gemm) makeRoom(panels int) {
	if !g.pairs {
		g.panels = resize(g.panels, panels*g.depth*panelColumns)
		return
	}
	g.bfloat16.setDepth(g.depth)
	g.bfloat16.panels = resize(g.bfloat16.panels, panels*g.bfloat16.size)
}

// copies says whether a chunk of a is copied before it is multiplied, because
// its rows do not follow each other or because they collide.
func (g *gemm) copies() bool {
	switch {
	case g.a.depth != 1 || g.sums != nil:
		return true
	case g.precision == BFloat16:
		return !g.pairs // else rounding them copies them
	}
	return collide(g.a.row)
}

// cut divides the product into parts.
func (g *gemm) cut(pool *Pool) {
	threads := pool.Threads()
	for len(g.rows) < threads {
		g.rows, g.rounded = append(g.rows, nil), append(g.rounded, roundedRows{})
	}
	g.chunks, g.groups = (g.m+chunkRows-1)/chunkRows, 1
	if threads == 1 {
		return
	}
	// Enough parts that no thread waits long for the last one. A chunk that is
	// copied or rounded is not cut into groups, each of which would do that again.
	least := 4 * threads
	if g.copies() || g.pairs {
		most := max(maxTileRows, g.rowUnit())
		tiles := (g.m + most - 1) / most
		g.chunks = max(g.chunks, min(least, tiles))
	} else {
		t := product{out: g.n}
		g.chunks = chunksFor(threads, t.across(), g.chunks, t.tiles(g.m, min(t.panelsAtOnce(), panelCount(g.n))))
		g.groups = max(1, min(t.across(), least/g.chunks))
	}
}

// rowUnit is what number of rows a chunk has a multiple of, but for the last one:
// as many as a block of AMX.
func (g *gemm) rowUnit() int {
	if g.pairs && (&product{bfloat16: &g.bfloat16}).usesAMX() {
		return blockRows
	}
	return 1
}

// chunk is which rows are chunk i.
func (g *gemm) chunk(i int) (first, end int) {
	unit := g.rowUnit()
	units := (g.m + unit - 1) / unit
	first, end = evenly(units, g.chunks).part(i)
	return first * unit, min(end*unit, g.m)
}

// Do implements Task.
func (g *gemm) Do(worker, i int) {
	chunk, group := i/g.groups, i%g.groups
	first, end := g.chunk(chunk)
	t := product{
		y: g.c[first*g.n : end*g.n], panels: g.panels,
		rows: end - first, in: g.depth, out: g.n, ep: g.ep,
	}
	if t.ep.Residual != nil {
		t.ep.Residual = g.ep.Residual[first*g.n : end*g.n]
	}
	if g.copies() {
		t.ldx = oddLines[float32](g.depth)
		g.rows[worker] = resize(g.rows[worker], t.rows*t.ldx)
		t.x = g.rows[worker]
		g.copyRows(t.x, t.ldx, first, t.rows)
		if g.sums != nil {
			addRowSums(&g.sums[first], &t.x[0], t.ldx, t.rows, g.depth)
		}
	} else {
		t.x, t.ldx = g.a.values[first*g.a.row+g.first:], g.a.row
	}
	if g.precision == BFloat16 {
		g.round(&t, worker)
	}
	firstPanel, endPanel := t.group(group, g.groups)
	for p := firstPanel; p < endPanel; {
		s := t.whole(p)
		next := s
		if p += s.panels; p < endPanel {
			next = t.whole(p)
		}
		t.panel(s, next, 0, t.rows)
		if g.last {
			g.finish(first, t.rows, s)
		}
	}
}

// round rounds the rows of a chunk.
func (g *gemm) round(t *product, worker int) {
	if !g.pairs {
		roundFloats(t.x)
		return
	}
	q := &g.rounded[worker]
	q.resize(BFloat16, t.rows, g.depth)
	q.fill(0, t.x, t.rows, g.depth, t.ldx)
	t.bfloat16, t.rounded = &g.bfloat16, *q
}

// finish does what comes after the sum to some rows of a section's columns, which
// are still in the cache.
func (g *gemm) finish(first, rows int, s section) {
	column := s.panel * panelColumns
	columns, at := min(s.panels*panelColumns, g.n-column), first*g.n+column
	if g.slope != nil {
		activateWithSlope(&g.c[at], &g.slope[at], g.n, rows, columns, g.act)
	}
	if g.factor != nil {
		multiplyRows(&g.c[at], &g.factor[at], g.n, rows, columns)
	}
}

// copyRows copies rows of a, the first of which is first, to x, whose rows are
// ldx apart: of each the summands at hand.
func (g *gemm) copyRows(x []float32, ldx, first, rows int) {
	a := g.a.values[first*g.a.row+g.first*g.a.depth:]
	if g.a.depth == 1 {
		copyRows(x, ldx, a, g.a.row, rows, g.depth)
		return
	}
	transposeRows(x, ldx, a, g.a.depth, g.depth, rows)
}

// gemmPanels packs b; part i is a panel.
type gemmPanels gemm

// Do implements Task.
func (g *gemmPanels) Do(_, i int) {
	columns := min(panelColumns, g.n-i*panelColumns)
	b := g.b.values[i*panelColumns*g.b.row+g.first*g.b.depth:]
	if g.pairs {
		if g.b.depth == 1 {
			g.bfloat16.packRows(i, b, columns, g.depth, g.b.row)
		} else {
			g.bfloat16.packColumns(i, b, g.depth, columns, g.b.depth)
		}
		return
	}
	panel := g.panels[i*g.depth*panelColumns:][:g.depth*panelColumns]
	if g.b.depth == 1 {
		packRows(panel, b, columns, g.depth, g.b.row)
	} else {
		packColumns(panel, b, g.depth, columns, g.b.depth)
	}
	if g.precision == BFloat16 {
		roundFloats(panel)
	}
}
