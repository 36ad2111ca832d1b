package kernels

import (
	"fmt"
	"math"
	"testing"
)

// tileDepths are whole and broken groups of a tile's steps.
var tileDepths = []int{1, 2, 3, 4, 5, 6, 7, 8, 31, 64}

// Every number of rows, what is left of every depth and how much is fetched is a path
// of its own in the assembly. What is fetched changes nothing.
func TestTileAgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		eachTile(t, 1, func(t *testing.T, tt tileTest) {
			for _, ldfirst := range []int{0, tt.columns} {
				for _, bytes := range tt.fetches() {
					tt.clear()
					tile(&tt.got[0], tt.ldy, &tt.x[0], tt.ldx, &tt.w[0], tt.rows, tt.depth, &tt.first[0], ldfirst, tt.last, tt.columns, &tt.w[0], bytes)
					tileGo(&tt.want[0], tt.ldy, &tt.x[0], tt.ldx, &tt.w[0], tt.rows, tt.depth, &tt.first[0], ldfirst, tt.last, tt.columns)
					tt.check(t)
				}
			}
		})
	})
}

func TestTileTwoPanelsAgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		eachTile(t, 2, func(t *testing.T, tt tileTest) {
			for _, ldfirst := range []int{0, tt.columns} {
				for _, bytes := range tt.fetches() {
					tt.clear()
					tileTwoPanels(&tt.got[0], tt.ldy, &tt.x[0], tt.ldx, &tt.w[0], tt.ldpanel, tt.rows, tt.depth, &tt.first[0], ldfirst, tt.last, tt.columns, &tt.w[0], bytes)
					tileTwoPanelsGo(&tt.want[0], tt.ldy, &tt.x[0], tt.ldx, &tt.w[0], tt.ldpanel, tt.rows, tt.depth, &tt.first[0], ldfirst, tt.last, tt.columns)
					tt.check(t)
				}
			}
		})
	})
}

func TestTileBFloat16AgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		eachTile(t, 1, func(t *testing.T, tt tileTest) {
			steps := (tt.depth + bfloat16Step - 1) / bfloat16Step
			w := make([]uint16, steps*panelColumns*bfloat16Step)
			for i := range w {
				w[i] = roundBFloat16(tt.w[i%len(tt.w)])
			}
			for _, bytes := range []int{0, 2 * len(w)} {
				tt.clear()
				tileBFloat16(&tt.got[0], tt.ldy, &tt.x[0], tt.ldx, &w[0], tt.rows, tt.depth, &tt.first[0], tt.last, panelColumns, &w[0], bytes)
				tileBFloat16Go(&tt.want[0], tt.ldy, &tt.x[0], tt.ldx, &w[0], tt.rows, tt.depth, &tt.first[0], tt.last, panelColumns)
				tt.check(t)
			}
		})
	})
}

// tileTest is a tile's arguments.
type tileTest struct {
	rows, depth, columns int
	ldx, ldy, ldpanel    int
	x, w, first          []float32
	last                 *float32
	got, want            []float32 // with the guards
}

// fetches are numbers of bytes to fetch, from none to as many as a panel has.
func (tt *tileTest) fetches() []int {
	most := 4 * tt.depth * panelColumns
	return []int{0, most / 10, most / 2, most}
}

// clear fills the results with the guards' value.
func (tt *tileTest) clear() {
	fill(tt.got, guardValue)
	fill(tt.want, guardValue)
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

// eachTile runs a test of a tile of some panels with every number of rows and each of
// tileDepths, with and without last.
func eachTile(t *testing.T, panels int, test func(t *testing.T, tt tileTest)) {
	t.Helper()
	most := tileRows()
	if panels == maxPanelsPerTile {
		most = twoPanelsRows
	}
	for rows := 1; rows <= most; rows++ {
		for _, depth := range tileDepths {
			for _, withLast := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d rows, depth %d, last %t", rows, depth, withLast), func(t *testing.T) {
					r := newRand(uint64(rows*depth + 1))
					columns := panels * panelColumns
					tt := tileTest{rows: rows, depth: depth, columns: columns, ldx: depth + 3, ldy: columns + 5, ldpanel: (depth + 1) * panelColumns}
					tt.x, tt.w = normal(r, make([]float32, rows*tt.ldx), 1), normal(r, make([]float32, panels*tt.ldpanel), 1)
					tt.first = normal(r, make([]float32, rows*columns), 1)
					if withLast {
						tt.last = &normal(r, make([]float32, rows*columns), 1)[0]
					}
					tt.got, tt.want = make([]float32, rows*tt.ldy), make([]float32, rows*tt.ldy)
					tt.clear()
					test(t, tt)
				})
			}
		}
	}
}
