package kernels

// The plain Go version of every operation.

import "sort"

// TopK returns the k largest.
func TopK(x []float32, k int) (indices []int32, values []float32) {
	idx := make([]int32, len(x))
	for i := range idx {
		idx[i] = int32(i)
	}
	sort.SliceStable(idx, func(a, b int) bool { return x[idx[a]] > x[idx[b]] })
	idx = idx[:min(k, len(idx))]
	for _, i := range idx {
		values = append(values, x[i])
	}
	return idx, values
}
