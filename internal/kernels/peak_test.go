package kernels

import "testing"

func TestPeakIsMeasuredOnEveryThread(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	eachImplementation(t, func(t *testing.T) {
		for prec := Float32; prec <= Int8; prec++ {
			if loop, _ := peakLoop(prec); loop == nil {
				t.Logf("no loop measures %s here", prec)
				continue
			}
			// How fast is not asked: the machine may be doing other things.
			if two := Peak(pool, prec); two <= 0 {
				t.Errorf("Peak of %s on 2 threads = %v, want a rate", prec, two)
			}
		}
	})
}
