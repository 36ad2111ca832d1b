package training

import "math"

// crossEntropy computes the loss of one row of logits and adds its gradient,
// times weight, to dLogits:
//
//	loss = log Σ exp(logits[present]) − log Σ exp(logits[right])
//
// Among labels that exclude each other one is right, and the loss is the usual
// cross entropy. present (nil: all) leaves out the labels that the row's set
// lacks: they get no gradient, so the set does not teach that they never
// occur. More than one right label says that any of them may be meant: O in a
// set without dates means O or a date.
//
// It returns the loss times weight.
func crossEntropy(logits, dLogits []float32, right []int32, present []bool, weight float64) float64 {
	highest := float32(math.Inf(-1))
	for k, z := range logits {
		if present == nil || present[k] {
			highest = max(highest, z)
		}
	}
	all := 0.0
	for k, z := range logits {
		if present == nil || present[k] {
			all += math.Exp(float64(z - highest))
		}
	}
	rightOnes := 0.0
	for _, k := range right {
		rightOnes += math.Exp(float64(logits[k] - highest))
	}
	for k, z := range logits {
		if present == nil || present[k] {
			dLogits[k] += float32(weight * math.Exp(float64(z-highest)) / all)
		}
	}
	for _, k := range right {
		share := 1.0 // also where exp underflowed: the gradient pulls all the same
		if len(right) > 1 && rightOnes > 0 {
			share = math.Exp(float64(logits[k]-highest)) / rightOnes
		} else if len(right) > 1 {
			share = 1 / float64(len(right))
		}
		dLogits[k] -= float32(weight * share)
	}
	if len(right) == 1 { // exact where exp underflows
		return weight * (math.Log(all) - float64(logits[right[0]]-highest))
	}
	return weight * (math.Log(all) - math.Log(rightOnes))
}

// binaryCrossEntropy is the loss of labels that do not exclude each other: the
// mean over the present labels of −log σ(z) where the label holds and
// −log σ(−z) where it does not (torch.nn.BCEWithLogitsLoss).
func binaryCrossEntropy(logits, dLogits []float32, holds []int32, present []bool, weight float64) float64 {
	labels := 0
	for k := range logits {
		if present == nil || present[k] {
			labels++
		}
	}
	each := weight / float64(labels)
	loss := 0.0
	for k, logit := range logits {
		if present != nil && !present[k] {
			continue
		}
		z := float64(logit)
		loss += each * (max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))))
		dLogits[k] += float32(each / (1 + math.Exp(-z)))
	}
	for _, k := range holds {
		loss -= each * float64(logits[k])
		dLogits[k] -= float32(each)
	}
	return loss
}

// squaredError is the loss of a regression head (torch.nn.MSELoss).
func squaredError(logits, dLogits []float32, want float32, weight float64) float64 {
	difference := float64(logits[0] - want)
	dLogits[0] += float32(2 * weight * difference)
	return weight * difference * difference
}
