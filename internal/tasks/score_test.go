package tasks

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

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
