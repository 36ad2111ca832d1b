package main

// pack emits what brings matrices into panels and transposes them (_asm/pack).
func pack(g *file) {
	g.function("transposeNEON", "func(y *float32, ldy int, x *float32, ldx, octets, depth int)",
		"is transposeGo for a depth that 4 divides.", func() { transpose(g) })
	g.function("copyColumnsNEON", "func(panel, x *float32, ldx, rows int)", "is copyColumnsGo.", func() {
		panel, x, ldx, rows := g.load("panel"), g.load("x"), g.load("ldx"), g.load("rows")
		row := g.take(panelBytes / 16)
		g.eachRow(rows, func() {
			g.loadVectors(x, 0, row)
			g.storeVectors(panel, 0, row)
		}, func() {
			g.advance(x, ldx, 2)
			g.op("ADD $%d, %s, %s", panelBytes, panel, panel)
		})
		g.give(row)
	})
}

// transpose emits the loop over blocks of 8 rows and 4 columns.
func transpose(g *file) {
	const octet = 8
	y, x := g.load("y"), g.load("x")
	ldy, ldx, octets := g.stride("ldy", 2), g.stride("ldx", 2), g.load("octets")
	left, to := g.general(), g.general()
	var from [octet]R
	for i := range from {
		from[i] = g.general()
	}
	rows, pairs := g.take(octet), g.take(octet)
	g.eachRow(octets, func() {
		g.op("MOVD %s, %s", g.argument("depth"), left)
		g.op("MOVD %s, %s", y, to)
		for i := range from {
			if i == 0 {
				g.op("MOVD %s, %s", x, from[i])
			} else {
				g.op("ADD %s, %s, %s", ldx, from[i-1], from[i])
			}
		}
		again := g.label("again")
		g.place(again)
		for i, r := range rows {
			g.op("FMOVQ.P 16(%s), %s", from[i], r.F())
		}
		// Pairs of rows side by side, then fours, of the even columns and the odd ones.
		for i := 0; i < octet; i += 2 {
			g.op("VTRN1 %s, %s, %s", rows[i+1].S4(), rows[i].S4(), pairs[i].S4())
			g.op("VTRN2 %s, %s, %s", rows[i+1].S4(), rows[i].S4(), pairs[i+1].S4())
		}
		for column := range lanes {
			for i := 0; i < octet; i += 4 {
				first := i + column%2
				g.op("VTRN%d %s, %s, %s", 1+column/2, pairs[first+2].D2(), pairs[first].D2(), rows[i/4].D2())
			}
			g.storeVectors(to, 0, rows[:2])
			g.op("ADD %s, %s, %s", ldy, to, to)
		}
		g.op("SUBS $%d, %s, %s", lanes, left, left)
		g.op("BGT %s", again)
	}, func() {
		g.op("ADD $%d, %s, %s", 4*octet, y, y)
		g.op("ADD %s<<3, %s, %s", ldx, x, x)
	})
	g.give(rows, pairs)
}
