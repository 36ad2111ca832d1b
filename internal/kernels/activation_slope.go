package kernels

// densityAtZero is 1/√(2π), the normal density at 0.
const densityAtZero = 0.39894228040143267794

// activateWithSlopeGo applies an activation to columns values of each of the
// rows of y, and writes to slope its derivative at what y was; the rows of both
// are ld apart. The derivatives are
//
//	GELU      Φ(x) + x·φ(x), the normal distribution and its density
//	GELUTanh  (1+t)/2 + x·(1−t²)·u'/2 with t = tanh(u), u = √(2/π)·(x+0.044715·x³)
//	ReLU      1 if x > 0, else 0
//	Tanh      1 − tanh²(x)
//
// Their errors against float64 are below 5e-6.
func activateWithSlopeGo(y, slope *float32, ld, rows, columns int, a Activation) {
	for r := range rows {
		x, d := floats(y, r*ld, columns), floats(slope, r*ld, columns)
		switch a {
		case None:
			for i := range d {
				d[i] = 1
			}
		case GELU:
			for i, v := range x {
				half, t := 0.5*v, erf(v*sqrtHalf)
				x[i] = half*t + half
				d[i] = 0.5 + 0.5*t + v*exp(-0.5*v*v)*densityAtZero
			}
		case GELUTanh:
			for i, v := range x {
				half, t := 0.5*v, tanh(v*(sqrtTwoByPi+cubicScaled*v*v))
				x[i] = half*t + half
				d[i] = 0.5 + 0.5*t + half*(1-t*t)*(sqrtTwoByPi+3*cubicScaled*v*v)
			}
		case ReLU:
			for i, v := range x {
				x[i], d[i] = max(v, 0), 0
				if v > 0 {
					d[i] = 1
				}
			}
		case Tanh:
			for i, v := range x {
				t := tanh(v)
				x[i], d[i] = t, 1-t*t
			}
		}
	}
}

// Multiply computes y = y ⊙ x, element by element.
func Multiply(y, x []float32) {
	if len(y) != len(x) {
		panic("kernels: Multiply of different lengths")
	}
	if len(x) > 0 {
		multiplyRows(&y[0], &x[0], len(x), 1, len(x))
	}
}

// multiplyRowsGo computes y = y ⊙ x for columns values of each of the rows of
// both, which are ld apart.
func multiplyRowsGo(y, x *float32, ld, rows, columns int) {
	for r := range rows {
		product := floats(y, r*ld, columns)
		for i, v := range floats(x, r*ld, columns) {
			product[i] *= v
		}
	}
}
