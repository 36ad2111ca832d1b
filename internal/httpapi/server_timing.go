package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"cloze/internal/tasks"
)

// setServerTiming says where the time went, for the browser's network panel
// and the playground (W3C Server Timing).
func setServerTiming(h http.Header, t *tasks.Timing) {
	if t == nil {
		return
	}
	milliseconds := func(d time.Duration) string {
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 3, 64)
	}
	h.Set("Server-Timing", "tokenize;dur="+milliseconds(t.Tokenize)+", queue;dur="+milliseconds(t.Queue)+
		", model;dur="+milliseconds(t.Model)+", post;dur="+milliseconds(t.Post))
}
