package kernels

import "testing"

func TestPeakGrowsWithThreads(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	one, two := Peak(nil, Float32), Peak(pool, Float32)
	if one == 0 {
		t.Skip("this build has no loop to measure")
	}
	t.Logf("1 thread: %.0f GFLOP/s, 2 threads: %.0f", one/1e9, two/1e9)
	if one < 1e9 || two < 0.5*one {
		t.Errorf("1 thread: %v, 2 threads: %v", one, two)
	}
}
