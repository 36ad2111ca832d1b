package tasks

import (
	"errors"
	"fmt"
	"strings"

	"cloze/internal/engine"
)

// Codes of InputError. They are also the names of the problem types that the
// HTTP interface answers with.
const (
	CodeEmptyText          = "empty-text"          // nothing but white space
	CodeUnknownModel       = "unknown-model"       // no model of that id is loaded
	CodeNoHead             = "no-head"             // the model has no head for this task
	CodeNoPair             = "no-pair"             // the task reads pairs, and the text has no second one
	CodeUnexpectedPair     = "unexpected-pair"     // the task reads single texts
	CodeNoMask             = "no-mask"             // no [MASK] in the text
	CodeTooManyMasks       = "too-many-masks"      // more than can be filled together
	CodeNoTargets          = "no-targets"          // no target is made of word pieces
	CodeTooLong            = "too-long"            // longer than the model reads, and truncation is off
	CodeTooLarge           = "too-large"           // the answer, or the whole batch, is over a limit
	CodeInvalidParameter   = "invalid-parameter"   // a value out of its range
	CodeUnsupportedFeature = "unsupported-feature" // the model lacks a part that an option needs
)

// InputError is the caller's mistake: a text or an option that cannot be
// answered.
type InputError struct {
	// Code is one of the Code constants.
	Code string
	// Index is the text it is about, counted from 0, or -1 where it is about
	// the options or the whole request.
	Index int
	// Field is the request field at fault, as in JSON: "text", "text_pair",
	// "head", "top_k" …
	Field string
	// Detail says what is wrong and how to put it right. It holds none of
	// the caller's text.
	Detail string
	// Available is what there is instead: models, heads.
	Available []string
	// Limit and Actual are the figures where a limit was passed, else 0.
	Limit, Actual int
}

func (e *InputError) Error() string {
	if e.Index >= 0 {
		return fmt.Sprintf("text %d: %s: %s", e.Index, e.Code, e.Detail)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Detail)
}

// invalid is the InputError of an option out of its range.
func invalid(field, format string, args ...any) *InputError {
	return &InputError{Code: CodeInvalidParameter, Index: -1, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// requireText refuses texts that are blank, first or second of a pair: an
// answer to nothing would be noise with a probability attached.
func requireText(texts []Text) error {
	for i, t := range texts {
		if strings.TrimSpace(t.Text) == "" {
			return &InputError{Code: CodeEmptyText, Index: i, Field: "text", Detail: "the text is empty"}
		}
		if t.HasPair && strings.TrimSpace(t.Pair) == "" {
			return &InputError{Code: CodeEmptyText, Index: i, Field: "text_pair", Detail: "the second text is empty"}
		}
	}
	return nil
}

// requirePairs is for tasks that read two texts together.
func requirePairs(texts []Text) error {
	for i, t := range texts {
		if !t.HasPair {
			return &InputError{Code: CodeNoPair, Index: i, Field: "text_pair", Detail: "this task reads pairs of texts: give the second one"}
		}
	}
	return nil
}

// refusePairs is for tasks that read one text at a time.
func refusePairs(texts []Text) error {
	for i, t := range texts {
		if t.HasPair {
			return &InputError{Code: CodeUnexpectedPair, Index: i, Field: "text_pair", Detail: "this task reads single texts: leave out the second one"}
		}
	}
	return nil
}

// fromEngine turns the engine's refusal of what the caller asked for into an
// InputError; other errors pass.
func fromEngine(err error) error {
	if large, ok := errors.AsType[*engine.TooLargeError](err); ok {
		return &InputError{
			Code: CodeTooLarge, Index: -1, Field: "texts",
			Detail: fmt.Sprintf("the texts make %d tokens, and one request may have %d: send them in several requests", large.Tokens, large.Limit),
			Limit:  large.Limit, Actual: large.Tokens,
		}
	}
	return err
}
