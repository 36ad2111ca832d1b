//go:build (!amd64 && !arm64) || purego

package kernels

// maxTileRows is the most rows that a tile may have.
const maxTileRows = 14

func tileRows() int { return maxTileRows }

// int8TileRows is tileRows for int8.
func int8TileRows() int { return maxTileRows }

func tile(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, _ *float32, _ int) {
	tileGo(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast)
}

func tileTwoPanels(y *float32, ldy int, x *float32, ldx int, panel *float32, ldpanel, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, _ *float32, _ int) {
	tileTwoPanelsGo(y, ldy, x, ldx, panel, ldpanel, rows, depth, first, ldfirst, last, ldlast)
}

// cutsPanels says whether float32 products take panels in sections.
func cutsPanels() bool { return false }

// fetchesAhead says whether tiles fetch for later ones, which Go cannot.
const fetchesAhead = false

// panelsPerTile is how many panels a tile takes, int8PanelsPerTile in int8: two, as
// with AVX-512, so that every build tests that.
func panelsPerTile() int     { return 2 }
func int8PanelsPerTile() int { return 2 }

// Implementation names what computes products in a precision.
func Implementation(Precision) string { return "Go" }
