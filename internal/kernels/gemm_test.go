package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// gemmSizes are m, n and k: ones, below and above tiles, panels and depths.
var gemmSizes = [][3]int{
	{1, 1, 1},
	{3, 5, 7},
	{14, 32, 16},
	{15, 33, 17},
	{64, 20, 64},
	{29, 65, 31},
	{2, 3, maxDepth + 1},
	{40, 70, 2*maxDepth + 5},
	{200, 96, 130},
	{30, 20, 1024}, // rows of a that are a page apart
}

func TestGemm(t *testing.T) {
	eachGemm(t, testGemm)
}

// eachGemm runs a test with each implementation and precision of the products of
// training.
func eachGemm(t *testing.T, test func(t *testing.T, prec Precision)) {
	t.Helper()
	eachImplementation(t, func(t *testing.T) {
		for _, prec := range []Precision{Float32, BFloat16} {
			t.Run(prec.String(), func(t *testing.T) { test(t, prec) })
		}
	})
}

// operandsOf are values as products of a precision see them.
func operandsOf(x []float32, prec Precision) []float32 {
	x = slices.Clone(x)
	if prec == BFloat16 {
		roundFloats(x)
	}
	return x
}

func testGemm(t *testing.T, prec Precision) {
	for _, threads := range []int{1, 3} {
		pool := NewPool(threads)
		defer pool.Close()
		for _, size := range gemmSizes {
			m, n, k := size[0], size[1], size[2]
			t.Run(fmt.Sprintf("%dx%dx%d on %d threads", m, n, k, threads), func(t *testing.T) {
				random := rand.New(rand.NewPCG(1, uint64(m*n*k)))
				a, b := amongNaN(randomMatrix(random, m, k)), amongNaN(randomMatrix(random, n, k))
				bias, c := amongNaN(randomMatrix(random, 1, n)), randomMatrix(random, m, n)
				aT, bT := amongNaN(transposed(a, m, k)), amongNaN(transposed(b, n, k))
				beforeA, beforeB := slices.Clone(a), slices.Clone(b)
				roundedA, roundedB := operandsOf(a, prec), operandsOf(b, prec)
				product := func(i, j int) (sum float64) {
					for p := range k {
						sum += float64(roundedA[i*k+p]) * float64(roundedB[j*k+p])
					}
					return sum
				}
				for _, tt := range []struct {
					name string
					mul  func(c []float32)
					want func(product float64, i, j int) float64
				}{
					{
						"nt", func(c []float32) { MulNT(pool, prec, c, a, b, m, n, k, Epilogue{}) },
						func(p float64, _, _ int) float64 { return p },
					},
					{
						"nt bias and residual", func(c []float32) { MulNT(pool, prec, c, a, b, m, n, k, Epilogue{Bias: bias, Residual: c}) },
						func(p float64, i, j int) float64 { return p + float64(bias[j]) + float64(c[i*n+j]) },
					},
					{
						"nt activation", func(c []float32) { MulNT(pool, prec, c, a, b, m, n, k, Epilogue{Bias: bias, Activation: ReLU}) },
						func(p float64, _, j int) float64 { return max(0, p+float64(bias[j])) },
					},
					{
						"nn", func(c []float32) { MulNN(pool, prec, c, a, bT, m, n, k, false) },
						func(p float64, _, _ int) float64 { return p },
					},
					{
						"nn add", func(c []float32) { MulNN(pool, prec, c, a, bT, m, n, k, true) },
						func(p float64, i, j int) float64 { return p + float64(c[i*n+j]) },
					},
					{
						"tn", func(c []float32) { MulTN(pool, prec, c, nil, aT, bT, m, n, k, false) },
						func(p float64, _, _ int) float64 { return p },
					},
					{
						"tn add", func(c []float32) { MulTN(pool, prec, c, nil, aT, bT, m, n, k, true) },
						func(p float64, i, j int) float64 { return p + float64(c[i*n+j]) },
					},
				} {
					guard := newGuarded(m*n, 1)
					got := guard.slice()
					copy(got, c)
					tt.mul(got)
					guard.check(t, tt.name)
					for i := range m {
						for j := range n {
							want := tt.want(product(i, j), i, j)
							// The summands are at most 1: rounding grows with their number.
							if diff := math.Abs(float64(got[i*n+j]) - want); !(diff <= 1e-6*float64(k+4)) {
								t.Fatalf("%s: c[%d][%d] = %v, want %v", tt.name, i, j, got[i*n+j], want)
							}
						}
					}
				}
				checkSameBits(t, "a", a, beforeA) // only copies are rounded
				checkSameBits(t, "b", b, beforeB)
			})
		}
	}
}

func TestMulNTWithSlope(t *testing.T) {
	eachGemm(t, func(t *testing.T, prec Precision) {
		pool := NewPool(3)
		defer pool.Close()
		for _, size := range gemmSizes {
			m, n, k := size[0], size[1], size[2]
			random := rand.New(rand.NewPCG(3, uint64(m*n*k)))
			a, b, bias := randomMatrix(random, m, k), randomMatrix(random, n, k), randomMatrix(random, 1, n)
			want, wantSlope := make([]float32, m*n), make([]float32, m*n)
			MulNT(nil, prec, want, a, b, m, n, k, Epilogue{Bias: bias})
			activateWithSlope(&want[0], &wantSlope[0], n, m, n, GELU)
			c, slope := newGuarded(m*n, 1), newGuarded(m*n, 2)
			MulNTWithSlope(pool, prec, c.slice(), slope.slice(), a, b, bias, m, n, k, GELU)
			c.check(t, "c")
			slope.check(t, "slope")
			checkSameBits(t, "c", c.slice(), want)
			checkSameBits(t, "slope", slope.slice(), wantSlope)

			product, factor := make([]float32, m*n), randomMatrix(random, m, n)
			MulNN(nil, prec, product, a, transposed(b, n, k), m, n, k, false)
			Multiply(product, factor)
			MulNNTimes(pool, prec, c.slice(), a, transposed(b, n, k), factor, m, n, k)
			c.check(t, "product")
			checkSameBits(t, "product", c.slice(), product)
		}
	})
}

func TestMulTNSums(t *testing.T) {
	eachGemm(t, func(t *testing.T, prec Precision) {
		for _, size := range gemmSizes {
			m, n, k := size[0], size[1], size[2]
			random := rand.New(rand.NewPCG(2, uint64(m*n*k)))
			a, b := randomMatrix(random, k, m), randomMatrix(random, k, n)
			sums := newGuarded(m, 1)
			copy(sums.slice(), randomMatrix(random, 1, m))
			before := slices.Clone(sums.slice())
			MulTN(nil, prec, make([]float32, m*n), sums.slice(), a, b, m, n, k, false)
			sums.check(t, "sums")
			for i, got := range sums.slice() {
				want := float64(before[i])
				for p := range k {
					want += float64(a[p*m+i])
				}
				if diff := math.Abs(float64(got) - want); !(diff <= 1e-6*float64(k+4)) {
					t.Fatalf("%dx%dx%d: sum %d = %v, want %v", m, n, k, i, got, want)
				}
			}
		}
	})
}

func TestTransposeStaysInside(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, size := range [][4]int{{1, 8, 8, 8}, {2, 16, 17, 24}, {3, 40, 29, 43}} {
			octets, depth, ldy, ldx := size[0], size[1], max(size[2], 8*size[0]), max(size[3], size[1])
			random := newRand(uint64(depth))
			y := newGuarded((depth-1)*ldy+8*octets, 3)
			fill(y.slice(), guardValue) // between the rows as well
			x := normal(random, make([]float32, 8*octets*ldx), 1)
			transpose(&y.slice()[0], ldy, &x[0], ldx, octets, depth)
			y.check(t, "transpose")
			for i, got := range y.slice() {
				want := float32(guardValue)
				if row, column := i/ldy, i%ldy; column < 8*octets {
					want = x[column*ldx+row]
				}
				if got != want {
					t.Fatalf("%v: value %d is %v, want %v", size, i, got, want)
				}
			}
		}
	})
}

// amongNaN is a copy of x with NaN before and after it: what is read outside must
// not count.
func amongNaN(x []float32) []float32 {
	g := newGuarded(len(x), 1)
	fill(g.whole, float32(math.NaN()))
	copy(g.slice(), x)
	return g.slice()
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

func randomMatrix(random *rand.Rand, rows, cols int) []float32 {
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = 2*random.Float32() - 1
	}
	return values
}

func transposed(a []float32, rows, cols int) []float32 {
	t := make([]float32, len(a))
	for i := range rows {
		for j := range cols {
			t[j*rows+i] = a[i*cols+j]
		}
	}
	return t
}

// What is not a number, or infinite, spoils the results that it belongs to and no
// others, whatever is beside it.
func TestGemmKeepsNaN(t *testing.T) {
	eachGemm(t, func(t *testing.T, prec Precision) {
		const m, n, k = 15, 33, 7
		nan, inf := float32(math.NaN()), float32(math.Inf(-1))
		for name, mul := range map[string]func(c, a, b []float32){
			"nt": func(c, a, b []float32) { MulNT(nil, prec, c, a, b, m, n, k, Epilogue{}) },
			"nn": func(c, a, b []float32) { MulNN(nil, prec, c, a, transposed(b, n, k), m, n, k, false) },
			"tn": func(c, a, b []float32) {
				MulTN(nil, prec, c, nil, transposed(a, m, k), transposed(b, n, k), m, n, k, false)
			},
		} {
			a, b, c := make([]float32, m*k), make([]float32, n*k), newGuarded(m*n, 1)
			fill(a, 1)
			fill(b, 1)
			a[3*k+k-1], b[32*k+k-1], b[5*k] = nan, inf, math.MaxFloat32
			mul(c.slice(), a, b)
			c.check(t, name)
			for i, got := range c.slice() {
				want := float64(k)
				switch row, column := i/n, i%n; {
				case row == 3:
					want = math.NaN()
				case column == 32:
					want = math.Inf(-1)
				case column == 5:
					want = math.MaxFloat32
					if prec == BFloat16 {
						want = math.Inf(1) // the nearest
					}
				}
				if !sameKind(float64(got), want) || !math.IsNaN(want) && !math.IsInf(want, 0) && float64(got) != want {
					t.Fatalf("%s: c[%d][%d] = %v, want %v", name, i/n, i%n, got, want)
				}
			}
		}
	})
}

func TestGemmAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops what sync.Pool holds")
	}
	pool := NewPool(2)
	defer pool.Close()
	eachGemm(t, func(t *testing.T, prec Precision) {
		const m, n, k = 40, 70, 33
		a, b, c, sums := make([]float32, m*k), make([]float32, n*k), make([]float32, m*n), make([]float32, m)
		if n := testing.AllocsPerRun(50, func() {
			MulNT(pool, prec, c, a, b, m, n, k, Epilogue{})
			MulNN(pool, prec, c, a, b, m, n, k, true)
			MulTN(pool, prec, c, sums, a, b, m, n, k, true)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestGemmPanicsOnWrongLengths(t *testing.T) {
	for name, mul := range map[string]func(){
		"a": func() {
			MulNN(nil, Float32, make([]float32, 6), make([]float32, 7), make([]float32, 12), 2, 3, 4, false)
		},
		"b": func() {
			MulTN(nil, Float32, make([]float32, 6), nil, make([]float32, 8), make([]float32, 11), 2, 3, 4, false)
		},
		"c": func() {
			MulNN(nil, Float32, make([]float32, 5), make([]float32, 8), make([]float32, 12), 2, 3, 4, false)
		},
		"sums": func() {
			MulTN(nil, Float32, make([]float32, 6), make([]float32, 3), make([]float32, 8), make([]float32, 12), 2, 3, 4, false)
		},
		"slope": func() {
			MulNTWithSlope(nil, Float32, make([]float32, 6), make([]float32, 5), make([]float32, 8), make([]float32, 12), nil, 2, 3, 4, GELU)
		},
		"factor": func() {
			MulNNTimes(nil, Float32, make([]float32, 6), make([]float32, 8), make([]float32, 12), make([]float32, 7), 2, 3, 4)
		},
		"residual": func() {
			MulNT(nil, Float32, make([]float32, 6), make([]float32, 8), make([]float32, 12), 2, 3, 4, Epilogue{Residual: make([]float32, 5)})
		},
		"precision": func() {
			MulNT(nil, Int8, make([]float32, 6), make([]float32, 8), make([]float32, 12), 2, 3, 4, Epilogue{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			mul()
		})
	}
}

func BenchmarkGemm(b *testing.B) {
	pool := NewPool(0)
	defer pool.Close()
	for _, size := range [][3]int{{4096, 1152, 384}, {4096, 1536, 384}, {4096, 384, 1536}, {128, 64, 128}} {
		m, n, k := size[0], size[1], size[2]
		random := rand.New(rand.NewPCG(1, 2))
		x, w, y := randomMatrix(random, m, k), randomMatrix(random, n, k), randomMatrix(random, m, n)
		for _, prec := range []Precision{Float32, BFloat16} {
			for _, tt := range []struct {
				name string
				mul  func()
			}{
				{"NT", func() { MulNT(pool, prec, y, x, w, m, n, k, Epilogue{}) }},
				{"NN", func() { MulNN(pool, prec, x, y, w, m, k, n, false) }},
				{"TN", func() { MulTN(pool, prec, w, nil, y, x, n, k, m, true) }},
			} {
				b.Run(fmt.Sprintf("%s/%s/%dx%dx%d", tt.name, prec, m, n, k), func(b *testing.B) {
					for b.Loop() {
						tt.mul()
					}
					b.ReportMetric(2*float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
		}
	}
}
