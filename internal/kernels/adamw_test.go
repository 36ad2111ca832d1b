package kernels

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

func TestAdamW(t *testing.T) {
	a := AdamW{Keep: 0.99, StepSize: 0.02, PerRoot: 3, Epsilon: 1e-6, TakeMean: 0.1, KeepSquare: 0.9, TakeSquare: 0.1, Scale: 0.5}
	eachImplementation(t, func(t *testing.T) {
		r := newRand(8)
		for n := range 131 {
			for offset := range 4 {
				p, m, v := newGuarded(n, offset), newGuarded(n, 3-offset), newGuarded(n, offset)
				g := normal(r, make([]float32, n), 1)
				normal(r, p.slice(), 1)
				normal(r, m.slice(), 0.1)
				for i := range normal(r, v.slice(), 1) {
					v.slice()[i] *= v.slice()[i]
				}
				wantP, wantM, wantV := widen(p.slice()), widen(m.slice()), widen(v.slice())
				for i := range wantP {
					gradient := float64(a.Scale) * float64(g[i])
					wantM[i] += float64(a.TakeMean) * (gradient - wantM[i])
					wantV[i] = float64(a.KeepSquare)*wantV[i] + float64(a.TakeSquare)*gradient*gradient
					wantP[i] = float64(a.Keep)*wantP[i] - float64(a.StepSize)*wantM[i]/(math.Sqrt(wantV[i])*float64(a.PerRoot)+float64(a.Epsilon))
				}
				a.Step(p.slice(), g, m.slice(), v.slice())
				const tolerance = 5e-7 // some roundings of values around 1
				for name, s := range map[string]guarded{"p": p, "m": m, "v": v} {
					s.check(t, name)
				}
				name := fmt.Sprintf("%d values: ", n)
				checkNear(t, name+"p", p.slice(), wantP, tolerance)
				checkNear(t, name+"m", m.slice(), wantM, tolerance)
				checkNear(t, name+"v", v.slice(), wantV, tolerance)
			}
		}
	})
}

// The assembly reads the fields as an array.
func TestAdamWIsAnArray(t *testing.T) {
	if size := unsafe.Sizeof(AdamW{}); size != 8*4 {
		t.Errorf("AdamW takes %d bytes, want 8 float32", size)
	}
}

func TestAdamWPassesNaNAndInfinityThrough(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		a := AdamW{Keep: 1, StepSize: 1, PerRoot: 1, Epsilon: 1e-6, TakeMean: 0.1, KeepSquare: 0.9, TakeSquare: 0.1, Scale: 1}
		for _, special := range []float64{math.NaN(), math.Inf(1)} {
			p, g, m, v := make([]float32, 20), make([]float32, 20), make([]float32, 20), make([]float32, 20)
			g[19] = float32(special)
			a.Step(p, g, m, v)
			if !sameKind(float64(m[19]), special) || !sameKind(float64(v[19]), special) || !math.IsNaN(float64(p[19])) {
				t.Errorf("gradient %v: p %v, m %v, v %v", special, p[19], m[19], v[19])
			}
			if p[18] != 0 {
				t.Errorf("gradient 0: p %v", p[18])
			}
		}
	})
}

func TestAdamWPanicsOnWrongLengths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	AdamW{}.Step(make([]float32, 3), make([]float32, 3), make([]float32, 2), make([]float32, 3))
}

func BenchmarkAdamW(b *testing.B) {
	const n = 1 << 15
	r := newRand(1)
	p, g, m, v := normal(r, make([]float32, n), 1), normal(r, make([]float32, n), 1), make([]float32, n), make([]float32, n)
	a := AdamW{Keep: 1, StepSize: 1e-3, PerRoot: 1, Epsilon: 1e-6, TakeMean: 0.1, KeepSquare: 0.999, TakeSquare: 0.001, Scale: 1}
	b.SetBytes(4 * 4 * n)
	for b.Loop() {
		a.Step(p, g, m, v)
	}
}
