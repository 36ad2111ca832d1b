package main

// product emits the tile of the float32 product (_asm/product).
func product(g *file) {
	g.function("tileNEON",
		"func(y *float32, ldy int, x *float32, ldx int, panel *float32, rows, depth int, first *float32, ldfirst int, last *float32, ldlast int, next *float32, pace int)",
		"is tileGo for 16 columns and 1 to 6 rows.", func() {
			g.cases(mostRows, func(t *tile) {
				t.begin(2)
				t.eachRow("first", "ldfirst", func(r int) { t.loadVectors(t.pointer, 0, t.sums[r]) })
				t.loop(1, 4, 4, func(steps int) {
					t.eachWeight(steps, func(weights V, step, j int) {
						for r := range t.rows {
							t.fmlaElement(t.sums[r][j], weights, t.x[r], step)
						}
					})
				})
				t.store()
				t.end()
			})
		})
}
