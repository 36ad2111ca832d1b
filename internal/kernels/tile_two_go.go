//go:build !amd64 || purego

package kernels

// tilePanels is how many panels a tile takes at once, int8TilePanels in int8.
func tilePanels() int     { return 1 }
func int8TilePanels() int { return 1 }

// tileTwoRows is the most rows of a tile of two panels.
const tileTwoRows = maxTileRows

func tileTwo(y *float32, ldy int, x *float32, ldx int, panel *float32, ldpanel, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, _ *float32, _ int) {
	tileTwoGo(y, ldy, x, ldx, panel, ldpanel, rows, depth, first, ldfirst, last, ldlast)
}

func tileTwoInt8(y *float32, ldy int, x *uint8, ldx int, panel *int8, ldpanel, rows, depth int, offsets *int32, scales, sums, bias, rowScales, rowCenters, last *float32, ldlast int, _ *int8, _ int) {
	tileTwoInt8Go(y, ldy, x, ldx, panel, ldpanel, rows, depth, offsets, scales, sums, bias, rowScales, rowCenters, last, ldlast)
}
