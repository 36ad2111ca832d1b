package kernels

import "testing"

func TestPeakIsMeasuredOnEveryThread(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	if Peak(nil, Float32) == 0 {
		t.Skip("this build has no loop to measure")
	}
	// How fast is not asked: the machine may be doing other things.
	if two := Peak(pool, Float32); two <= 0 {
		t.Errorf("Peak on 2 threads = %v, want a rate", two)
	}
}
