//go:build !purego

package kernels

import "testing"

// More of x than stays in the cache, in more panels than one call computes. The
// integers are those of VNNI, and what becomes of them is, too.
func TestAMXInChunksAndCalls(t *testing.T) {
	if !useAMX {
		t.Skip("this processor has no AMX")
	}
	for _, shape := range [][3]int{{65, 3, 16400}, {520, 300, 70}} {
		rows, out, in := shape[0], shape[1], shape[2]
		r := newRand(5)
		x := normal(r, make([]float32, rows*in), 1)
		m := Pack(nil, Int8, normal(r, make([]float32, out*in), 1), out, in)
		ep := Epilogue{Bias: normal(r, make([]float32, out), 1), Activation: GELU}
		got, want := make([]float32, rows*out), make([]float32, rows*out)
		m.Mul(nil, got, x, rows, ep)
		turnOff(t)
		useAVX2, useAVX512, useVNNI = true, true, true
		m.Mul(nil, want, x, rows, ep)
		useAMX = true
		for i, v := range got {
			if v != want[i] {
				t.Fatalf("%v: y[%d][%d] = %v, want %v", shape, i/out, i%out, v, want[i])
			}
		}
	}
}

func TestAutoIsBFloat16WithAMX(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		want := Float32
		if useAMX {
			want = BFloat16
		}
		if got := Auto(); got != want {
			t.Errorf("Auto() = %v, want %v", got, want)
		}
	})
}
