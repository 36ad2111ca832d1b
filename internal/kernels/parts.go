package kernels

// How a product is cut into parts for threads, and parts into tiles.

const (
	// chunkRows is the most rows of a chunk.
	chunkRows = 168
	// partFlops is how many operations a part should have: some ten microseconds,
	// against which taking a part costs nothing. The fewer parts, the more often
	// the panel that was fetched is the one that comes next.
	partFlops = 1 << 22
	// smallFlops is how many operations are not worth a second thread.
	smallFlops = 1 << 16
)

const (
	// maxPanelsPerTile is the most panels that a tile may take.
	maxPanelsPerTile = 2
	// twoPanelsRows is the most rows of a tile of two panels.
	twoPanelsRows = 6
	// streamRows is up to how many rows it matters how often panels of more than
	// streamBytes, two of which fill the first-level cache, are read. With weights in
	// memory, 8 to 20 rows of 768 inputs took 1.06 to 1.13 times as long on a Zen 5
	// with two panels a tile, in float32; from 24 rows on hardly longer. With weights
	// in the second-level cache, one panel took longer.
	streamRows  = 20
	streamBytes = 32 << 10
)

// panelsAtOnce is how many panels tiles take, but for a last one.
func (t *product) panelsAtOnce() int {
	switch {
	case t.usesAMX() || t.bfloat16 != nil || t.float16 != nil || t.streams:
		return 1
	case t.int8 != nil:
		return int8PanelsPerTile()
	}
	return panelsPerTile()
}

// fewRows says whether how often tiles read the panels decides: of two panels a tile has
// fewer rows, so 16 rows would read them three times instead of twice. (Products of
// training find panels in a cache, where they were just packed.)
func (t *product) fewRows() bool {
	if t.rows <= twoPanelsRows || t.rows > streamRows {
		return false
	}
	bytes := 4 * min(t.in, sectionInputs)
	if t.int8 != nil {
		bytes = t.in
	}
	return panelColumns*bytes > streamBytes
}

// across is how many tiles lie side by side in a row of y.
func (t *product) across() int {
	atOnce := t.panelsAtOnce()
	return (panelCount(t.out) + atOnce - 1) / atOnce
}

// tiles is how many tiles some rows are, of one panel or of two.
func (t *product) tiles(rows, panels int) int {
	most := tileRows()
	switch {
	case panels == maxPanelsPerTile:
		most = twoPanelsRows
	case t.int8 != nil:
		most = int8TileRows()
	}
	return (rows + most - 1) / most
}

// chunksFor is into how many chunks to cut rows, at least some and at most so many:
// the fewest with which threads are busy for 7/8 of the time, if tiles (or heads) across
// are parts, or else those with which they are busiest.
func chunksFor(threads, across, least, most int) int {
	best, busiest := least, 0.0
	for chunks := least; chunks <= most && busiest < 7.0/8; chunks++ {
		parts := chunks * across
		turns := (parts + threads - 1) / threads
		if busy := float64(parts) / float64(turns*threads); busy > busiest {
			best, busiest = chunks, busy
		}
	}
	return best
}

// evenGroups is into how many groups to cut n tiles: about some, or up to twice as
// many, of as many tiles each. If a number of groups down to half of some gives every
// thread equally many, it is that: threads with less to do take from the others, which
// then wait for what nobody fetched.
func evenGroups(n, some, threads int) int {
	each := max(1, n/some)
	for e := each; e <= 2*each; e++ {
		if n%(e*threads) == 0 {
			return n / e
		}
	}
	return (n + each - 1) / each
}

// shares are even parts of something: the smaller ones are so much each, and those after
// them one more. Finding a part takes no division, which small tiles would feel.
type shares struct{ each, smaller int }

// evenly cuts n into parts.
func evenly(n, parts int) shares { return shares{n / parts, parts - n%parts} }

// part is where part i starts and ends.
func (s shares) part(i int) (first, end int) { return s.start(i), s.start(i + 1) }

func (s shares) start(i int) int { return i*s.each + max(0, i-s.smaller) }

// group is which panels are group i of some groups.
func (t *product) group(i, groups int) (first, end int) {
	first, end = evenly(t.across(), groups).part(i)
	atOnce := t.panelsAtOnce()
	return first * atOnce, min(end*atOnce, panelCount(t.out))
}
