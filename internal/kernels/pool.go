package kernels

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Task is work in numbered parts that do not depend on each other.
type Task interface {
	// Do does part i. worker is below the pool's Threads, and no two parts run at
	// the same time with the same worker of the same Run. It must not end its
	// goroutine (runtime.Goexit): Run would wait for it.
	Do(worker, i int)
}

// Pool is a number of threads that do tasks together: the caller of Run and
// goroutines that live until Close. A pass of BERT runs dozens of tasks of a few
// microseconds, so workers that have nothing to do spin for spinTime before they
// sleep; between passes they take no processor time.
//
// Every thread begins with parts of its own, which follow each other, and takes those
// of others when it has done them. A cache line takes 0.1 µs and more from one core to
// another, so threads share as few as they can: when all took parts from one counter and
// counted each in another, 8 and 16 tokens took 1.02 to 1.2 times as long on a Zen 5.
//
// A Pool may be used by several goroutines: a task that finds the workers busy
// is done by its caller alone. A nil *Pool has one thread, the caller.
type Pool struct {
	workers []*worker // the caller of Run is the first
	// spins says that there is a processor for each thread. If not, who spins
	// keeps others from running.
	spins  bool
	closed atomic.Bool

	_ [64]byte // what threads change has cache lines of its own
	// busy is held by the Run that has the workers.
	busy sync.Mutex
	// begun counts the parts of all Runs since NewPool. Like finished it may wrap.
	begun uint32
	_     [64]byte
	// finished counts the parts that were done since NewPool.
	finished atomic.Uint32
	// waiting is set when the caller sleeps until done says to look at finished.
	waiting atomic.Bool
	_       [64]byte

	done    chan struct{}
	failure atomic.Pointer[TaskPanic]
}

const (
	// spinTime is how long a worker looks out for work before it sleeps: longer
	// than the serial parts of a pass, shorter than anything a person notices.
	spinTime = 50 * time.Microsecond
	// looks is how many looks a spinning thread takes between two at the clock.
	looks = 128
)

// worker is a thread of a pool. It has two cache lines of its own.
type worker struct {
	// task belongs to the Run that has the workers. Others read it only while they
	// have one of the parts that is not finished.
	task Task
	// parts are those that nobody has taken yet: the first one from bit 32 on, and
	// the end. The worker takes the first, others the last.
	parts atomic.Uint64
	_     [40]byte

	// asleep says that it waits for wake, or is about to.
	asleep atomic.Bool
	wake   chan struct{}
	_      [48]byte
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
	p := &Pool{spins: threads <= runtime.GOMAXPROCS(0), done: make(chan struct{}, 1)}
	for range threads {
		p.workers = append(p.workers, &worker{wake: make(chan struct{}, 1)})
	}
	for i := 1; i < threads; i++ {
		go p.serve(i)
	}
	return p
}

// Threads is how many threads the pool has, 1 for nil.
func (p *Pool) Threads() int {
	if p == nil {
		return 1
	}
	return len(p.workers)
}

// Close ends the workers. Later tasks are done by their callers.
func (p *Pool) Close() {
	if p == nil || p.closed.Swap(true) {
		return
	}
	for _, w := range p.workers[1:] {
		w.rouse()
	}
}

// Run calls t.Do(worker, i) once for each i from 0 to n−1, in no order, and
// returns when all have returned. It allocates nothing. If a part panics, Run
// does when the others have ended, with a *TaskPanic if there were several
// threads.
func (p *Pool) Run(n int, t Task) {
	if p == nil || n < 2 || len(p.workers) == 1 || p.closed.Load() || !p.busy.TryLock() {
		for i := range n {
			t.Do(0, i)
		}
		return
	}
	defer p.busy.Unlock()
	p.begun += uint32(n)
	workers := p.workers[:min(n, len(p.workers))]
	of := evenly(n, len(workers))
	for i, w := range slices.Backward(workers) { // the caller itself is late anyway
		first, end := of.part(i)
		w.task = t
		w.parts.Store(parts(uint32(first), uint32(end)))
	}
	for _, w := range workers[1:] {
		w.rouse()
	}
	p.work(0)
	p.await()
	for _, w := range workers {
		w.task = nil
	}
	if failure := p.failure.Swap(nil); failure != nil {
		panic(failure)
	}
}

// rouse wakes a worker if it sleeps.
func (w *worker) rouse() {
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}

// parts are the parts from first to end, as worker.parts has them.
func parts(first, end uint32) uint64 { return uint64(first)<<32 + uint64(end) }

// left is which parts of a worker nobody has taken.
func (w *worker) left() (first, end uint32) {
	parts := w.parts.Load()
	return uint32(parts >> 32), uint32(parts)
}

// takeFirst takes the first part of a worker, which it does itself.
func (w *worker) takeFirst() (part int, ok bool) {
	for {
		first, end := w.left()
		if first == end {
			return 0, false
		}
		if w.parts.CompareAndSwap(parts(first, end), parts(first+1, end)) {
			return int(first), true
		}
	}
}

// takeLast takes the last part of a worker, for another one.
func (w *worker) takeLast() (part int, ok bool) {
	for {
		first, end := w.left()
		if first == end {
			return 0, false
		}
		if w.parts.CompareAndSwap(parts(first, end), parts(first, end-1)) {
			return int(end - 1), true
		}
	}
}

// work does a worker's parts, and then those of others.
func (p *Pool) work(worker int) {
	own, done := p.workers[worker], uint32(0)
	for {
		part, ok := own.takeFirst()
		if !ok {
			break
		}
		p.do(own.task, worker, part)
		done++
	}
	if done > 0 {
		p.finish(done)
	}
	for i := 1; i < len(p.workers); i++ {
		other := p.workers[(worker+i)%len(p.workers)]
		for {
			part, ok := other.takeLast()
			if !ok {
				break
			}
			p.do(other.task, worker, part)
			p.finish(1)
		}
	}
}

// do does a part and keeps its panic.
func (p *Pool) do(t Task, worker, part int) {
	defer func() {
		if r := recover(); r != nil {
			p.failure.CompareAndSwap(nil, &TaskPanic{r, debug.Stack()})
		}
	}()
	t.Do(worker, part)
}

// finish counts parts that are done.
func (p *Pool) finish(parts uint32) {
	p.finished.Add(parts)
	if p.waiting.Load() && p.waiting.CompareAndSwap(true, false) {
		p.done <- struct{}{}
	}
}

// await returns when every part is done.
func (p *Pool) await() {
	for s := (spin{}); p.finished.Load() != p.begun; {
		if p.spins && s.more() {
			continue
		}
		// Swap, and not Store, which the load below may pass in an emulator.
		p.waiting.Swap(true)
		// The last part may have ended before waiting was set.
		if p.finished.Load() != p.begun || !p.waiting.CompareAndSwap(true, false) {
			// Not only the last part wakes, and it may be one of an earlier Run,
			// whose worker was held up between its two lines in finish: look again.
			<-p.done
		}
	}
}

// serve is the goroutine of a worker.
func (p *Pool) serve(i int) {
	w := p.workers[i]
	for s := (spin{}); !p.closed.Load(); {
		switch first, end := w.left(); {
		case first != end:
			p.work(i)
			s = spin{}
		case p.spins && s.more():
		default:
			p.sleep(w)
			p.work(i) // of others, if they took the worker's own
			s = spin{}
		}
	}
}

// sleep returns when there may be work.
func (p *Pool) sleep(w *worker) {
	w.asleep.Swap(true) // not Store, as in await
	// A Run or Close that came before the line above did not see w asleep.
	first, end := w.left()
	missed := first != end || p.closed.Load()
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
	pause()
	return true
}
