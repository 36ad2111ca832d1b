package kernels

import (
	"math"
	"testing"
)

// NaNs that rounding would make infinite, or carry into zero.
func TestRoundRowsKeepsNaN(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for columns := 1; columns <= 40; columns++ {
			for _, bits := range []uint32{0x7f800001, 0xffffffff} {
				x, y := make([]float32, columns), make([]uint16, columns+15)
				fill(x, math.Float32frombits(bits))
				roundRows(&y[0], len(y), &x[0], columns, 1, columns)
				for i, v := range y[:columns] {
					if !math.IsNaN(float64(widenBFloat16(v))) {
						t.Fatalf("%d columns: NaN %#x at %d became %#x", columns, bits, i, v)
					}
				}
			}
		}
	})
}
