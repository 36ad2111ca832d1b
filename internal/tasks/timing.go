package tasks

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Timing is where the time of one call went. Groups of texts on different
// models run at the same time and count once, the slowest of them.
type Timing struct {
	Tokenize time.Duration // text to word pieces
	Queue    time.Duration // waiting for the model
	Model    time.Duration // encoder and heads
	Post     time.Duration // logits to answers
	Tokens   int           // word pieces that went through the models
	Models   []string      // ids of the models that answered, each once, sorted

	mu sync.Mutex
}

type timingKey struct{}

// WithTiming returns a context under which tasks record their times, and
// where they record them. Read it when the task has returned.
func WithTiming(ctx context.Context) (context.Context, *Timing) {
	t := new(Timing)
	return context.WithValue(ctx, timingKey{}, t), t
}

// timingFrom is the context's Timing, or one that nobody reads.
func timingFrom(ctx context.Context) *Timing {
	if t, ok := ctx.Value(timingKey{}).(*Timing); ok {
		return t
	}
	return new(Timing)
}

// phase names the two phases that tasks measure themselves.
type phase uint8

const (
	phaseTokenize phase = iota
	phasePost
)

// phase measures until the returned function is called:
//
//	defer timingFrom(ctx).phase(phasePost)()
func (t *Timing) phase(p phase) (end func()) {
	start := time.Now()
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		switch p {
		case phaseTokenize:
			t.Tokenize += time.Since(start)
		case phasePost:
			t.Post += time.Since(start)
		}
	}
}

// ran records a run of all sequences.
func (t *Timing) ran(groups []group, all []sequence, queue, model time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Queue += queue
	t.Model += model
	for _, s := range all {
		t.Tokens += s.encoding.Len()
	}
	for _, g := range groups {
		if i, found := slices.BinarySearch(t.Models, g.model.ID); !found {
			t.Models = slices.Insert(t.Models, i, g.model.ID)
		}
	}
}
