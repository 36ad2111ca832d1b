package kernels

// SumSquares is the sum of the squares of x, in float64.
func SumSquares(x []float32) float64 {
	if len(x) == 0 {
		return 0
	}
	return sumSquares(&x[0], len(x))
}

// sumSquaresGo is SumSquares of n values.
func sumSquaresGo(x *float32, n int) float64 {
	var sum float64
	for _, v := range floats(x, 0, n) {
		sum += float64(v) * float64(v)
	}
	return sum
}

// addRowSumsGo adds to sums[r] the sum of columns values of row r of x, for some
// rows that are ldx apart.
func addRowSumsGo(sums, x *float32, ldx, rows, columns int) {
	for r := range rows {
		var sum float32
		for _, v := range floats(x, r*ldx, columns) {
			sum += v
		}
		*at(sums, r) += sum
	}
}
