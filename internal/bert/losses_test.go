package bert_test

import (
	"math"
	"testing"

	"cloze/internal/bert"
)

// logitsUnderTest are two rows of three classes, one of them far from zero.
func logitsUnderTest() []float32 { return []float32{1, -0.5, 2, 101, 100, 98} }

func TestLosses(t *testing.T) {
	// −log softmax of the rows; the second is that of 1, 0, −2.
	first := []float64{1.37154, 2.87154, 0.37154}
	second := []float64{0.34901, 1.34901, 3.34901}
	lse := func(terms ...float64) float64 { // −log Σ exp(−term)
		sum := 0.0
		for _, term := range terms {
			sum += math.Exp(-term)
		}
		return -math.Log(sum)
	}
	absent := [][]bool{{true, false, false}, nil}
	for _, tt := range []struct {
		name string
		loss func(d, logits []float32) float64
		want float64
	}{
		{"cross entropy", func(d, x []float32) float64 {
			return bert.CrossEntropy{Labels: []int32{2, 1}}.Loss(nil, d, x)
		}, (first[2] + second[1]) / 2},
		{"ignored row", func(d, x []float32) float64 {
			return bert.CrossEntropy{Labels: []int32{-1, 2}}.Loss(nil, d, x)
		}, second[2]},
		{"no labelled row", func(d, x []float32) float64 {
			return bert.CrossEntropy{Labels: []int32{-1, -100}}.Loss(nil, d, x)
		}, 0},
		{"class weights", func(d, x []float32) float64 {
			return bert.CrossEntropy{Labels: []int32{2, 1}, Weights: []float32{1, 3, 2}}.Loss(nil, d, x)
		}, (2*first[2] + 3*second[1]) / 5},
		{"norm", func(d, x []float32) float64 {
			return bert.CrossEntropy{Mean: bert.Mean{Norm: 8}, Labels: []int32{2, 1}}.Loss(nil, d, x)
		}, (first[2] + second[1]) / 8},
		{"absent class", func(d, x []float32) float64 {
			return bert.CrossEntropy{Labels: []int32{2, 1}, Absent: absent}.Loss(nil, d, x)
		}, (first[2] - lse(first[1], first[2]) + second[1]) / 2},
		{"absent class merged, label outside", func(d, x []float32) float64 {
			return bert.CrossEntropy{Labels: []int32{2, 1}, Absent: absent, MergeAbsent: true, Outside: 2}.Loss(nil, d, x)
		}, (lse(first[0], first[2]) + second[1]) / 2},
		{"absent class merged, other label", func(d, x []float32) float64 {
			return bert.CrossEntropy{Labels: []int32{1, 1}, Absent: absent, MergeAbsent: true, Outside: 2}.Loss(nil, d, x)
		}, (first[1] + second[1]) / 2},
		{"binary cross entropy", func(d, x []float32) float64 {
			return bert.BinaryCrossEntropy{Targets: []float32{1, 0, 0.5, 0, 1, -1}}.Loss(d, x)
		}, (0.31326 + 0.47408 + (0.12693+2.12693)/2 + 101 + 0) / 5},
		{"binary cross entropy, weights", func(d, x []float32) float64 {
			return bert.BinaryCrossEntropy{Targets: []float32{1, 0, -1, -1, -1, -1}, Weights: []float32{3, 5, 7}}.Loss(d, x)
		}, (3*0.31326 + 0.47408) / 2},
		{"squared error", func(d, x []float32) float64 {
			return bert.SquaredError{Targets: []float32{0, 0, float32(math.NaN()), 100, 102, 98}}.Loss(d, x)
		}, (1 + 0.25 + 1 + 4) / 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			logits := logitsUnderTest()
			d := make([]float32, len(logits))
			if got := tt.loss(d, logits); math.Abs(got-tt.want) > 1e-4*max(1, tt.want) {
				t.Errorf("loss = %v, want %v", got, tt.want)
			}
			// The gradient, by central differences of the loss in float64
			// arithmetic of float32 logits.
			const step = 1.0 / 64 // exact beside 101
			scratch := make([]float32, len(logits))
			for i := range logits {
				up, down := logitsUnderTest(), logitsUnderTest()
				up[i] += step
				down[i] -= step
				want := (tt.loss(scratch, up) - tt.loss(scratch, down)) / (2 * step)
				if math.Abs(float64(d[i])-want) > 1e-4 {
					t.Errorf("gradient[%d] = %v, want %v", i, d[i], want)
				}
			}
			// The gradient may replace the logits.
			if tt.loss(logits, logits); !equalFloats(logits, d) {
				t.Errorf("in place the gradient is %v, want %v", logits, d)
			}
		})
	}
}

func TestLossScale(t *testing.T) {
	logits := logitsUnderTest()
	plain, scaled := make([]float32, len(logits)), make([]float32, len(logits))
	labels := []int32{0, 1}
	loss := bert.CrossEntropy{Labels: labels}.Loss(nil, plain, logits)
	if got := (bert.CrossEntropy{Mean: bert.Mean{Scale: 0.5}, Labels: labels}).Loss(nil, scaled, logits); got != loss {
		t.Errorf("loss with a scale is %v, want %v", got, loss)
	}
	for i := range plain {
		if scaled[i] != plain[i]/2 {
			t.Errorf("gradient[%d] = %v, want half of %v", i, scaled[i], plain[i])
		}
	}
}

func equalFloats(a, b []float32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
