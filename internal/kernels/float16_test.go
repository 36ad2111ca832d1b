package kernels

import (
	"fmt"
	"math"
	"math/big"
	"testing"
)

func TestRoundFloat16(t *testing.T) {
	inf, nan := float32(math.Inf(1)), math.Float32frombits(0x7f800001) // would round to infinity
	for _, tt := range []struct {
		in   float32
		want float64
	}{
		{0, 0},
		{-1.5, -1.5},
		{inf, math.Inf(1)},
		{-inf, math.Inf(-1)},
		{nan, math.NaN()},
		{1 + 1.0/2048, 1}, // ties to even
		{1 + 3.0/2048, 1 + 4.0/2048},
		{1 + 1.0/2048 + 1.0/65536, 1 + 2.0/2048},
		{65504, 65504},
		{65519, 65504},
		{-65520, math.Inf(-1)},
		{math.MaxFloat32, math.Inf(1)},
		{0x1p-14, 0x1p-14},
		{0x1p-14 - 0x1p-26, 0x1p-14},
		{0x3p-25, 0x1p-23},
		{-0x1p-24, -0x1p-24},
		{0x1p-25, 0},
		{0x1.8p-25, 0x1p-24},
		{math.SmallestNonzeroFloat32, 0},
	} {
		got := float64(widenFloat16(roundFloat16(tt.in)))
		if !sameKind(got, tt.want) || !math.IsNaN(got) && got != tt.want {
			t.Errorf("round(%v) = %v, want %v", tt.in, got, tt.want)
		}
	}
	for v := range 1 << 16 {
		v := uint16(v)
		if got := roundFloat16(widenFloat16(v)); got != v && got != v|0x200 { // a quiet NaN
			t.Fatalf("%#04x became %v and %#04x", v, widenFloat16(v), got)
		}
	}
}

// The sum of two products is rounded once, as big numbers say.
func TestAddFloat16(t *testing.T) {
	r := newRand(1)
	value := func() float32 {
		for {
			if v := widenFloat16(uint16(r.Uint32())); v-v == 0 {
				return v
			}
		}
	}
	wide := func(v float32) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(float64(v)) }
	for range 200_000 {
		a, b, sum := value(), value(), value()
		if r.IntN(2) == 0 { // of a magnitude at which rounding is difficult
			sum = widenFloat16(roundFloat16(-a * b * float32(1+r.NormFloat64()/1024)))
			if sum-sum != 0 {
				continue
			}
		}
		exact := wide(a)
		exact.Mul(exact, wide(b)).Add(exact, wide(sum))
		got := addFloat16(a, b, sum)
		if math.IsInf(float64(got), 0) {
			if limit, _ := exact.Float64(); math.Abs(limit) < 65520 || limit > 0 != (got > 0) {
				t.Fatalf("%v·%v + %v = %v, want %v", a, b, sum, got, exact)
			}
			continue
		}
		bits := roundFloat16(got)
		if got != widenFloat16(bits) {
			t.Fatalf("%v·%v + %v = %v, which is no float16", a, b, sum, got)
		}
		// Neither neighbour is nearer, nor as near if this one is odd.
		distance := func(v float32) *big.Float { d := wide(v); return d.Abs(d.Sub(d, exact)) }
		own := distance(got)
		for _, neighbour := range []uint16{bits - 1, bits + 1} {
			v := widenFloat16(neighbour)
			if v-v != 0 || bits&0x7fff == 0 {
				continue
			}
			if c := distance(v).Cmp(own); c < 0 || c == 0 && bits&1 == 1 {
				t.Fatalf("%v·%v + %v = %v, but %v is nearer to %v", a, b, sum, got, v, exact)
			}
		}
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, tt := range [][4]float32{{nan, 1, 1, nan}, {1, 1, nan, nan}, {inf, 1, 1, inf}, {inf, -1, inf, nan}, {inf, 0, 1, nan}, {1, 1, -inf, -inf}, {256, 256, 0, inf}} {
		if got := addFloat16(tt[0], tt[1], tt[2]); !sameKind(float64(got), float64(tt[3])) {
			t.Errorf("%v·%v + %v = %v, want %v", tt[0], tt[1], tt[2], got, tt[3])
		}
	}
}

func TestRoundFloat16RowsAgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := newRand(1)
		for columns := 1; columns <= 130; columns++ {
			const rows = 5
			x := normal(r, newGuarded(rows*columns, columns%4).slice(), 2)
			x[columns] = float32(math.NaN())
			x[columns*2-1] = math.Float32frombits(0xff800001)
			for k := range columns {
				x[2*columns+k] *= 1e-6 // subnormal, or zero
				x[3*columns+k] *= 3e4
				x[4*columns+k] = float32(k) / 2048 // ties
			}
			ld := (columns + 15) / 16 * 16
			got, want := make([]uint16, rows*ld+16), make([]uint16, rows*ld+16)
			for i := range got {
				got[i], want[i] = 0xffff, 0xffff
			}
			roundFloat16Rows(&got[0], ld, &x[0], columns, rows, columns)
			roundFloat16RowsGo(&want[0], ld, &x[0], columns, rows, columns)
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%d columns: %#x at %d, want %#x", columns, got[i], i, want[i])
				}
			}
		}
	})
}

// Every operation is rounded as the twin rounds it, so the results are the same
// to the last bit.
func TestTileFloat16AgainstGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for rows := 1; rows <= maxTileRows; rows++ {
			for _, depth := range []int{1, 2, 3, 4, 5, 7, 31, 32, 33, 63, 64, 65, 70, 192} {
				for _, withLast := range []bool{false, true} {
					testTileFloat16(t, rows, depth, withLast)
				}
			}
		}
	})
}

func testTileFloat16(t *testing.T, rows, depth int, withLast bool) {
	t.Helper()
	r := newRand(uint64(rows*depth + 1))
	const ldy = panelColumns + 5
	ldx := depth*float16Step + 6
	halves := func(n int, scale float64) []uint16 {
		h := make([]uint16, n)
		roundFloat16RowsGo(&h[0], n, &normal(r, make([]float32, n), scale)[0], n, 1, n-n%16)
		return h
	}
	x, w := halves(rows*ldx+16, 1), halves(depth*panelColumns*float16Step, 1)
	for k := range depth { // one row of subnormal sums, and an infinite one
		x[k*float16Step] = roundFloat16(float32(r.NormFloat64() * 1e-6))
		x[(rows-1)*ldx+k*float16Step+1] = roundFloat16(float32(r.NormFloat64() * 1e4))
	}
	first := normal(r, make([]float32, panelColumns), 1)
	var last *float32
	if withLast {
		last = &normal(r, make([]float32, rows*panelColumns), 1)[0]
	}
	want := newGuarded(rows*ldy, 1)
	tileFloat16Go(&want.slice()[0], ldy, &x[0], ldx, &w[0], rows, depth, &first[0], last, panelColumns)
	for _, bytes := range []int{0, 2 * len(w)} { // to fetch
		got := newGuarded(rows*ldy, 1)
		tileFloat16(&got.slice()[0], ldy, &x[0], ldx, &w[0], rows, depth, &first[0], last, panelColumns, &w[0], bytes)
		got.check(t, "y")
		for i, v := range got.slice() {
			w := want.slice()[i]
			if math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) { // no two NaNs
				t.Fatalf("%d rows, depth %d: row %d, column %d is %v, want %v", rows, depth, i/ldy, i%ldy, v, w)
			}
		}
	}
}

func TestFloat16AgainstItsDefinition(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for _, shape := range tileShapes {
			rows, out, in := shape[0], shape[1], shape[2]
			for offset := range 2 {
				t.Run(fmt.Sprintf("%dx%dx%d offset %d", rows, out, in, offset), func(t *testing.T) {
					r := newRand(uint64(rows*out + in))
					x, w, residual := newGuarded(rows*in, offset), normal(r, make([]float32, out*in), 1), newGuarded(rows*out, offset)
					normal(r, x.slice(), 3)
					normal(r, residual.slice(), 1)
					for i := range x.whole {
						if x.whole[i] == guardValue {
							x.whole[i] = float32(math.NaN()) // what is read outside must not count
						}
					}
					bias := normal(r, make([]float32, out), 1)
					y := newGuarded(rows*out, 1-offset)
					pack(pool, Float16, w, out, in).Mul(pool, y.slice(), x.slice(), rows, Epilogue{Bias: bias, Residual: residual.slice()})
					y.check(t, "y")
					for i, got := range y.slice() {
						row, column := i/out, i%out
						want, squares := float64(bias[column])+float64(residual.slice()[i]), 1.0
						for k := range in {
							product := float64(x.slice()[row*in+k]) * float64(w[column*in+k])
							want += product
							squares += product * product
						}
						// Errors of rounding are as random as the values.
						if !(math.Abs(float64(got)-want) <= 6e-3*math.Sqrt(squares)) {
							t.Fatalf("y[%d] = %v, want %v", i, got, want)
						}
					}
				})
			}
		}
	})
}

// It is worth having beside bfloat16 if it is more exact.
func TestFloat16IsCloserThanBFloat16(t *testing.T) {
	const rows, out, in = 14, 64, 768
	r := newRand(1)
	x, w := normal(r, make([]float32, rows*in), 1), normal(r, make([]float32, out*in), 0.05)
	y, exact := make([]float32, rows*out), make([]float64, rows*out)
	for i := range exact {
		for k := range in {
			exact[i] += float64(x[i/out*in+k]) * float64(w[i%out*in+k])
		}
	}
	relativeError := func() float64 {
		var difference, norm float64
		for i, v := range y {
			difference += math.Pow(float64(v)-exact[i], 2)
			norm += exact[i] * exact[i]
		}
		return math.Sqrt(difference / norm)
	}
	roundedX, roundedW := append([]float32(nil), x...), append([]float32(nil), w...)
	roundFloats(roundedX)
	roundFloats(roundedW)
	pack(nil, Float32, roundedW, out, in).Mul(nil, y, roundedX, rows, Epilogue{})
	bfloat16 := relativeError()
	eachImplementation(t, func(t *testing.T) {
		pack(nil, Float16, w, out, in).Mul(nil, y, x, rows, Epilogue{})
		got := relativeError()
		t.Logf("relative error %.5f, of bfloat16 %.5f", got, bfloat16)
		if got > 0.4*bfloat16 {
			t.Errorf("relative error %.5f, of bfloat16 %.5f", got, bfloat16)
		}
	})
}

// What a float16 cannot hold becomes infinite, in its row alone.
func TestFloat16OfSpecialValues(t *testing.T) {
	const rows, out, in = 15, 40, 131
	eachImplementation(t, func(t *testing.T) {
		x, w := make([]float32, rows*in), make([]float32, out*in)
		fill(x, 1)
		fill(w, 1)
		x[2*in+130], x[3*in+7], x[4*in] = 1e5, -1e5, float32(math.NaN())
		fill(x[5*in:6*in], 65504) // the sum of a run is too large
		clear(x[6*in : 7*in])
		y := make([]float32, rows*out)
		pack(nil, Float16, w, out, in).Mul(nil, y, x, rows, Epilogue{})
		special := map[int]float64{2: math.Inf(1), 3: math.Inf(-1), 4: math.NaN(), 5: math.Inf(1), 6: 0}
		for i, v := range y {
			want, ok := special[i/out]
			if !ok {
				want = in
			}
			if !sameKind(float64(v), want) || want-want == 0 && float64(v) != want {
				t.Fatalf("y[%d][%d] = %v, want %v", i/out, i%out, v, want)
			}
		}
	})
}

func TestFloat16TakesTwoBytesAWeight(t *testing.T) {
	for in, want := range map[int]int{1: 2 * 64 * 2, 2: 2 * 64 * 2, 768: 2 * 64 * 768} {
		if got := pack(nil, Float16, make([]float32, 33*in), 33, in).Bytes(); got != want {
			t.Errorf("(33, %d) takes %d bytes, want %d", in, got, want)
		}
	}
}

func TestFloat16AllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	pool := NewPool(2)
	defer pool.Close()
	m := pack(nil, Float16, make([]float32, 64*64), 64, 64)
	x, y := make([]float32, 30*64), make([]float32, 30*64)
	if n := testing.AllocsPerRun(50, func() { m.Mul(pool, y, x, 30, Epilogue{}) }); n != 0 {
		t.Errorf("Mul allocates %v times, want 0", n)
	}
}

func TestFloat16IsSupportedWhereItPays(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		if got, want := Supported(Float16), Implementation(Float16) == "AVX-512 FP16"; got != want {
			t.Errorf("Supported(Float16) is %t with %s", got, Implementation(Float16))
		}
		loop, operations := peakLoop(Float16)
		if (loop != nil) != Supported(Float16) || (operations > 0) != Supported(Float16) {
			t.Errorf("peakLoop of %v operations, though supported is %t", operations, Supported(Float16))
		}
	})
}
