package onnx

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestTensorValues(t *testing.T) {
	for _, test := range []struct {
		name   string
		tensor tensor
		want   []float32
		err    string
	}{
		{"float32", tensor{shape: []int{2}, elem: elemFloat, raw: []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}}, []float32{1, -2}, ""},
		{"float_data", tensor{shape: []int{1}, elem: elemFloat, floats: []byte{0, 0, 0x80, 0x3f}}, []float32{1}, ""},
		{"float16", tensor{shape: []int{2, 1}, elem: elemFloat16, raw: []byte{0, 0x3c, 0, 0xc0}}, []float32{1, -2}, ""},
		{"quantized", tensor{shape: []int{2}, elem: 3, raw: []byte{1, 2}}, nil, "quantized"},
		{"too few", tensor{shape: []int{2}, elem: elemFloat, raw: []byte{0, 0, 0, 0}}, nil, "4 bytes, want 8"},
		{"absurd shape", tensor{shape: []int{math.MaxInt32, math.MaxInt32, 2}, elem: elemFloat}, nil, "0 bytes"},
		{"negative shape", tensor{shape: []int{-1}, elem: elemFloat}, nil, "0 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.tensor.values()
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v, want %q in it", err, test.err)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("values %v, want %v", got, test.want)
			}
		})
	}
}
