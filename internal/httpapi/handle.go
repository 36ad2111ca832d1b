package httpapi

import (
	"context"
	"net/http"

	"cloze/internal/tasks"
)

// request is what every task's request struct is, by embedding textInput or
// pairInput.
type request interface {
	// setText makes the request the one that a text/plain body stands for.
	setText(text string)
	// texts returns what to answer, or the problem with it.
	texts(limit int) ([]tasks.Text, error)
	// isBatch reports whether the texts came as an array.
	isBatch() bool
}

// respond writes the answer of a task.
type respond[In, Out any] func(w http.ResponseWriter, r *http.Request, in *In, out []Out) error

// handle is what all task routes do, written once: decode the body, apply the
// limits, validate the options, call the task, encode its results as JSON.
//
// In is the request struct; its `default` tags say what absent fields mean and
// its `validate` tags what their values may be.
func handle[In, Out any, P interface {
	*In
	request
}](a *API, call func(ctx context.Context, t *Tasks, texts []tasks.Text, in *In) ([]Out, error),
) http.HandlerFunc {
	return handleAs[In, Out, P](a, call, func(w http.ResponseWriter, r *http.Request, _ *In, out []Out) error {
		return writeJSON(w, r, http.StatusOK, Results[Out]{out})
	})
}

// handleAs is handle with another way to write the answer.
func handleAs[In, Out any, P interface {
	*In
	request
}](a *API, call func(ctx context.Context, t *Tasks, texts []tasks.Text, in *In) ([]Out, error), write respond[In, Out],
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in := new(In)
		out, err := func() ([]Out, error) {
			t, err := a.ready()
			if err != nil {
				return nil, err
			}
			body, err := a.readBody(w, r)
			if err != nil {
				return nil, err
			}
			release, err := a.enter(len(body))
			if err != nil {
				return nil, err
			}
			defer release()

			if err := a.decode(r, body, P(in)); err != nil {
				return nil, err
			}
			texts, err := P(in).texts(a.config.MaxTexts)
			if err != nil {
				return nil, err
			}
			observed := observationOf(r)
			observed.texts, observed.batch = len(texts), P(in).isBatch()

			ctx, cancel := context.WithTimeout(r.Context(), a.config.RequestTimeout)
			defer cancel()
			ctx = tasks.WithTokenLimit(ctx, a.config.MaxTokensPerRequest)
			ctx, observed.timing = tasks.WithTiming(ctx)
			return call(ctx, t, texts, in)
		}()
		setServerTiming(w.Header(), observationOf(r).timing)
		if err == nil {
			err = write(w, r, in, out)
		}
		if err != nil {
			a.writeError(w, r, err)
		}
	}
}

// slotBytes is what one slot in flight stands for. A text can grow a hundred
// times on its way (a word piece is a character or more, and has an id, a
// token, a place), so that the slots bound memory, too.
const slotBytes = 4 << 10

// enter takes slots for a request in flight, the more the longer its body. A
// full house is said at once: a queue in front of the engine's queue would
// only hide how long the wait is.
func (a *API) enter(bodyBytes int) (release func(), err error) {
	slots := min(1+bodyBytes/slotBytes, a.config.MaxInFlight)
	if !a.slots.TryAcquire(int64(slots)) {
		p := newProblem(queueFull, "too many requests are in flight")
		p.retryAfter = soon()
		return nil, p
	}
	a.inFlight.Add(1)
	return func() {
		a.inFlight.Add(-1)
		a.slots.Release(int64(slots))
	}, nil
}
