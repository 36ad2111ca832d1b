//go:build !purego

package kernels

import "unsafe"

// AMX: a product is cut into blocks of 32 rows of x and a panel, whose sums fill
// half of the tile registers (_asm/amx). A call computes all blocks of a part
// that have the same number of rows, because only a new configuration of the
// registers changes that number, and that takes as long as a dozen products of
// tiles. Go code never runs between configuration and release: it may continue
// on another thread.
//
// Of bfloat16, TDPBF16PS adds up the first inputs of 16 steps and the second
// ones, then both to the sum so far. It rounds to nearest even each time and
// takes magnitudes below 2^−126 for 0. The order depends on nothing but the
// depth, so a row's result does not depend on the rows beside it.

const (
	blockRows = 32
	// blockFlops is how many operations a part should have, as partFlops.
	blockFlops = 1 << 25
	// chunkBytes is how much of x and of a panel's columns of y stays in the L2 cache
	// beside two panels. Processors with AMX have at least 2 MB.
	chunkBytes = 1 << 20
	// callBytes is how much of y a call computes if that is more than one panel: it
	// is still in the cache when it is activated, and the call, which Go cannot
	// interrupt, ends within a tenth of a millisecond.
	callBytes = 1 << 18
)

// tileConfig says how many rows and bytes in a row each tile register has: the
// 64 bytes that LDTILECFG reads.
type tileConfig [64]uint8

// tileConfigs are those for blocks of 1 to 32 rows.
var tileConfigs = func() (configs [blockRows + 1]tileConfig) {
	const (
		palette     = 1 // the only one: eight registers of 16 rows of 64 bytes
		most, bytes = 16, 64
		bytesAt     = 16 // of each register, uint16
		rowsAt      = 48 // of each register, uint8
	)
	for n := 1; n <= blockRows; n++ {
		upper, lower := min(n, most), max(n-most, 0)
		// As the picture in _asm/amx says: sums, rows of x, the panel.
		for i, r := range [8]int{upper, upper, lower, lower, upper, lower, most, most} {
			if r == 0 {
				continue // of no bytes either
			}
			configs[n][rowsAt+i] = uint8(r)
			configs[n][bytesAt+2*i] = bytes
		}
		configs[n][0] = palette
	}
	return configs
}()

// UsesAMX says whether AMX multiplies weights of a precision.
func UsesAMX(prec Precision) bool { return useAMX && (prec == Int8 || prec == BFloat16) }

// usesAMX says whether the product is one for AMX.
func (t *product) usesAMX() bool { return useAMX && (t.int8 != nil || t.bfloat16 != nil) }

// cutForAMX finds the chunks of rows: as few as there can be, because each reads
// the whole weight, but enough parts for the threads.
func (t *product) cutForAMX(panels, threads int) {
	rowBytes := t.int8Rows.ld
	if t.bfloat16 != nil {
		rowBytes = 2 * t.rounded.ld
	}
	blocks := (t.rows + blockRows - 1) / blockRows
	most := max(1, chunkBytes/(blockRows*(rowBytes+4*panelColumns)))
	t.chunks = (blocks + most - 1) / most
	if threads > 1 {
		t.chunks = min(blocks, max(t.chunks, 4*threads/panels))
	}
}

// blocks multiplies rows of x with panels, fetching panel later meanwhile.
func (t *product) blocks(first, end, later, firstRow, endRow int) {
	// Aligned, so that a row of sums is two cache lines.
	const line = 64 / 4
	var scratch [blockRows*panelColumns + line - 1]float32
	skip := -uintptr(unsafe.Pointer(&scratch)) / 4 % line
	rows := endRow - firstRow
	b := amxBlocks{
		product: t,
		scratch: &scratch[skip],
		fetches: max(1, 4/((rows+blockRows-1)/blockRows)),
	}
	// The residual, which may be y, comes after the activation.
	aside := t.residualLast()
	n := max(1, callBytes/(rows*panelColumns*4))
	if aside {
		n = 1
	}
	for ; first < end; first += n {
		n = min(n, end-first)
		b.first, b.next = first, first+n
		if b.next == end {
			b.next = later
		}
		b.columns = min((first+n)*panelColumns, t.out) - first*panelColumns
		if aside {
			b.aside(firstRow, endRow)
		} else {
			b.inPlace(firstRow, endRow)
		}
	}
}

// amxBlocks is some rows times some panels that follow each other.
type amxBlocks struct {
	*product
	first   int // panel
	columns int // of y
	next    int // the panel to fetch while the last one is multiplied
	fetches int // cache lines of it, in eights, to fetch with each tile of depth
	scratch *float32
}

// inPlace computes the blocks in y, those of 32 rows first.
func (b amxBlocks) inPlace(firstRow, endRow int) {
	column := b.first * panelColumns
	whole := firstRow + (endRow-firstRow)/blockRows*blockRows
	for _, rows := range [2][2]int{{firstRow, whole}, {whole, endRow}} {
		row, n := rows[0], rows[1]-rows[0]
		if n == 0 {
			continue
		}
		var residual *float32
		if b.ep.Residual != nil {
			residual = &b.ep.Residual[row*b.out+column]
		}
		b.multiply(&b.y[row*b.out+column], b.out, row, n, residual)
	}
	activateRows(&b.y[firstRow*b.out+column], b.out, endRow-firstRow, b.columns, b.ep.Activation)
}

// aside computes the blocks of one panel in memory of their own.
func (b amxBlocks) aside(firstRow, endRow int) {
	var sums [blockRows * panelColumns]float32
	column := b.first * panelColumns
	for row := firstRow; row < endRow; row += blockRows {
		n := min(blockRows, endRow-row)
		b.multiply(&sums[0], panelColumns, row, n, nil)
		b.finish(sums[:], panelColumns, b.y[row*b.out+column:], row, column, n, b.columns)
	}
}

// multiply computes n rows into y, whose rows are ldy apart; n is less than 32 or
// a multiple of it.
func (b amxBlocks) multiply(y *float32, ldy, row, n int, residual *float32) {
	column := b.first * panelColumns
	var bias *float32
	if b.ep.Bias != nil {
		bias = &b.ep.Bias[column]
	}
	config := &tileConfigs[min(n, blockRows)][0]
	if w, x := b.bfloat16, &b.rounded; w != nil {
		panelsBFloat16AMX(y, ldy, b.columns, &x.values[row*x.ld], x.ld, n, &w.panels[b.first*w.size], tileDepth(w.steps),
			bias, residual, b.out, &w.panels[b.next*w.size], b.fetches, config, b.scratch)
		return
	}
	w, x := b.int8, &b.int8Rows
	panelsInt8AMX(y, ldy, b.columns, &x.values[row*x.ld], x.ld, n, &w.panels[b.first*w.size], tileDepth(w.steps),
		&w.offsets[column], &w.scales[column], &w.sums[column], bias, &x.scales[row], &x.centers[row], residual, b.out, &w.panels[b.next*w.size], b.fetches, config, b.scratch)
}

func peakBFloat16OnAMX(n int) { peakBFloat16AMX(n, &tileConfigs[blockRows][0]) }

func peakInt8OnAMX(n int) { peakInt8AMX(n, &tileConfigs[blockRows][0]) }
