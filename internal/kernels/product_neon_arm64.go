//go:build !purego

package kernels

// tileNEON is tileGo for 16 columns and 1 to 6 rows.
//
//go:noescape
func tileNEON(y *float32, ldy int, x *float32, ldx int, panel *float32, rows int, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32, pace int)
