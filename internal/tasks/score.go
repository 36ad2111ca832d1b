package tasks

import (
	"math"
	"strconv"
)

// score is x for an answer: the float64 that is written with as few digits as
// the float32 needs, 0.1 where float64(x) is 0.10000000149011612.
func score(x float32) float64 {
	var digits [24]byte
	// What AppendFloat writes always parses.
	y, _ := strconv.ParseFloat(string(strconv.AppendFloat(digits[:0], float64(x), 'g', -1, 32)), 64)
	return y
}

// scoreOfLog is the score e^x of a product of probabilities. Many of them make
// less than a float32 holds, and even a float64: it is 0 only if one of them is.
func scoreOfLog(x float64) float64 {
	const smallestNormal = 0x1p-126 // below, a float32 loses digits
	p := math.Exp(x)
	if p >= smallestNormal || math.IsInf(x, -1) {
		return score(float32(p))
	}
	return max(p, math.SmallestNonzeroFloat64)
}
