package kernels

// attentionPairs computes the products of attention in bfloat16.
type attentionPairs struct {
	keys   bfloat16Weight // panels of 32 keys, D deep
	values bfloat16Weight // panels of 32 of the D values, T deep

	product product // its rows are queries, then probabilities
}

// most is how many queries a tile has.
func (s *attentionPairs) most() int {
	s.product.bfloat16 = &s.keys
	if s.product.usesAMX() {
		return blockRows
	}
	return tileRows()
}

// pack reads the keys and values of a head, whose rows are row apart.
func (s *attentionPairs) pack(keys, values []float32, length, size, row int) {
	panels := panelCount(length)
	s.keys.setDepth(size)
	s.keys.panels = resize(s.keys.panels, panels*s.keys.size)
	for p := range panels {
		s.keys.packRows(p, keys[p*panelColumns*row:], min(panelColumns, length-p*panelColumns), size, row)
	}
	panels = panelCount(size)
	s.values.setDepth(length)
	s.values.panels = resize(s.values.panels, panels*s.values.size)
	for p := range panels {
		s.values.packColumns(p, values[p*panelColumns:], length, panelColumns, row)
	}
}

// multiply computes y = x·wᵀ of the panels of w; x has depth columns, and ldy
// and ldx are between rows.
func (s *attentionPairs) multiply(y []float32, ldy int, x []float32, ldx, rows, depth int, w *bfloat16Weight, panels int) {
	t := &s.product
	t.y, t.out, t.in, t.rows, t.bfloat16 = y, ldy, depth, rows, w
	t.rounded.resize(BFloat16, rows, depth)
	t.rounded.fill(0, x, rows, depth, ldx)
	if t.usesAMX() {
		t.blocks(0, panels, 0, 0, rows)
	} else {
		for p := range panels {
			w.tile(t, &y[p*panelColumns], ldy, p, 0, rows, &zeros[0], nil, fetch{})
		}
	}
	t.y = nil
}
