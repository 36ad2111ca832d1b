package kernels

// Softmax computes y = softmax(x) for each row of cols values; y may be x.
//
//	y[i] = exp(x[i] − max x) / Σ exp(x[j] − max x)
//
// The relative error is below 2e-6 + 1e-7·(max x − x[i]); values below 2^−126
// are 0.
func Softmax(y, x []float32, cols int) {
	if len(x) == 0 {
		return
	}
	if len(y) != len(x) || len(x)%cols != 0 {
		panic("kernels: Softmax of wrong lengths")
	}
	var sums [16]float32
	rows := len(x) / cols
	for first := 0; first < rows; first += len(sums) {
		n, at := min(len(sums), rows-first), first*cols
		exponentials(&y[at], &x[at], cols, n, cols, 1, &sums[0])
		divideRows(&y[at], cols, n, cols, &sums[0])
	}
}

// exponentialsGo computes, for each of the rows, which are ld apart in both
// matrices,
//
//	y[i] = exp(scale·(x[i] − max x)), sums[row] = Σ y[i]
//
// scale is positive.
func exponentialsGo(y, x *float32, ld, rows, columns int, scale float32, sums *float32) {
	for r := range rows {
		from, to := floats(x, r*ld, columns), floats(y, r*ld, columns)
		highest := from[0]
		for _, v := range from {
			if v > highest {
				highest = v
			}
		}
		var sum float32
		for i, v := range from {
			to[i] = exp((v - highest) * scale)
			sum += to[i]
		}
		floats(sums, r, 1)[0] = sum
	}
}

// divideRowsGo divides every value of row r by divisors[r].
func divideRowsGo(x *float32, ld, rows, columns int, divisors *float32) {
	for r := range rows {
		factor := 1 / floats(divisors, r, 1)[0]
		row := floats(x, r*ld, columns)
		for i := range row {
			row[i] *= factor
		}
	}
}
