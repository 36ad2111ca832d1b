package training

import (
	"math"
	"slices"
	"testing"
)

// checkGradient compares a loss's gradient with central differences.
func checkGradient(t *testing.T, logits []float32, loss func(logits, dLogits []float32) float64) {
	t.Helper()
	dLogits := make([]float32, len(logits))
	loss(logits, dLogits)
	const step = 1e-2
	for k := range logits {
		moved := slices.Clone(logits)
		moved[k] = logits[k] + step
		up := loss(moved, make([]float32, len(logits)))
		moved[k] = logits[k] - step
		down := loss(moved, make([]float32, len(logits)))
		want := (up - down) / (2 * step)
		if got := float64(dLogits[k]); math.Abs(got-want) > 1e-4 {
			t.Errorf("gradient of logit %d is %v, differences say %v", k, got, want)
		}
	}
}

func TestLossGradients(t *testing.T) {
	logits := []float32{0.5, -1.25, 2, 0.1}
	for _, test := range []struct {
		name string
		loss func(logits, dLogits []float32) float64
	}{
		{"cross entropy", func(l, d []float32) float64 { return crossEntropy(l, d, []int32{2}, nil, 1) }},
		{"cross entropy with a label lacking", func(l, d []float32) float64 {
			return crossEntropy(l, d, []int32{0}, []bool{true, true, false, true}, 0.5)
		}},
		{"cross entropy with two right labels", func(l, d []float32) float64 { return crossEntropy(l, d, []int32{0, 3}, nil, 2) }},
		{"binary cross entropy", func(l, d []float32) float64 { return binaryCrossEntropy(l, d, []int32{0, 2}, nil, 1) }},
		{"binary cross entropy with a label lacking", func(l, d []float32) float64 {
			return binaryCrossEntropy(l, d, []int32{0}, []bool{true, true, false, true}, 3)
		}},
		{"squared error", func(l, d []float32) float64 { return squaredError(l, d, 1.5, 2) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.loss(logits, make([]float32, len(logits)))
			if want := reference(test.name, logits); math.Abs(got-want) > 1e-6 {
				t.Errorf("loss %v, want %v", got, want)
			}
			checkGradient(t, logits, test.loss)
		})
	}
}

// reference computes the losses by their definitions, in float64.
func reference(name string, logits []float32) float64 {
	z := make([]float64, len(logits))
	for i := range z {
		z[i] = float64(logits[i])
	}
	sum := func(labels ...int) float64 {
		s := 0.0
		for _, k := range labels {
			s += math.Exp(z[k])
		}
		return s
	}
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	switch name {
	case "cross entropy":
		return -math.Log(sum(2) / sum(0, 1, 2, 3))
	case "cross entropy with a label lacking":
		return -0.5 * math.Log(sum(0)/sum(0, 1, 3))
	case "cross entropy with two right labels":
		return -2 * math.Log(sum(0, 3)/sum(0, 1, 2, 3))
	case "binary cross entropy":
		return -(math.Log(sigmoid(z[0])) + math.Log(sigmoid(-z[1])) + math.Log(sigmoid(z[2])) + math.Log(sigmoid(-z[3]))) / 4
	case "binary cross entropy with a label lacking":
		return -(math.Log(sigmoid(z[0])) + math.Log(sigmoid(-z[1])) + math.Log(sigmoid(-z[3])))
	default:
		return 2 * (z[0] - 1.5) * (z[0] - 1.5)
	}
}

func TestAbsentLabelsGetNoGradient(t *testing.T) {
	d := make([]float32, 3)
	crossEntropy([]float32{1, 2, 3}, d, []int32{0}, []bool{true, true, false}, 1)
	if d[2] != 0 {
		t.Errorf("a lacking label got gradient %v", d[2])
	}
	if d[0] >= 0 || d[1] <= 0 {
		t.Errorf("gradient %v, want down for the wrong label and up for the right one", d)
	}
}

func TestMissingTypesShareTheGradientOfO(t *testing.T) {
	// O (0) may be a date (1): together they grow, each by its own share.
	d := make([]float32, 3)
	crossEntropy([]float32{2, 1, 0}, d, []int32{0, 1}, nil, 1)
	if d[0] >= 0 || d[1] >= 0 || d[2] <= 0 || d[0] >= d[1] {
		t.Errorf("gradient %v, want both right labels pulled, the likelier one more", d)
	}
}

func TestLossesAtExtremes(t *testing.T) {
	for _, logits := range [][]float32{{200, -200}, {-1e4, 1e4}, {0, 0}} {
		for _, loss := range []func(l, d []float32) float64{
			func(l, d []float32) float64 { return crossEntropy(l, d, []int32{1}, nil, 1) },
			func(l, d []float32) float64 { return binaryCrossEntropy(l, d, []int32{1}, nil, 1) },
		} {
			d := make([]float32, 2)
			if got := loss(logits, d); math.IsNaN(got) || math.IsInf(got, 0) || math.IsNaN(float64(d[0]+d[1])) {
				t.Errorf("logits %v: loss %v, gradient %v", logits, got, d)
			}
		}
	}
}
