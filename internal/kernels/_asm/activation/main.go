// Command activation generates the activation functions over rows of a matrix.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

func main() {
	vectors.Run(func(s vectors.Set) {
		// 0.5·x·(1 + erf(x/√2))
		activation(s, "gelu", func(x VecVirtual) VecVirtual {
			t := s.New()
			VMULPS(s.Constant(math.Sqrt2/2), x, t)
			return half(s, x, s.Erf(t))
		})
		// 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
		activation(s, "geluTanh", func(x VecVirtual) VecVirtual {
			scale := math.Sqrt(2 / math.Pi)
			t := s.New()
			VMULPS(x, x, t)
			u := s.Polynomial(t, scale, scale*0.044715)
			VMULPS(x, u, u)
			return half(s, x, s.Tanh(u))
		})
		activation(s, "tanh", func(x VecVirtual) VecVirtual { return s.Tanh(x) })
		activation(s, "relu", func(x VecVirtual) VecVirtual {
			VMAXPS(x, s.Zero(), x)
			return x
		})

		// Φ(x) + x·φ(x) = 0.5 + 0.5·erf(x/√2) + x·exp(−x²/2)/√(2π)
		slope(s, "gelu", func(x VecVirtual) VecVirtual {
			square, t := s.New(), s.New()
			VMULPS(x, x, square)
			VMULPS(s.Constant(-0.5), square, square)
			density := s.Exp(square)
			VMULPS(x, density, density)
			VMULPS(s.Constant(math.Sqrt2/2), x, t)
			erf := s.Erf(t)
			half := s.Copy(s.Constant(0.5))
			VFMADD213PS(half, half, erf)
			VFMADD231PS(s.Constant(1/math.Sqrt(2*math.Pi)), density, erf)
			return erf
		})
		// 0.5 + 0.5·t + 0.5·x·(1 − t²)·u' with t = tanh(u), u = √(2/π)·(x + 0.044715·x³)
		slope(s, "geluTanh", func(x VecVirtual) VecVirtual {
			scale := math.Sqrt(2 / math.Pi)
			square := s.New()
			VMULPS(x, x, square)
			u := s.Polynomial(square, scale, scale*0.044715)
			VMULPS(x, u, u)
			t := s.Tanh(u)
			du := s.Polynomial(square, scale, scale*0.044715*3)
			half, rest := s.Copy(s.Constant(0.5)), s.Copy(s.Constant(1))
			VFNMADD231PS(t, t, rest)
			VMULPS(du, rest, rest)
			VMULPS(half, x, x)
			VFMADD213PS(half, half, t)
			VFMADD231PS(x, rest, t)
			return t
		})
	})
}

// slope emits a function that multiplies n values by a derivative.
func slope(s vectors.Set, name string, f func(x VecVirtual) VecVirtual) {
	TEXT(name+"Backward"+s.Name, NOSPLIT, "func(d, x *float32, n int)")
	Pragma("noescape")
	Doc(name + "Backward" + s.Name + " multiplies d by the derivative of " + name + " at x.")
	d, x, n := Load(Param("d"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual), Load(Param("n"), GP64()).(GPVirtual)
	tail := s.Tail(n)
	s.Each(n, tail, []GPVirtual{d, x}, func(p vectors.Part, at []Mem) {
		derivative := f(p.Load(at[1]))
		VMULPS(p.Load(at[0]), derivative, derivative)
		p.Store(derivative, at[0])
	})
	VZEROUPPER()
	RET()
}

// half is 0.5·x·(1 + t).
func half(s vectors.Set, x, t VecVirtual) VecVirtual {
	VMULPS(s.Constant(0.5), x, x)
	VFMADD213PS(x, x, t)
	return t
}

// activation emits a function that replaces every element of some rows.
func activation(s vectors.Set, name string, f func(x VecVirtual) VecVirtual) {
	TEXT(name+s.Name, NOSPLIT, "func(x *float32, ld, rows, columns int)")
	Pragma("noescape")
	Doc(name + s.Name + " applies " + name + " to columns values of each of the rows, ld apart.")
	x, ld := Load(Param("x"), GP64()).(GPVirtual), Load(Param("ld"), GP64()).(GPVirtual)
	rows, columns := Load(Param("rows"), GP64()).(GPVirtual), Load(Param("columns"), GP64()).(GPVirtual)
	tail := s.Tail(columns)
	Label("row")
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		p.Store(f(p.Load(at[0])), at[0])
	})
	LEAQ(Mem{Base: x, Index: ld, Scale: 4}, x)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}
