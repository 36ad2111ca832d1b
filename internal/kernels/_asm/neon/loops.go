package main

// stream is a slice that a loop runs over: where it begins, and the bytes of an
// element.
type stream struct {
	pointer R
	bytes   int
}

// part is what the body of each works on: some whole vectors, or the first lanes
// of one.
type part struct {
	*file
	n       int // vectors
	partial bool
	left    R // if partial: lanes, 1 to 3
	address R // free for use
}

const (
	unroll = 4 // vectors at a time, so that enough instructions are in flight
	lanes  = 4
)

// each emits the loop over n elements of some slices: several vectors at a
// time, then one, then what is left of one. body works on the elements at the
// pointers that it is given. n and the streams are not changed.
func (g *file) each(n R, streams []stream, body func(p part, at []R)) {
	generals := g.generals
	left, address := g.general(), g.general()
	at := make([]R, len(streams))
	for i, s := range streams {
		at[i] = g.general()
		g.op("MOVD %s, %s", s.pointer, at[i])
	}
	g.op("MOVD %s, %s", n, left)
	for _, count := range []int{unroll, 1} {
		again, end := g.label("again"), g.label("end")
		g.op("SUBS $%d, %s, %s", count*lanes, left, left)
		g.op("BLT %s", end)
		g.place(again)
		body(part{file: g, n: count, address: address}, at)
		for i, s := range streams {
			g.op("ADD $%d, %s, %s", count*lanes*s.bytes, at[i], at[i])
		}
		g.op("SUBS $%d, %s, %s", count*lanes, left, left)
		g.op("BGE %s", again)
		g.place(end)
		g.op("ADD $%d, %s, %s", count*lanes, left, left)
	}
	done := g.label("done")
	g.op("CBZ %s, %s", left, done)
	body(part{g, 1, true, left, address}, at)
	g.place(done)
	g.generals = generals
}

// load takes registers and loads elements, zeros for the lanes after the last.
func (p part) load(r R) group {
	vs := p.take(p.n)
	if !p.partial {
		p.loadVectors(r, 0, vs)
		return vs
	}
	one, done := p.label("one"), p.label("loaded")
	p.op("TBZ $1, %s, %s", p.left, one)
	p.op("FMOVD (%s), %s", r, vs[0].F())
	p.op("TBZ $0, %s, %s", p.left, done)
	p.op("ADD $8, %s, %s", r, p.address)
	p.op("VLD1 (%s), %s", p.address, vs[0].lane(2))
	p.op("B %s", done)
	p.place(one)
	p.op("FMOVS (%s), %s", r, vs[0].F())
	p.place(done)
	return vs
}

// store stores elements and gives the registers back.
func (p part) store(r R, vs group) {
	defer p.give(vs)
	if !p.partial {
		p.storeVectors(r, 0, vs)
		return
	}
	one, done := p.label("one"), p.label("stored")
	p.op("TBZ $1, %s, %s", p.left, one)
	p.op("FMOVD %s, (%s)", vs[0].F(), r)
	p.op("TBZ $0, %s, %s", p.left, done)
	p.op("ADD $8, %s, %s", r, p.address)
	p.op("VST1 %s, (%s)", vs[0].lane(2), p.address)
	p.op("B %s", done)
	p.place(one)
	p.op("FMOVS %s, (%s)", vs[0].F(), r)
	p.place(done)
}

// keep takes the lanes that exist from v and the others from old, into old.
func (p part) keep(v, old group) {
	mask := p.mask()
	p.op("VBIT %s, %s, %s", mask[0].B16(), v[0].B16(), old[0].B16())
	p.give(mask)
}

// drop sets the lanes that do not exist to zero.
func (p part) drop(v group) {
	if !p.partial {
		return
	}
	mask := p.mask()
	p.logic("VAND", v, v, mask)
	p.give(mask)
}

// mask has ones in the lanes that exist.
func (p part) mask() group {
	p.masks = true
	mask := p.take(1)
	p.op("MOVD $lanes<>+16(SB), %s", p.address)
	p.op("SUB %s<<2, %s, %s", p.left, p.address, p.address)
	p.loadVectors(p.address, 0, mask)
	return mask
}

// eachRow emits the loop over rows; next moves the pointers to the next row.
func (g *file) eachRow(rows R, body, next func()) {
	row := g.label("row")
	g.place(row)
	body()
	next()
	g.op("SUBS $1, %s, %s", rows, rows)
	g.op("BGT %s", row)
}

// advance moves a pointer by a number of elements of 1<<shift bytes.
func (g *file) advance(pointer, n R, shift int) {
	if shift == 0 {
		g.op("ADD %s, %s, %s", n, pointer, pointer)
		return
	}
	g.op("ADD %s<<%d, %s, %s", n, shift, pointer, pointer)
}

// reduce combines four vectors into the first.
func (g *file) reduce(combine func(d, n, m group), vs group) group {
	combine(vs[:1], vs[:1], vs[1:2])
	combine(vs[2:3], vs[2:3], vs[3:])
	combine(vs[:1], vs[:1], vs[2:3])
	return vs[:1]
}

// sum puts the sum of all lanes of four vectors into the lowest lane of the
// first.
func (g *file) sum(vs group) V {
	s := g.reduce(g.fadd, vs)
	g.faddp(s, s, s)
	g.faddPair(s[0], s[0])
	return s[0]
}
