package checkpoint

import (
	"encoding/binary"
	"math"
)

// DType is the type of a tensor's values, in safetensors' words.
type DType string

// The types that weights come in.
const (
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
)

// bitsOf lists every type that safetensors files may hold, and how many bits a
// value takes (safetensors/src/tensor.rs, Dtype). A type that is not a float of
// ours may stand in a file as long as no weight has it.
var bitsOf = map[DType]int64{
	F32: 32, F16: 16, BF16: 16,
	"F64": 64, "C64": 64, "I64": 64, "U64": 64, "I32": 32, "U32": 32, "I16": 16, "U16": 16, "I8": 8, "U8": 8, "BOOL": 8,
	"F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
	"F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}

// isWeight reports whether values of the type can be read as float32.
func (d DType) isWeight() bool { return d == F32 || d == F16 || d == BF16 }

// width is how many bytes a value of a weight takes.
func (d DType) width() int { return int(bitsOf[d] / 8) }

// widen converts stored little-endian values to float32, exactly. Those of F16
// must be finite.
func (d DType) widen(dst []float32, stored []byte) {
	stored = stored[:len(dst)*d.width()]
	switch d {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(stored[4*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(stored[2*i:])) << 16)
		}
	case F16:
		// The exponent and the ten bits of the mantissa go where float32 has
		// them; the product makes up for the difference of the exponents'
		// biases. It is exact, and right for subnormal numbers.
		const biases = 1 << (127 - 15)
		for i := range dst {
			h := uint32(binary.LittleEndian.Uint16(stored[2*i:]))
			magnitude := math.Float32frombits(h&0x7fff<<13) * biases
			dst[i] = math.Float32frombits(math.Float32bits(magnitude) | h&0x8000<<16)
		}
	}
}

// narrow converts values to the type, to the nearest number that it has and of
// two to the even one; too large a value becomes infinite.
func (d DType) narrow(stored []byte, src []float32) {
	stored = stored[:len(src)*d.width()]
	switch d {
	case F32:
		for i, v := range src {
			binary.LittleEndian.PutUint32(stored[4*i:], math.Float32bits(v))
		}
	case BF16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(stored[2*i:], bfloat16(v))
		}
	case F16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(stored[2*i:], float16(v))
		}
	}
}

// bfloat16 rounds to the upper half of the bits. A NaN stays one.
func bfloat16(v float32) uint16 {
	b := math.Float32bits(v)
	if v != v {
		return uint16(b>>16) | 1
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// float16 rounds to IEEE 754's binary16. A NaN stays one.
func float16(v float32) uint16 {
	const (
		infinity = 0x7c00
		tooLarge = (127 + 16) << 23 // 2^16
		smallest = (127 - 14) << 23 // 2^-14, the smallest normal number
		biases   = (127 - 15) << 23 // the difference of the exponents' biases
	)
	b := math.Float32bits(v)
	sign, magnitude := uint16(b>>16)&0x8000, b&0x7fffffff
	switch {
	case v != v:
		return sign | infinity | 1
	case magnitude >= tooLarge:
		return sign | infinity
	case magnitude < smallest:
		// The last bit of 0.5 is worth 2^-24, as that of a subnormal number is:
		// the addition rounds.
		return sign | uint16(math.Float32bits(math.Float32frombits(magnitude)+0.5)-math.Float32bits(0.5))
	}
	return sign | uint16((magnitude-biases+0xfff+magnitude>>13&1)>>13)
}

// finite reports whether no stored value is infinite or NaN: none has an
// exponent of ones only. Adding one to the exponent then carries into the
// sign bit, in all values of eight bytes at once.
func (d DType) finite(stored []byte) bool {
	var exponent, one, sign uint64
	switch d {
	case F32:
		exponent, one, sign = 0x7f800000_7f800000, 0x00800000_00800000, 0x80000000_80000000
	case F16:
		exponent, one, sign = 0x7c00_7c00_7c00_7c00, 0x0400_0400_0400_0400, 0x8000_8000_8000_8000
	case BF16:
		exponent, one, sign = 0x7f80_7f80_7f80_7f80, 0x0080_0080_0080_0080, 0x8000_8000_8000_8000
	}
	var carries uint64
	for ; len(stored) >= 8; stored = stored[8:] {
		carries |= binary.LittleEndian.Uint64(stored)&exponent + one
	}
	var rest [8]byte
	copy(rest[:], stored)
	carries |= binary.LittleEndian.Uint64(rest[:])&exponent + one
	return carries&sign == 0
}

// notFinite returns the index of the first stored value that is infinite or
// NaN, or -1.
func (d DType) notFinite(stored []byte) int {
	if d.finite(stored) {
		return -1
	}
	width := d.width()
	for i := 0; i < len(stored); i += width {
		if !d.finite(stored[i : i+width]) {
			return i / width
		}
	}
	return -1
}
