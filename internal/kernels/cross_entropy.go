package kernels

import (
	"fmt"
	"math"
)

// CrossEntropy returns −log softmax(x)[label], the loss of choosing one of
// several classes, and computes its gradient with respect to x, times factor:
//
//	d = factor·(softmax(x) − onehot(label))
//
// d may be x.
func CrossEntropy(d, x []float32, label int, factor float32) float64 {
	if len(d) != len(x) || label < 0 || label >= len(x) {
		panic(fmt.Sprintf("kernels: cross entropy of class %d among %d, gradient of %d", label, len(x), len(d)))
	}
	own := float64(x[label])
	highest := float64(maximum(&x[0], len(x)))
	var sum float32
	exponentials(&d[0], &x[0], len(x), 1, len(x), 1, &sum)
	divideRows(&d[0], len(x), 1, len(x), &sum)
	// The factor comes last: the label's probability is subtracted from 1 at
	// full precision, however small the factor is.
	d[label]--
	for i := range d {
		d[i] *= factor
	}
	return highest + math.Log(float64(sum)) - own
}

// maximumGo is the largest of n values.
func maximumGo(x *float32, n int) float32 {
	highest := float32(math.Inf(-1))
	for _, v := range floats(x, 0, n) {
		if v > highest {
			highest = v
		}
	}
	return highest
}
