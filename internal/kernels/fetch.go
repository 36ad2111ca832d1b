package kernels

import "unsafe"

// Products read each weight once for some rows: what one needs next is in memory
// or a distant cache, and must be fetched while the tiles before compute.

// fetch is what a tile brings into the cache for later ones: one of some equal
// parts of a section. No parts are nothing.
type fetch struct {
	section
	part, parts int
}

// fetchBy says what tile i of a section fetches of the next one. All tiles share it,
// each as little as it can. When only two did, they asked memory for more than it
// gave: with weights in memory, 16 rows took 1.5 times as long on a Zen 3, 64 rows 1.2
// times, and 1.1 times on an Ice Lake.
func fetchBy(i, tiles int, s, next section) fetch {
	if !fetchesAhead {
		return fetch{section: s}
	}
	return fetch{next, i, tiles}
}

// fetchFrom is the address to fetch from, among panels of some size, and how many
// bytes. used is how many values of a panel tiles read: after them may come zeros
// that only AMX reads.
func fetchFrom[T packed](panels []T, size, used int, f fetch) (next *T, bytes int) {
	start := f.at(size)
	if f.parts == 0 {
		return &panels[start], 0
	}
	values := used
	if f.depth() < f.in {
		values = used / f.in * f.depth()
	}
	first, end := share(values, f.parts, f.part), share(values, f.parts, f.part+1)
	return &panels[start+first], (end - first) * int(unsafe.Sizeof(*next))
}

// pace is how many bytes to fetch with each of some steps, and so all of them.
func pace(bytes, steps int) int { return (bytes + steps - 1) / steps }

// passes are the parts of what a tile fetches, where the tile is computed in some
// passes, each over some of its columns.
type passes[T packed] struct {
	next  *T
	bytes int // of all
	n     int
	pace  int
}

func fetchInPasses[T packed](next *T, bytes, steps, n int) passes[T] {
	return passes[T]{next, bytes, n, pace(bytes, n*steps)}
}

// from is where pass i begins to fetch.
func (p passes[T]) from(i int) *T {
	return at(p.next, share(p.bytes, p.n, i)/int(unsafe.Sizeof(*p.next)))
}
