package kernels

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
	if len(x) > 0 {
		activateBackward(&d[0], &x[0], len(x), a)
	}
}

// activateBackwardGo is ActivateBackward of n values.
func activateBackwardGo(gradient, input *float32, n int, a Activation) {
	d, x := floats(gradient, 0, n), floats(input, 0, n)
	switch a {
	case GELU:
		for i, v := range x {
			d[i] *= 0.5 + 0.5*erf(v*sqrtHalf) + v*exp(-0.5*v*v)*densityAtZero
		}
	case GELUTanh:
		for i, v := range x {
			t := tanh(v * (sqrtTwoByPi + cubicScaled*v*v))
			d[i] *= 0.5 + 0.5*t + 0.5*v*(1-t*t)*(sqrtTwoByPi+3*cubicScaled*v*v)
		}
	case ReLU:
		for i, v := range x {
			if v <= 0 {
				d[i] = 0
			}
		}
	case Tanh:
		for i, v := range x {
			t := tanh(v)
			d[i] *= 1 - t*t
		}
	}
}

// densityAtZero is 1/√(2π), the normal density at 0.
const densityAtZero = 0.39894228040143267794
