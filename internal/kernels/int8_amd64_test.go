//go:build !purego

package kernels

import "testing"

// With AVX-512 but without VNNI int8 has AVX2's tiles, and no more rows than they
// know. Nothing is computed: this processor may not have it.
func TestInt8TilesHaveFewRowsWithoutVNNI(t *testing.T) {
	turnOff(t)
	useAVX2, useAVX512 = true, true
	p := product{int8: new(int8Weight)}
	if got := p.tileRows(); got != wordRows {
		t.Errorf("%d rows, want %d", got, wordRows)
	}
}
