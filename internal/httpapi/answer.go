package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// Results is the answer of every task route.
type Results[T any] struct {
	// One result for each text, in order.
	Results []T `json:"results"`
}

// answer is a complete answer with status 200, ready to be sent.
type answer struct {
	contentType string
	header      http.Header // besides those that every answer has
	body        []byte
}

// jsonAnswer encodes v as a whole before anything is sent, so that a value
// that cannot be encoded becomes an error answer and not half an answer.
func jsonAnswer(r *http.Request, v any) (*answer, error) {
	body, err := encodeJSON(v, wantsPretty(r))
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return &answer{contentType: "application/json", header: http.Header{}, body: body}, nil
}

func (a *answer) send(w http.ResponseWriter) {
	for name, values := range a.header {
		for _, value := range values {
			w.Header().Add(name, value)
		}
	}
	writeBody(w, http.StatusOK, a.contentType, a.body)
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
