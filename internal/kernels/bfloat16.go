package kernels

import "math"

// BFloat16: weights are rounded to the upper half of a float32. Where the
// processor multiplies pairs of them at twice float32's rate, rows of x are
// rounded as well; elsewhere they stay float32, and the weights are widened as
// they are read, which halves what a product reads from memory and costs some
// instructions. Sums are float32. AMX rounds rows, too, and multiplies tiles of
// them (product_amx_amd64.go).

// bfloat16Step is how many inputs an instruction multiplies at a time.
const bfloat16Step = 2

// bfloat16Weight is a packed weight. A panel holds 32 outputs: two inputs of
// each, then the next two.
type bfloat16Weight struct {
	panels []uint16 // (⌈out/32⌉, steps and zeros, 32, 2)
	steps  int      // ⌈in/2⌉
	size   int      // of a panel
}

func newBFloat16Weight(panels, in int) bfloat16Weight {
	var w bfloat16Weight
	w.setDepth(in)
	w.panels = hugePages[uint16](panels * w.size)
	return w
}

func (w *bfloat16Weight) setDepth(in int) {
	w.steps = bfloat16Steps(in)
	w.size = tileDepth(w.steps) * tileSteps * panelColumns * bfloat16Step
}

func (w *bfloat16Weight) bytes() int { return 2 * len(w.panels) }

// packRows packs panel p, which is columns rows of x, each of depth values and
// ldx after the one before.
func (w *bfloat16Weight) packRows(p int, x []float32, columns, depth, ldx int) {
	panel := w.panels[p*w.size:][:w.size]
	packRounded(BFloat16, panel, x, columns, depth, ldx)
	clear(panel[w.steps*panelColumns*bfloat16Step:])
}

// packColumns packs panel p, which is the first columns of depth rows of x, ldx
// apart.
func (w *bfloat16Weight) packColumns(p int, x []float32, depth, columns, ldx int) {
	panel := w.panels[p*w.size:][:w.size]
	if columns == panelColumns {
		roundPairs(&panel[0], &x[0], ldx, depth)
		clear(panel[w.steps*panelColumns*bfloat16Step:])
		return
	}
	clear(panel)
	for k := range depth {
		step := panel[k/bfloat16Step*panelColumns*bfloat16Step:]
		for j, v := range x[k*ldx:][:columns] {
			step[j*bfloat16Step+k%bfloat16Step] = roundBFloat16(v)
		}
	}
}

// roundBFloat16 is the nearest bfloat16, the even one of two.
func roundBFloat16(v float32) uint16 {
	bits := math.Float32bits(v)
	if math.IsNaN(float64(v)) { // it stays one if its upper half keeps a bit
		return uint16(bits>>16) | 1<<6
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

func widenBFloat16(v uint16) float32 { return math.Float32frombits(uint32(v) << 16) }

// roundFloats makes values bfloat16 that stay in float32.
func roundFloats(x []float32) {
	for i, v := range x {
		x[i] = widenBFloat16(roundBFloat16(v))
	}
}

// bfloat16Steps is how many steps some inputs are.
func bfloat16Steps(in int) int { return (in + bfloat16Step - 1) / bfloat16Step }

// tile computes rows of x times panel p.
func (w *bfloat16Weight) tile(t *product, y *float32, ldy, p, row, rows int, bias, residual *float32, fetch fetch) {
	panel := &w.panels[p*w.size]
	next, bytes := fetchFrom(w.panels, fetch)
	if t.rounds() {
		x := &t.rounded
		tilePairs(y, ldy, &x.values[row*x.ld], x.ld, panel, rows, w.steps, bias, residual, t.out, next, bytes)
		return
	}
	tileBFloat16(y, ldy, &t.x[row*t.ldx], t.ldx, panel, rows, t.in, bias, residual, t.out, next, bytes)
}

// roundRowsGo rounds rows of x to bfloat16. Rows of y have room for a multiple
// of 16 values; those after the columns become zero.
func roundRowsGo(y *uint16, ldy int, x *float32, ldx, rows, columns int) {
	roundRowsBy(roundBFloat16, y, ldy, x, ldx, rows, columns)
}

// roundPairsGo rounds 32 columns of x, whose rows are ldx apart, to the steps of
// a panel: two rows side by side, then the next two. After an odd number of rows
// comes one of zeros.
func roundPairsGo(panel *uint16, x *float32, ldx, rows int) {
	for k := 0; k < rows; k += bfloat16Step {
		step := values(panel, k*panelColumns, panelColumns*bfloat16Step)
		clear(step)
		for i := range min(bfloat16Step, rows-k) {
			for j, v := range floats(x, (k+i)*ldx, panelColumns) {
				step[j*bfloat16Step+i] = roundBFloat16(v)
			}
		}
	}
}

// tileBFloat16Go computes a tile of depth inputs:
//
//	y[r][j] = first[j] + Σk x[r][k]·panel[k/2][j][k%2] + last[r][j]
//
// ldy, ldx and ldlast are the distances between rows. A nil last is zero.
func tileBFloat16Go(y *float32, ldy int, x *float32, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int) {
	for r := range rows {
		sums := [panelColumns]float32(floats(first, 0, panelColumns))
		for k, v := range floats(x, r*ldx, depth) {
			step := values(panel, k/bfloat16Step*panelColumns*bfloat16Step, panelColumns*bfloat16Step)
			for j := range sums {
				sums[j] += v * widenBFloat16(step[j*bfloat16Step+k%bfloat16Step])
			}
		}
		storeRow(floats(y, r*ldy, panelColumns), sums[:], last, r*ldlast)
	}
}

// tilePairsGo is tileBFloat16Go of an x in bfloat16; depth counts steps of two
// inputs.
func tilePairsGo(y *float32, ldy int, x *uint16, ldx int, panel *uint16, rows, depth int, first, last *float32, ldlast int) {
	for r := range rows {
		sums := [panelColumns]float32(floats(first, 0, panelColumns))
		for k, v := range values(x, r*ldx, depth*bfloat16Step) {
			step := values(panel, k/bfloat16Step*panelColumns*bfloat16Step, panelColumns*bfloat16Step)
			for j := range sums {
				sums[j] += widenBFloat16(v) * widenBFloat16(step[j*bfloat16Step+k%bfloat16Step])
			}
		}
		storeRow(floats(y, r*ldy, panelColumns), sums[:], last, r*ldlast)
	}
}

// storeRow adds the row at an offset of last, unless that is nil, and stores.
func storeRow(y, sums []float32, last *float32, offset int) {
	if last != nil {
		for j, v := range floats(last, offset, len(sums)) {
			sums[j] += v
		}
	}
	copy(y, sums)
}
