package checkpoint

import (
	"encoding/binary"
	"testing"
)

// One bad value is found wherever it is, and nothing else is.
func TestFinite(t *testing.T) {
	for d, bad := range map[DType][]uint32{
		F32:  {0x7f800000, 0xff800000, 0x7f800001, 0xffffffff},
		F16:  {0x7c00, 0xfc00, 0x7c01, 0xffff},
		BF16: {0x7f80, 0xff80, 0x7f81, 0xffff},
	} {
		largest := map[DType]uint32{F32: 0xff7fffff, F16: 0xfbff, BF16: 0xff7f}[d]
		put := func(stored []byte, i int, bits uint32) {
			if d.width() == 4 {
				binary.LittleEndian.PutUint32(stored[4*i:], bits)
			} else {
				binary.LittleEndian.PutUint16(stored[2*i:], uint16(bits))
			}
		}
		for n := range 12 {
			stored := make([]byte, n*d.width())
			for i := range n {
				put(stored, i, largest)
			}
			if got := d.notFinite(stored); got != -1 {
				t.Fatalf("%s: notFinite of %d large values = %d, want -1", d, n, got)
			}
			for i := range n {
				for _, bits := range bad {
					put(stored, i, bits)
					if got := d.notFinite(stored); got != i {
						t.Fatalf("%s: notFinite of %d values with %#x at %d = %d", d, n, bits, i, got)
					}
				}
				put(stored, i, largest)
			}
		}
	}
}
