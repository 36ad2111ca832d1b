//go:build !purego

package kernels

// maxTileRows is the most rows that a tile may have, tileRows what fills the
// registers.
const maxTileRows = 14

func tileRows() int {
	if useAVX2 && !useAVX512 {
		return 6
	}
	return maxTileRows
}

func tile(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32) {
	switch {
	case useAVX512:
		tileAVX512(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast, next)
	case useAVX2:
		// Half of the columns fill the registers.
		const half = panelColumns / 2
		tileAVX2(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast, next)
		if last != nil {
			last = (*float32)(at(last, half))
		}
		tileAVX2((*float32)(at(y, half)), ldy, x, ldx, (*float32)(at(panel, half)), rows, depth,
			(*float32)(at(first, half)), ldfirst, last, ldlast, next)
	default:
		tileGo(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast)
	}
}
