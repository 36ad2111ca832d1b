package engine

import (
	"container/list"
	"context"
	"errors"
	"time"

	"cloze/internal/bert"
)

// keep is what a pass keeps beyond the last hidden states. Requests that need
// it run in passes of their own, so that the others do not pay for it.
type keep uint8

const (
	keepNothing   keep = iota
	keepHidden         // every layer's hidden states
	keepAttention      // and every layer's attention probabilities
)

type laneKey struct {
	model *Model
	keep  keep
}

// lane is the queue of one model and kind of pass, and the memory its passes
// reuse.
type lane struct {
	model  *Model
	keep   keep
	budget int // most tokens of one pass, but at least one sequence

	waiting list.List // of *call, the next to be served first

	// Of the pass being formed or run; only the scheduler touches them.
	workspace *bert.Workspace
	batch     bert.Batch
	items     []item
	heads     []string // that some call of the pass wants, each once
	masks     []maskRow
	positions []int32 // of masks, as rows of the batch
	rows      []int32 // of the batch whose last hidden states somebody reads; not nil
	lent      lentRows
}

// item is one sequence of a pass.
type item struct {
	call     *call
	sequence int // index into call.request.Sequences
}

// call is a request in the engine.
type call struct {
	model   *Model
	request Request
	keep    keep

	enqueued time.Time
	outputs  []Output      // written by the passes, read once finished is closed
	finished chan struct{} // closed when all outputs are there, or err is set

	// Guarded by Engine.mu.
	element  *list.Element // in lane.waiting; nil once all its sequences have been taken
	next     int           // first sequence not taken yet
	tokens   int           // of the sequences not taken yet
	left     int           // sequences not finished
	compute  time.Duration // of the passes it was part of
	lastPass uint64        // number of the last of them
	err      error
	over     bool // finished is closed
	probe    bool // does not count towards the bound of the queue
}

func newCall(m *Model, r Request) *call {
	c := &call{
		model:    m,
		request:  r,
		outputs:  r.newOutputs(m),
		finished: make(chan struct{}),
		enqueued: time.Now(),
		left:     len(r.Sequences),
		tokens:   r.tokens(),
	}
	switch last := m.Network.Config.NumHiddenLayers; {
	case len(r.Attention) > 0:
		c.keep = keepAttention
	case len(r.Hidden) > 0 && (len(r.Hidden) > 1 || r.Hidden[0] != last):
		c.keep = keepHidden
	}
	return c
}

// enqueue puts a call at the end of its lane, or a probe ahead of all lanes.
func (e *Engine) enqueue(c *call, probe bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return ErrClosed
	case probe:
	case c.tokens > e.options.QueueTokens:
		e.counts.Refused++
		return &TooLargeError{Tokens: c.tokens, Limit: e.options.QueueTokens}
	case e.queued+c.tokens > e.options.QueueTokens:
		e.counts.Refused++
		return &QueueFullError{Queued: e.queued, Tokens: c.tokens, Limit: e.options.QueueTokens, RetryAfter: e.backlog()}
	}
	l := e.lanes[laneKey{c.model, c.keep}]
	if probe {
		c.probe = true
		c.element = l.waiting.PushFront(c)
		e.serveNext(l)
	} else {
		c.element = l.waiting.PushBack(c)
		e.queued += c.tokens
		e.counts.Requests++
	}
	e.waiting++
	e.work.Signal()
	return nil
}

// backlog is about how long what waits will take. Engine.mu is held.
func (e *Engine) backlog() time.Duration {
	if e.counts.Tokens == 0 {
		return time.Second // nothing has been measured yet
	}
	perToken := float64(e.counts.Busy) / float64(e.counts.Tokens)
	return time.Duration(float64(e.queued) * perToken)
}

// await waits until the call is finished, or gives it up.
func (e *Engine) await(ctx context.Context, c *call) (*Response, error) {
	select {
	case <-c.finished:
		e.mu.Lock()
		defer e.mu.Unlock()
		if c.err != nil {
			return nil, c.err
		}
		return &Response{
			Outputs: c.outputs,
			Queue:   max(0, time.Since(c.enqueued)-c.compute),
			Model:   c.compute,
		}, nil
	case <-ctx.Done():
		return nil, e.giveUp(c, ended(ctx.Err()))
	}
}

// giveUp takes the call out of its lane; what a running pass makes of it is
// thrown away.
func (e *Engine) giveUp(c *call, reason error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.over {
		return reason // it ended at the same moment
	}
	if errors.Is(reason, ErrDeadline) {
		e.counts.Expired++
	} else {
		e.counts.Cancelled++
	}
	e.end(c, reason)
	return reason
}

// end finishes a call with an error, or without. Engine.mu is held.
func (e *Engine) end(c *call, err error) {
	if c.over {
		return
	}
	c.over = true
	c.err = err
	e.unqueue(c)
	close(c.finished)
}

// unqueue takes what remains of a call out of its lane. Engine.mu is held.
func (e *Engine) unqueue(c *call) {
	if c.element == nil {
		return
	}
	e.lanes[laneKey{c.model, c.keep}].waiting.Remove(c.element)
	c.element = nil
	e.waiting--
	e.dequeued(c, c.tokens)
}

// dequeued counts tokens of a call as waiting no more. Engine.mu is held.
func (e *Engine) dequeued(c *call, tokens int) {
	c.tokens -= tokens
	if !c.probe {
		e.queued -= tokens
	}
}

// ended is the error of a request whose context ended before its answer.
func ended(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(ErrDeadline, err)
	}
	return err
}
