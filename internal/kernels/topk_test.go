package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestTopK(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, tt := range []struct {
		x       []float32
		k       int
		indices []int32
		values  []float32
	}{
		{nil, 3, nil, nil},
		{[]float32{1}, 0, nil, nil},
		{[]float32{1, 3, 2}, 5, []int32{1, 2, 0}, []float32{3, 2, 1}},
		{[]float32{2, 3, 2, 3}, 3, []int32{1, 3, 0}, []float32{3, 3, 2}},
		{[]float32{nan, 1, -inf, inf, nan}, 2, []int32{3, 1}, []float32{inf, 1}},
		{[]float32{nan, nan, -5}, 2, []int32{2, 0}, []float32{-5, -inf}},
	} {
		t.Run(fmt.Sprint(tt.x, tt.k), func(t *testing.T) {
			indices, values := TopK(tt.x, tt.k)
			if !slices.Equal(indices, tt.indices) || !slices.Equal(values, tt.values) {
				t.Errorf("TopK = %v, %v, want %v, %v", indices, values, tt.indices, tt.values)
			}
		})
	}
}

func TestTopKAgainstSorting(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(1)
		for n := 1; n <= 130; n++ {
			for offset := range 4 {
				x := newGuarded(n, offset).slice()
				for i := range x {
					x[i] = float32(r.IntN(40)) // with ties
				}
				order := make([]int32, n)
				for i := range order {
					order[i] = int32(i)
				}
				slices.SortStableFunc(order, func(a, b int32) int { return int(x[b] - x[a]) })
				for _, k := range []int{1, 2, 7, n} {
					indices, values := TopK(x, k)
					if want := order[:min(k, n)]; !slices.Equal(indices, want) {
						t.Fatalf("top %d of %v = %v, want %v", k, x, indices, want)
					}
					for i, at := range indices {
						if values[i] != x[at] {
							t.Fatalf("value %d is %v, want %v", i, values[i], x[at])
						}
					}
				}
			}
		}
	})
}

func TestFirstAboveSkipsNaN(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for n := 1; n < 70; n++ {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(math.NaN())
			}
			if got := firstAbove(&x[0], n, 0); got != n {
				t.Errorf("among %d NaN: %d", n, got)
			}
			x[n-1] = 1
			if got := firstAbove(&x[0], n, 0); got != n-1 {
				t.Errorf("the last of %d: %d", n, got)
			}
		}
	})
}

func BenchmarkTopK(b *testing.B) {
	x := normal(newRand(1), make([]float32, 30522), 1)
	for b.Loop() {
		TopK(x, 5)
	}
}
