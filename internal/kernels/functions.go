package kernels

import "math"

// The functions of one element, in float32. The assembly computes the same
// formulas with the same coefficients (_asm/vectors), but for fused
// multiply-adds.

// erfLimit is where erf is 1 in float32.
const erfLimit = 3.8

// erf is the error function as x·p(x²)/q(x²), with the coefficients of Eigen's
// float version (Eigen/src/SpecialFunctions, erf). Its relative error is below
// 5e-7.
func erf(x float32) float32 {
	x = clamp(x, erfLimit)
	z := x * x
	p := float32(2.123732201653183437883853912353515625e-06)
	p = p*z + 2.861979592125862836837768554687500000e-04
	p = p*z + 3.658048342913389205932617187500000000e-03
	p = p*z + 5.243302136659622192382812500000000000e-02
	p = p*z + 1.874160766601562500000000000000000000e-01
	p = p*z + 1.128379106521606445312500000000000000e+00
	q := float32(3.89185734093189239501953125000e-05)
	q = q*z + 1.14329601638019084930419921875e-03
	q = q*z + 1.47520881146192550659179687500e-02
	q = q*z + 1.12945675849914550781250000000e-01
	q = q*z + 4.99425798654556274414062500000e-01
	q = q*z + 1
	return x * p / q
}

// tanhLimit is where tanh is 1 in float32.
const tanhLimit = 9

// tanh is the hyperbolic tangent as x·p(x²)/q(x²), with the coefficients of
// Eigen's float version (Eigen/src/Core/MathFunctionsImpl.h, ptanh). Its
// relative error is below 5e-7.
func tanh(x float32) float32 {
	x = clamp(x, tanhLimit)
	z := x * x
	p := float32(-2.76076847742355e-16)
	p = p*z + 2.00018790482477e-13
	p = p*z - 8.60467152213735e-11
	p = p*z + 5.12229709037114e-08
	p = p*z + 1.48572235717979e-05
	p = p*z + 6.37261928875436e-04
	p = p*z + 4.89352455891786e-03
	q := float32(1.19825839466702e-06)
	q = q*z + 1.18534705686654e-04
	q = q*z + 2.26843463243900e-03
	q = q*z + 4.89352518554385e-03
	return x * p / q
}

// clamp is x, or the nearer of ±limit if x is beyond it. It keeps NaN.
func clamp(x, limit float32) float32 {
	switch {
	case x > limit:
		return limit
	case x < -limit:
		return -limit
	}
	return x
}

// expLimit is where exp begins to be zero.
const expLimit = 88

// ln2High + ln2Low = ln 2; n·ln2High is exact.
const (
	ln2High = 0.693359375
	ln2Low  = -2.12194440e-4
)

// exp is eˣ for x ≤ 0, with the coefficients of Cephes' expf.c. Its relative
// error is below 2e-7, but results below 2^−126 are 0.
//
//	n = round(x/ln 2), r = x − n·ln 2, eˣ = 2ⁿ·eʳ
func exp(x float32) float32 {
	if x < -expLimit {
		x = -expLimit
	}
	n := float32(math.RoundToEven(float64(x * math.Log2E)))
	r := x - n*ln2High
	r -= n * ln2Low
	p := float32(1.9875691500e-4)
	p = p*r + 1.3981999507e-3
	p = p*r + 8.3334519073e-3
	p = p*r + 4.1665795894e-2
	p = p*r + 1.6666665459e-1
	p = p*r + 5.0000001201e-1
	p = p*r + 1
	p = p*r + 1
	if math.IsNaN(float64(n)) {
		return n
	}
	return p * math.Float32frombits(uint32(int32(n)+127)<<23) // n ≥ −127, and −127 gives 0
}
