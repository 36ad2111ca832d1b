// Command activation generates the activation functions over rows of a matrix,
// and their derivatives.
package main

import (
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

func main() {
	vectors.Run(func(s vectors.Set) {
		multiplyRows(s)
		// 0.5·x·(1 + erf(x/√2))
		activation(s, "gelu", slices.Concat(vectors.ErfConstants, []float64{math.Sqrt2 / 2, 0.5}), func(s vectors.Set, x VecVirtual) VecVirtual {
			t := s.New()
			VMULPS(s.Constant(math.Sqrt2/2), x, t)
			return half(s, x, s.Erf(t))
		})
		// 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
		scale := math.Sqrt(2 / math.Pi)
		activation(s, "geluTanh", slices.Concat(vectors.TanhConstants, []float64{scale, scale * 0.044715, 0.5}), func(s vectors.Set, x VecVirtual) VecVirtual {
			t := s.New()
			VMULPS(x, x, t)
			u := s.Polynomial(t, scale, scale*0.044715)
			VMULPS(x, u, u)
			return half(s, x, s.Tanh(u))
		})
		activation(s, "tanh", vectors.TanhConstants, func(s vectors.Set, x VecVirtual) VecVirtual { return s.Tanh(x) })
		activation(s, "relu", nil, func(s vectors.Set, x VecVirtual) VecVirtual {
			VMAXPS(x, s.Zero(), x)
			return x
		})

		// The slope is Φ(x) + x·φ(x) with Φ(x) = 0.5 + 0.5·erf(x/√2).
		slope(s, "gelu", func(x VecVirtual) (y, derivative VecVirtual) {
			square, t := s.New(), s.New()
			VMULPS(x, x, square)
			VMULPS(s.Constant(-0.5), square, square)
			density := s.Exp(square)
			VMULPS(x, density, density)
			VMULPS(s.Constant(math.Sqrt2/2), x, t)
			erf := s.Erf(t)
			derivative = s.Copy(s.Constant(0.5))
			VFMADD231PS(derivative, erf, derivative)
			VFMADD231PS(s.Constant(1/math.Sqrt(2*math.Pi)), density, derivative)
			return half(s, x, erf), derivative
		})
		// The slope is 0.5 + 0.5·t + 0.5·x·(1 − t²)·u' with t = tanh(u),
		// u = √(2/π)·(x + 0.044715·x³).
		slope(s, "geluTanh", func(x VecVirtual) (y, derivative VecVirtual) {
			square := s.New()
			VMULPS(x, x, square)
			u := s.Polynomial(square, scale, scale*0.044715)
			VMULPS(x, u, u)
			t := s.Tanh(u)
			du := s.Polynomial(square, scale, scale*0.044715*3)
			rest := s.Copy(s.Constant(1))
			VFNMADD231PS(t, t, rest)
			VMULPS(du, rest, rest)
			derivative = s.Copy(s.Constant(0.5))
			VMULPS(derivative, x, du)
			VFMADD231PS(derivative, t, derivative)
			VFMADD231PS(du, rest, derivative)
			return half(s, x, t), derivative
		})
	})
}

// slope emits a function that applies an activation and writes its derivative.
func slope(s vectors.Set, name string, f func(x VecVirtual) (y, derivative VecVirtual)) {
	TEXT(name+"Slope"+s.Name, NOSPLIT, "func(y, slope *float32, ld, rows, columns int)")
	Pragma("noescape")
	Doc(name + "Slope" + s.Name + " applies " + name + " to y and writes its derivative to slope.")
	y, slope := Load(Param("y"), GP64()).(GPVirtual), Load(Param("slope"), GP64()).(GPVirtual)
	ld, rows := Load(Param("ld"), GP64()).(GPVirtual), Load(Param("rows"), GP64()).(GPVirtual)
	columns := Load(Param("columns"), GP64()).(GPVirtual)
	tail := s.Tail(columns)
	Label("row")
	s.Each(columns, tail, []GPVirtual{y, slope}, func(p vectors.Part, at []Mem) {
		value, derivative := f(p.Load(at[0]))
		p.Store(value, at[0])
		p.Store(derivative, at[1])
	})
	LEAQ(Mem{Base: y, Index: ld, Scale: 4}, y)
	LEAQ(Mem{Base: slope, Index: ld, Scale: 4}, slope)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// multiplyRows emits y ⊙= x.
func multiplyRows(s vectors.Set) {
	TEXT("multiplyRows"+s.Name, NOSPLIT, "func(y, x *float32, ld, rows, columns int)")
	Pragma("noescape")
	Doc("multiplyRows" + s.Name + " is multiplyRowsGo.")
	y, x := Load(Param("y"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual)
	ld, rows := Load(Param("ld"), GP64()).(GPVirtual), Load(Param("rows"), GP64()).(GPVirtual)
	columns := Load(Param("columns"), GP64()).(GPVirtual)
	tail := s.Tail(columns)
	Label("row")
	s.Each(columns, tail, []GPVirtual{y, x}, func(p vectors.Part, at []Mem) {
		v := p.Load(at[0])
		VMULPS(p.Load(at[1]), v, v)
		p.Store(v, at[0])
	})
	LEAQ(Mem{Base: y, Index: ld, Scale: 4}, y)
	LEAQ(Mem{Base: x, Index: ld, Scale: 4}, x)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// half is 0.5·x·(1 + t).
func half(s vectors.Set, x, t VecVirtual) VecVirtual {
	VMULPS(s.Constant(0.5), x, x)
	VFMADD213PS(x, x, t)
	return t
}

// activation emits a function that replaces every element of some rows, and holds
// constants meanwhile.
func activation(s vectors.Set, name string, constants []float64, f func(s vectors.Set, x VecVirtual) VecVirtual) {
	TEXT(name+s.Name, NOSPLIT, "func(x *float32, ld, rows, columns int)")
	Pragma("noescape")
	Doc(name + s.Name + " applies " + name + " to columns values of each of the rows, ld apart.")
	x, ld := Load(Param("x"), GP64()).(GPVirtual), Load(Param("ld"), GP64()).(GPVirtual)
	rows, columns := Load(Param("rows"), GP64()).(GPVirtual), Load(Param("columns"), GP64()).(GPVirtual)
	tail := s.Tail(columns)
	s = s.Hold(constants...)
	Label("row")
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		p.Store(f(s, p.Load(at[0])), at[0])
	})
	LEAQ(Mem{Base: x, Index: ld, Scale: 4}, x)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}
