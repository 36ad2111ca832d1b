package bert

import (
	"math"
	"slices"
	"testing"
)

func TestDropout(t *testing.T) {
	const n = 1 << 16
	ones := make([]float32, n)
	for i := range ones {
		ones[i] = 1
	}
	masks := map[string][]float32{}
	for _, tt := range []struct {
		name   string
		stream uint64
		site   dropoutSite
	}{
		{"share 0.1", 1, dropoutSite{0, 0.1}},
		{"share 0.5", 1, dropoutSite{1, 0.5}},
		{"other site", 1, dropoutSite{2, 0.5}},
		{"other stream", 2, dropoutSite{1, 0.5}},
		{"next stream, previous site", 2, dropoutSite{0, 0.5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDropout(tt.stream, tt.site)
			got := make([]float32, n)
			d.apply(got, ones, 0)
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
			within("dropped", dropped, tt.site.share)
			within("dropped two in a row", repeated, tt.site.share*tt.site.share)
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

// A part of the values has the mask that it has within the whole.
func TestDropoutOfParts(t *testing.T) {
	d := newDropout(3, dropoutSite{4, 0.4})
	x := make([]float32, 97)
	for i := range x {
		x[i] = float32(i + 1)
	}
	want := make([]float32, len(x))
	d.apply(want, x, 1000)
	for size := 1; size <= 9; size++ {
		got := make([]float32, len(x))
		for first := 0; first < len(x); first += size {
			last := min(first+size, len(x))
			d.apply(got[first:last], x[first:last], 1000+first)
		}
		if !slices.Equal(got, want) {
			t.Errorf("in parts of %d: %v, want %v", size, got, want)
		}
	}
}

func TestNoDropout(t *testing.T) {
	if newDropout(1, dropoutSite{1, 0}).active() {
		t.Error("a share of 0 drops")
	}
	if ws := new(Workspace); ws.dropout(dropoutSite{1, 0.5}).active() {
		t.Error("a serving workspace drops")
	}
}
