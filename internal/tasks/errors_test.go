package tasks

import (
	"errors"
	"testing"

	"cloze/internal/engine"
)

// wantInputError is the *InputError that err must be, with the code it must
// have.
func wantInputError(t *testing.T, err error, code string) *InputError {
	t.Helper()
	e, ok := errors.AsType[*InputError](err)
	if !ok {
		t.Fatalf("got error %v, want an *InputError with code %s", err, code)
	}
	if e.Code != code {
		t.Fatalf("got %v, want code %s", e, code)
	}
	return e
}

func TestRequestOverTheQueueIsTheCallersMistake(t *testing.T) {
	e := wantInputError(t, fromEngine(&engine.TooLargeError{Tokens: 7, Limit: 5}), CodeTooLarge)
	if e.Limit != 5 || e.Actual != 7 {
		t.Errorf("limit %d and actual %d, want 5 and 7", e.Limit, e.Actual)
	}
	if err := fromEngine(engine.ErrDeadline); !errors.Is(err, engine.ErrDeadline) {
		t.Errorf("got %v, want the deadline as it is", err)
	}
}
