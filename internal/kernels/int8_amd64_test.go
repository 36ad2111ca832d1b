//go:build !purego

package kernels

import "testing"

// Of the tiles that a processor has int8 takes the widest, and no more rows than
// they know. Nothing is computed: this processor may not have them.
func TestInt8Tiles(t *testing.T) {
	for _, tt := range []struct {
		name                              string
		avx2, avxVNNI, avx512, avx512VNNI bool

		rows           int // of a tile of one panel
		panels         int // that tiles take
		words          bool
		implementation string
	}{
		{name: "none", rows: 14, panels: 2, implementation: "Go"},
		{name: "AVX2", avx2: true, rows: 6, panels: 1, words: true, implementation: "AVX2"},
		{name: "AVX-VNNI", avx2: true, avxVNNI: true, rows: 6, panels: 1, implementation: "AVX-VNNI"},
		{name: "AVX-512", avx2: true, avx512: true, rows: 6, panels: 1, words: true, implementation: "AVX2"},
		{name: "AVX-512, AVX-VNNI", avx2: true, avxVNNI: true, avx512: true, rows: 6, panels: 1, implementation: "AVX-VNNI"},
		{name: "AVX-512 VNNI", avx2: true, avx512: true, avx512VNNI: true, rows: 14, panels: 2, implementation: "AVX-512 VNNI"},
		{name: "AVX-512 VNNI, AVX-VNNI", avx2: true, avxVNNI: true, avx512: true, avx512VNNI: true, rows: 14, panels: 2, implementation: "AVX-512 VNNI"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			turnOff(t)
			useAVX2, useAVXVNNI, useAVX512, useVNNI = tt.avx2, tt.avxVNNI, tt.avx512, tt.avx512VNNI
			p := product{int8: new(int8Weight)}
			if got := p.tiles(2*tt.rows+1, 1); got != 3 {
				t.Errorf("%d rows are %d tiles, want 3", 2*tt.rows+1, got)
			}
			if got := p.tiles(2*twoPanelsRows+1, maxPanelsPerTile); got != 3 {
				t.Errorf("%d rows are %d tiles of two panels, want 3", 2*twoPanelsRows+1, got)
			}
			if got := p.panelsAtOnce(); got != tt.panels {
				t.Errorf("panelsAtOnce() = %d, want %d", got, tt.panels)
			}
			if got := multipliesWords(); got != tt.words {
				t.Errorf("multipliesWords() = %t, want %t", got, tt.words)
			}
			if got := Implementation(Int8); got != tt.implementation {
				t.Errorf("Implementation(Int8) = %q, want %q", got, tt.implementation)
			}
		})
	}
}
