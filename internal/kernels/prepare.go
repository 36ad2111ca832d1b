package kernels

// A tile reads up to 14 rows of x at a time, a cache line of each. Rows that begin
// at the same place of a page have these lines in one set of the L1 cache, which
// has 8 or 12 places: each line would be gone before all of its values were read.
// So the rows that tiles read are an odd number of lines apart, or almost so.

// collide says whether rows of float32 that are so far apart begin at the same
// place of a page.
func collide(distance int) bool {
	const page = 4096 / 4
	return distance%page == 0
}

// oddLines is at least n, and an odd number of cache lines: rows of float32 that
// are so far apart begin at different places of a page.
func oddLines(n int) int {
	const line = 64 / 4
	return ((n+line-1)/line | 1) * line
}

// preparePart is how many values are worth a part.
const preparePart = 1 << 13

// prepare brings the rows of x into the form that tiles read: eight or sixteen
// bits, or float32 that do not collide.
func (t *product) prepare(pool *Pool) {
	switch {
	case t.int8 != nil:
		t.int8Rows.resize(t.rows, t.in)
	case t.float16 != nil:
		t.rounded.resize(Float16, t.rows, t.in)
	case t.rounds():
		t.rounded.resize(BFloat16, t.rows, t.in)
	case collide(t.in):
		t.ldx = oddLines(t.in)
		t.apart = resize(t.apart, t.rows*t.ldx)
	default:
		return
	}
	t.parts = min(2*pool.Threads(), 1+t.rows*t.in/preparePart, t.rows)
	pool.Run(t.parts, (*prepareTask)(t))
	if t.ldx != t.in {
		t.x = t.apart
	}
}

// rounds says whether rows of x are rounded to 16 bits.
func (t *product) rounds() bool { return t.float16 != nil || t.bfloat16 != nil && roundsRows() }

// prepareTask prepares some rows of x in each part.
type prepareTask product

// Do implements Task.
func (t *prepareTask) Do(_, i int) {
	first, end := share(t.rows, t.parts, i), share(t.rows, t.parts, i+1)
	x := t.x[first*t.in : end*t.in]
	switch {
	case t.int8 != nil:
		t.int8Rows.fill(first, x, end-first, t.in)
	case (*product)(t).rounds():
		t.rounded.fill(first, x, end-first, t.in, t.in)
	default:
		for r := first; r < end; r++ {
			copy(t.apart[r*t.ldx:], t.x[r*t.in:][:t.in])
		}
	}
}
