package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"cloze/internal/engine"
)

// recoverPanics turns a panic into the answer 500 for this one request. The
// log gets the stack, the caller the request id.
func (a *API) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			if value == http.ErrAbortHandler { //nolint:errorlint // net/http compares it the same way
				panic(value)
			}
			a.writeError(w, r, &panicError{value, debug.Stack()})
		}()
		next.ServeHTTP(w, r)
	})
}

// panicError is a panic of a handler as an error for the log.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// stackOf is the stack that an internal error carries, if any.
func stackOf(err error) string {
	if p, ok := errors.AsType[*panicError](err); ok {
		return string(p.stack)
	}
	if p, ok := errors.AsType[*engine.PanicError](err); ok {
		return string(p.Stack)
	}
	return ""
}
