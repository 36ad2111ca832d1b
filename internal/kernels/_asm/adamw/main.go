// Command adamw generates the step of the AdamW optimizer.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"cloze/internal/kernels/_asm/vectors"
)

// The fields of the struct AdamW, in its order.
const (
	keep = iota
	stepSize
	perRoot
	epsilon
	takeMean
	keepSquare
	takeSquare
	scale
	fields
)

func main() { vectors.Run(adamW) }

func adamW(s vectors.Set) {
	TEXT("adamW"+s.Name, NOSPLIT, "func(p, dp, m, v *float32, n int, constants *float32)")
	Pragma("noescape")
	Doc("adamW" + s.Name + " is adamWGo.")
	p, g := Load(Param("p"), GP64()).(GPVirtual), Load(Param("dp"), GP64()).(GPVirtual)
	m, v := Load(Param("m"), GP64()).(GPVirtual), Load(Param("v"), GP64()).(GPVirtual)
	n, constants := Load(Param("n"), GP64()).(GPVirtual), Load(Param("constants"), GP64()).(GPVirtual)
	tail := s.Tail(n)
	var c [fields]VecVirtual
	for i := range c {
		c[i] = s.Broadcast(Mem{Base: constants, Disp: 4 * i})
	}
	s.Each(n, tail, []GPVirtual{p, g, m, v}, func(part vectors.Part, at []Mem) {
		gradient, mean, square, value := part.Load(at[1]), part.Load(at[2]), part.Load(at[3]), part.Load(at[0])
		VMULPS(c[scale], gradient, gradient)
		// m += takeMean·(g − m)
		change := s.New()
		VSUBPS(mean, gradient, change)
		VFMADD231PS(c[takeMean], change, mean)
		part.Store(mean, at[2])
		// v = keepSquare·v + takeSquare·g²
		VMULPS(gradient, gradient, gradient)
		VMULPS(c[takeSquare], gradient, gradient)
		VFMADD213PS(gradient, c[keepSquare], square)
		part.Store(square, at[3])
		// p = keep·p − stepSize·m/(√v·perRoot + ε)
		VSQRTPS(square, square)
		VFMADD213PS(c[epsilon], c[perRoot], square)
		VMULPS(c[stepSize], mean, mean)
		VDIVPS(square, mean, mean)
		VFMSUB213PS(mean, c[keep], value)
		part.Store(value, at[0])
	})
	VZEROUPPER()
	RET()
}
