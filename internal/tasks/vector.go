package tasks

import "strconv"

// Vector is float32 numbers that write themselves as JSON quickly, each with
// the fewest digits that read back as the same float32.
type Vector []float32

// AppendJSON appends the numbers as a JSON array.
func (v Vector) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(x), 'g', -1, 32)
	}
	return append(b, ']')
}

// bytesPerFloat is what a float32 takes in JSON: sign, point, nine digits and
// a comma, seldom an exponent.
const bytesPerFloat = 13

// MarshalJSON writes the numbers as a JSON array.
func (v Vector) MarshalJSON() ([]byte, error) {
	return v.AppendJSON(make([]byte, 0, len(v)*bytesPerFloat+2)), nil
}

// Tensor is numbers of any shape, the last dimension varying fastest. In JSON
// it is arrays nested as deep as Shape is long.
type Tensor struct {
	Shape []int
	Data  []float32
}

// AppendJSON appends the numbers as nested JSON arrays.
func (t Tensor) AppendJSON(b []byte) []byte {
	if len(t.Shape) <= 1 {
		return Vector(t.Data).AppendJSON(b)
	}
	rows := t.Shape[0]
	b = append(b, '[')
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		size := len(t.Data) / rows
		b = Tensor{t.Shape[1:], t.Data[i*size : (i+1)*size]}.AppendJSON(b)
	}
	return append(b, ']')
}

// MarshalJSON writes the numbers as nested JSON arrays.
func (t Tensor) MarshalJSON() ([]byte, error) {
	return t.AppendJSON(make([]byte, 0, len(t.Data)*bytesPerFloat+2)), nil
}
