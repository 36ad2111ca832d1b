// Command softmax generates the exponentials of rows and their sums, and the
// derivative of softmax.
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
		exponentials(s)
		divideRows(s)
		softmaxBackward(s)
		maximum(s)
	})
}

func exponentials(s vectors.Set) {
	TEXT("exponentials"+s.Name, NOSPLIT, "func(y, x *float32, ld, rows, columns int, scale float32, sums *float32)")
	Pragma("noescape")
	Doc("exponentials" + s.Name + " is exponentialsGo.")
	y, x := Load(Param("y"), GP64()).(GPVirtual), Load(Param("x"), GP64()).(GPVirtual)
	ld, rows := Load(Param("ld"), GP64()).(GPVirtual), Load(Param("rows"), GP64()).(GPVirtual)
	columns, sums := Load(Param("columns"), GP64()).(GPVirtual), Load(Param("sums"), GP64()).(GPVirtual)
	scale := s.Broadcast(vectors.Argument("scale"))
	tail := s.Tail(columns)
	s = s.Hold(vectors.ExpConstants...)
	Label("row")

	highest := s.Broadcast(largest(s, x, columns, tail))

	// y = exp(scale·(x − highest)), sum = Σ y
	sum := s.Zero()
	s.Each(columns, tail, []GPVirtual{x, y}, func(p vectors.Part, at []Mem) {
		v := p.Load(at[0])
		VSUBPS(highest, v, v)
		VMULPS(scale, v, v)
		e := s.Exp(v)
		p.Store(e, at[1])
		VADDPS(p.Select(e), sum, sum)
	})
	VMOVSS(s.Sum(sum), Mem{Base: sums})

	LEAQ(Mem{Base: x, Index: ld, Scale: 4}, x)
	LEAQ(Mem{Base: y, Index: ld, Scale: 4}, y)
	ADDQ(I8(4), sums)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// largest is max x, in an X register.
func largest(s vectors.Set, x, columns GPVirtual, tail vectors.Part) Register {
	highest := s.Copy(s.Constant(math.Inf(-1)))
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		larger := s.New()
		VMAXPS(p.Load(at[0]), highest, larger)
		if kept := p.Keep(larger, highest); kept != highest {
			VMOVAPS(kept, highest)
		}
	})
	return s.Max(highest)
}

func maximum(s vectors.Set) {
	TEXT("maximum"+s.Name, NOSPLIT, "func(x *float32, n int) float32")
	Pragma("noescape")
	Doc("maximum" + s.Name + " is maximumGo.")
	x, n := Load(Param("x"), GP64()).(GPVirtual), Load(Param("n"), GP64()).(GPVirtual)
	Store(largest(s, x, n, s.Tail(n)), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func divideRows(s vectors.Set) {
	TEXT("divideRows"+s.Name, NOSPLIT, "func(x *float32, ld, rows, columns int, divisors *float32)")
	Pragma("noescape")
	Doc("divideRows" + s.Name + " is divideRowsGo.")
	x, ld := Load(Param("x"), GP64()).(GPVirtual), Load(Param("ld"), GP64()).(GPVirtual)
	rows, columns := Load(Param("rows"), GP64()).(GPVirtual), Load(Param("columns"), GP64()).(GPVirtual)
	divisors := Load(Param("divisors"), GP64()).(GPVirtual)
	tail := s.Tail(columns)
	one := s.Copy(s.Constant(1))
	Label("row")
	factor := s.New()
	VBROADCASTSS(Mem{Base: divisors}, factor)
	VDIVPS(factor, one, factor)
	s.Each(columns, tail, []GPVirtual{x}, func(p vectors.Part, at []Mem) {
		v := p.Load(at[0])
		VMULPS(factor, v, v)
		p.Store(v, at[0])
	})
	LEAQ(Mem{Base: x, Index: ld, Scale: 4}, x)
	ADDQ(I8(4), divisors)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}

func softmaxBackward(s vectors.Set) {
	TEXT("softmaxBackward"+s.Name, NOSPLIT, "func(d *float32, ldd int, probs *float32, ldprobs, rows, columns int, scale float32)")
	Pragma("noescape")
	Doc("softmaxBackward" + s.Name + " is softmaxBackwardGo.")
	d, ldd := Load(Param("d"), GP64()).(GPVirtual), Load(Param("ldd"), GP64()).(GPVirtual)
	probs, ldprobs := Load(Param("probs"), GP64()).(GPVirtual), Load(Param("ldprobs"), GP64()).(GPVirtual)
	rows, columns := Load(Param("rows"), GP64()).(GPVirtual), Load(Param("columns"), GP64()).(GPVirtual)
	scale := s.Broadcast(vectors.Argument("scale"))
	tail := s.Tail(columns)
	Label("row")

	// sum = Σ probs·d
	sum := s.Zero()
	s.Each(columns, tail, []GPVirtual{d, probs}, func(p vectors.Part, at []Mem) {
		VFMADD231PS(p.Load(at[1]), p.Load(at[0]), sum)
	})
	sum = s.Broadcast(s.Sum(sum))

	// d = probs·(d − sum)·scale
	s.Each(columns, tail, []GPVirtual{d, probs}, func(p vectors.Part, at []Mem) {
		v := p.Load(at[0])
		VSUBPS(sum, v, v)
		VMULPS(p.Load(at[1]), v, v)
		VMULPS(scale, v, v)
		p.Store(v, at[0])
	})

	LEAQ(Mem{Base: d, Index: ldd, Scale: 4}, d)
	LEAQ(Mem{Base: probs, Index: ldprobs, Scale: 4}, probs)
	DECQ(rows)
	JG(LabelRef("row"))
	VZEROUPPER()
	RET()
}
