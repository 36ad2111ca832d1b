package tasks

import (
	"context"
	"fmt"
	"sync/atomic"
)

// tokenLimit counts the tokens of one call.
type tokenLimit struct {
	limit int
	used  atomic.Int64
}

type tokenLimitKey struct{}

// WithTokenLimit returns a context under which the texts of one call may make
// at most so many tokens, whatever is read twice (windows that overlap,
// sentences besides their text) counted twice. More is an InputError with
// CodeTooLarge. Texts are counted as they are read, so that the first one too
// many ends the call: it states what was counted until then.
func WithTokenLimit(ctx context.Context, limit int) context.Context {
	return context.WithValue(ctx, tokenLimitKey{}, &tokenLimit{limit: limit})
}

// spendTokens counts tokens against the context's limit, if it has one.
func spendTokens(ctx context.Context, tokens int) error {
	l, ok := ctx.Value(tokenLimitKey{}).(*tokenLimit)
	if !ok {
		return nil
	}
	if used := int(l.used.Add(int64(tokens))); used > l.limit {
		return &InputError{
			Code: CodeTooLarge, Index: -1, Field: "texts",
			Detail: fmt.Sprintf("the texts make at least %d tokens, those read twice counted twice, and one request may have %d: send them in several requests", used, l.limit),
			Limit:  l.limit, Actual: used,
		}
	}
	return nil
}
