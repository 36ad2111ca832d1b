package main

import "fmt"

// peaks emits the loops that measure multiply-adds, as in _asm/processor.
func peaks(g *file) {
	const unroll = 24
	peak := func(name, lanes string, multiplyAdd func(d, n, m V)) {
		g.function(name, "func(n int)", fmt.Sprintf("executes %d × n multiply-adds of %s.", unroll, lanes), func() {
			n, vs := g.load("n"), g.zero(g.take(unroll+2))
			g.place(name)
			for _, v := range vs[:unroll] {
				multiplyAdd(v, vs[unroll], vs[unroll+1])
			}
			g.op("SUBS $1, %s, %s", n, n)
			g.op("BGT %s", name)
			g.give(vs)
		})
	}
	peak("peakNEON", "4 lanes", func(d, n, m V) { g.fmlaElement(d, n, m, 0) })
	peak("peakDotProduct", "16 lanes", func(d, n, m V) { g.sdotElement(d, n, m, 0) })
}
