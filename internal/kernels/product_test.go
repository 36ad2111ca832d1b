package kernels

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// productShapes are rows, out, in: whole and broken tiles, panels and steps.
var productShapes = [][3]int{
	{1, 1, 1},
	{1, 2, 3},
	{1, 32, 5},
	{2, 33, 7},
	{3, 31, 8},
	{5, 64, 16},
	{6, 96, 13},
	{7, 65, 64},
	{13, 32, 33},
	{14, 40, 31},
	{15, 100, 20},
	{16, 128, 48},
	{27, 34, 65},
	{29, 96, 12},
	{169, 33, 9},
	{340, 64, 5},
	{0, 5, 5},
}

// tileShapes are productShapes and more for AMX, which multiplies 16 steps of
// panels at a time, and up to 32 rows.
var tileShapes = append([][3]int{
	{17, 47, 129},
	{32, 64, 128},
	{33, 48, 200},
	{95, 33, 63},
}, productShapes...)

func TestMulAgainstGonum(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for _, shape := range productShapes {
			rows, out, in := shape[0], shape[1], shape[2]
			t.Run(fmt.Sprintf("%dx%dx%d", rows, out, in), func(t *testing.T) {
				r := newRand(uint64(rows*out + in))
				x, w := newGuarded(rows*in, 1), newGuarded(out*in, 3)
				normal(r, x.slice(), 1)
				normal(r, w.slice(), 1)
				y := newGuarded(rows*out, 2)
				m := Pack(pool, Float32, w.slice(), out, in)
				m.Mul(pool, y.slice(), x.slice(), rows, Epilogue{})
				y.check(t, "y")
				if rows == 0 {
					return
				}
				want := make([]float64, rows*out)
				gonum.Implementation{}.Dgemm(blas.NoTrans, blas.Trans, rows, out, in, 1, widen(x.slice()), in, widen(w.slice()), in, 0, want, out)
				want32 := make([]float32, rows*out)
				gonum.Implementation{}.Sgemm(blas.NoTrans, blas.Trans, rows, out, in, 1, x.slice(), in, w.slice(), in, 0, want32, out)
				// The error of a sum of n products of normal values grows with √n.
				tolerance := 1e-6 * (1 + math.Sqrt(float64(in)))
				for i, v := range y.slice() {
					if math.Abs(float64(v)-want[i]) > tolerance {
						t.Fatalf("y[%d] = %v, want %v", i, v, want[i])
					}
					if math.Abs(float64(v-want32[i])) > 2*tolerance {
						t.Fatalf("y[%d] = %v, want %v in float32", i, v, want32[i])
					}
				}
			})
		}
	})
}

func TestMulEpilogue(t *testing.T) {
	const rows = 17
	pool := NewPool(2)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for _, shape := range [][2]int{{32, 24}, {70, 24}, {70, 900}} {
			out, in := shape[0], shape[1]
			for act := None; act <= Tanh; act++ {
				for _, residual := range []string{"none", "other", "y"} {
					for _, withBias := range []bool{false, true} {
						t.Run(fmt.Sprintf("%dx%d, activation %d, residual %s, bias %t", out, in, act, residual, withBias), func(t *testing.T) {
							r := newRand(uint64(out))
							x := normal(r, make([]float32, rows*in), 1)
							w := normal(r, make([]float32, out*in), 1/math.Sqrt(float64(in)))
							y := newGuarded(rows*out, 1)
							normal(r, y.slice(), 1)
							ep := Epilogue{Activation: act}
							if withBias {
								ep.Bias = normal(r, make([]float32, out), 1)
							}
							switch residual {
							case "other":
								ep.Residual = normal(r, make([]float32, rows*out), 1)
							case "y":
								ep.Residual = y.slice()
							}
							want := make([]float64, rows*out)
							for i := range want {
								var sum float64
								for k := range in {
									sum += float64(x[i/out*in+k]) * float64(w[i%out*in+k])
								}
								if withBias {
									sum += float64(ep.Bias[i%out])
								}
								want[i] = exactActivation(sum, act)
								if ep.Residual != nil {
									want[i] += float64(ep.Residual[i])
								}
							}
							Pack(nil, Float32, w, out, in).Mul(pool, y.slice(), x, rows, ep)
							y.check(t, "y")
							for i, v := range y.slice() {
								if math.Abs(float64(v)-want[i]) > 1e-5 {
									t.Fatalf("y[%d] = %v, want %v", i, v, want[i])
								}
							}
						})
					}
				}
			}
		}
	})
}

// exactActivation is the formula in float64.
func exactActivation(x float64, a Activation) float64 {
	switch a {
	case GELU:
		return x * 0.5 * math.Erfc(-x/math.Sqrt2)
	case GELUTanh:
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case ReLU:
		return max(x, 0)
	case Tanh:
		return math.Tanh(x)
	}
	return x
}

// A row's result may not depend on the rows beside it or the number of threads:
// an answer must not depend on what else the server is asked.
func TestMulOfARowIsTheSameInEveryBatch(t *testing.T) {
	const rows = 45
	r := newRand(1)
	eachImplementation(t, func(t *testing.T) {
		for _, shape := range [][2]int{{96, 77}, {70, 1700}, {97, 1700}, {1100, 20}} {
			out, in := shape[0], shape[1]
			x := normal(r, make([]float32, rows*in), 1)
			w := normal(r, make([]float32, out*in), 1)
			for prec := Float32; prec <= Int8; prec++ {
				t.Run(fmt.Sprintf("%s %dx%d", prec, out, in), func(t *testing.T) {
					m := pack(nil, prec, w, out, in)
					testRowsAlone(t, m, x, rows)
				})
			}
		}
	})
}

func testRowsAlone(t *testing.T, m *Matrix, x []float32, rows int) {
	out, in := m.out, m.in
	batch := make([]float32, rows*out)
	m.Mul(nil, batch, x, rows, Epilogue{})
	// Few rows may take tiles of other kinds.
	const few = 16
	fewer := make([]float32, few*out)
	m.Mul(nil, fewer, x[:few*m.in], few, Epilogue{})
	for i, v := range fewer {
		if v != batch[i] {
			t.Fatalf("%d rows: y[%d] = %v, %d rows: %v", few, i, v, rows, batch[i])
		}
	}
	for _, threads := range []int{2, 3, 16} {
		pool := NewPool(threads)
		defer pool.Close()
		again := make([]float32, rows*out)
		m.Mul(pool, again, x, rows, Epilogue{})
		for i := range again {
			if again[i] != batch[i] {
				t.Fatalf("%d threads: y[%d] = %v, 1 thread: %v", threads, i, again[i], batch[i])
			}
		}
	}
	for row := range rows {
		alone := make([]float32, out)
		m.Mul(nil, alone, x[row*in:][:in], 1, Epilogue{})
		for j, v := range alone {
			if v != batch[row*out+j] {
				t.Fatalf("row %d alone: %v, in a batch: %v", row, v, batch[row*out+j])
			}
		}
	}
}

// Rows of whole pages are multiplied as other rows are: zeros after them do not
// change what they give.
func TestMulOfRowsThatCollide(t *testing.T) {
	// Two sections begin at the same inputs. A tile of two panels is in its place, and
	// the last one aside.
	const rows, out, in, longer = 30, 97, 1024, 1025
	r := newRand(1)
	x, w := normal(r, make([]float32, rows*in), 1), normal(r, make([]float32, out*in), 1)
	padded := func(values []float32) []float32 {
		y := make([]float32, len(values)/in*longer)
		for i := range len(values) / in {
			copy(y[i*longer:], values[i*in:][:in])
		}
		return y
	}
	pool := NewPool(2)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for prec := Float32; prec <= Int8; prec++ {
			y, want := make([]float32, rows*out), make([]float32, rows*out)
			pack(nil, prec, w, out, in).Mul(pool, y, x, rows, Epilogue{})
			pack(nil, prec, padded(w), out, longer).Mul(pool, want, padded(x), rows, Epilogue{})
			for i, v := range y {
				if v != want[i] {
					t.Fatalf("%s: y[%d] = %v, want %v", prec, i, v, want[i])
				}
			}
		}
	})
}

// The tiles of a section together fetch the next one from its first byte to its
// last, in whatever passes they are computed and however deep they are, and never
// begin outside of it.
func TestTilesFetchTheNextSection(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, in := range []int{1, 768, 900, 1024, 1025, 2048, 3072} {
			p := product{in: in, out: 3 * panelColumns}
			size := in * panelColumns
			panels := make([]float32, 3*size)
			for tiles := 1; tiles <= (chunkRows+twoPanelsRows-1)/twoPanelsRows; tiles++ {
				for _, n := range []int{1, 2, 4, 6} {
					cuts := p.cuts()
					testFetch(t, &p, panels, p.section(1, 0, cuts), p.section(2, cuts-1, cuts), tiles, n)
					testFetch(t, &p, panels, p.section(1, cuts-1, cuts), p.section(2, 0, cuts), tiles, n)
					testFetch(t, &p, panels, p.whole(1), p.section(2, cuts-1, cuts), tiles, n)
					for i := 1; i < cuts; i++ {
						testFetch(t, &p, panels, p.section(2, i-1, cuts), p.section(0, i, cuts), tiles, n)
					}
				}
			}
		}
	})
}

// Sections follow each other, have all inputs, and differ by one at most.
func TestSectionsAreEven(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for in := 1; in < 4000; in += 13 {
			p := product{in: in, out: panelColumns}
			cuts, end := p.cuts(), 0
			for i := range cuts {
				s := p.section(0, i, cuts)
				if s.first != end || s.depth() < in/cuts || s.depth() > in/cuts+1 || cuts > 1 && s.depth() > sectionInputs {
					t.Fatalf("%d inputs: section %d of %d is %+v, after %d", in, i, cuts, s, end)
				}
				end = s.end
			}
			if end != in {
				t.Fatalf("%d inputs: %d sections end at %d", in, cuts, end)
			}
		}
	})
}

// What fills up a panel for AMX is not fetched for tiles: they would have to fetch
// more than they can.
func TestOnlyWhatTilesReadIsFetched(t *testing.T) {
	const in = 312 // 78 steps, filled up to 80
	w := newInt8Weight(2, in)
	p := product{in: in, out: 2 * panelColumns, int8: &w}
	want := panelColumns * int8Step
	if !fetchesAhead {
		want = 0 // this build fetches nothing
	}
	_, bytes := fetchFrom(w.panels, p.fetchedBy(1, p.whole(1)).tile(0))
	if got := pace(bytes, w.steps); got != want {
		t.Errorf("a step fetches %d bytes, want %d", got, want)
	}
}

func testFetch(t *testing.T, p *product, panels []float32, s, next section, tiles, n int) {
	t.Helper()
	first := 4 * next.at(p.in*panelColumns)
	end, fetched := first+4*panelColumns*next.depth(), first
	if !fetchesAhead {
		end = first // this build fetches nothing
	}
	for i := range tiles {
		f := p.fetchedBy(tiles, next).tile(i)
		if f.n == 0 {
			continue
		}
		from, bytes := fetchFrom(panels, f)
		ahead := fetchInPasses(from, bytes, s.depth(), n)
		for pass := range n {
			from := int(uintptr(unsafe.Pointer(ahead.from(pass))) - uintptr(unsafe.Pointer(&panels[0])))
			switch {
			case from >= fetched+4: // whole values, and so within a cache line
				t.Fatalf("%+v, %d tiles, %d passes: nobody fetches bytes %d to %d", next, tiles, n, fetched-first, from-first)
			case from < first || from >= end:
				t.Fatalf("%+v, %d tiles, %d passes: tile %d begins at byte %d of %d", next, tiles, n, i, from-first, end-first)
			}
			fetched = max(fetched, from+s.depth()*ahead.pace)
		}
	}
	if fetched+4 <= end {
		t.Errorf("%+v, %d tiles, %d passes: fetched %d bytes of %d", next, tiles, n, fetched-first, end-first)
	}
}

func TestMulPassesNaNAndInfinityThrough(t *testing.T) {
	const rows, out, in = 15, 40, 9
	eachImplementation(t, func(t *testing.T) {
		for i, special := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.NaN(), math.Inf(1), math.Inf(-1), math.NaN(), math.Inf(1), math.Inf(-1)} {
			precision := []Precision{Float32, BFloat16, Float16}[i/3]
			x, w := make([]float32, rows*in), make([]float32, out*in)
			for i := range x {
				x[i] = 1
			}
			for i := range w {
				w[i] = 1
			}
			x[7*in+4] = float32(special)
			y := make([]float32, rows*out)
			pack(nil, precision, w, out, in).Mul(nil, y, x, rows, Epilogue{})
			for i, v := range y {
				want := float64(in)
				if i/out == 7 {
					want = special
				}
				if !sameKind(float64(v), want) || i/out != 7 && v != in {
					t.Fatalf("y[%d] = %v, want %v", i, v, want)
				}
			}
		}
	})
}

func TestMulAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	pool := NewPool(2)
	defer pool.Close()
	for _, in := range []int{256, 1024} { // rows of 1,024 collide
		m := Pack(nil, Float32, make([]float32, 256*in), 256, in)
		x, y, bias := make([]float32, 20*in), make([]float32, 20*256), make([]float32, 256)
		if n := testing.AllocsPerRun(50, func() {
			m.Mul(pool, y, x, 20, Epilogue{Bias: bias, Activation: GELU})
		}); n != 0 {
			t.Errorf("Mul of rows of %d allocates %v times, want 0", in, n)
		}
	}
}

// Rows that are made for a product do not collide, and reach as far as AMX reads.
func TestRowsForProductsAreApart(t *testing.T) {
	const line = 64
	for in := 1; in <= 4200; in++ {
		var bytes int8Rows
		bytes.resize(1, in)
		var halves roundedRows
		halves.resize(BFloat16, 1, in)
		for name, row := range map[string]struct{ distance, depth int }{
			"int8":     {bytes.ld, line * tileDepth((in+int8Step-1)/int8Step)},
			"bfloat16": {2 * halves.ld, line * tileDepth((in+bfloat16Step-1)/bfloat16Step)},
			"float32":  {4 * oddLines[float32](in), 4 * in},
		} {
			if row.distance%line != 0 || row.distance/line%2 == 0 || row.distance < row.depth {
				t.Fatalf("%s: rows of %d values are %d bytes apart, of which %d are read", name, in, row.distance, row.depth)
			}
		}
	}
}

func widen(x []float32) []float64 {
	wide := make([]float64, len(x))
	for i, v := range x {
		wide[i] = float64(v)
	}
	return wide
}

func BenchmarkMul(b *testing.B) {
	for _, shape := range [][3]int{{128, 768, 768}, {128, 3072, 768}, {128, 768, 3072}, {128, 512, 2048}, {128, 1536, 512}, {4096, 768, 768}, {16, 768, 768}, {16, 3072, 768}, {16, 256, 256}} {
		for prec := Float32; prec <= Int8; prec++ {
			if !Supported(prec) {
				continue
			}
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%dx%dx%d/%s/threads=%d", shape[0], shape[1], shape[2], prec, threads), func(b *testing.B) {
					rows, out, in := shape[0], shape[1], shape[2]
					pool := NewPool(threads)
					defer pool.Close()
					x, y, w := make([]float32, rows*in), make([]float32, rows*out), make([]float32, out*in)
					m := Pack(pool, prec, w, out, in)
					for b.Loop() {
						m.Mul(pool, y, x, rows, Epilogue{})
					}
					b.ReportMetric(2*float64(rows)*float64(out)*float64(in)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}
