package main

import "fmt"

// The registers of a tile of 16 columns and up to 6 rows:
//
//	sums     four for each row
//	x        16 bytes of each row, whose elements multiply whole vectors
//	weights  the rest: two for 6 rows, more for fewer
//
// So 6 rows fill all 32, and every weight that is loaded is used 6 times.
const (
	mostRows   = 6
	wide       = 4   // vectors in a row of a tile
	panelBytes = 128 // of one step of a panel
)

// tile is the code for some number of rows.
type tile struct {
	*file
	rows       int
	sums       []group
	x, weights group

	pointers           []R // to rows of x
	panel, depth       R
	next, pace         R
	pointer, rowStride R // of the rows at hand
}

// cases emits a function's code for each number of rows, because registers have
// no index, and the choice between them.
func (g *file) cases(most int, emit func(t *tile)) {
	rows := g.load("rows")
	names := make([]string, most+1)
	for r := most; r >= 1; r-- {
		names[r] = g.label(fmt.Sprintf("rows%d_", r))
		if r > 1 {
			g.op("CMP $%d, %s", r, rows)
			g.op("BEQ %s", names[r])
		}
	}
	generals := g.generals
	for r := 1; r <= most; r++ {
		g.place(names[r])
		g.generals = generals
		t := &tile{file: g, rows: r}
		emit(t)
		if r < most {
			g.op("RET")
		}
	}
}

// begin takes the registers and loads the pointers; elements of x have 1<<shift
// bytes.
func (t *tile) begin(shift int) {
	for range t.rows {
		t.sums = append(t.sums, t.take(wide))
	}
	t.x = t.take(t.rows)
	t.weights = t.take(min(8, 32-(wide+1)*t.rows))
	t.point(shift)
}

// point loads the pointers, and those to the rows of x.
func (t *tile) point(shift int) {
	x, ldx := t.load("x"), t.stride("ldx", shift)
	t.pointers = []R{x}
	for r := 1; r < t.rows; r++ {
		p := t.general()
		t.op("ADD %s, %s, %s", ldx, t.pointers[r-1], p)
		t.pointers = append(t.pointers, p)
	}
	t.panel, t.depth, t.next, t.pace = t.load("panel"), t.load("depth"), t.load("next"), t.load("pace")
	t.pointer, t.rowStride = t.general(), t.general()
}

// end gives the registers back.
func (t *tile) end() {
	t.give(t.sums...)
	t.give(t.x, t.weights)
}

// eachRow points to each row of a matrix in turn.
func (t *tile) eachRow(matrix, stride string, do func(r int)) {
	t.op("MOVD %s, %s", t.argument(matrix), t.pointer)
	t.op("MOVD %s, %s", t.argument(stride), t.rowStride)
	t.op("LSL $2, %s, %s", t.rowStride, t.rowStride)
	for r := range t.rows {
		do(r)
		if r+1 < t.rows {
			t.op("ADD %s, %s, %s", t.rowStride, t.pointer, t.pointer)
		}
	}
}

// loop emits the loop over the depth, which counts units of a step: groups of
// steps while there is a whole group, then single steps. A step begins with some
// bytes of each row of x in its register.
func (t *tile) loop(units, steps, bytes int, step func(steps int)) {
	for _, n := range []int{steps, 1} {
		again, end := t.label("again"), t.label("end")
		t.op("SUBS $%d, %s, %s", n*units, t.depth, t.depth)
		t.op("BLT %s", end)
		t.place(again)
		t.loadRows(n * bytes)
		step(n)
		t.op("ADD $%d, %s, %s", n*panelBytes, t.panel, t.panel)
		t.op("SUBS $%d, %s, %s", n*units, t.depth, t.depth)
		t.op("BGE %s", again)
		t.place(end)
		t.op("ADD $%d, %s, %s", n*units, t.depth, t.depth)
	}
}

// loadRows loads some bytes of each row of x.
func (t *tile) loadRows(bytes int) {
	name := map[int]string{16: "FMOVQ", 8: "FMOVD", 4: "FMOVS"}[bytes]
	for r, p := range t.pointers {
		t.op("%s.P %d(%s), %s", name, bytes, p, t.x[r].F())
	}
}

// fetch brings two lines of later panels into the cache, once a step.
func (t *tile) fetch() {
	t.op("PRFM (%s), PLDL1KEEP", t.next)
	t.op("PRFM 64(%s), PLDL1KEEP", t.next)
	t.op("ADD %s, %s, %s", t.pace, t.next, t.next)
}

// eachWeight emits use for the vectors of weights of some steps, and loads them
// ahead of it.
func (t *tile) eachWeight(steps int, use func(weights V, step, j int)) {
	n, ahead := steps*wide, len(t.weights)-1
	load := func(i int) {
		t.op("FMOVQ %d(%s), %s", i/wide*panelBytes+i%wide*16, t.panel, t.weights[i%len(t.weights)].F())
	}
	for i := range min(ahead, n) {
		load(i)
	}
	for i := range n {
		if i%wide == 0 {
			t.fetch()
		}
		if i+ahead < n {
			load(i + ahead)
		}
		use(t.weights[i%len(t.weights)], i/wide, i%wide)
	}
}

// store emits the end of a tile: it adds the rows at the parameter last, unless
// that is nil, and stores the sums at the parameter y.
func (t *tile) store() {
	store := t.label("store")
	t.op("MOVD %s, %s", t.argument("last"), t.pointer)
	t.op("CBZ %s, %s", t.pointer, store)
	t.give(t.x, t.weights)
	rows := [2]group{t.take(wide), t.take(wide)}
	t.eachRow("last", "ldlast", func(r int) {
		t.loadVectors(t.pointer, 0, rows[r%2])
		t.fadd(t.sums[r], t.sums[r], rows[r%2])
	})
	t.give(rows[:]...)
	t.x, t.weights = nil, nil
	t.place(store)
	t.eachRow("y", "ldy", func(r int) { t.storeVectors(t.pointer, 0, t.sums[r]) })
}
