package tasks

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

func TestVectorReadsBackAsItWas(t *testing.T) {
	v := Vector{0, float32(math.Copysign(0, -1)), 1, -0.1, math.MaxFloat32, math.SmallestNonzeroFloat32, 1e21, 1e-7, 16777216}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		x := math.Float32frombits(rng.Uint32())
		if x-x == 0 { // neither NaN nor an infinity
			v = append(v, x)
		}
	}
	data, err := json.Marshal(map[string]Vector{"v": v})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ V []float32 }
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for i, x := range v {
		if math.Float32bits(got.V[i]) != math.Float32bits(x) {
			t.Errorf("number %d reads back as %v, want %v", i, got.V[i], x)
		}
	}
}

func TestTensorJSON(t *testing.T) {
	tests := []struct {
		name   string
		tensor Tensor
		want   string
	}{
		{"vector", Tensor{[]int{2}, []float32{1, 2.5}}, "[1,2.5]"},
		{"matrix", Tensor{[]int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}, "[[1,2,3],[4,5,6]]"},
		{"four dimensions", Tensor{[]int{2, 1, 1, 2}, []float32{1, 2, 3, 4}}, "[[[[1,2]]],[[[3,4]]]]"},
		{"nothing", Tensor{[]int{0, 4}, nil}, "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := json.Marshal(test.tensor)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func BenchmarkVectorMarshalJSON(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	v := make(Vector, 384)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	b.ReportAllocs()
	for b.Loop() {
		data, err := v.MarshalJSON()
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
	}
}
