package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problem is an error answer, application/problem+json (RFC 9457).
type Problem struct {
	// Type is the path of a page about this kind of problem.
	Type string `json:"type" example:"/problems/no-mask"`
	// Title is the same for every problem of the type.
	Title string `json:"title" example:"The text has no mask"`
	// Status is the HTTP status.
	Status int32 `json:"status" example:"422"`
	// Detail is about this occurrence, for people to read.
	Detail string `json:"detail"`
	// The id in the X-Request-Id header; the log has it too.
	RequestID string `json:"request_id"`
	// Errors lists the places in the body that are wrong.
	Errors []FieldError `json:"errors,omitempty"`
	// Limit is the limit that was passed.
	Limit *int64 `json:"limit,omitempty" format:"int64"`
	// Actual is what was counted against the limit.
	Actual *int64 `json:"actual,omitempty" format:"int64"`
	// Available lists what there is instead: routes, models, heads.
	Available []string `json:"available,omitempty"`
	// Example is a curl command that works.
	Example string `json:"example,omitempty"`
} //	@name	Problem

// FieldError is one place in a request body that is wrong.
type FieldError struct {
	// Pointer is the JSON Pointer (RFC 6901) of the place; empty means the
	// whole body.
	Pointer string `json:"pointer" example:"/top_k"`
	// Detail says what is wrong there.
	Detail string `json:"detail"`
} //	@name	FieldError

// problemError is a Problem on its way to the client: its type, and what only
// the response headers carry.
type problemError struct {
	Problem
	kind       *problemType
	allow      string        // of 405
	retryAfter time.Duration // of 429 and 503
	closeConn  bool          // the body was not read to its end
	cause      error         // for the log
}

func (p *problemError) Error() string { return p.kind.slug + ": " + p.Detail }

// newProblem is a problem of the given kind. The detail goes to the client
// and is never logged, so it may quote the request.
func newProblem(kind *problemType, format string, args ...any) *problemError {
	return &problemError{
		kind: kind,
		Problem: Problem{
			Type:   "/problems/" + kind.slug,
			Title:  kind.title,
			Status: int32(kind.status),
			Detail: fmt.Sprintf(format, args...),
		},
	}
}

// limits states the limit that was passed and by what.
func (p *problemError) limits(limit, actual int64) *problemError {
	p.Limit, p.Actual = &limit, &actual
	return p
}

// at names the one place in the body that is wrong.
func (p *problemError) at(pointer string) *problemError {
	p.Errors = []FieldError{{Pointer: pointer, Detail: p.Detail}}
	return p
}

// exampleFor is a curl command that works for a caller at base who asked a
// route: where the type's own works on all tasks, it is about that route.
func (a *API) exampleFor(kind *problemType, route, base string) string {
	general := kind.example == exampleSentiment || kind.example == exampleBatch
	if !general || !slices.Contains(a.routes, "POST "+route) {
		return atBase(kind.example, base)
	}
	switch route {
	case "/nsp":
		return atBase(exampleNSP, base)
	case "/fill-mask":
		return atBase(exampleFillMask, base)
	default:
		return atBase(strings.Replace(kind.example, "/sentiment", route, 1), base)
	}
}

// writeError answers with the problem that err is. It is the only way that an
// error leaves this package.
func (a *API) writeError(w http.ResponseWriter, r *http.Request, err error) {
	p := a.asProblem(r, err)
	observed := observationOf(r)
	observed.problem = p.kind.slug
	if p.cause != nil {
		observed.err = p.cause
	}
	p.RequestID = observed.requestID
	if p.Example == "" {
		p.Example = a.exampleFor(p.kind, routeOf(r), baseURL(r))
	}

	h := w.Header()
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(max(1, p.retryAfter.Round(time.Second)/time.Second))))
	}
	if p.closeConn {
		h.Set("Connection", "close")
	}
	h.Set("Cache-Control", "no-store")
	body, err := encodeJSON(p.Problem)
	if err != nil { // a struct of strings and numbers always encodes
		panic(err)
	}
	problem := &answer{status: int(p.Status), contentType: "application/problem+json", body: body, pretty: wantsPretty(r)}
	problem.send(w)
}
