package bert

import (
	"fmt"
	"math"

	"cloze/internal/kernels"
)

// The losses share how they are averaged and weighted. Each computes the loss,
// a mean, and its gradient:
//
//	loss    = Σ terms / norm
//	dLogits = scale · ∂loss/∂logits
//
// dLogits and logits are (rows, classes) and may be the same slice.

// Mean says what a loss divides by and what its gradient is multiplied with.
type Mean struct {
	// Norm is what the sum of the terms is divided by; 0 is PyTorch's mean:
	// their number, or the sum of their weights. A batch whose gradients are
	// accumulated in parts has one Norm for all of them.
	Norm float64
	// Scale multiplies the gradient, but not the loss: the weight of this loss
	// among others. 0 is 1.
	Scale float64
}

func (m Mean) norm(counted float64) float64 {
	if m.Norm != 0 {
		return m.Norm
	}
	return max(counted, math.SmallestNonzeroFloat32) // no term: the loss is 0
}

func (m Mean) scale() float64 {
	if m.Scale == 0 {
		return 1
	}
	return m.Scale
}

// CrossEntropy is the loss of choosing one class a row:
//
//	−log softmax(logits)[label]
type CrossEntropy struct {
	Mean
	Labels []int32 // (rows); a negative label leaves the row out
	// Weights of the classes (classes); nil is 1 for all. As in PyTorch, a term
	// is multiplied with the weight of its label.
	Weights []float32
	// Absent says for each row which classes its data set never labels (rows,
	// classes): nil, as a whole or for a row, if it labels all. Absent classes
	// take no part in the softmax, so that the set does not teach that they
	// never occur.
	Absent [][]bool
	// With MergeAbsent they do take part, but the label Outside stands for any
	// of them as well, as O does in a set without dates: its term is −log of
	// the probability of Outside or an absent class.
	MergeAbsent bool
	Outside     int32
}

// Loss returns the mean over the labelled rows, 0 if there is none.
func (l CrossEntropy) Loss(pool *kernels.Pool, dLogits, logits []float32) float64 {
	rows := len(l.Labels)
	if rows == 0 {
		return 0
	}
	classes := len(logits) / rows
	l.check(dLogits, logits, classes)
	counted := 0.0
	for _, label := range l.Labels {
		counted += l.weight(label)
	}
	norm := l.norm(counted)
	terms := make([]float64, rows)
	pool.Run(rows, task(func(_, row int) {
		d, x := dLogits[row*classes:][:classes], logits[row*classes:][:classes]
		label := l.Labels[row]
		if label < 0 {
			clear(d)
			return
		}
		weight := l.weight(label)
		factor := float32(weight * l.scale() / norm)
		if l.Absent == nil || l.Absent[row] == nil {
			terms[row] = weight * kernels.CrossEntropy(d, x, int(label), factor)
			return
		}
		terms[row] = weight * l.partialLoss(d, x, label, l.Absent[row])
		for i := range d {
			d[i] *= factor
		}
	}))
	return sum(terms) / norm
}

func (l CrossEntropy) check(dLogits, logits []float32, classes int) {
	switch {
	case len(logits) != len(l.Labels)*classes || len(dLogits) != len(logits):
		panic(fmt.Sprintf("bert: cross entropy of %d labels, %d logits and %d gradients", len(l.Labels), len(logits), len(dLogits)))
	case l.Weights != nil && len(l.Weights) != classes:
		panic(fmt.Sprintf("bert: cross entropy of %d classes with %d weights", classes, len(l.Weights)))
	case l.Absent != nil && len(l.Absent) != len(l.Labels):
		panic(fmt.Sprintf("bert: cross entropy of %d rows, absent classes of %d", len(l.Labels), len(l.Absent)))
	}
	for row, label := range l.Labels {
		if int(label) >= classes {
			panic(fmt.Sprintf("bert: label %d of row %d, there are %d classes", label, row, classes))
		}
	}
}

func (l CrossEntropy) weight(label int32) float64 {
	switch {
	case label < 0:
		return 0
	case l.Weights == nil:
		return 1
	}
	return float64(l.Weights[label])
}

// partialLoss is kernels.CrossEntropy where some classes are absent. With
// z(S) = log Σ exp(x[c]) over a set S of classes:
//
//	loss  = z(allowed) − z(accepted)
//	d[c]  = [c allowed]·exp(x[c] − z(allowed)) − [c accepted]·exp(x[c] − z(accepted))
func (l CrossEntropy) partialLoss(d, x []float32, label int32, absent []bool) float64 {
	allowed := func(c int) bool { return l.MergeAbsent || !absent[c] || c == int(label) }
	accepted := func(c int) bool { return c == int(label) || l.MergeAbsent && label == l.Outside && absent[c] }
	zAllowed, zAccepted := logSumExp(x, allowed), logSumExp(x, accepted)
	for c, v := range x {
		slope := 0.0
		if allowed(c) {
			slope += math.Exp(float64(v) - zAllowed)
		}
		if accepted(c) {
			slope -= math.Exp(float64(v) - zAccepted)
		}
		d[c] = float32(slope)
	}
	return zAllowed - zAccepted
}

// logSumExp is log Σ exp(x[c]) over the classes that are in.
func logSumExp(x []float32, in func(c int) bool) float64 {
	top := math.Inf(-1)
	for c, v := range x {
		if in(c) {
			top = max(top, float64(v))
		}
	}
	total := 0.0
	for c, v := range x {
		if in(c) {
			total += math.Exp(float64(v) - top)
		}
	}
	return top + math.Log(total)
}

// BinaryCrossEntropy is the loss of a yes or no for each class:
//
//	−target·log σ(logit) − (1 − target)·log(1 − σ(logit))
type BinaryCrossEntropy struct {
	Mean
	Targets []float32 // (rows, classes), 0 to 1; a negative target is left out
	// Weights multiply the first part, for classes that are rare (classes);
	// PyTorch's pos_weight. Nil is 1 for all.
	Weights []float32
}

// Loss returns the mean over the targets that are not left out, 0 if there is
// none.
func (l BinaryCrossEntropy) Loss(dLogits, logits []float32) float64 {
	if len(logits) != len(l.Targets) || len(dLogits) != len(logits) {
		panic(fmt.Sprintf("bert: binary cross entropy of %d targets, %d logits and %d gradients", len(l.Targets), len(logits), len(dLogits)))
	}
	norm := l.norm(count(l.Targets, func(y float32) bool { return y >= 0 }))
	total := 0.0
	for i, y := range l.Targets {
		if y < 0 {
			dLogits[i] = 0
			continue
		}
		x, y, weight := float64(logits[i]), float64(y), 1.0
		if l.Weights != nil {
			weight = float64(l.Weights[i%len(l.Weights)])
		}
		// log σ(x) = −log(1 + e^−x), written so that nothing overflows.
		logSigmoid := min(x, 0) - math.Log1p(math.Exp(-math.Abs(x)))
		total -= weight*y*logSigmoid + (1-y)*(logSigmoid-x)
		sigmoid := 1 / (1 + math.Exp(-x))
		dLogits[i] = float32(((1-y)*sigmoid - weight*y*(1-sigmoid)) * l.scale() / norm)
	}
	return total / norm
}

// SquaredError is the loss of a regression: (logit − target)².
type SquaredError struct {
	Mean
	Targets []float32 // (rows, labels); NaN is left out
}

// Loss returns the mean over the targets that are not left out, 0 if there is
// none.
func (l SquaredError) Loss(dLogits, logits []float32) float64 {
	if len(logits) != len(l.Targets) || len(dLogits) != len(logits) {
		panic(fmt.Sprintf("bert: squared error of %d targets, %d logits and %d gradients", len(l.Targets), len(logits), len(dLogits)))
	}
	isNumber := func(y float32) bool { return y == y }
	norm := l.norm(count(l.Targets, isNumber))
	total := 0.0
	for i, y := range l.Targets {
		if !isNumber(y) {
			dLogits[i] = 0
			continue
		}
		difference := float64(logits[i]) - float64(y)
		total += difference * difference
		dLogits[i] = float32(2 * difference * l.scale() / norm)
	}
	return total / norm
}

func count(values []float32, counts func(float32) bool) float64 {
	n := 0
	for _, v := range values {
		if counts(v) {
			n++
		}
	}
	return float64(n)
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}
