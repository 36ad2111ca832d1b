package checkpoint

import "math/bits"

// tensor is where a file keeps a tensor.
type tensor struct {
	name       string // as the file calls it
	file       *file
	dtype      DType
	shape      []int
	start, end int64 // its bytes in the file
	// strides are the distances, in values, between neighbours along each
	// dimension; nil for row-major. Only PyTorch's own format has others.
	strides []int
}

// size is the number of bytes of a row-major tensor; ok is false if that
// overflows, or the dtype is unknown, or a dimension is negative.
func size(dtype DType, shape []int) (n int64, ok bool) {
	width, known := bitsOf[dtype]
	if !known {
		return 0, false
	}
	total := uint64(width)
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		var high uint64
		if high, total = bits.Mul64(total, uint64(d)); high != 0 {
			return 0, false
		}
	}
	return int64(total / 8), total%8 == 0 && total < 1<<63
}

// len is the number of values.
func (t *tensor) len() int {
	n := 1
	for _, d := range t.shape {
		n *= d
	}
	return n
}

// bytes returns the tensor's values, row-major.
func (t *tensor) bytes() ([]byte, error) {
	stored, err := t.file.bytes(t.start, t.end)
	if err != nil || t.strides == nil {
		return stored, err
	}
	return gather(stored, t.dtype.width(), t.shape, t.strides), nil
}

// gather copies the values of a strided tensor into row-major order.
func gather(stored []byte, width int, shape, strides []int) []byte {
	n := width
	for _, d := range shape {
		n *= d
	}
	rowMajor := make([]byte, 0, n)
	var copyFrom func(offset, dim int)
	copyFrom = func(offset, dim int) {
		if dim == len(shape) {
			rowMajor = append(rowMajor, stored[offset*width:][:width]...)
			return
		}
		for i := range shape[dim] {
			copyFrom(offset+i*strides[dim], dim+1)
		}
	}
	copyFrom(0, 0)
	return rowMajor
}
