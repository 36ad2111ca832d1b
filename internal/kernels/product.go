package kernels

import (
	"fmt"
	"sync"
)

// Epilogue is what a product does with its sums before it stores them:
//
//	y = act(x·Wᵀ + bias) + residual
type Epilogue struct {
	Bias       []float32 // (out); nil is zero
	Activation Activation
	Residual   []float32 // (rows, out); nil is zero; may be y
}

// Mul computes y = act(x·Wᵀ + bias) + residual.
//
//	x  (rows, in)
//	y  (rows, out), not x
//
// Each element of y is added up in the same order whatever the number of rows and
// threads: a row's result does not depend on its batch.
func (m *Matrix) Mul(pool *Pool, y, x []float32, rows int, ep Epilogue) {
	if len(x) != rows*m.in || len(y) != rows*m.out {
		panic(fmt.Sprintf("kernels: (%d, %d) product of %d values into %d", m.out, m.in, len(x), len(y)))
	}
	ep.check(rows, m.out)
	if rows == 0 {
		return
	}
	t := products.Get().(*product)
	t.y, t.x, t.ldx, t.panels, t.rows, t.in, t.out, t.ep = y, x, m.in, m.panels, rows, m.in, m.out, ep
	switch m.precision {
	case Int8:
		t.int8 = &m.int8
	case BFloat16:
		t.bfloat16 = &m.bfloat16
	case Float16:
		t.float16 = &m.float16
	}
	t.prepare(pool)
	t.run(pool)
	t.y, t.x, t.panels, t.ep, t.int8, t.bfloat16, t.float16 = nil, nil, nil, Epilogue{}, nil, nil, nil
	products.Put(t)
}

func (ep *Epilogue) check(rows, out int) {
	if ep.Bias != nil && len(ep.Bias) != out || ep.Residual != nil && len(ep.Residual) != rows*out {
		panic(fmt.Sprintf("kernels: epilogue of %d and %d values for (%d, %d)", len(ep.Bias), len(ep.Residual), rows, out))
	}
}

// products keeps the tasks that no Run uses, so that Mul allocates nothing.
var products = sync.Pool{New: func() any { return new(product) }}

// product is one Mul as a Task. Its parts are groups of panels times chunks of
// rows: a chunk is at most as many rows as stay in the L2 cache beside a section of one
// panel or two, so that each panel is read from memory once a chunk.
type product struct {
	y, x, panels  []float32
	ldx           int // between rows of x
	rows, in, out int
	ep            Epilogue

	// Instead of panels and x, in other precisions:
	int8     *int8Weight
	int8Rows int8Rows
	bfloat16 *bfloat16Weight
	float16  *float16Weight
	rounded  roundedRows // of bfloat16, unless x stays float32, and of float16

	apart []float32 // x, where its own rows collide
	parts int       // of fillTask

	chunks int // of rows
	groups int // of panels
	// streams says that tiles take one panel because there are few rows.
	streams bool
}

// zeros is the bias of products that have none.
var zeros [maxPanelsPerTile * panelColumns]float32

func (t *product) run(pool *Pool) {
	panels := panelCount(t.out)
	flops := 2 * t.rows * t.in * panels * panelColumns
	threads, part := pool.Threads(), partFlops
	t.streams = t.fewRows()
	if t.usesAMX() {
		part = blockFlops
		t.cutForAMX(panels, threads)
	} else {
		t.chunks = (t.rows + chunkRows - 1) / chunkRows
	}
	switch {
	case threads == 1:
		t.groups = 1
	case flops < smallFlops:
		t.groups, pool = 1, nil
	default:
		if !t.usesAMX() {
			t.chunks = chunksFor(threads, t.across(), t.chunks, t.tiles(t.rows, min(t.panelsAtOnce(), panels)))
		}
		// Parts of partFlops, but enough of them that no thread waits long for
		// the last one.
		t.groups = evenGroups(t.across(), max(flops/t.chunks/part, 4*threads), threads)
	}
	pool.Run(t.chunks*t.groups, t)
}

// Do implements Task.
func (t *product) Do(_, i int) {
	chunk, group := i/t.groups, i%t.groups
	first, end := t.group(group, t.groups)
	// A thread's own parts follow each other.
	later, _ := t.group((group+1)%t.groups, t.groups)
	if t.usesAMX() {
		blocks := (t.rows + blockRows - 1) / blockRows
		firstBlock, endBlock := evenly(blocks, t.chunks).part(chunk)
		t.blocks(first, end, later, firstBlock*blockRows, min(endBlock*blockRows, t.rows))
		return
	}
	firstRow, endRow := evenly(t.rows, t.chunks).part(chunk)
	// Section by section, all panels of each.
	cuts := t.cuts()
	for i := range cuts {
		for p := first; p < end; {
			s := t.section(p, i, cuts)
			var next section
			switch p += s.panels; {
			case p < end:
				next = t.section(p, i, cuts)
			case i+1 < cuts:
				next = t.section(first, i+1, cuts)
			default:
				next = t.section(later, 0, cuts)
			}
			t.panel(s, next, firstRow, endRow)
		}
	}
}

// residualLast says whether the residual comes after an activation.
func (t *product) residualLast() bool { return t.ep.Activation != None && t.ep.Residual != nil }

// panel multiplies rows of x with a section of a panel, or of two, fetching the next
// one meanwhile. The sections of a panel come in turn; y holds what is there so far.
func (t *product) panel(s, next section, firstRow, endRow int) {
	if t.usesAMX() {
		t.blocks(s.panel, s.panel+1, next.panel, firstRow, endRow)
		return
	}
	first, wide := s.panel*panelColumns, s.panels*panelColumns
	if first+wide > t.out || t.residualLast() {
		t.panelAside(s, next, firstRow, endRow)
		return
	}
	bias := &zeros[0]
	if t.ep.Bias != nil {
		bias = &t.ep.Bias[first]
	}
	tiles := t.tiles(endRow-firstRow, s.panels)
	tileRows, fetched := evenly(endRow-firstRow, tiles), t.fetchedBy(tiles, next)
	for i := range tiles {
		row, end := tileRows.part(i)
		row, rows := firstRow+row, end-row
		y := &t.y[row*t.out+first]
		start, last := bias, (*float32)(nil)
		switch {
		case s.first > 0:
			start, last = &zeros[0], y
		case t.ep.Residual != nil:
			last = &t.ep.Residual[row*t.out+first]
		}
		t.tile(y, t.out, s, row, rows, start, last, fetched.tile(i))
		if s.end == t.in {
			activateRows(y, t.out, rows, wide, t.ep.Activation)
		}
	}
}

// panelAside is panel where y has no room for all columns, or where the residual comes
// last: tiles are computed elsewhere, at once when the last section comes.
func (t *product) panelAside(s, next section, firstRow, endRow int) {
	if s.end < t.in {
		return
	}
	first, wide := s.panel*panelColumns, s.panels*panelColumns
	columns := min(wide, t.out-first)
	var bias [maxPanelsPerTile * panelColumns]float32
	if t.ep.Bias != nil {
		copy(bias[:], t.ep.Bias[first:][:columns])
	}
	var sums [max(maxTileRows, maxPanelsPerTile*twoPanelsRows) * panelColumns]float32
	tiles := t.tiles(endRow-firstRow, s.panels)
	tileRows, fetched := evenly(endRow-firstRow, tiles), t.fetchedBy(tiles, next)
	for i := range tiles {
		row, end := tileRows.part(i)
		row, rows := firstRow+row, end-row
		t.tile(&sums[0], wide, t.whole(s.panel), row, rows, &bias[0], nil, fetched.tile(i))
		t.finish(sums[:], wide, t.y[row*t.out+first:], row, first, rows, columns)
	}
}

// tile computes rows times a section into y, whose rows are ldy apart, and fetches
// for later tiles.
func (t *product) tile(y *float32, ldy int, s section, row, rows int, bias, residual *float32, fetch fetch) {
	switch {
	case t.int8 != nil:
		t.int8.tile(y, ldy, &t.int8Rows, s, row, rows, bias, residual, t.out, fetch)
		return
	case t.bfloat16 != nil:
		t.bfloat16.tile(t, y, ldy, s.panel, row, rows, bias, residual, fetch)
		return
	case t.float16 != nil:
		t.float16.tile(t, y, ldy, s.panel, row, rows, bias, residual, fetch)
		return
	}
	size := t.in * panelColumns
	next, bytes := fetchFrom(t.panels, fetch)
	x, panel := &t.x[row*t.ldx+s.first], &t.panels[s.at(size)]
	if s.panels == maxPanelsPerTile {
		tileTwoPanels(y, ldy, x, t.ldx, panel, size, rows, s.depth(), bias, 0, residual, t.out, next, bytes)
		return
	}
	tile(y, ldy, x, t.ldx, panel, rows, s.depth(), bias, 0, residual, t.out, next, bytes)
}

// panelValues is how many values a panel has, and how many of them tiles read: after
// those may come zeros that only AMX reads.
func (t *product) panelValues() (size, used int) {
	switch {
	case t.int8 != nil:
		return t.int8.size, t.int8.steps * panelColumns * int8Step
	case t.bfloat16 != nil:
		return t.bfloat16.size, t.bfloat16.steps * panelColumns * bfloat16Step
	case t.float16 != nil:
		return t.float16.size, t.float16.size
	}
	return t.in * panelColumns, t.in * panelColumns
}

// finish takes a tile that was computed aside, because y has no room for all of
// its columns or because the residual comes after the activation.
func (t *product) finish(tile []float32, ld int, y []float32, row, column, rows, columns int) {
	activateRows(&tile[0], ld, rows, columns, t.ep.Activation)
	for r := range rows {
		sums := tile[r*ld:][:columns]
		if t.ep.Residual != nil {
			for j, v := range t.ep.Residual[(row+r)*t.out+column:][:columns] {
				sums[j] += v
			}
		}
		copy(y[r*t.out:], sums)
	}
}

// tileGo computes a tile: some rows of x times a panel of 32 columns.
//
//	y[r][j] = first[r][j] + Σk x[r][k]·panel[k][j] + last[r][j]
//
// ldy, ldx, ldfirst and ldlast are the distances between rows, 0 to use one row
// for all. A nil last is zero. The assembly has two arguments more: it
// brings what is at next into the cache, some bytes with each step of depth.
func tileGo(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int) {
	weights := floats(panel, 0, depth*panelColumns)
	for r := range rows {
		sums := [panelColumns]float32(floats(first, r*ldfirst, panelColumns))
		for k, v := range floats(x, r*ldx, depth) {
			row := weights[k*panelColumns:][:panelColumns]
			for j := range sums {
				sums[j] += v * row[j]
			}
		}
		storeRow(floats(y, r*ldy, panelColumns), sums[:], last, r*ldlast)
	}
}

// tileTwoPanelsGo is tileGo for two panels, the second one's columns beside the first
// one's in y, first and last. ldpanel is the distance of the panels, and of those that
// the assembly fetches.
func tileTwoPanelsGo(y *float32, ldy int, x *float32, ldx int, panel *float32, ldpanel, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int) {
	tileGo(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast)
	if last != nil {
		last = at(last, panelColumns)
	}
	tileGo(at(y, panelColumns), ldy, x, ldx, at(panel, ldpanel), rows, depth, at(first, panelColumns), ldfirst, last, ldlast)
}
