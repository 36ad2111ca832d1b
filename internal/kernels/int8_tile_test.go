package kernels

import "testing"

// The sums of a tile are integers: with scales of 1 and sums that float32 holds
// exactly, every implementation has the Go twin's, and leaves alone what lies
// between the rows.
func TestTileInt8HasTheIntegersOfGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		testInt8Tiles(t, 1, int8TileRows(), func(tt int8TileTest) {
			if multipliesWords() {
				words := make([]uint16, len(tt.x))
				widenBytesGo(&words[0], &tt.x[0], len(tt.x))
				tileInt8Words(tt.y, tt.ldy, &words[0], tt.ldx, &tt.w[0], tt.rows, tt.depth, &tt.offsets[0], &tt.ones[0], &tt.zeros[0], &tt.zeros[0], &tt.ones[0], &tt.zeros[0], tt.last, tt.ldlast, &tt.w[0], tt.bytes)
				return
			}
			tileInt8(tt.y, tt.ldy, &tt.x[0], tt.ldx, &tt.w[0], tt.rows, tt.depth, &tt.offsets[0], &tt.ones[0], &tt.zeros[0], &tt.zeros[0], &tt.ones[0], &tt.zeros[0], tt.last, tt.ldlast, &tt.w[0], tt.bytes)
		})
	})
}

func TestTileTwoPanelsInt8HasTheIntegersOfGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		testInt8Tiles(t, 2, twoPanelsRows, func(tt int8TileTest) {
			tileTwoPanelsInt8(tt.y, tt.ldy, &tt.x[0], tt.ldx, &tt.w[0], tt.ldpanel, tt.rows, tt.depth, &tt.offsets[0], &tt.ones[0], &tt.zeros[0], &tt.zeros[0], &tt.ones[0], &tt.zeros[0], tt.last, tt.ldlast, &tt.w[0], tt.bytes)
		})
	})
}

// int8TileTest is a tile's arguments.
type int8TileTest struct {
	rows, depth               int
	ldx, ldy, ldlast, ldpanel int
	x                         []uint8
	w                         []int8
	offsets                   []int32
	ones, zeros               []float32
	y, last                   *float32
	bytes                     int // to fetch, which changes nothing but the loop that the assembly takes
}

// testInt8Tiles compares tiles of some panels with the Go twin's.
func testInt8Tiles(t *testing.T, panels, mostRows int, tile func(tt int8TileTest)) {
	t.Helper()
	columns := panels * panelColumns
	r := newRand(1)
	tt := int8TileTest{ldy: columns + 5, ldlast: columns + 3, ones: make([]float32, columns), zeros: make([]float32, columns)}
	fill(tt.ones, 1)
	for tt.rows = 1; tt.rows <= mostRows; tt.rows++ {
		for _, tt.depth = range []int{1, 2, 3, 4, 5, 7, 8, 31, 64} {
			for i := range 8 {
				extreme, withLast, size := i%2 > 0, i/2%2 > 0, tt.depth*panelColumns*int8Step
				tt.bytes = []int{0, size / 10, size / 2, size}[i/2]
				tt.ldx, tt.ldpanel = (tt.depth*int8Step+15)/16*16, size+64
				tt.x, tt.w = make([]uint8, tt.rows*tt.ldx), make([]int8, (panels-1)*tt.ldpanel+size)
				for i := range tt.x {
					tt.x[i] = uint8(r.IntN(256))
					if extreme { // the largest products, almost all of one sign
						tt.x[i] = [...]uint8{0, 0, 0, 255}[r.IntN(4)]
					}
				}
				tt.offsets = make([]int32, columns)
				for p := range panels {
					panel := tt.w[p*tt.ldpanel:][:size]
					for i := range panel {
						panel[i] = int8(r.IntN(255) - 127)
						if extreme {
							panel[i] = [...]int8{127, 127, 127, -127}[r.IntN(4)]
						}
						tt.offsets[p*panelColumns+i/int8Step%panelColumns] -= int8Zero * int32(panel[i])
					}
				}
				tt.last = nil
				if withLast {
					values := make([]float32, tt.rows*tt.ldlast)
					for i := range values {
						values[i] = float32(r.IntN(1<<20) - 1<<19)
					}
					tt.last = &values[0]
				}
				got, want := newGuarded(tt.rows*tt.ldy, 1), make([]float32, tt.rows*tt.ldy)
				fill(want, guardValue)
				tt.y = &got.slice()[0]
				tile(tt)
				for p := range panels {
					j, residual := p*panelColumns, tt.last
					if residual != nil {
						residual = at(residual, j)
					}
					tileInt8Go(&want[j], tt.ldy, &tt.x[0], tt.ldx, &tt.w[p*tt.ldpanel], tt.rows, tt.depth, &tt.offsets[j], &tt.ones[0], &tt.zeros[0], &tt.zeros[0], &tt.ones[0], &tt.zeros[0], residual, tt.ldlast)
				}
				got.check(t, "y")
				for i, v := range got.slice() {
					if v != want[i] {
						t.Fatalf("%d rows, depth %d: row %d, column %d: %v, want %v", tt.rows, tt.depth, i/tt.ldy, i%tt.ldy, v, want[i])
					}
				}
			}
		}
	}
}
