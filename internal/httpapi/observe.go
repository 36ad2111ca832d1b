package httpapi

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/rs/zerolog"

	"cloze/internal/tasks"
)

// observation is what is known about one request for the log and the metrics.
// It holds nothing that the caller wrote except the request id: a path or a
// query could hold somebody's text.
type observation struct {
	requestID string
	route     string // the pattern, without /v1
	problem   string // slug of the error answer
	err       error  // what an internal error was
	bytesIn   int64
	texts     int
	batch     bool // the texts came as an array
	timing    *tasks.Timing
}

type observationKey struct{}

// observationOf is the request's observation; a fresh one outside observe.
func observationOf(r *http.Request) *observation {
	if o, ok := r.Context().Value(observationKey{}).(*observation); ok {
		return o
	}
	return new(observation)
}

// observe gives every request an id, and writes one log line and the metrics
// when it has been answered.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		o := &observation{requestID: requestID(r.Header.Get("X-Request-Id"))}
		r = r.WithContext(context.WithValue(r.Context(), observationKey{}, o))
		w.Header().Set("X-Request-Id", o.requestID)
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)

		a.metrics.inFlight.Inc()
		defer a.metrics.inFlight.Dec()
		next.ServeHTTP(seen, r)

		o.route = routeOf(r)
		status := seen.Status()
		if status == 0 {
			status = http.StatusOK // a handler that wrote nothing
		}
		took := time.Since(start)
		a.metrics.observe(r.Method, o, status, took)
		a.logAccess(r, o, status, seen.BytesWritten(), took)
	})
}

// requestID takes the caller's id if it can stand in a header and a log line,
// else it makes one.
func requestID(theirs string) string {
	const longest = 128
	sane := theirs != "" && len(theirs) <= longest &&
		!strings.ContainsFunc(theirs, func(c rune) bool { return c <= ' ' || '~' < c })
	if sane {
		return theirs
	}
	return rand.Text()
}

// routeOf is the pattern that the request matched, the same under /v1; "" if
// none did.
func routeOf(r *http.Request) string {
	pattern := chi.RouteContext(r.Context()).RoutePattern()
	if pattern == "/v1" {
		return "/"
	}
	if strings.HasSuffix(pattern, "/*") {
		pattern = "" // not found, or a file of the page
	}
	return strings.TrimPrefix(pattern, "/v1")
}

// routine are the routes that machines ask every few seconds; their success is
// no news.
var routine = []string{"/healthz", "/readyz", "/metrics"}

func (a *API) logAccess(r *http.Request, o *observation, status, bytes int, took time.Duration) {
	level := zerolog.InfoLevel
	if status == http.StatusOK && slices.Contains(routine, o.route) {
		level = zerolog.DebugLevel
	}
	if status >= http.StatusInternalServerError && o.err != nil {
		level = zerolog.ErrorLevel
	}
	line := a.config.Log.WithLevel(level).
		Str("request_id", o.requestID).
		Str("method", knownMethod(r.Method)).
		Str("route", o.route).
		Int("status", status).
		Int64("bytes_in", o.bytesIn).
		Int("bytes_out", bytes).
		Dur("duration_ms", took)
	if t := o.timing; t != nil {
		line.Int("texts", o.texts).Int("tokens", t.Tokens).Strs("models", t.Models).
			Dur("tokenize_ms", t.Tokenize).Dur("queue_ms", t.Queue).Dur("model_ms", t.Model).Dur("post_ms", t.Post)
	}
	if o.problem != "" {
		line.Str("problem", o.problem)
	}
	if o.err != nil {
		line.Err(o.err)
		if stack := stackOf(o.err); stack != "" {
			line.Str("stack", stack)
		}
	}
	line.Msg("request")
}

// knownMethod keeps made-up methods out of log and metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}
