package main

// stored emits what converts numbers as files store them (_asm/stored).
func stored(g *file) {
	g.function("widenFloat16sNEON", "func(y *float32, x *byte, n int)", "is widenFloat16sGo for an n that 16 divides, 0 or more.", func() {
		y, x, n := g.load("y"), g.load("x"), g.load("n")
		halves, widened := g.take(2), g.take(unroll)
		again, end := g.label("again"), g.label("end")
		g.op("CBZ %s, %s", n, end)
		g.place(again)
		g.loadVectors(x, 0, halves)
		for i, v := range halves {
			g.fcvtl(widened[2*i], widened[2*i+1], v)
		}
		g.storeVectors(y, 0, widened)
		g.op("ADD $32, %s, %s", x, x)
		g.op("ADD $64, %s, %s", y, y)
		g.op("SUBS $16, %s, %s", n, n)
		g.op("BGT %s", again)
		g.place(end)
		g.give(halves, widened)
	})
}
