// Command layernorm generates LayerNorm over rows, and its derivative.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

func main() {
	vectors.Run(func(s vectors.Set) {
		layerNorm(s)
		layerNormBackward(s)
	})
}

func layerNorm(s vectors.Set) {
	TEXT("layerNorm"+s.Name, NOSPLIT, "func(y, x, gamma, beta *float32, rows, columns int, eps float32)")
	Pragma("noescape")
	Doc("layerNorm" + s.Name + " is layerNormGo.")
	y, x := Load(Param("y"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual)
	gamma, beta := Load(Param("gamma"), GP64()).(GPVirtual), Load(Param("beta"), GP64()).(GPVirtual)
	rows, columns := Load(Param("rows"), GP64()).(GPVirtual), Load(Param("columns"), GP64()).(GPVirtual)
	tail := s.Tail(columns)
	reciprocal := reciprocalOf(s, columns)
	Label("row")

	// mean = Σ x / columns
	sum := s.Zero()
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		VADDPS(p.Load(at[0]), sum, sum)
	})
	center := mean(s, sum, reciprocal)

	// variance = Σ (x − mean)² / columns
	squares := s.Zero()
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		v := p.Load(at[0])
		VSUBPS(center, v, v)
		p.Select(v)
		VFMADD231PS(v, v, squares)
	})
	variance := mean(s, squares, reciprocal)

	rstd := reciprocalRoot(s, variance)

	// y = (x − mean)·rstd·gamma + beta
	s.Each(columns, tail, []GPVirtual{x, gamma, beta, y}, func(p vectors.Part, at []Mem) {
		v := p.Load(at[0])
		VSUBPS(center, v, v)
		VMULPS(rstd, v, v)
		b := p.Load(at[2])
		VFMADD231PS(p.Load(at[1]), v, b)
		p.Store(b, at[3])
	})

	LEAQ(Mem{Base: x, Index: columns, Scale: 4}, x)
	LEAQ(Mem{Base: y, Index: columns, Scale: 4}, y)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// reciprocalOf is 1/n.
func reciprocalOf(s vectors.Set, n GPVirtual) Register {
	count, reciprocal := XMM(), XMM()
	VXORPS(count, count, count)
	VCVTSI2SSQ(n, count, count)
	VMOVSS(s.Constant(1), reciprocal)
	VDIVSS(count, reciprocal, reciprocal)
	return reciprocal
}

// reciprocalRoot is 1/√(variance + eps).
func reciprocalRoot(s vectors.Set, variance VecVirtual) VecVirtual {
	eps := s.Broadcast(vectors.Argument("eps"))
	VADDPS(eps, variance, variance)
	VSQRTPS(variance, variance)
	rstd := s.Copy(s.Constant(1))
	VDIVPS(variance, rstd, rstd)
	return rstd
}

// mean is the sum of the lanes times 1/n, in every lane.
func mean(s vectors.Set, sum VecVirtual, reciprocal Register) VecVirtual {
	x := s.Sum(sum)
	VMULSS(reciprocal, x, x)
	return s.Broadcast(x)
}
