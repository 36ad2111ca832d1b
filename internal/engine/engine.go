package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// Options bound what the engine takes on. Zero values mean the defaults.
type Options struct {
	// Pool runs the passes, one pass at a time. Nil makes one of Threads
	// that Close closes.
	Pool *kernels.Pool
	// Threads of the pool that New makes if Pool is nil; 0 is one per CPU.
	Threads int
	// BatchTokens is the most tokens that one pass joins, and so bounds how
	// long a request waits for the one before it. A single longer sequence
	// still runs, alone.
	BatchTokens int
	// QueueTokens is the most tokens that may wait.
	QueueTokens int
}

const (
	// Products gain little from more rows: on two cores with AVX-512 the
	// embedded models read as many tokens a second in passes of 256 as of
	// 4096, and a pass of 512 takes some 30 ms.
	defaultBatchTokens = 512
	// Some 4 seconds of work for the embedded models on two cores.
	defaultQueueTokens = 64 << 10
)

// Engine runs the loaded models. Its methods may be called concurrently.
type Engine struct {
	options  Options
	ownsPool bool
	models   []*Model
	lanes    map[laneKey]*lane
	rotation []*lane // all lanes, the next one to serve first

	mu      sync.Mutex
	work    sync.Cond // something waits, or closed was set
	queued  int       // tokens waiting in all lanes
	waiting int       // requests waiting in all lanes
	closed  bool
	stats   map[*Model]*ModelStats
	counts  Stats // but Models

	drained chan struct{} // closed when the scheduler has ended

	// beforeHeads, if set, is called inside every pass; tests make it panic.
	beforeHeads func(items []item)
}

// New starts an engine over the models, the first of which is the default.
// It completes the models (Model.MaxTokens, Model.Han) and must be closed.
func New(o Options, models ...*Model) (*Engine, error) {
	return newEngine(o, nil, models...)
}

func newEngine(o Options, beforeHeads func([]item), models ...*Model) (*Engine, error) {
	if len(models) == 0 {
		return nil, errors.New("engine: no model")
	}
	if o.BatchTokens == 0 {
		o.BatchTokens = defaultBatchTokens
	}
	if o.QueueTokens == 0 {
		o.QueueTokens = defaultQueueTokens
	}
	if o.BatchTokens < 0 || o.QueueTokens < 0 {
		return nil, fmt.Errorf("engine: negative bound in %+v", o)
	}
	e := &Engine{
		options:     o,
		models:      models,
		lanes:       make(map[laneKey]*lane),
		stats:       make(map[*Model]*ModelStats),
		drained:     make(chan struct{}),
		beforeHeads: beforeHeads,
	}
	e.work.L = &e.mu
	if err := checkIDs(models); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	for _, m := range models {
		m.MaxTokens = maxTokens(m)
		m.Han = isHanVocabulary(m.Tokenizer)
		m.NamelessIDs = namelessIDs(m)
		e.stats[m] = &ModelStats{ID: m.ID}
		for _, kind := range []keep{keepNothing, keepHidden, keepAttention} {
			l := &lane{model: m, keep: kind, budget: o.BatchTokens, rows: []int32{}}
			if kind == keepAttention {
				l.budget = 1 // one sequence: its probabilities grow with T²
			}
			e.lanes[laneKey{m, kind}] = l
			e.rotation = append(e.rotation, l)
		}
	}
	if o.Pool == nil {
		e.options.Pool = kernels.NewPool(o.Threads)
		e.ownsPool = true
	}
	go e.schedule()
	return e, nil
}

// Models are the loaded models in the order given to New.
func (e *Engine) Models() []*Model { return e.models }

// Model is the loaded model of that id.
func (e *Engine) Model(id string) (*Model, bool) {
	for _, m := range e.models {
		if m.ID == id {
			return m, true
		}
	}
	return nil, false
}

// Run runs a request on a model and waits for its outputs. It returns
//
//   - a *QueueFullError (ErrQueueFull) or *TooLargeError if there is no room,
//   - ErrDeadline if ctx's deadline passed before the answer,
//   - ctx's error if ctx was cancelled,
//   - a *PanicError, for a panic that its own sequences provoke,
//   - ErrNotFinite, ErrClosed.
//
// The request and what it points to must not change afterwards, even if Run
// returned early: a pass may still be reading it and calling its functions.
func (e *Engine) Run(ctx context.Context, m *Model, r Request) (*Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, ended(err)
	}
	if !slices.Contains(e.models, m) {
		return nil, errors.New("engine: not one of its models")
	}
	if err := r.check(m); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	if len(r.Sequences) == 0 {
		return &Response{}, nil
	}
	c := newCall(m, r)
	if err := e.enqueue(c, false); err != nil {
		return nil, err
	}
	return e.await(ctx, c)
}

// Probe runs a real forward pass on every model, each ahead of all that waits and
// not subject to the queue's bound, and checks that the result is finite. It is what
// readiness means.
func (e *Engine) Probe(ctx context.Context) error {
	for _, m := range e.models {
		probe := Request{
			Sequences: []*tokenizer.Encoding{m.Tokenizer.Encode("", tokenizer.Options{})},
			// It is checked to be finite before it is lent.
			Hidden:       []int{m.Network.Config.NumHiddenLayers},
			HiddenStates: func(int, int, []float32) {},
		}
		c := newCall(m, probe)
		if err := e.enqueue(c, true); err != nil {
			return err
		}
		if _, err := e.await(ctx, c); err != nil {
			return fmt.Errorf("model %s: %w", m.ID, err)
		}
	}
	return nil
}

// Close refuses new requests, waits until those that wait have been answered,
// and stops.
func (e *Engine) Close() {
	e.mu.Lock()
	first := !e.closed
	e.closed = true
	e.mu.Unlock()
	e.work.Broadcast()
	<-e.drained
	if first && e.ownsPool {
		e.options.Pool.Close()
	}
}
