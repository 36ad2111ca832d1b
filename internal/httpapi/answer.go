package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"cloze/internal/tasks"
)

// Results is the answer of every task route.
type Results[T any] struct {
	// One result for each text, in order.
	Results []T `json:"results"`
}

// writeJSON answers with v. The whole answer is encoded before its first byte
// is sent, so that a value that cannot be encoded becomes an error answer and
// not half an answer.
func writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) error {
	body, err := encodeJSON(v, wantsPretty(r))
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	writeBody(w, status, "application/json", body)
	return nil
}

// encodeJSON ends with a newline, so that a shell's prompt stands on its own
// line.
func encodeJSON(v any, pretty bool) ([]byte, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false) // text is answered as it was sent; nosniff protects browsers
	if pretty {
		enc.SetIndent("", "  ")
	}
	err := enc.Encode(v)
	return body.Bytes(), err
}

func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error here means that the client has gone
}

// wantsPretty reports whether ?pretty asks for indentation.
func wantsPretty(r *http.Request) bool {
	values, ok := r.URL.Query()["pretty"]
	return ok && (values[0] == "" || values[0] == "true")
}

// checkPretty refuses other values than those that wantsPretty knows.
func (a *API) checkPretty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, value := range r.URL.Query()["pretty"] {
			if value != "" && value != "true" && value != "false" {
				a.writeError(w, r, newProblem(invalidQuery, "pretty is %q; it may be true or false, or stand alone", clip(value)))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

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
