package engine

import "time"

// Stats are the engine's counters since it started, and what waits now.
type Stats struct {
	QueuedTokens   int // waiting now
	QueuedRequests int
	QueueLimit     int // Options.QueueTokens

	Requests  uint64 // admitted
	Refused   uint64 // for want of room
	Expired   uint64 // deadline passed before the answer
	Cancelled uint64 // given up by their callers

	Passes uint64        // of all models, as are the next three
	Tokens uint64        // that went through them
	Panics uint64        // passes that ended in one
	Busy   time.Duration // time spent in passes

	Models []ModelStats // in the order of Engine.Models
}

// ModelStats are the counters of one model.
type ModelStats struct {
	ID        string
	Passes    uint64
	Sequences uint64
	Tokens    uint64
	Busy      time.Duration
}

// Stats returns a snapshot.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.counts
	s.QueuedTokens = e.queued
	s.QueuedRequests = e.waiting
	s.QueueLimit = e.options.QueueTokens
	for _, m := range e.models {
		s.Models = append(s.Models, *e.stats[m])
	}
	return s
}

// count adds a pass.
func (e *Engine) count(l *lane, items []item, err error, took time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	tokens := 0
	for _, it := range items {
		tokens += it.call.request.Sequences[it.sequence].Len()
	}
	e.counts.Passes++
	e.counts.Tokens += uint64(tokens)
	e.counts.Busy += took
	if isPanic(err) {
		e.counts.Panics++
	}
	m := e.stats[l.model]
	m.Passes++
	m.Sequences += uint64(len(items))
	m.Tokens += uint64(tokens)
	m.Busy += took
}
