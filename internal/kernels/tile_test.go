package kernels

import (
	"fmt"
	"math"
	"testing"
)

// tileDepths are whole and broken groups of a tile's steps.
var tileDepths = []int{1, 2, 3, 4, 5, 6, 7, 8, 31, 64}

// Every number of rows and what is left of every depth is a path of its own in
// the assembly.
func TestTileAgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		eachTile(t, func(t *testing.T, tt tileTest) {
			for _, ldfirst := range []int{0, panelColumns} {
				tile(&tt.got[0], tt.ldy, &tt.x[0], tt.ldx, &tt.w[0], tt.rows, tt.depth, &tt.first[0], ldfirst, tt.last, panelColumns, &tt.w[0], 0)
				tileGo(&tt.want[0], tt.ldy, &tt.x[0], tt.ldx, &tt.w[0], tt.rows, tt.depth, &tt.first[0], ldfirst, tt.last, panelColumns)
				tt.check(t)
			}
		})
	})
}

func TestTileBFloat16AgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		eachTile(t, func(t *testing.T, tt tileTest) {
			steps := (tt.depth + bfloat16Step - 1) / bfloat16Step
			w := make([]uint16, steps*panelColumns*bfloat16Step)
			for i := range w {
				w[i] = roundBFloat16(tt.w[i%len(tt.w)])
			}
			tileBFloat16(&tt.got[0], tt.ldy, &tt.x[0], tt.ldx, &w[0], tt.rows, tt.depth, &tt.first[0], tt.last, panelColumns, &w[0], 0)
			tileBFloat16Go(&tt.want[0], tt.ldy, &tt.x[0], tt.ldx, &w[0], tt.rows, tt.depth, &tt.first[0], tt.last, panelColumns)
			tt.check(t)
		})
	})
}

// tileTest is a tile's arguments.
type tileTest struct {
	rows, depth, ldx, ldy int
	x, w, first           []float32
	last                  *float32
	got, want             []float32 // with the guards
}

// check compares the results and what lies between their rows.
func (tt *tileTest) check(t *testing.T) {
	t.Helper()
	for i, v := range tt.got {
		if math.Abs(float64(v-tt.want[i])) > 1e-5*(1+math.Sqrt(float64(tt.depth))) {
			t.Fatalf("row %d, column %d: %v, want %v", i/tt.ldy, i%tt.ldy, v, tt.want[i])
		}
	}
}

// eachTile runs a test with every number of rows and each of tileDepths, with
// and without last.
func eachTile(t *testing.T, test func(t *testing.T, tt tileTest)) {
	t.Helper()
	for rows := 1; rows <= tileRows(); rows++ {
		for _, depth := range tileDepths {
			for _, withLast := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d rows, depth %d, last %t", rows, depth, withLast), func(t *testing.T) {
					r := newRand(uint64(rows*depth + 1))
					tt := tileTest{rows: rows, depth: depth, ldx: depth + 3, ldy: panelColumns + 5}
					tt.x, tt.w = normal(r, make([]float32, rows*tt.ldx), 1), normal(r, make([]float32, depth*panelColumns), 1)
					tt.first = normal(r, make([]float32, rows*panelColumns), 1)
					if withLast {
						tt.last = &normal(r, make([]float32, rows*panelColumns), 1)[0]
					}
					tt.got, tt.want = make([]float32, rows*tt.ldy), make([]float32, rows*tt.ldy)
					fill(tt.got, guardValue)
					fill(tt.want, guardValue)
					test(t, tt)
				})
			}
		}
	}
}
