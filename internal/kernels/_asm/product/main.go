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
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

const (
	panelBytes = 32 * 4 // of one row of a panel
	wide       = 2      // vectors in a row of a tile
)

func main() {
	vectors.Run(func(s vectors.Set) {
		rows := 6 // with two columns, 12 of AVX2's 16 registers hold sums
		if s.Lanes == 16 {
			rows = 14 // 28 of AVX-512's 32
		}
		TEXT("tile"+s.Name, NOSPLIT, "func(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32, pace int)")
		Pragma("noescape")
		Doc(fmt.Sprintf("tile%s is tileGo for %d columns and 1 to %d rows.", s.Name, wide*s.Lanes, rows))
		vectors.Cases(rows, func(rows int) { tile(s, rows) })
	})
}

// tile emits the code for a number of rows.
func tile(s vectors.Set, rows int) {
	s.Ahead(rows, wide)
	x := vectors.RowsOf("x", "ldx", rows, 2)
	sums := make([][wide]VecVirtual, rows)
	first := vectors.RowsOf("first", "ldfirst", rows, 2)
	for r := range sums {
		for j := range sums[r] {
			sums[r][j] = s.Copy(first.At(r, j*s.Bytes()))
		}
	}

	s.Steps(x, panelBytes, 4, 1, 4, func(k int, panel Register) {
		var weights [wide]VecVirtual
		for j := range weights {
			weights[j] = s.Copy(Mem{Base: panel, Disp: k*panelBytes + j*s.Bytes()})
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
