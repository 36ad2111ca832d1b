package kernels

import "unsafe"

// A tile reads up to 14 rows of x in step, one cache line of each at a time. The L1
// cache has 8 or 12 ways: places for lines whose addresses are equal modulo 4,096
// bytes. Lines of rows that are a multiple of that apart evict each other, or a
// panel's, before all of their values were read. On a Zen 4, 128 rows of 2,048 or
// 3,072 float32 took 1.1 to 3 times as long for that, and up to twice as long in
// AVX2's tiles of 6 rows.
//
// So rows that are made for a product are an odd number of lines apart, and rows
// of float32 that collide are copied. Copying those that are less than that apart
// gained nothing. Attention reads its queries, few and short, as they are.

// oddLines is at least n, and of so many values an odd number of cache lines.
func oddLines[T packed](n int) int {
	line := 64 / int(unsafe.Sizeof(*new(T)))
	return ((n+line-1)/line | 1) * line
}

// collide says whether the lines of rows of float32 that are so far apart evict
// each other.
func collide(distance int) bool {
	const way = 4096 / 4
	return distance%way == 0
}

// prepare brings the rows of x into the form that tiles read: eight or sixteen
// bits, or float32 that do not collide.
func (t *product) prepare(pool *Pool) {
	switch {
	case t.int8 != nil:
		t.int8Rows.resize(t.rows, t.in)
		t.int8Rows.makeWords()
		t.fill(pool)
	case t.float16 != nil:
		t.rounded.resize(Float16, t.rows, t.in)
		t.fill(pool)
	case t.rounds():
		t.rounded.resize(BFloat16, t.rows, t.in)
		t.fill(pool)
	case collide(t.in):
		t.apart = resize(t.apart, t.rows*oddLines[float32](t.in))
		t.fill(pool)
		t.x, t.ldx = t.apart, oddLines[float32](t.in)
	}
}

// rounds says whether rows of x are rounded to 16 bits.
func (t *product) rounds() bool { return t.float16 != nil || t.bfloat16 != nil && roundsRows() }

// fill makes the rows that prepare has made room for.
func (t *product) fill(pool *Pool) {
	// partValues is how many values are worth a part, of rounding and quantising.
	const partValues = 1 << 13
	t.parts = min(2*pool.Threads(), 1+t.rows*t.in/partValues, t.rows)
	pool.Run(t.parts, (*fillTask)(t))
}

// fillTask makes some rows in each part.
type fillTask product

// Do implements Task.
func (t *fillTask) Do(_, i int) {
	first, end := evenly(t.rows, t.parts).part(i)
	x, rows := t.x[first*t.in:], end-first
	switch {
	case t.int8 != nil:
		t.int8Rows.fill(first, x, rows, t.in)
	case (*product)(t).rounds():
		t.rounded.fill(first, x, rows, t.in, t.in)
	default:
		ld := oddLines[float32](t.in)
		copyRows(t.apart[first*ld:], ld, x, t.in, rows, t.in)
	}
}

// copyRows copies the first columns of rows of x, which are ldx apart, to y, whose
// rows are ldy apart.
func copyRows(y []float32, ldy int, x []float32, ldx, rows, columns int) {
	for r := range rows {
		copy(y[r*ldy:][:columns], x[r*ldx:])
	}
}
