package checkpoint

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// Every number of 16 bits is itself again after float32.
func TestWidenAndNarrowAreInverse(t *testing.T) {
	for _, d := range []DType{F16, BF16} {
		stored, again := make([]byte, 2), make([]byte, 2)
		value := make([]float32, 1)
		for bits := range 1 << 16 {
			binary.LittleEndian.PutUint16(stored, uint16(bits))
			if !d.finite(stored) {
				continue
			}
			d.widen(value, stored)
			d.narrow(again, value)
			if got := binary.LittleEndian.Uint16(again); int(got) != bits {
				t.Fatalf("%s: %#04x is %v, which is %#04x", d, bits, value[0], got)
			}
		}
	}
}

func TestWidenKnownValues(t *testing.T) {
	for _, tt := range []struct {
		dtype DType
		bits  uint16
		want  float32
	}{
		{F16, 0x3c00, 1},
		{F16, 0xc000, -2},
		{F16, 0x7bff, 65504},
		{F16, 0x0400, 0x1p-14},
		{F16, 0x0001, 0x1p-24}, // the smallest subnormal number
		{F16, 0x83ff, -0x1.ff8p-15},
		{F16, 0x8000, float32(math.Copysign(0, -1))},
		{BF16, 0x3f80, 1},
		{BF16, 0xc0a0, -5},
		{BF16, 0x0001, 0x1p-133},
	} {
		var got [1]float32
		tt.dtype.widen(got[:], binary.LittleEndian.AppendUint16(nil, tt.bits))
		if math.Float32bits(got[0]) != math.Float32bits(tt.want) {
			t.Errorf("%s %#04x = %v, want %v", tt.dtype, tt.bits, got[0], tt.want)
		}
	}
}

// The nearest number is the one that no neighbour is closer than; of two that
// are equally close it is the even one.
func TestNarrowRoundsToNearestEven(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, d := range []DType{F16, BF16} {
		at := func(bits uint16) float64 {
			var value [1]float32
			d.widen(value[:], binary.LittleEndian.AppendUint16(nil, bits))
			return float64(value[0])
		}
		check := func(v float32) {
			var stored [2]byte
			d.narrow(stored[:], []float32{v})
			got := binary.LittleEndian.Uint16(stored[:])
			for _, neighbour := range []uint16{got - 1, got + 1} {
				if got&0x7fff == 0 && neighbour&0x7fff != 1 || !d.finite(binary.LittleEndian.AppendUint16(nil, neighbour)) {
					continue
				}
				off, other := math.Abs(at(got)-float64(v)), math.Abs(at(neighbour)-float64(v))
				if other < off || other == off && got&1 == 1 {
					t.Fatalf("%s(%v) = %v (%#04x), want %v", d, v, at(got), got, at(neighbour))
				}
			}
		}
		for range 200_000 {
			low := uint16(random.UintN(0x7bfe)) | uint16(random.UintN(2))<<15
			a, b := at(low), at(low+1)
			check(float32(a + (b-a)*random.Float64()))
			check(float32((a + b) / 2))
		}
	}
}

func TestNarrowOverflows(t *testing.T) {
	for _, tt := range []struct {
		dtype  DType
		value  float32
		finite bool
	}{
		{F16, 65519, true},
		{F16, 65520, false},
		{F16, -1e6, false},
		{F16, float32(math.NaN()), false},
		{F16, float32(math.Inf(1)), false},
		{BF16, 1e38, true},
		{BF16, math.MaxFloat32, false},
		{BF16, float32(math.NaN()), false},
		{F32, math.MaxFloat32, true},
		{F32, float32(math.Inf(-1)), false},
	} {
		stored := make([]byte, tt.dtype.width())
		tt.dtype.narrow(stored, []float32{tt.value})
		if got := tt.dtype.finite(stored); got != tt.finite {
			t.Errorf("%s(%v) is finite: %t, want %t", tt.dtype, tt.value, got, tt.finite)
		}
	}
}

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
