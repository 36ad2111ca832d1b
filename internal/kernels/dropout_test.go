package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestDropout(t *testing.T) {
	const n = 1 << 16
	ones := slices.Repeat([]float32{1}, n)
	masks := map[string][]float32{}
	for _, tt := range []struct {
		name   string
		stream uint64
		site   int
		share  float64
	}{
		{"share 0.1", 1, 0, 0.1},
		{"share 0.5", 1, 1, 0.5},
		{"other site", 1, 2, 0.5},
		{"other stream", 2, 1, 0.5},
		{"next stream, previous site", 2, 0, 0.5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := NewDropout(tt.stream, tt.site, tt.share)
			got := make([]float32, n)
			d.Apply(got, ones, 0)
			masks[tt.name] = got
			dropped, repeated := 0, 0
			for i, v := range got {
				switch v {
				case 0:
					dropped++
					if i >= 1 && got[i-1] == 0 {
						repeated++
					}
				case d.scale:
				default:
					t.Fatalf("1 became %v, want 0 or %v", v, d.scale)
				}
			}
			// Five deviations of a binomial distribution.
			within := func(what string, count int, share float64) {
				t.Helper()
				if math.Abs(float64(count)-share*n) > 5*math.Sqrt(share*n) {
					t.Errorf("%s: %d of %d, want a share of %v", what, count, n, share)
				}
			}
			within("dropped", dropped, tt.share)
			within("dropped two in a row", repeated, tt.share*tt.share)
			if mean := float64(d.scale) * (1 - float64(dropped)/n); math.Abs(mean-1) > 0.02 {
				t.Errorf("mean is %v, want 1", mean)
			}
		})
	}
	// Two masks at one half agree on half of the values.
	for _, other := range []string{"other site", "other stream", "next stream, previous site"} {
		same := 0
		for i, v := range masks["share 0.5"] {
			if v == masks[other][i] {
				same++
			}
		}
		if math.Abs(float64(same)-n/2) > 5*math.Sqrt(n/2) {
			t.Errorf("masks of %s agree on %d of %d values", other, same, n)
		}
	}
}

// A share that rounds to all is almost all, and not none.
func TestDropoutOfAlmostAll(t *testing.T) {
	d := NewDropout(1, 1, 1-1e-9)
	if !d.Active() || d.threshold != 1<<16-1 {
		t.Errorf("threshold %d", d.threshold)
	}
}

// SplitMix64's published numbers for the seed 0 (Vigna, splitmix64.c).
func TestMix(t *testing.T) {
	var state uint64
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f} {
		if got := mix(state); got != want {
			t.Errorf("number %d is %#x, want %#x", i, got, want)
		}
		state += hashIncrement
	}
}

// Every implementation, and every way to cut the values, gives the same bits.
func TestDropoutOfParts(t *testing.T) {
	r := newRand(5)
	d := NewDropout(3, 4, 0.4)
	for n := range 131 {
		x, residual := normal(r, make([]float32, n), 1), normal(r, make([]float32, n), 1)
		if n > 5 {
			x[2], x[3], residual[5] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))
		}
		const first = 1000
		want, added := make([]float32, n), make([]float32, n)
		for i := range x {
			// the formula, value by value
			d.run(want, x, nil, i, i+1, first)
			added[i] = want[i] + residual[i]
		}
		eachImplementation(t, func(t *testing.T) {
			for offset := range 4 {
				name := fmt.Sprintf("%d values, cut at %d", n, offset)
				cut := min(offset, n)
				y := newGuarded(n, offset)
				d.Apply(y.slice()[:cut], x[:cut], first)
				d.Apply(y.slice()[cut:], x[cut:], first+cut)
				y.check(t, name)
				checkSameBits(t, name, y.slice(), want)

				d.ApplyAndAdd(y.slice()[:cut], x[:cut], residual[:cut], first)
				d.ApplyAndAdd(y.slice()[cut:], x[cut:], residual[cut:], first+cut)
				y.check(t, name)
				checkSameBits(t, name+", with residual", y.slice(), added)

				copy(y.slice(), x)
				d.ApplyAndAdd(y.slice(), y.slice(), residual, first)
				checkSameBits(t, name+", in place of x", y.slice(), added)
				copy(y.slice(), residual)
				d.ApplyAndAdd(y.slice(), x, y.slice(), first)
				checkSameBits(t, name+", in place of the residual", y.slice(), added)
			}
		})
	}
}

func checkSameBits(tb testing.TB, name string, got, want []float32) {
	tb.Helper()
	for i, v := range got {
		if v != want[i] && sameKind(float64(v), 0) || !sameKind(float64(v), float64(want[i])) {
			tb.Fatalf("%s: value %d is %v, want %v", name, i, v, want[i])
		}
	}
}

func TestNoDropout(t *testing.T) {
	for name, d := range map[string]Dropout{"share 0": NewDropout(1, 2, 0), "zero value": {}} {
		if d.Active() {
			t.Errorf("%s: active", name)
		}
		x := normal(newRand(6), make([]float32, 70), 1)
		y := make([]float32, len(x))
		d.Apply(y, x, 3)
		if !slices.Equal(y, x) {
			t.Errorf("%s: %v became %v", name, x, y)
		}
	}
}

func BenchmarkDropout(b *testing.B) {
	x := normal(newRand(1), make([]float32, 1<<14), 1)
	d := NewDropout(1, 2, 0.1)
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		d.ApplyAndAdd(x, x, x, 0)
	}
}
