package kernels

import "sync"

// roundedRows are rows of x rounded to 16 bits, bfloat16 or float16.
type roundedRows struct {
	precision Precision
	values    []uint16 // (rows, ld)
	ld        int      // a multiple of 32, which AMX reads at a time; see oddLines
}

func (q *roundedRows) resize(prec Precision, rows, in int) {
	q.precision, q.ld = prec, oddLines[uint16](in)
	q.values = resize(q.values, rows*q.ld)
}

// fill rounds rows of x, each of depth values and ldx after the one before, to
// the rows from first on.
func (q *roundedRows) fill(first int, x []float32, rows, depth, ldx int) {
	if q.precision == Float16 {
		roundFloat16Rows(&q.values[first*q.ld], q.ld, &x[0], ldx, rows, depth)
	} else {
		roundRows(&q.values[first*q.ld], q.ld, &x[0], ldx, rows, depth)
	}
	// What follows is multiplied with the zeros of the panels, and may not be NaN.
	for r := first; r < first+rows; r++ {
		clear(q.values[r*q.ld+depth : (r+1)*q.ld])
	}
}

// packRounded packs a panel of ⌈depth/2⌉ steps: columns rows of x, each of depth
// values and ldx after the one before.
func packRounded(prec Precision, panel []uint16, x []float32, columns, depth, ldx int) {
	rows := roundedPanels.Get().(*roundedRows)
	rows.resize(prec, columns, depth)
	rows.fill(0, x, columns, depth, ldx)
	// Two inputs are a word, and words become columns like the values of float32.
	packRows(asWords(panel), asWords(rows.values), columns, (depth+1)/2, rows.ld/2)
	roundedPanels.Put(rows)
}

// roundedPanels keeps the rows of panels that are being packed.
var roundedPanels = sync.Pool{New: func() any { return new(roundedRows) }}

// roundRowsBy rounds rows of x. Rows of y have room for a multiple of 16 values;
// those after the columns become zero.
func roundRowsBy(round func(float32) uint16, y *uint16, ldy int, x *float32, ldx, rows, columns int) {
	const whole = 16
	for r := range rows {
		to := values(y, r*ldy, (columns+whole-1)/whole*whole)
		for k, v := range floats(x, r*ldx, columns) {
			to[k] = round(v)
		}
		clear(to[columns:])
	}
}
