package bert

import (
	"encoding/binary"
	"fmt"
	"math"
)

// table is an embedding table (rows, H) read row by row. When serving, it
// stays as the checkpoint stores it, so that the largest tensor of a small
// model takes no float32 copy.
type table struct {
	param *Param
	// widen converts stored values to float32; nil if param.Data holds them.
	widen  func(dst []float32, stored []byte)
	stored []byte
	stride int // bytes of a stored row
}

func newTable(name string, rows, size int) table {
	return table{param: newMatrix(name, rows, size)}
}

func (t *table) load(r *reader) error {
	if r.training() {
		return r.resident(t.param)
	}
	dtype, stored, ok := r.weights.Raw(t.param.Name)
	width, widen := storedType(dtype)
	if !ok || widen == nil {
		return r.resident(t.param)
	}
	if err := r.check(t.param); err != nil {
		return err
	}
	if want := t.param.Len() * width; len(stored) != want {
		return fmt.Errorf("tensor %q is %d bytes of %s, want %d: %v", t.param.Name, len(stored), dtype, want, t.param.Shape)
	}
	t.widen, t.stored, t.stride = widen, stored, t.param.Shape[1]*width
	return nil
}

// row copies row i into dst (H).
func (t *table) row(dst []float32, i int32) {
	if t.widen == nil {
		copy(dst, t.param.Data[int(i)*len(dst):][:len(dst)])
		return
	}
	t.widen(dst, t.stored[int(i)*t.stride:][:t.stride])
}

// bytes is the memory of the table, stored or converted.
func (t *table) bytes() int { return 4*len(t.param.Data) + len(t.stored) }

// storedType returns how many bytes a value of a safetensors type takes, and
// what converts such values; nil for a type that the model does not gather
// from.
func storedType(dtype string) (width int, widen func(dst []float32, stored []byte)) {
	switch dtype {
	case "F32":
		return 4, widenFloat32
	case "F16":
		return 2, widenFloat16
	case "BF16":
		return 2, widenBFloat16
	}
	return 0, nil
}

func widenFloat32(dst []float32, stored []byte) {
	stored = stored[:4*len(dst)]
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(stored[4*i:]))
	}
}

func widenBFloat16(dst []float32, stored []byte) {
	stored = stored[:2*len(dst)]
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(stored[2*i:])) << 16)
	}
}

// widenFloat16 puts the ten mantissa bits and the exponent where float32 has
// them, and multiplies by the difference of the biases, 2^(127−15): exact,
// subnormals included. Infinities and NaN do not occur in weights.
func widenFloat16(dst []float32, stored []byte) {
	const biases = 1 << (127 - 15)
	stored = stored[:2*len(dst)]
	for i := range dst {
		h := uint32(binary.LittleEndian.Uint16(stored[2*i:]))
		magnitude := math.Float32frombits(h&0x7fff<<13) * biases
		dst[i] = math.Float32frombits(math.Float32bits(magnitude) | h&0x8000<<16)
	}
}
