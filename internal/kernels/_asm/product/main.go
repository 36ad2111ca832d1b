// Command product generates the tiles of the float32 matrix product for
// AVX2 with FMA and for AVX-512F.
//
// A tile is some rows of x times one panel of the weight:
//
//	for k := range depth {
//		for r := range rows {
//			for j := range columns {
//				sum[r][j] += x[r][k] * panel[k][j]
//			}
//		}
//	}
//
// The sums stay in registers. One step of k loads a row of the panel, then
// takes each x[r][k] into all lanes of a register and multiplies it with that
// row.
//
// With AVX-512 there is a tile of two panels, too. Its 24 multiply-adds a step load
// 10 registers, where 28 of one panel load 16. A processor that begins two of each in
// a cycle seems to have enough for either; but an Ice Lake loads hardly more than one
// register of 512 bits a cycle while the core's other thread is busy, and then the
// tile of two panels is 1.1 times as fast.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

const panelBytes = 32 * 4 // of one row of a panel

func main() {
	avx512, avx2 := vectors.Sets[0], vectors.Sets[1]
	ConstraintExpr("!purego")
	// 28 or 24 of AVX-512's 32 registers hold sums, and 12 of AVX2's 16.
	emit(avx512, "tileAVX512", 1, 14, 2, "tileAVX512 is tileGo for 32 columns and 1 to 14 rows.")
	emit(avx2, "tileAVX2", 1, 6, 2, "tileAVX2 is tileGo for 16 columns and 1 to 6 rows.")
	emit(avx512, "tileTwoPanelsAVX512", 2, 6, 4, "tileTwoPanelsAVX512 is tileTwoPanelsGo for 1 to 6 rows.")
	Generate()
}

// emit emits a function for one or two panels and up to some rows, each of so many
// registers as wide says.
func emit(s vectors.Set, name string, panels, rows, wide int, doc string) {
	distance := ""
	if panels > 1 {
		distance = "ldpanel int, "
	}
	TEXT(name, NOSPLIT, "func(y *float32, ldy int, x *float32, ldx int, panel *float32, "+distance+"rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32, pace int)")
	Pragma("noescape")
	Doc(doc)
	vectors.Cases(rows, func(rows int) { tile(s, panels, rows, wide) })
}

// tile emits the code for n panels and a number of rows, each of wide registers.
func tile(s vectors.Set, n, rows, wide int) {
	s.Ahead(rows, wide)
	x := vectors.RowsOf("x", "ldx", rows, 2)
	sums := make([][]VecVirtual, rows)
	first := vectors.RowsOf("first", "ldfirst", rows, 2)
	for r := range sums {
		for j := range wide {
			sums[r] = append(sums[r], s.Copy(first.At(r, j*s.Bytes())))
		}
	}

	panels := vectors.Panels(n, 2)
	weights := make([]VecVirtual, wide)
	s.Steps(x, panels, panelBytes, 4, 1, 4, func(k int) {
		for j := range weights {
			weights[j] = s.Copy(s.OfStep(panels, panelBytes, k, j))
		}
		for r := range sums {
			factor := s.Broadcast(x.At(r, k*4))
			for j := range weights {
				VFMADD231PS(weights[j], factor, sums[r][j])
			}
		}
	})
	s.Store(rows, wide, func(r, j int) Op { return sums[r][j] })
}
