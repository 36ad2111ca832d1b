package kernels

// packRows makes a panel (depth, 32) of columns rows of w, each of depth values
// and ldw after the one before: rows become columns. Columns that w does not
// have are zero.
func packRows(panel, w []float32, columns, depth, ldw int) {
	if columns < panelColumns {
		clear(panel[:depth*panelColumns])
	}
	const octet = 8
	rows, whole := columns/octet*octet, depth/octet*octet
	if rows > 0 && whole > 0 {
		transpose(&panel[0], panelColumns, &w[0], ldw, rows/octet, whole)
	} else {
		rows, whole = 0, 0
	}
	for j := range columns {
		first := 0
		if j < rows {
			first = whole
		}
		for k, v := range w[j*ldw+first : j*ldw+depth] {
			panel[(first+k)*panelColumns+j] = v
		}
	}
}

// packColumns makes a panel (rows, 32) of the first columns of x, whose rows are
// ldx apart. Columns that x does not have are zero.
func packColumns(panel, x []float32, rows, columns, ldx int) {
	if columns == panelColumns {
		copyColumns(&panel[0], &x[0], ldx, rows)
		return
	}
	clear(panel[:rows*panelColumns])
	for k := range rows {
		copy(panel[k*panelColumns:], x[k*ldx:][:columns])
	}
}

// packTransposed packs the transpose of a matrix (rows, columns), whose rows are ldx
// apart, into panels of 32 rows: (⌈rows/32⌉, columns, 32).
func packTransposed(panels, x []float32, rows, columns, ldx int) []float32 {
	count, size := panelCount(rows), columns*panelColumns
	panels = resize(panels, count*size)
	for p := range count {
		first := p * panelColumns
		packRows(panels[p*size:][:size], x[first*ldx:], min(panelColumns, rows-first), columns, ldx)
	}
	return panels
}

// packMatrix packs a matrix (rows, columns), whose rows are ldx apart, into panels of
// 32 columns: (⌈columns/32⌉, rows, 32).
func packMatrix(panels, x []float32, rows, columns, ldx int) []float32 {
	count, size := panelCount(columns), rows*panelColumns
	panels = resize(panels, count*size)
	for p := range count {
		first := p * panelColumns
		packColumns(panels[p*size:][:size], x[first:], rows, min(panelColumns, columns-first), ldx)
	}
	return panels
}

// transposeRows writes some columns of some rows of x, which are ldx apart, as
// rows of y, which are ldy apart.
func transposeRows(y []float32, ldy int, x []float32, ldx, rows, columns int) {
	const octet = 8
	wholeRows, wholeColumns := rows/octet*octet, columns/octet*octet
	if wholeRows > 0 && wholeColumns > 0 {
		transpose(&y[0], ldy, &x[0], ldx, wholeRows/octet, wholeColumns)
	} else {
		wholeRows, wholeColumns = 0, 0
	}
	for c := range columns {
		first := 0
		if c < wholeColumns {
			first = wholeRows
		}
		for r := first; r < rows; r++ {
			y[c*ldy+r] = x[r*ldx+c]
		}
	}
}

// transposeGo writes depth values of each of 8 × octets rows of x, ldx apart, as
// columns of y, whose rows are ldy apart.
func transposeGo(y *float32, ldy int, x *float32, ldx, octets, depth int) {
	const block = 32 // a square that stays in the cache
	for first := 0; first < depth; first += block {
		n := min(block, depth-first)
		for j := range 8 * octets {
			for k, v := range floats(x, j*ldx+first, n) {
				*at(y, (first+k)*ldy+j) = v
			}
		}
	}
}

// copyColumnsGo copies 32 columns of x, whose rows are ldx apart, to a panel.
func copyColumnsGo(panel, x *float32, ldx, rows int) {
	for k := range rows {
		copy(floats(panel, k*panelColumns, panelColumns), floats(x, k*ldx, panelColumns))
	}
}
