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

// taskCall is how a route calls its task: a line that puts the request into
// the task's options.
type taskCall[In, Out any] func(ctx context.Context, t *Tasks, texts []tasks.Text, in *In) ([]Out, error)

// encoder makes the answer of a task's results.
type encoder[In, Out any] struct {
	encode func(r *http.Request, in *In, results []Out) (*answer, error)
	// inBytes reports whether numbers will be four bytes each at most, and not
	// digits; nil is never.
	inBytes func(r *http.Request) bool
}

// handle is what all task routes do, written once: decode the body, apply the
// limits, validate the options, call the task, encode its results as JSON.
//
// In is the request struct; its `default` tags say what absent fields mean and
// its `validate` tags what their values may be.
func handle[In, Out any, P interface {
	*In
	request
}](a *API, call taskCall[In, Out],
) http.HandlerFunc {
	return handleAs[In, Out, P](a, call, encoder[In, Out]{encode: func(r *http.Request, _ *In, results []Out) (*answer, error) {
		return jsonAnswer(r, Results[Out]{results})
	}})
}

// handleAs is handle with another encoding.
func handleAs[In, Out any, P interface {
	*In
	request
}](a *API, call taskCall[In, Out], out encoder[In, Out],
) http.HandlerFunc {
	respond := func(w http.ResponseWriter, r *http.Request, room *room) (*answer, error) {
		t, err := a.ready()
		if err != nil {
			return nil, err
		}
		body, err := a.readBody(w, r)
		if err != nil {
			return nil, err
		}
		leave, err := a.enter(len(body))
		if err != nil {
			return nil, err
		}
		defer leave() // before the answer is sent: a slow reader takes no slot

		in := new(In)
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
		ctx = tasks.WithRoom(ctx, room.take)
		ctx, observed.timing = tasks.WithTiming(ctx)
		results, err := call(ctx, t, texts, in)
		if err != nil {
			return nil, err
		}
		return out.encode(r, in, results)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		room := a.newRoom(out.inBytes != nil && out.inBytes(r))
		defer room.leave()
		answer, err := respond(w, r, room)
		setServerTiming(w.Header(), observationOf(r).timing)
		if err != nil {
			a.writeError(w, r, err)
			return
		}
		// A slow reader holds the room of its answer. But whoever has read it all
		// may ask for as much again, and must find the room given back.
		answer.sendWith(w, room.leave)
	}
}

// slotBytes is what one slot in flight stands for. A text can grow a hundred
// times on its way (a word piece is a character or more, and has an id, a
// token, a place), so that the slots bound memory, too: that of requests whose body
// has arrived.
const slotBytes = 4 << 10

// enter takes slots for a request in flight, the more the longer its body. A
// full house is said at once: a queue in front of the engine's queue would
// only hide how long the wait is.
func (a *API) enter(bodyBytes int) (leave func(), err error) {
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
