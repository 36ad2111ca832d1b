package kernels

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

func isFinite(v float32) bool { return v-v == 0 }

// Every number of 16 bits is itself again after float32.
func TestWidenAndNarrowAreInverse(t *testing.T) {
	for _, prec := range []Precision{Float16, BFloat16} {
		stored, again := make([]byte, 2), make([]byte, 2)
		value := make([]float32, 1)
		for bits := range 1 << 16 {
			binary.LittleEndian.PutUint16(stored, uint16(bits))
			Widen(prec, value, stored)
			if !isFinite(value[0]) {
				continue
			}
			Narrow(prec, again, value)
			if got := binary.LittleEndian.Uint16(again); int(got) != bits {
				t.Fatalf("%s: %#04x is %v, which is %#04x", prec, bits, value[0], got)
			}
		}
	}
}

func TestWidenKnownValues(t *testing.T) {
	for _, tt := range []struct {
		prec Precision
		bits uint16
		want float32
	}{
		{Float16, 0x3c00, 1},
		{Float16, 0xc000, -2},
		{Float16, 0x7bff, 65504},
		{Float16, 0x0400, 0x1p-14},
		{Float16, 0x0001, 0x1p-24}, // the smallest subnormal number
		{Float16, 0x83ff, -0x1.ff8p-15},
		{Float16, 0x8000, float32(math.Copysign(0, -1))},
		{Float16, 0x7c00, float32(math.Inf(1))},
		{Float16, 0xfc00, float32(math.Inf(-1))},
		{BFloat16, 0x3f80, 1},
		{BFloat16, 0xc0a0, -5},
		{BFloat16, 0x0001, 0x1p-133},
	} {
		var got [1]float32
		Widen(tt.prec, got[:], binary.LittleEndian.AppendUint16(nil, tt.bits))
		if math.Float32bits(got[0]) != math.Float32bits(tt.want) {
			t.Errorf("%s %#04x = %v, want %v", tt.prec, tt.bits, got[0], tt.want)
		}
	}
}

// All numbers of 16 bits, in slices of every length up to a few registers, are what
// they are alone.
func TestWidenSlices(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, prec := range []Precision{Float16, BFloat16} {
			for first, length := 0, 0; first < 1<<16; first, length = first+length, (length+1)%70 {
				n := min(length, 1<<16-first)
				stored := make([]byte, 0, 2*n)
				for i := range n {
					stored = binary.LittleEndian.AppendUint16(stored, uint16(first+i))
				}
				dst := newGuarded(n, length%3)
				Widen(prec, dst.slice(), stored)
				for i, got := range dst.slice() {
					bits := uint16(first + i)
					want := widenBFloat16(bits)
					if prec == Float16 {
						want = widenFloat16(bits)
					}
					if !sameKind(float64(got), float64(want)) || got == got && math.Float32bits(got) != math.Float32bits(want) {
						t.Fatalf("%s %#04x, number %d of %d, is %v, want %v", prec, bits, i, n, got, want)
					}
				}
				dst.check(t, "Widen")
			}
		}
	})
}

// The nearest number is the one that no neighbour is closer than; of two that
// are equally close it is the even one.
func TestNarrowRoundsToNearestEven(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, prec := range []Precision{Float16, BFloat16} {
		at := func(bits uint16) float64 {
			var value [1]float32
			Widen(prec, value[:], binary.LittleEndian.AppendUint16(nil, bits))
			return float64(value[0])
		}
		check := func(v float32) {
			var stored [2]byte
			Narrow(prec, stored[:], []float32{v})
			got := binary.LittleEndian.Uint16(stored[:])
			for _, neighbour := range []uint16{got - 1, got + 1} {
				if got&0x7fff == 0 && neighbour&0x7fff != 1 || !isFinite(float32(at(neighbour))) {
					continue
				}
				off, other := math.Abs(at(got)-float64(v)), math.Abs(at(neighbour)-float64(v))
				if other < off || other == off && got&1 == 1 {
					t.Fatalf("%s(%v) = %v (%#04x), want %v", prec, v, at(got), got, at(neighbour))
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
		prec   Precision
		value  float32
		finite bool
	}{
		{Float16, 65519, true},
		{Float16, 65520, false},
		{Float16, -1e6, false},
		{Float16, float32(math.NaN()), false},
		{Float16, float32(math.Inf(1)), false},
		{BFloat16, 1e38, true},
		{BFloat16, math.MaxFloat32, false},
		{BFloat16, float32(math.NaN()), false},
		{Float32, math.MaxFloat32, true},
		{Float32, float32(math.Inf(-1)), false},
	} {
		stored := make([]byte, tt.prec.StoredBytes())
		Narrow(tt.prec, stored, []float32{tt.value})
		var got [1]float32
		Widen(tt.prec, got[:], stored)
		if isFinite(got[0]) != tt.finite {
			t.Errorf("%s(%v) = %v, finite: %t", tt.prec, tt.value, got[0], tt.finite)
		}
	}
}
