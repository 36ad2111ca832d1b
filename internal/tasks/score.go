package tasks

import "strconv"

// score is x for an answer: the float64 that is written with as few digits as
// the float32 needs, 0.1 where float64(x) is 0.10000000149011612.
func score(x float32) float64 {
	var digits [24]byte
	// What AppendFloat writes always parses.
	y, _ := strconv.ParseFloat(string(strconv.AppendFloat(digits[:0], float64(x), 'g', -1, 32)), 64)
	return y
}
