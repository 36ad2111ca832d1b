package kernels

import "testing"

// Threads have equally many groups if that is possible with about so many.
func TestEvenGroups(t *testing.T) {
	for _, tt := range []struct{ tiles, some, threads, want int }{
		{12, 8, 2, 12}, {18, 8, 2, 6}, {24, 8, 2, 8}, {24, 9, 4, 12}, {36, 8, 4, 9}, {6, 8, 2, 6}, {1, 8, 2, 1}, {477, 60, 2, 69},
	} {
		if got := evenGroups(tt.tiles, tt.some, tt.threads); got != tt.want {
			t.Errorf("%d tiles in about %d groups for %d threads: %d, want %d", tt.tiles, tt.some, tt.threads, got, tt.want)
		}
	}
}

// Rows are cut where there are fewer tiles in a row than threads, or a few more.
func TestChunksFor(t *testing.T) {
	for _, tt := range []struct{ threads, across, least, most, want int }{
		{2, 6, 1, 22, 1},
		{2, 9, 1, 22, 1},
		{2, 1, 1, 3, 2},
		{2, 1, 1, 1, 1},
		{2, 3, 1, 22, 2},
		{4, 6, 1, 22, 2},
		{8, 6, 1, 22, 4},
		{8, 12, 1, 22, 2},
		{16, 12, 1, 22, 4},
		{16, 1, 1, 3, 3},
		{2, 12, 7, 171, 7},
	} {
		if got := chunksFor(tt.threads, tt.across, tt.least, tt.most); got != tt.want {
			t.Errorf("%d threads, %d tiles across, %d to %d chunks: %d, want %d", tt.threads, tt.across, tt.least, tt.most, got, tt.want)
		}
	}
}

// Tiles take one panel where few rows would read two larger ones more often.
func TestFewRowsTakeOnePanel(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, tt := range []struct {
			rows, in int
			int8     bool
			one      bool
		}{
			{rows: 6, in: 768},
			{rows: 7, in: 768, one: true},
			{rows: 20, in: 768, one: true},
			{rows: 20, in: 3072, one: true},
			{rows: 21, in: 768},
			{rows: 16, in: 256},
			{rows: 16, in: 257, one: true},
			{rows: 16, in: 768, int8: true},
			{rows: 16, in: 3072, int8: true, one: true},
		} {
			p, want := product{rows: tt.rows, in: tt.in, out: 96}, panelsPerTile()
			if tt.int8 {
				p.int8, want = new(int8Weight), int8PanelsPerTile()
			}
			if p.usesAMX() || tt.one {
				want = 1
			}
			p.streams = p.fewRows()
			if got := p.panelsAtOnce(); got != want {
				t.Errorf("%d rows of %d inputs, int8 %t: %d panels, want %d", tt.rows, tt.in, tt.int8, got, want)
			}
		}
	})
}

// Parts that are cut evenly follow each other, are all of it, and differ by one at most.
func TestEvenly(t *testing.T) {
	for n := range 50 {
		for parts := 1; parts < 20; parts++ {
			end := 0
			for i := range parts {
				first, last := evenly(n, parts).part(i)
				if size := last - first; first != end || size < n/parts || size > (n+parts-1)/parts {
					t.Fatalf("part %d of %d of %d: %d to %d, after %d", i, parts, n, first, last, end)
				}
				end = last
			}
			if end != n {
				t.Fatalf("%d parts of %d end at %d", parts, n, end)
			}
		}
	}
}

// Groups are about as many as they should be, of about as many tiles each, and have
// every panel once.
func TestGroupsHaveAllPanels(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, p := range []product{{}, {int8: new(int8Weight)}, {bfloat16: new(bfloat16Weight)}} {
			for p.out = 1; p.out < 40*panelColumns; p.out += 15 {
				for _, some := range []int{1, 4, 8, 24, 36, 100} {
					for threads := 1; threads <= 12; threads++ {
						groups := evenGroups(p.across(), some, threads)
						if groups < min(some, p.across())/2 || groups > 2*some {
							t.Fatalf("%d tiles, %d threads: %d groups, want about %d", p.across(), threads, groups, some)
						}
						at, least, most := 0, p.across(), 0
						for i := range groups {
							first, end := p.group(i, groups)
							if first != at || end <= first || first%p.panelsAtOnce() != 0 {
								t.Fatalf("%d outputs: group %d of %d has panels %d to %d, after %d", p.out, i, groups, first, end, at)
							}
							tiles := (end - first + p.panelsAtOnce() - 1) / p.panelsAtOnce()
							at, least, most = end, min(least, tiles), max(most, tiles)
						}
						if at != panelCount(p.out) || most > least+1 {
							t.Fatalf("%d outputs: %d groups have %d of %d panels, in %d to %d tiles", p.out, groups, at, panelCount(p.out), least, most)
						}
					}
				}
			}
		}
	})
}
