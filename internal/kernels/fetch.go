package kernels

import "unsafe"

// Products read each weight once for some rows: what one needs next is in memory
// or a distant cache, and must be fetched while the tiles before compute.

// section is some inputs of a panel: what a product adds up at a time.
type section struct{ panel, first, end int }

// sectionInputs is the most inputs of a section: 96 KB of float32. Where the
// second-level cache is small, this section and the next one must fit into it
// beside the rows. Of 512 KB on a Zen 3, 16 rows of 3,072 inputs took 1.23 times
// as long in one section, 64 rows 1.11 times and 1,024 rows as long.
const sectionInputs = 768

// cuts is how many sections a panel is cut into.
func (t *product) cuts() int {
	if t.int8 != nil || t.bfloat16 != nil || t.float16 != nil || !cutsPanels() {
		return 1
	}
	return max(1, (t.in+sectionInputs-1)/sectionInputs)
}

// section is section i of cuts.
func (t *product) section(panel, i, cuts int) section {
	s := t.whole(panel)
	if s.first = i * sectionInputs; i+1 < cuts {
		s.end = s.first + sectionInputs
	}
	return s
}

// whole is a panel with all of its inputs.
func (t *product) whole(panel int) section { return section{panel, 0, t.in} }

// fetch is what a tile brings into the cache for later ones: one of some equal
// parts of a section.
type fetch struct {
	section
	part, parts int
}

// stepBytes is how many bytes of a panel a step of a tile reads.
const stepBytes = 4 * panelColumns

// fetchBy says what tile i of a section fetches of the next one.
func fetchBy(i, tiles int, s, next section) fetch {
	parts := fetchParts(tiles)
	if i < parts {
		return fetch{next, i, parts}
	}
	return fetch{section: s}
}

// pace is how many bytes of the part are fetched with each step.
func (f fetch) pace() int {
	if f.parts == 0 {
		return 0
	}
	return (stepBytes + f.parts - 1) / f.parts
}

// fetchFrom is the address to fetch from in a section of size values.
func fetchFrom[T packed](weights []T, size int, f fetch) *T {
	return &weights[size*f.part/max(f.parts, 1)]
}

// passes are the parts of what a tile fetches, where the tile is computed in some
// passes, each over some of its columns.
type passes[T packed] struct {
	next        *T
	bytes, pace int // of a pass, and with each of its steps
}

// fetchInPasses divides what a tile fetches among n passes. All begin within the
// tile's part.
func fetchInPasses[T packed](next *T, steps, pace, n int) passes[T] {
	return passes[T]{next, steps * pace / n, (pace + n - 1) / n}
}

// from is where pass i begins to fetch.
func (p passes[T]) from(i int) *T { return at(p.next, i*p.bytes/int(unsafe.Sizeof(*p.next))) }
