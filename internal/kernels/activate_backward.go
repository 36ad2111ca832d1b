package kernels

import "math"

// ActivateBackward multiplies d by the derivative of an activation at x, which
// is what was put into the activation: from ∂loss/∂act(x) to ∂loss/∂x.
//
//	GELU      Φ(x) + x·φ(x), the normal distribution and its density
//	GELUTanh  (1+t)/2 + x·(1−t²)·u'/2 with t = tanh(u), u = √(2/π)·(x+0.044715·x³)
//	ReLU      1 if x > 0, else 0
//	Tanh      1 − tanh²(x)
func ActivateBackward(d, x []float32, a Activation) {
	if len(d) != len(x) {
		panic("kernels: ActivateBackward of different lengths")
	}
	switch a {
	case GELU:
		for i, v := range x {
			d[i] *= float32(geluSlope(float64(v)))
		}
	case GELUTanh:
		for i, v := range x {
			d[i] *= float32(geluTanhSlope(float64(v)))
		}
	case ReLU:
		for i, v := range x {
			if v <= 0 {
				d[i] = 0
			}
		}
	case Tanh:
		for i, v := range x {
			t := math.Tanh(float64(v))
			d[i] *= float32(1 - t*t)
		}
	}
}

func geluSlope(x float64) float64 {
	distribution := (1 + math.Erf(x/math.Sqrt2)) / 2
	density := math.Exp(-x*x/2) / math.Sqrt(2*math.Pi)
	return distribution + x*density
}

func geluTanhSlope(x float64) float64 {
	const cubic = 0.044715 // Hendrycks and Gimpel 2016
	scale := math.Sqrt(2 / math.Pi)
	t := math.Tanh(scale * (x + cubic*x*x*x))
	return (1+t)/2 + x*(1-t*t)*scale*(1+3*cubic*x*x)/2
}
