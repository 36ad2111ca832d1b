package kernels

import (
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// count counts how often each part was done, and checks the worker.
type count struct {
	tb      testing.TB
	threads int
	times   []atomic.Int32
	inUse   []atomic.Bool
}

func newCount(tb testing.TB, threads, n int) *count {
	tb.Helper()
	return &count{tb: tb, threads: threads, times: make([]atomic.Int32, n), inUse: make([]atomic.Bool, threads)}
}

func (c *count) Do(worker, i int) {
	if worker < 0 || worker >= c.threads || c.inUse[worker].Swap(true) {
		c.tb.Errorf("worker %d of %d has two parts", worker, c.threads)
	}
	c.times[i].Add(1)
	if i%3 == 0 {
		runtime.Gosched()
	}
	c.inUse[worker].Store(false)
}

func (c *count) check() {
	c.tb.Helper()
	for i := range c.times {
		if n := c.times[i].Load(); n != 1 {
			c.tb.Fatalf("part %d of %d was done %d times", i, len(c.times), n)
		}
	}
}

func TestPoolDoesEveryPartOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		pool := NewPool(threads)
		if got := pool.Threads(); got != threads {
			t.Errorf("Threads() = %d, want %d", got, threads)
		}
		for round := range 300 {
			c := newCount(t, threads, round%23)
			pool.Run(round%23, c)
			c.check()
			if round%100 == 50 {
				time.Sleep(3 * spinTime) // the workers fall asleep
			}
		}
		pool.Close()
		pool.Close()
		c := newCount(t, threads, 5)
		pool.Run(5, c)
		c.check()
	}
	var none *Pool
	c := newCount(t, 1, 5)
	none.Run(5, c)
	c.check()
	none.Close()
}

// Who has done its own parts takes those of who is held up.
func TestPoolTakesPartsOfOthers(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	const n = 9
	var done atomic.Int32
	others := make(chan struct{})
	pool.Run(n, taskFunc(func(_, i int) {
		if i == 0 {
			<-others
			return
		}
		if done.Add(1) == n-1 {
			close(others)
		}
	}))
}

// A worker takes its parts from the front, as what it fetches for later ones expects,
// and others take them from the end.
func TestWorkersTakeTheFirstPart(t *testing.T) {
	w := new(worker)
	w.parts.Store(parts(3, 6))
	for i, take := range []func() (int, bool){w.takeFirst, w.takeLast, w.takeFirst} {
		if got, ok := take(); !ok || got != []int{3, 5, 4}[i] {
			t.Errorf("part %d, %t was taken, want %d", got, ok, []int{3, 5, 4}[i])
		}
	}
	for _, take := range []func() (int, bool){w.takeFirst, w.takeLast} {
		if got, ok := take(); ok {
			t.Errorf("took part %d of none", got)
		}
	}
}

// The counters of parts wrap around after 2³² parts.
func TestPoolCountersWrap(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	pool.begun = math.MaxUint32 - 10
	pool.finished.Store(pool.begun)
	for range 5 {
		c := newCount(t, 2, 7)
		pool.Run(7, c)
		c.check()
	}
}

// A pool keeps no task alive that it has done.
func TestPoolForgetsTasks(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	pool.Run(7, newCount(t, 3, 7))
	for i, w := range pool.workers {
		if w.task != nil {
			t.Errorf("worker %d still has its task", i)
		}
	}
}

func TestPoolOfSeveralCallers(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for round := range 200 {
				c := newCount(t, 3, 1+round%17)
				pool.Run(len(c.times), c)
				c.check()
			}
		})
	}
	callers.Wait()
}

// Whoever runs when the pool is closed, in the middle of a part or about to begin,
// has every part done all the same.
func TestPoolClosesWhileOthersRun(t *testing.T) {
	for threads := 2; threads <= 4; threads++ {
		for range 30 {
			pool := NewPool(threads)
			running, closed := make(chan struct{}), make(chan struct{})
			var callers sync.WaitGroup
			for caller := range 4 {
				callers.Go(func() {
					for round := range 20 {
						c := newCount(t, threads, 1+(caller+round)%17)
						pool.Run(len(c.times), c)
						c.check()
					}
				})
			}
			callers.Go(func() {
				c := newCount(t, threads, 17)
				pool.Run(17, taskFunc(func(worker, i int) {
					if i == 0 {
						close(running)
						<-closed
					}
					c.Do(worker, i)
				}))
				c.check()
			})
			<-running
			pool.Close()
			close(closed)
			callers.Wait()
		}
	}
}

type taskFunc func(worker, i int)

func (f taskFunc) Do(worker, i int) { f(worker, i) }

func TestPoolRunsNested(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	var parts atomic.Int32
	pool.Run(6, taskFunc(func(_, _ int) {
		pool.Run(5, taskFunc(func(_, _ int) { parts.Add(1) }))
	}))
	if got := parts.Load(); got != 30 {
		t.Errorf("%d parts, want 30", got)
	}
}

func TestPoolPanicsInTheCaller(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	const cause = "the cause"
	for range 20 {
		var parts atomic.Int32
		func() {
			defer func() {
				failure, ok := recover().(*TaskPanic)
				if !ok || failure.Value != cause || !strings.Contains(string(failure.Stack), "pool_test.go") {
					t.Errorf("panic with %v, want a TaskPanic of %v", failure, cause)
				}
			}()
			pool.Run(9, taskFunc(func(_, i int) {
				parts.Add(1)
				if i == 4 {
					panic(cause)
				}
			}))
		}()
		if got := parts.Load(); got != 9 {
			t.Errorf("%d parts, want 9", got)
		}
	}
	c := newCount(t, 2, 9)
	pool.Run(9, c)
	c.check()
}

func TestPoolSleepsWhenIdle(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	pool.Run(9, newCount(t, 3, 9))
	deadline := time.Now().Add(5 * time.Second)
	for _, w := range pool.workers[1:] {
		for !w.asleep.Load() {
			if time.Now().After(deadline) {
				t.Fatal("a worker spins for more than 5 s")
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func BenchmarkPoolRun(b *testing.B) {
	pool := NewPool(2)
	defer pool.Close()
	nothing := taskFunc(func(_, _ int) {})
	for b.Loop() {
		pool.Run(2, nothing)
	}
}

// left is how many parts of a worker nobody has taken.
func left(w *worker) uint32 {
	first, end := w.left()
	return end - first
}

// TestRunOutlastsALateWorker: a worker that did the last part of a Run, but was
// held up before it looked whether somebody waits, wakes the caller of the next
// Run. That one must not take it for its own last part.
func TestRunOutlastsALateWorker(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	held := make(chan struct{})
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		p.Run(2, taskFunc(func(worker, _ int) {
			if worker != 0 {
				<-held
				return
			}
			for left(p.workers[1]) != 0 { // leave the other part to the worker
				runtime.Gosched()
			}
		}))
	}()
	for !p.waiting.CompareAndSwap(true, false) { // the end of the late worker's finish
		runtime.Gosched()
	}
	p.done <- struct{}{}
	select {
	case <-returned:
		t.Error("Run returned before its last part")
	case <-time.After(20 * time.Millisecond):
	}
	close(held)
	<-returned
}
