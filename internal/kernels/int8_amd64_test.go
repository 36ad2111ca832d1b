//go:build !purego

package kernels

import "testing"

// With AVX-512 but without VNNI int8 has AVX2's tiles, and no more rows than they
// know. Nothing is computed: this processor may not have it.
func TestInt8TilesHaveFewRowsWithoutVNNI(t *testing.T) {
	turnOff(t)
	useAVX2, useAVX512 = true, true
	p := product{int8: new(int8Weight)}
	if got := p.tiles(2*wordRows + 1); got != 3 {
		t.Errorf("%d rows are %d tiles, want 3", 2*wordRows+1, got)
	}
}
