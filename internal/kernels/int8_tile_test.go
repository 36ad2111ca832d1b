package kernels

import "testing"

// The sums of a tile are integers: with scales of 1 and sums that float32 holds
// exactly, every implementation has the Go twin's, and leaves alone what lies
// between the rows.
func TestTileInt8HasTheIntegersOfGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		const ldy, ldlast = panelColumns + 5, panelColumns + 3
		r := newRand(1)
		ones, zeros := make([]float32, panelColumns), make([]float32, panelColumns)
		fill(ones, 1)
		for rows := 1; rows <= int8TileRows(); rows++ {
			for _, depth := range []int{1, 2, 3, 4, 5, 7, 8, 31, 64} {
				for i := range 4 {
					extreme, withLast := i%2 > 0, i/2 > 0
					ld := (depth*int8Step + 15) / 16 * 16
					x, w := make([]uint8, rows*ld), make([]int8, depth*panelColumns*int8Step)
					for i := range x {
						x[i] = uint8(r.IntN(256))
						if extreme { // the largest products, almost all of one sign
							x[i] = [...]uint8{0, 0, 0, 255}[r.IntN(4)]
						}
					}
					offsets := make([]int32, panelColumns)
					for i := range w {
						w[i] = int8(r.IntN(255) - 127)
						if extreme {
							w[i] = [...]int8{127, 127, 127, -127}[r.IntN(4)]
						}
						offsets[i/int8Step%panelColumns] -= int8Zero * int32(w[i])
					}
					// What is fetched changes nothing, but which loop the assembly takes.
					last, bytes := (*float32)(nil), 0
					if withLast {
						values := make([]float32, rows*ldlast)
						for i := range values {
							values[i] = float32(r.IntN(1<<20) - 1<<19)
						}
						last, bytes = &values[0], len(w)
					}
					got, want := newGuarded(rows*ldy, 1), make([]float32, rows*ldy)
					fill(want, guardValue)
					if multipliesWords() {
						words := make([]uint16, len(x))
						widenBytesGo(&words[0], &x[0], len(x))
						tileInt8Words(&got.slice()[0], ldy, &words[0], ld, &w[0], rows, depth, &offsets[0], &ones[0], &zeros[0], &zeros[0], &ones[0], &zeros[0], last, ldlast, &w[0], bytes)
					} else {
						tileInt8(&got.slice()[0], ldy, &x[0], ld, &w[0], rows, depth, &offsets[0], &ones[0], &zeros[0], &zeros[0], &ones[0], &zeros[0], last, ldlast, &w[0], bytes)
					}
					tileInt8Go(&want[0], ldy, &x[0], ld, &w[0], rows, depth, &offsets[0], &ones[0], &zeros[0], &zeros[0], &ones[0], &zeros[0], last, ldlast)
					got.check(t, "y")
					for i, v := range got.slice() {
						if v != want[i] {
							t.Fatalf("%d rows, depth %d: row %d, column %d: %v, want %v", rows, depth, i/ldy, i%ldy, v, want[i])
						}
					}
				}
			}
		}
	})
}
