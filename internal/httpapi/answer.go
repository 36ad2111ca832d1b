package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Results is the answer of every task route.
type Results[T any] struct {
	// One result for each text, in order.
	Results []T `json:"results"`
}

// answer is a complete answer, ready to be sent.
type answer struct {
	status      int
	contentType string
	header      http.Header // besides those that every answer has
	body        []byte
	pretty      bool // the body is JSON, to be indented
}

// jsonAnswer encodes v as a whole before anything is sent, so that a value
// that cannot be encoded becomes an error answer and not half an answer.
func jsonAnswer(r *http.Request, v any) (*answer, error) {
	body, err := encodeJSON(v)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return &answer{
		status: http.StatusOK, contentType: "application/json", header: http.Header{},
		body: body, pretty: wantsPretty(r),
	}, nil
}

// send sends the answer. A pretty one is indented on its way, because a copy
// would be twice as large as the body; its length is not known before.
func (a *answer) send(w http.ResponseWriter) { a.sendWith(w, func() {}) }

// sendWith is send that calls beforeEnd before the end of the body is written: what
// it does has happened when the client has the whole answer.
func (a *answer) sendWith(w http.ResponseWriter, beforeEnd func()) {
	const end = 1 << 10 // little beside what a slow reader holds
	h := w.Header()
	for name, values := range a.header {
		for _, value := range values {
			h.Add(name, value)
		}
	}
	h.Set("Content-Type", a.contentType)
	var out io.Writer = w
	if a.pretty {
		out = newIndenter(w)
	} else {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	start := max(0, len(a.body)-end)
	_, err := out.Write(a.body[:start])
	beforeEnd()
	if err == nil {
		_, _ = out.Write(a.body[start:]) // an error here means that the client has gone
	}
}

// writeJSON answers with v, which must not be cached: it is about now.
func (a *API) writeJSON(w http.ResponseWriter, r *http.Request, v any) {
	answer, err := jsonAnswer(r, v)
	if err != nil {
		a.writeError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	answer.send(w)
}

// encodeJSON ends with a newline, so that a shell's prompt stands on its own
// line.
func encodeJSON(v any) ([]byte, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false) // text is answered as it was sent; nosniff protects browsers
	err := enc.Encode(v)
	return body.Bytes(), err
}
