package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

func layerNormBackward(s vectors.Set) {
	TEXT("layerNormBackward"+s.Name, NOSPLIT, "func(d, x, gamma, dGamma, dBeta *float32, rows, columns int, eps float32)")
	Pragma("noescape")
	Doc("layerNormBackward" + s.Name + " is layerNormBackwardGo.")
	d, x, gamma := Load(Param("d"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual), Load(Param("gamma"), GP64()).(GPVirtual)
	dGamma, dBeta := Load(Param("dGamma"), GP64()).(GPVirtual), Load(Param("dBeta"), GP64()).(GPVirtual)
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

	// The sums of (x − mean)², of g = d·gamma and of g·(x − mean).
	squares, gradients, products := s.Zero(), s.Zero(), s.Zero()
	s.Each(columns, tail, []GPVirtual{d, x, gamma}, func(p vectors.Part, at []Mem) {
		v, g := p.Load(at[1]), p.Load(at[0])
		VSUBPS(center, v, v)
		p.Select(v)
		VFMADD231PS(v, v, squares)
		VMULPS(p.Load(at[2]), g, g)
		VADDPS(g, gradients, gradients)
		VFMADD231PS(v, g, products)
	})
	rstd := reciprocalRoot(s, mean(s, squares, reciprocal))
	meanG, meanGX := mean(s, gradients, reciprocal), mean(s, products, reciprocal)
	VMULPS(rstd, meanGX, meanGX)

	// d = (d·gamma − mean(g) − x̂·mean(g·x̂))·rstd, x̂ = (x − mean)·rstd
	s.Each(columns, tail, []GPVirtual{d, x, gamma, dGamma, dBeta}, func(p vectors.Part, at []Mem) {
		normal, g := p.Load(at[1]), p.Load(at[0])
		VSUBPS(center, normal, normal)
		VMULPS(rstd, normal, normal)
		beta, scale := p.Load(at[4]), p.Load(at[3])
		VADDPS(g, beta, beta)
		p.Store(beta, at[4])
		VFMADD231PS(normal, g, scale)
		p.Store(scale, at[3])
		VMULPS(p.Load(at[2]), g, g)
		VSUBPS(meanG, g, g)
		VFNMADD231PS(meanGX, normal, g)
		VMULPS(rstd, g, g)
		p.Store(g, at[0])
	})

	LEAQ(Mem{Base: d, Index: columns, Scale: 4}, d)
	LEAQ(Mem{Base: x, Index: columns, Scale: 4}, x)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}
