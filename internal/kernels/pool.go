package kernels

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Task is work in numbered parts that do not depend on each other.
type Task interface {
	// Do does part i. worker is below the pool's Threads, and no two parts run at
	// the same time with the same worker of the same Run.
	Do(worker, i int)
}

// Pool is a number of threads that do tasks together: the caller of Run and
// goroutines that live until Close. A pass of BERT runs dozens of tasks of a few
// microseconds, so workers that have nothing to do spin for spinTime before they
// sleep; between passes they take no processor time.
//
// A Pool may be used by several goroutines: a task that finds the workers busy
// is done by its caller alone. A nil *Pool has one thread, the caller.
type Pool struct {
	threads int
	workers []*worker
	// spins says that there is a processor for each thread. If not, who spins
	// keeps others from running.
	spins  bool
	closed atomic.Bool

	// busy is held by the Run that has the workers.
	busy sync.Mutex
	// task and parts belong to that Run. Others read them only while they have a
	// part that is not finished.
	task  Task
	parts uint32

	_ [64]byte // what every part changes has cache lines of its own
	// work is the number of the Run, from bit 32, and how many parts nobody has
	// taken yet. One word, so that a worker that slept through a Run cannot take
	// a part of the next one by mistake.
	work atomic.Uint64
	_    [64]byte
	// unfinished counts the parts that are not done.
	unfinished atomic.Int32
	_          [64]byte

	// waiting is set when the caller sleeps until done says that unfinished is 0.
	waiting atomic.Bool
	done    chan struct{}
	failure atomic.Pointer[TaskPanic]
}

const (
	// spinTime is how long a worker looks out for work before it sleeps: longer
	// than the serial parts of a pass, shorter than anything a person notices.
	spinTime = 50 * time.Microsecond
	// pauses is how many PAUSE instructions a spinning thread waits between two
	// looks: 0.1 to 0.3 µs, so that it leaves the cache line alone.
	pauses = 8
	// looks is how many looks a spinning thread takes between two at the clock.
	looks = 16
)

// worker is a goroutine of a pool.
type worker struct {
	// asleep says that it waits for wake, or is about to.
	asleep atomic.Bool
	wake   chan struct{}
	_      [64]byte
}

// TaskPanic is what Run panics with when a part of its task panicked.
type TaskPanic struct {
	Value any
	Stack []byte // of the goroutine that it happened in
}

func (p *TaskPanic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// NewPool starts a pool of that many threads, the caller of Run included; 0
// means GOMAXPROCS, which follows the container's CPU limit.
func NewPool(threads int) *Pool {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{threads: threads, spins: threads <= runtime.GOMAXPROCS(0), done: make(chan struct{}, 1)}
	for i := 1; i < threads; i++ {
		w := &worker{wake: make(chan struct{}, 1)}
		p.workers = append(p.workers, w)
		go p.serve(w, i)
	}
	return p
}

// Threads is how many threads the pool has, 1 for nil.
func (p *Pool) Threads() int {
	if p == nil {
		return 1
	}
	return p.threads
}

// Close ends the workers. Later tasks are done by their callers.
func (p *Pool) Close() {
	if p == nil || p.closed.Swap(true) {
		return
	}
	for _, w := range p.workers {
		p.rouse(w)
	}
}

// Run calls t.Do(worker, i) once for each i from 0 to n−1, in no order, and
// returns when all have returned. It allocates nothing. If a part panics, Run
// does when the others have ended, with a *TaskPanic if there were several
// threads.
func (p *Pool) Run(n int, t Task) {
	if p == nil || n < 2 || len(p.workers) == 0 || p.closed.Load() || !p.busy.TryLock() {
		for i := range n {
			t.Do(0, i)
		}
		return
	}
	defer p.busy.Unlock()
	p.task, p.parts = t, uint32(n)
	p.unfinished.Store(int32(n))
	p.work.Store(p.work.Load()>>32<<32 + 1<<32 + uint64(n))
	p.call(n - 1)
	for p.take(0) {
	}
	p.await()
	p.task = nil
	if failure := p.failure.Swap(nil); failure != nil {
		panic(failure)
	}
}

// call wakes up to n sleeping workers.
func (p *Pool) call(n int) {
	for _, w := range p.workers {
		if n == 0 {
			return
		}
		if p.rouse(w) {
			n--
		}
	}
}

// rouse wakes a worker if it sleeps.
func (p *Pool) rouse(w *worker) bool {
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
		return true
	}
	return false
}

// take takes a part and does it, or returns false if none is left.
func (p *Pool) take(worker int) bool {
	for {
		work := p.work.Load()
		left := uint32(work)
		if left == 0 {
			return false
		}
		if p.work.CompareAndSwap(work, work-1) {
			p.do(worker, int(p.parts-left))
			return true
		}
	}
}

func (p *Pool) do(worker, i int) {
	defer p.finish()
	p.task.Do(worker, i)
}

// finish is deferred: it also ends a part that panics.
func (p *Pool) finish() {
	if r := recover(); r != nil {
		p.failure.CompareAndSwap(nil, &TaskPanic{r, debug.Stack()})
	}
	if p.unfinished.Add(-1) == 0 && p.waiting.CompareAndSwap(true, false) {
		p.done <- struct{}{}
	}
}

// await returns when every part is done.
func (p *Pool) await() {
	for s := (spin{}); p.unfinished.Load() != 0; {
		if p.spins && s.more() {
			continue
		}
		p.waiting.Store(true)
		// The last part may have ended before waiting was set.
		if p.unfinished.Load() != 0 || !p.waiting.CompareAndSwap(true, false) {
			// This may also be the last part of an earlier Run, whose worker
			// was held up between its two lines in finish: look again.
			<-p.done
		}
	}
}

// serve is the goroutine of worker i.
func (p *Pool) serve(w *worker, i int) {
	for s := (spin{}); !p.closed.Load(); {
		switch {
		case p.take(i):
			s = spin{}
		case p.spins && s.more():
		default:
			p.sleep(w)
			s = spin{}
		}
	}
}

// sleep returns when there may be work.
func (p *Pool) sleep(w *worker) {
	w.asleep.Store(true)
	// A Run or Close that came before the line above did not see w asleep.
	missed := uint32(p.work.Load()) != 0 || p.closed.Load()
	if !missed || !w.asleep.CompareAndSwap(true, false) {
		<-w.wake
	}
}

// spin is a wait of spinTime.
type spin struct {
	start time.Time
	turns int
}

// more waits a little, and returns false if it is time to sleep.
func (s *spin) more() bool {
	s.turns++
	if s.turns%looks == 0 {
		if s.turns == looks {
			s.start = time.Now()
		} else if time.Since(s.start) > spinTime {
			return false
		}
	}
	pause(pauses)
	return true
}
