package httpapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"cloze/internal/engine"
	"cloze/internal/tasks"
)

// clientClosed is what the log and the metrics say of a request whose client
// went away (nginx's 499). Nobody receives it, so that it is not among
// problemTypes.
var clientClosed = &problemType{slug: "client-closed", title: "The client went away", status: 499}

// asProblem is the one place where errors become answers. What is neither the
// caller's mistake nor a known state of the server is our bug: it is kept for
// the log under the request id, and hidden from the caller.
func (a *API) asProblem(r *http.Request, err error) *problemError {
	if p, ok := errors.AsType[*problemError](err); ok {
		return p
	}
	if input, ok := errors.AsType[*tasks.InputError](err); ok {
		return a.inputProblem(r, input)
	}
	switch {
	case errors.Is(err, engine.ErrQueueFull):
		p := newProblem(queueFull, "as much work waits as may")
		p.retryAfter = soon()
		if full, ok := errors.AsType[*engine.QueueFullError](err); ok {
			p.Detail = "the queue has no room for the tokens of this request"
			p = p.limits(int64(full.Limit), int64(full.Queued+full.Tokens))
			p.retryAfter = max(p.retryAfter, full.RetryAfter)
		}
		return p
	case errors.Is(err, engine.ErrDeadline), errors.Is(err, context.DeadlineExceeded):
		p := newProblem(deadlinePassed, "the answer was not ready in time")
		p.retryAfter = soon()
		return p
	case errors.Is(err, engine.ErrClosed):
		return drainingProblem()
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return newProblem(clientClosed, "the client went away")
	}
	p := newProblem(internalError, "something went wrong here; the log has the details under this request id")
	p.cause = err
	return p
}

// inputProblem puts a task's complaint into the terms of the request: the
// text's index becomes a JSON pointer into what the caller sent.
func (a *API) inputProblem(r *http.Request, e *tasks.InputError) *problemError {
	kind, ok := problemTypeOf(e.Code)
	if !ok {
		kind = invalidParameter // a test holds the codes of tasks to the table, but for one that cannot come from here
	}
	p := newProblem(kind, "%s", e.Detail)
	if e.Limit != 0 || e.Actual != 0 {
		p = p.limits(int64(e.Limit), int64(e.Actual))
	}
	if e.Field != "" {
		p = p.at(pointerTo(e, observationOf(r).batch))
	}
	p.Available = e.Available
	return p
}

// pointerTo is where in the body the text or option stands that e is about.
// Tasks number the texts; the caller sent either one text or a batch.
func pointerTo(e *tasks.InputError, batch bool) string {
	plural := map[string]string{"text": "texts", "text_pair": "text_pairs"}[e.Field]
	switch {
	case !batch && e.Field == "texts":
		return "/text"
	case batch && plural != "" && e.Index >= 0:
		return "/" + plural + "/" + strconv.Itoa(e.Index)
	default:
		return "/" + e.Field
	}
}

func startingProblem() *problemError {
	p := newProblem(starting, "the models are loading")
	p.retryAfter = time.Second
	return p
}

func drainingProblem() *problemError {
	p := newProblem(draining, "the server is stopping")
	p.retryAfter, p.closeConn = soon(), true
	return p
}

// soon is when to ask again, spread so that the refused do not all come back
// in the same second.
func soon() time.Duration {
	return time.Duration(1+rand.IntN(3)) * time.Second
}
