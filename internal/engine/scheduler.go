package engine

import (
	"runtime/debug"
	"time"

	"cloze/internal/kernels"
)

// schedule forms batches and runs them, one after the other, until the engine
// is closed and nothing waits. One pass at a time uses all threads of the
// pool: two side by side would only take each other's cache and turns.
func (e *Engine) schedule() {
	defer close(e.drained)
	for {
		e.mu.Lock()
		l := e.nextLane()
		for l == nil && !e.closed {
			e.work.Wait()
			l = e.nextLane()
		}
		if l == nil {
			e.mu.Unlock()
			return
		}
		e.form(l)
		e.mu.Unlock()
		e.runBatch(l, l.items)
		l.release()
	}
}

// runBatch runs a batch and gives every call its outputs or its error.
//
// If the pass fails, the sequences of each call are run again by themselves,
// so that only the call that provokes the failure meets it.
func (e *Engine) runBatch(l *lane, items []item) {
	start := time.Now()
	err := e.tryPass(l, items)
	took := time.Since(start)
	e.count(l, items, err, took)
	if err == nil || sameCall(items) {
		e.deliver(items, err, took)
		return
	}
	for len(items) > 0 {
		n := 1
		for n < len(items) && items[n].call == items[0].call {
			n++
		}
		e.runBatch(l, items[:n])
		items = items[n:]
	}
}

func sameCall(items []item) bool {
	for _, it := range items {
		if it.call != items[0].call {
			return false
		}
	}
	return true
}

// tryPass runs a pass and turns a panic into a *PanicError. The workspace may
// have been left half written, so the next pass gets a fresh one.
func (e *Engine) tryPass(l *lane, items []item) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
			return
		case *kernels.TaskPanic: // in another goroutine of the pool
			err = &PanicError{Value: v.Value, Stack: v.Stack}
		default:
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		l.workspace = nil
	}()
	return e.pass(l, items)
}

// deliver finishes the calls that a pass completed or broke.
func (e *Engine) deliver(items []item, err error, took time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, it := range items {
		c := it.call
		if c.lastPass != e.counts.Passes {
			c.lastPass = e.counts.Passes
			c.compute += took
		}
		c.left--
		if err != nil || c.left == 0 {
			e.end(c, err)
		}
	}
}
