package tasks

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

func TestScoreOfLog(t *testing.T) {
	for x, want := range map[float64]float64{
		0: 1, math.Log(0.25): 0.25, math.Log(1e-30): 1e-30, math.Log(1e-48): 1e-48, math.Log(1e-300): 1e-300,
		-1500: math.SmallestNonzeroFloat64, math.Inf(-1): 0,
	} {
		if got := scoreOfLog(x); math.Abs(got-want) > 1e-6*want {
			t.Errorf("scoreOfLog(%v) is %v, want %v", x, got, want)
		}
	}
}

func TestScoreIsTheShortestThatReadsBack(t *testing.T) {
	for x, want := range map[float32]string{0.1: "0.1", 0: "0", 1: "1", 0.052696553: "0.052696552", -12.5: "-12.5"} {
		got, err := json.Marshal(score(x))
		if err != nil || string(got) != want {
			t.Errorf("score(%v) is written as %s (%v), want %s", x, got, err, want)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		x := float32(math.Exp(-30 * rng.Float64()))
		if float32(score(x)) != x {
			t.Fatalf("score(%v) is %v", x, score(x))
		}
	}
}
