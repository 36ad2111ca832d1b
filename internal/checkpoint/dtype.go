package checkpoint

import (
	"encoding/binary"

	"cloze/internal/kernels"
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

// precisions are the types that weights may have.
var precisions = map[DType]kernels.Precision{F32: kernels.Float32, F16: kernels.Float16, BF16: kernels.BFloat16}

// dtypeOf is the type of weights in a precision; ok is false if none is stored so.
func dtypeOf(prec kernels.Precision) (d DType, ok bool) {
	for d, p := range precisions {
		if p == prec {
			return d, true
		}
	}
	return "", false
}

// isWeight reports whether values of the type can be read as float32.
func (d DType) isWeight() bool {
	_, ok := precisions[d]
	return ok
}

// width is how many bytes a value of a weight takes.
func (d DType) width() int { return int(bitsOf[d] / 8) }

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
