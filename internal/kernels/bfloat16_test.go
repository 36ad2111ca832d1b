package kernels

import (
	"fmt"
	"math"
	"testing"
)

func TestRoundBFloat16(t *testing.T) {
	inf, nan := float32(math.Inf(1)), math.Float32frombits(0x7f800001) // would round to infinity
	for _, tt := range []struct {
		in   float32
		want float64
	}{
		{0, 0},
		{1, 1},
		{-1.5, -1.5},
		{inf, math.Inf(1)},
		{-inf, math.Inf(-1)},
		{nan, math.NaN()},
		{1 + 1.0/256, 1},
		{1 + 3.0/256, 1 + 4.0/256},
		{1 + 1.0/256 + 1.0/4096, 1 + 2.0/256}, // ties to even
		{math.MaxFloat32, math.Inf(1)},
	} {
		got := float64(widenBFloat16(roundBFloat16(tt.in)))
		if !sameKind(got, tt.want) || !math.IsNaN(got) && got != tt.want {
			t.Errorf("round(%v) = %v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestRoundRowsAgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(1)
		for columns := 1; columns <= 130; columns++ {
			const rows = 3
			x := normal(r, newGuarded(rows*columns, columns%4).slice(), 2)
			x[columns] = float32(math.NaN())
			x[columns*2-1] = math.Float32frombits(0xff800001)
			ld := (columns + 15) / 16 * 16
			got, want := make([]uint16, rows*ld+16), make([]uint16, rows*ld+16)
			for i := range got {
				got[i], want[i] = 0xffff, 0xffff
			}
			roundRows(&got[0], ld, &x[0], columns, rows, columns)
			roundRowsGo(&want[0], ld, &x[0], columns, rows, columns)
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%d columns: %#x at %d, want %#x", columns, got[i], i, want[i])
				}
			}
		}
	})
}

func TestRoundPairsAgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(2)
		for rows := 1; rows <= 9; rows++ {
			for _, ldx := range []int{panelColumns, panelColumns + 3} {
				x := normal(r, newGuarded((rows-1)*ldx+panelColumns, 1).slice(), 2)
				x[panelColumns-1], x[len(x)-1] = float32(math.NaN()), math.Float32frombits(0xff800001)
				size := (rows + 1) / 2 * panelColumns * bfloat16Step
				got, want := make([]uint16, size+64), make([]uint16, size+64)
				for i := range got {
					got[i], want[i] = 0xffff, 0xffff
				}
				roundPairs(&got[0], &x[0], ldx, rows)
				roundPairsGo(&want[0], &x[0], ldx, rows)
				for i := range got {
					if got[i] != want[i] {
						t.Fatalf("%d rows: %#x at %d, want %#x", rows, got[i], i, want[i])
					}
				}
				for i, v := range got[:size] {
					row, column := i/(2*panelColumns)*2+i%2, i/2%panelColumns
					if row == rows {
						if v != 0 {
							t.Fatalf("%d rows: %#x at %d, want zeros in the row after the last", rows, v, i)
						}
					} else if v != roundBFloat16(x[row*ldx+column]) {
						t.Fatalf("%d rows: %#x at %d, want row %d, column %d", rows, v, i, row, column)
					}
				}
			}
		}
	})
}

func TestBFloat16AgainstItsDefinition(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for _, shape := range tileShapes {
			rows, out, in := shape[0], shape[1], shape[2]
			for offset := range 2 {
				t.Run(fmt.Sprintf("%dx%dx%d offset %d", rows, out, in, offset), func(t *testing.T) {
					r := newRand(uint64(rows*out + in))
					x, w, residual := newGuarded(rows*in, offset), normal(r, make([]float32, out*in), 1), newGuarded(rows*out, offset)
					normal(r, x.slice(), 3)
					normal(r, residual.slice(), 1)
					for i := range x.whole {
						if x.whole[i] == guardValue {
							x.whole[i] = float32(math.NaN()) // what is read outside must not count
						}
					}
					bias := normal(r, make([]float32, out), 1)
					y := newGuarded(rows*out, 1-offset)
					m := Pack(pool, BFloat16, w, out, in)
					m.Mul(pool, y.slice(), x.slice(), rows, Epilogue{Bias: bias, Residual: residual.slice()})
					y.check(t, "y")
					for i, got := range y.slice() {
						row, column := i/out, i%out
						want, magnitude := float64(bias[column])+float64(residual.slice()[i]), 4.0
						for k := range in {
							v := x.slice()[row*in+k]
							if roundsRows() {
								v = widenBFloat16(roundBFloat16(v))
							}
							product := float64(v) * float64(widenBFloat16(roundBFloat16(w[column*in+k])))
							want += product
							magnitude += math.Abs(product)
						}
						if !(math.Abs(float64(got)-want) <= 1e-6*magnitude) {
							t.Fatalf("y[%d] = %v, want %v", i, got, want)
						}
					}
				})
			}
		}
	})
}

// The twin of the instruction that not every processor has.
func TestTilePairsAgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(1)
		for rows := 1; rows <= maxTileRows; rows++ {
			for _, depth := range []int{1, 2, 3, 4, 5, 9, 64} {
				x, w := make([]uint16, rows*2*depth), make([]uint16, depth*panelColumns*bfloat16Step)
				for i, v := range normal(r, make([]float32, len(x)), 1) {
					x[i] = roundBFloat16(v)
				}
				for i, v := range normal(r, make([]float32, len(w)), 1) {
					w[i] = roundBFloat16(v)
				}
				first, last := normal(r, make([]float32, panelColumns), 1), normal(r, make([]float32, rows*panelColumns), 1)
				want := make([]float32, rows*panelColumns)
				tilePairsGo(&want[0], panelColumns, &x[0], 2*depth, &w[0], rows, depth, &first[0], &last[0], panelColumns)
				for _, bytes := range []int{0, 2 * len(w)} { // to fetch
					got := newGuarded(rows*panelColumns, 1)
					tilePairs(&got.slice()[0], panelColumns, &x[0], 2*depth, &w[0], rows, depth, &first[0], &last[0], panelColumns, &w[0], bytes)
					got.check(t, "y")
					for i, v := range got.slice() {
						if math.Abs(float64(v-want[i])) > 1e-5*(1+math.Sqrt(float64(depth))) {
							t.Fatalf("%d rows, depth %d: y[%d] = %v, want %v", rows, depth, i, v, want[i])
						}
					}
				}
			}
		}
	})
}
