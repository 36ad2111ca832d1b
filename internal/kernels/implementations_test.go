package kernels

import (
	"math"
	"math/rand/v2"
	"testing"
)

// implementation is one of the ways that the package can compute on some
// processor, chosen by a package variable.
type implementation struct {
	name      string
	use       *bool
	available bool
}

// eachImplementation runs a test with each implementation that this processor
// has, the others turned off, and last with Go alone.
func eachImplementation(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	for _, impl := range implementations {
		t.Run(impl.name, func(t *testing.T) {
			if !impl.available {
				t.Skipf("this processor has no %s", impl.name)
			}
			turnOff(t)
			for _, wider := range implementations {
				*wider.use = wider.available
				if wider.name == impl.name {
					break
				}
			}
			test(t)
		})
	}
	t.Run("Go", func(t *testing.T) {
		turnOff(t)
		test(t)
	})
}

// turnOff leaves Go alone until the test ends.
func turnOff(tb testing.TB) {
	tb.Helper()
	for _, impl := range implementations {
		before := *impl.use
		tb.Cleanup(func() { *impl.use = before })
		*impl.use = false
	}
}

// guarded is a slice between guards that show whether anybody wrote outside of
// it.
type guarded struct {
	whole  []float32
	before int
	n      int
}

const (
	guardLength = 40
	guardValue  = -12345.625
)

// newGuarded makes a slice of length n that starts offset floats later than it
// would in memory aligned by the allocator.
func newGuarded(n, offset int) guarded {
	g := guarded{whole: make([]float32, n+2*guardLength+offset), before: guardLength + offset, n: n}
	for i := range g.whole {
		g.whole[i] = guardValue
	}
	return g
}

func (g guarded) slice() []float32 { return g.whole[g.before : g.before+g.n : g.before+g.n] }

func (g guarded) check(tb testing.TB, name string) {
	tb.Helper()
	for i, v := range g.whole {
		if (i < g.before || i >= g.before+g.n) && v != guardValue {
			tb.Errorf("%s: wrote %v at %d of %d", name, v, i-g.before, g.n)
		}
	}
}

// normal fills a slice with normally distributed values.
func normal(r *rand.Rand, x []float32, scale float64) []float32 {
	for i := range x {
		x[i] = float32(r.NormFloat64() * scale)
	}
	return x
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

// sameKind says whether both are NaN, or the same infinity, or finite.
func sameKind(a, b float64) bool {
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		return math.IsNaN(a) && math.IsNaN(b)
	case math.IsInf(a, 0) || math.IsInf(b, 0):
		return a == b
	}
	return true
}
