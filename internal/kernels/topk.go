package kernels

import "math"

// TopK returns the k largest values and where they are, the largest first; of
// equal values the first one comes first. It returns all if there are fewer
// than k. NaN counts as −∞.
func TopK(x []float32, k int) (indices []int32, values []float32) {
	k = min(k, len(x))
	if k < 1 {
		return nil, nil
	}
	indices, values = make([]int32, 0, k), make([]float32, 0, k)
	for i := 0; i < len(x); i++ {
		v := x[i]
		if math.IsNaN(float64(v)) {
			v = float32(math.Inf(-1))
		}
		if len(values) == k {
			// Few values get past the smallest one found so far.
			if i += firstAbove(&x[i], len(x)-i, values[k-1]); i == len(x) {
				break
			}
			v = x[i]
			indices, values = indices[:k-1], values[:k-1]
		}
		indices, values = append(indices, int32(i)), append(values, v)
		for j := len(values) - 1; j > 0 && values[j-1] < v; j-- {
			indices[j], indices[j-1] = indices[j-1], indices[j]
			values[j], values[j-1] = values[j-1], values[j]
		}
	}
	return indices, values
}

// firstAboveGo is the index of the first of n values that is larger than a
// threshold, n if none is.
func firstAboveGo(x *float32, n int, threshold float32) int {
	for i, v := range floats(x, 0, n) {
		if v > threshold {
			return i
		}
	}
	return n
}
