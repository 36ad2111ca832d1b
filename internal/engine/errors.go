package engine

import (
	"errors"
	"fmt"
	"time"
)

// Errors of Run that say nothing about the request itself. They may be
// wrapped: compare with errors.Is.
var (
	// ErrQueueFull: as many tokens wait as may. The *QueueFullError in its
	// place says how many and when it is worth asking again.
	ErrQueueFull = errors.New("queue full")
	// ErrDeadline: the request's deadline passed before it was answered.
	ErrDeadline = errors.New("deadline passed before the answer")
	// ErrClosed: the engine is draining or closed.
	ErrClosed = errors.New("engine closed")
	// ErrNotFinite: a head answered NaN or an infinity, which happens where
	// weights overflow. Such numbers are never handed on.
	ErrNotFinite = errors.New("model output is not finite")
)

// QueueFullError is an ErrQueueFull with its figures, in tokens.
type QueueFullError struct {
	Queued int // waiting now
	Tokens int // asked for by the refused request
	Limit  int // Options.QueueTokens
	// RetryAfter is about how long the engine needs for what waits, judged
	// by its speed so far.
	RetryAfter time.Duration
}

func (e *QueueFullError) Error() string {
	return fmt.Sprintf("queue full: %d tokens wait, %d more would pass the limit of %d", e.Queued, e.Tokens, e.Limit)
}

// Is makes errors.Is(err, ErrQueueFull) true.
func (e *QueueFullError) Is(target error) bool { return target == ErrQueueFull }

// TooLargeError refuses a request that alone is over the bound of the queue:
// asking again cannot help.
type TooLargeError struct {
	Tokens int // of all its sequences
	Limit  int // Options.QueueTokens
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("request of %d tokens, limit %d", e.Tokens, e.Limit)
}

// PanicError is a panic inside a pass: our bug, turned into an error of the
// request whose sequences provoked it.
type PanicError struct {
	Value any    // what was panicked with
	Stack []byte // for the log
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic in a forward pass: %v", e.Value) }

func isPanic(err error) bool {
	_, ok := errors.AsType[*PanicError](err)
	return ok
}
