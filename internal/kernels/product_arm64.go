//go:build !purego

package kernels

// useNEON is a variable for tests; every arm64 processor has it.
var useNEON = true

// maxTileRows is the most rows that a tile may have, tileRows what fills the
// registers.
const maxTileRows = 14

func tileRows() int {
	if useNEON {
		return 6
	}
	return maxTileRows
}

func tile(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32, pace int) {
	if !useNEON {
		tileGo(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast)
		return
	}
	// Half of the columns fill the registers.
	const half = panelColumns / 2
	tileNEON(y, ldy, x, ldx, panel, rows, depth, first, ldfirst, last, ldlast, next, pace)
	if last != nil {
		last = at(last, half)
	}
	tileNEON(at(y, half), ldy, x, ldx, at(panel, half), rows, depth, at(first, half), ldfirst, last, ldlast, next, pace)
}

// Implementation names what computes products in a precision.
func Implementation(prec Precision) string {
	if prec == Float32 && useNEON {
		return "NEON"
	}
	return "Go"
}
