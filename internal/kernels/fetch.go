package kernels

import "unsafe"

// Products read each weight once for some rows: what one needs next is in memory
// or a distant cache, and must be fetched while the tiles before compute.

// fetch is what a tile brings into the cache for later ones: n values of a panel, the
// first of which is value at of all panels, and if tiles take two panels as many of the
// panel after that.
type fetch struct{ at, n int }

// fetches is what the tiles of a section fetch of the next one.
type fetches struct {
	at int
	shares
}

// fetchedBy says what some tiles fetch of the next section. They share it, each as
// little as it can. When only two did, they asked memory for more than it gave: with
// weights in memory, 16 rows took 1.5 times as long on a Zen 3, 64 rows 1.2 times, and
// 1.1 times on an Ice Lake.
func (t *product) fetchedBy(tiles int, next section) fetches {
	size, used := t.panelValues()
	switch {
	case !fetchesAhead:
		used = 0
	case next.depth() < t.in:
		used = next.depth() * panelColumns
	}
	return fetches{next.at(size), evenly(used, tiles)}
}

// tile is what tile i fetches.
func (f fetches) tile(i int) fetch {
	first, end := f.part(i)
	return fetch{f.at + first, end - first}
}

// fetchFrom is the address to fetch from among panels, and how many bytes.
func fetchFrom[T packed](panels []T, f fetch) (next *T, bytes int) {
	return &panels[f.at], f.n * int(unsafe.Sizeof(panels[0]))
}

// pace is how many bytes to fetch with each of some steps, and so all of them.
func pace(bytes, steps int) int { return (bytes + steps - 1) / steps }

// passes are the parts of what a tile fetches, where the tile is computed in some
// passes, each over some of its columns.
type passes[T packed] struct {
	next   *T
	shares // of bytes
	pace   int
}

func fetchInPasses[T packed](next *T, bytes, steps, n int) passes[T] {
	return passes[T]{next, evenly(bytes, n), pace(bytes, n*steps)}
}

// from is where pass i begins to fetch.
func (p passes[T]) from(i int) *T {
	return at(p.next, p.start(i)/int(unsafe.Sizeof(*p.next)))
}
