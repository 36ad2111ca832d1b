package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"cloze/internal/kernels"
)

// tensor is a TensorProto that was read: an initializer or a constant.
type tensor struct {
	name   string // in the file
	shape  []int
	elem   elemType
	raw    []byte // little-endian, row-major
	floats []byte // float_data, the same, where raw is absent
}

func parseTensor(data []byte) (tensor, error) {
	var t tensor
	err := eachField(data, func(f field) error {
		switch f.number {
		case tensorDims:
			if f.bytes == nil {
				t.shape = append(t.shape, int(f.varint))
				return nil
			}
			for packed := f.bytes; len(packed) > 0; {
				d, n := protowire.ConsumeVarint(packed)
				if n < 0 {
					return protowire.ParseError(n)
				}
				t.shape = append(t.shape, int(d))
				packed = packed[n:]
			}
		case tensorDataType:
			t.elem = elemType(f.varint)
		case tensorFloatData:
			t.floats = append(append(t.floats, f.bytes...), f.fixed...)
		case tensorName:
			t.name = string(f.bytes)
		case tensorRawData:
			t.raw = f.bytes
		case tensorExternalData:
			return errors.New("its weights are in another file, which is not read")
		}
		return nil
	})
	return t, err
}

// len is the number of values, −1 if the shape is absurd.
func (t *tensor) len() int {
	n := 1
	for _, d := range t.shape {
		if d < 0 || d > math.MaxInt32 || n > math.MaxInt32 {
			return -1
		}
		n *= d
	}
	return n
}

// data are the values of a float tensor as they are stored.
func (t *tensor) data() []byte {
	if t.raw == nil {
		return t.floats
	}
	return t.raw
}

// values are those of a float tensor. It returns an error for other types, and
// if there are more or fewer than the shape says.
func (t *tensor) values() ([]float32, error) {
	data, prec := t.data(), kernels.Float32
	switch t.elem {
	case elemFloat:
	case elemFloat16:
		prec = kernels.Float16
	default:
		return nil, fmt.Errorf("its type is number %d of ONNX, want %d or %d (float32, float16): a quantized model cannot be trained", t.elem, elemFloat, elemFloat16)
	}
	if want := prec.StoredBytes() * t.len(); len(data) != want {
		return nil, fmt.Errorf("%d bytes, want %d for %v", len(data), want, t.shape)
	}
	values := make([]float32, t.len())
	kernels.Widen(prec, values, data)
	return values, nil
}

// integers are the values of an int64 constant, none of another type's.
func (t *tensor) integers() []int {
	if t.elem != elemInt64 || len(t.raw)%8 != 0 {
		return nil
	}
	values := make([]int, 0, len(t.raw)/8)
	for raw := t.raw; len(raw) > 0; raw = raw[8:] {
		values = append(values, int(int64(binary.LittleEndian.Uint64(raw))))
	}
	return values
}

// float is the value of a float32 constant with one element, else 0.
func (t *tensor) float() float64 {
	data := t.data()
	if t.elem != elemFloat || len(data) != 4 {
		return 0
	}
	return decimal(data)
}

// decimal is a float32, in its four bytes, by its shortest decimal form: 1e-12
// is 1e-12 and not the float32 next to it.
func decimal(data []byte) float64 {
	shortest := strconv.FormatFloat(float64(math.Float32frombits(binary.LittleEndian.Uint32(data))), 'g', -1, 32)
	value, _ := strconv.ParseFloat(shortest, 64) // which it has just been
	return value
}
