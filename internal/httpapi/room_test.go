package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloze/internal/tasks"
)

// TestRoomForAnswers: what answers take of the memory for them, others cannot
// have, until the answers have been sent; what needs little goes on.
func TestRoomForAnswers(t *testing.T) {
	const all = 1 << 20
	api := realAPI(t, func(c *Config) { c.MaxAnswerBytes = all })
	ask := func(path string) int {
		w := send(t, api, postJSON(path, `{"text": "one two three four five six seven eight"}`))
		if retry := w.Header().Get("Retry-After"); (w.Code == http.StatusTooManyRequests) != (retry != "") {
			t.Errorf("%s: %d, Retry-After %q", path, w.Code, retry)
		}
		return w.Code
	}
	// 6 layers, 12 heads, 10 tokens: 345,600 bytes of the room.
	for range 5 {
		if got := ask("/attention"); got != http.StatusOK {
			t.Fatalf("status %d: room is not given back", got)
		}
	}
	if !api.answers.TryAcquire(all - 100_000) {
		t.Fatal("answers that have been sent still take room")
	}
	if got := ask("/attention"); got != http.StatusTooManyRequests {
		t.Errorf("status %d, want 429", got)
	}
	for _, path := range []string{"/sentiment", "/embed", "/tokenize"} {
		if got := ask(path); got != http.StatusOK {
			t.Errorf("%s: status %d", path, got)
		}
	}
	api.answers.Release(all - 100_000)

	// Larger than all the room: alone, and not beside another.
	api = realAPI(t, func(c *Config) { c.MaxAnswerBytes = 100_000 })
	if got := ask("/attention"); got != http.StatusOK {
		t.Errorf("status %d of an answer that has all the room", got)
	}
	if !api.answers.TryAcquire(1) {
		t.Fatal("the answer that had all the room did not give it back")
	}
	if got := ask("/attention"); got != http.StatusTooManyRequests {
		t.Errorf("status %d, want 429", got)
	}
}

// reader is a client of whom a test sees how much it has read.
type reader struct {
	*httptest.ResponseRecorder
	reading func(before, after int)
}

func (r reader) Write(p []byte) (int, error) {
	r.reading(r.Body.Len(), r.Body.Len()+len(p))
	return r.ResponseRecorder.Write(p)
}

// TestRoomIsGivenBackInTime: a slow reader holds the room of an answer, but
// whoever has read it all and asks again does not meet it.
func TestRoomIsGivenBackInTime(t *testing.T) {
	const all = 1 << 20
	api := realAPI(t, func(c *Config) { c.MaxAnswerBytes = all })
	for _, path := range []string{"/attention", "/attention?pretty"} {
		c := postJSON(path, `{"text": "one two three four five six seven eight"}`)
		whole := send(t, api, c).Body.Len()
		ended := false
		api.ServeHTTP(reader{httptest.NewRecorder(), func(before, after int) {
			free := api.answers.TryAcquire(all)
			if free {
				api.answers.Release(all)
			}
			switch {
			case before == 0 && free:
				t.Errorf("%s: the room is given back before the answer is sent", path)
			case after == whole:
				ended = true
				if !free {
					t.Errorf("%s: the room is still taken at the end of the answer", path)
				}
			}
		}}, c.request(t))
		if !ended {
			t.Errorf("%s: the answer has another length", path)
		}
	}
}

// TestNumbersInJSONAreBounded: what is too much as digits is said before it is
// computed, and may still be asked for as bytes.
func TestNumbersInJSONAreBounded(t *testing.T) {
	api := realAPI(t)
	c := postJSON("/attention", `{"model": "en", "text": "`+strings.Repeat("!", 600)+`"}`)
	const numbers = 6 * 12 * 512 * 512
	w := send(t, api, c)
	p := wantProblem(t, w, tooLarge)
	if *p.Limit != maxJSONNumbers || *p.Actual != numbers {
		t.Errorf("limit %d, actual %d", *p.Limit, *p.Actual)
	}
	if timing := w.Header().Get("Server-Timing"); !strings.Contains(timing, "model;dur=0.000") {
		t.Errorf("the model ran first: %s", timing)
	}
	if err := api.newRoom(true).take(tasks.AnswerSize{Numbers: numbers}); err != nil {
		t.Errorf("in bytes: %v", err)
	}
}
