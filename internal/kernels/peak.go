package kernels

import (
	"sync"
	"time"
)

// Peak is how many operations of a precision's multiply-adds the pool's
// threads can do together in a second, as measured in loops that touch nothing
// but registers; a multiply-add is two. It is 0 where there is no such loop. It
// takes a tenth of a second.
func Peak(pool *Pool, prec Precision) float64 {
	loop, operations := peakLoop(prec)
	if loop == nil {
		return 0
	}
	const rounds = 5
	best := 0.0
	for range rounds {
		t := &peakTask{loop: loop, operations: operations}
		pool.Run(pool.Threads(), t)
		best = max(best, t.rate)
	}
	return best
}

// peakTask measures one thread in each part; all run at the same time.
type peakTask struct {
	loop       func(n int)
	operations float64 // of a turn of the loop

	mu   sync.Mutex
	rate float64 // of all threads, operations a second
}

// Do implements Task.
func (t *peakTask) Do(_, _ int) {
	const (
		turns   = 10_000
		atLeast = 20 * time.Millisecond
	)
	start, done := time.Now(), 0
	for time.Since(start) < atLeast {
		t.loop(turns)
		done += turns
	}
	rate := float64(done) * t.operations / time.Since(start).Seconds()
	t.mu.Lock()
	t.rate += rate
	t.mu.Unlock()
}
