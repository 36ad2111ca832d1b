package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/models"
)

// embedded is an engine on the two models inside, loaded once for all tests.
var embedded = sync.OnceValues(func() (*engine.Engine, error) {
	pool := kernels.NewPool(0)
	var loaded []*engine.Model
	for _, id := range models.IDs() {
		network, tok, err := checkpoint.Load(models.FS(id), bert.Options{Pool: pool})
		if err != nil {
			return nil, err
		}
		loaded = append(loaded, &engine.Model{ID: id, Network: network, Tokenizer: tok})
	}
	return engine.New(engine.Options{Pool: pool}, loaded...)
})

// testConfig is small enough for tests to pass the limits.
func testConfig() Config {
	return Config{
		MaxBodyBytes: 64 << 10, MaxTexts: 16, MaxTokensPerRequest: 65536, MaxInFlight: 8, MaxAnswerBytes: 256 << 20,
		RequestTimeout: 20 * time.Second,
		Build:          Build{Name: "cloze", Version: "test", Revision: "none", Go: "go", Platform: "test"},
		Log:            zerolog.Nop(),
	}
}

// realAPI serves the embedded models.
func realAPI(t testing.TB, configure ...func(*Config)) *API {
	t.Helper()
	e, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	return fakeAPI(t, NewTasks(e), configure...)
}

// smallAPI serves a model of all heads that reads 24 tokens.
func smallAPI(t testing.TB) *API {
	t.Helper()
	network, tok, err := checkpoint.LoadDir("../checkpoint/testdata/several-heads", bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Options{Threads: 1}, &engine.Model{ID: "small", Network: network, Tokenizer: tok})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return fakeAPI(t, NewTasks(e))
}

// fakeAPI serves tasks that a test made; nil leaves it starting.
func fakeAPI(t testing.TB, tasks *Tasks, configure ...func(*Config)) *API {
	t.Helper()
	config := testConfig()
	for _, f := range configure {
		f(&config)
	}
	api := New(config)
	if tasks != nil {
		api.Serve(tasks)
	}
	return api
}

// call is one request of a test.
type call struct {
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Header map[string]string `json:"headers,omitempty"`
	Body   string            `json:"body,omitempty"`
	reader io.Reader         // instead of Body
}

// postJSON is the usual one.
func postJSON(path, body string) call {
	return call{Method: http.MethodPost, Path: path, Header: map[string]string{"Content-Type": "application/json"}, Body: body}
}

func get(path string) call { return call{Method: http.MethodGet, Path: path} }

// send answers c.
func send(t testing.TB, h http.Handler, c call) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, c.request(t))
	return w
}

func (c call) request(t testing.TB) *http.Request {
	t.Helper()
	body := c.reader
	if body == nil && c.Body != "" {
		body = strings.NewReader(c.Body)
	}
	r := httptest.NewRequestWithContext(t.Context(), c.Method, c.Path, body)
	r.Host = "localhost:8080"
	for name, value := range c.Header {
		r.Header.Set(name, value)
	}
	return r
}

// decodeBody reads a JSON answer.
func decodeBody[T any](t testing.TB, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("answer %d is not JSON: %v\n%s", w.Code, err, clipBody(w.Body.Bytes()))
	}
	return v
}

// wantProblem checks that an answer is a well-formed problem of a type, and
// returns it.
func wantProblem(t testing.TB, w *httptest.ResponseRecorder, kind *problemType) Problem {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("status %d, content type %q, want a problem\n%s", w.Code, got, clipBody(w.Body.Bytes()))
	}
	p := decodeBody[Problem](t, w)
	if p.Type != "/problems/"+kind.slug || w.Code != kind.status {
		t.Fatalf("%d %s (%s), want %d %s", w.Code, p.Type, p.Detail, kind.status, kind.slug)
	}
	if int(p.Status) != w.Code || p.Title != kind.title || p.Detail == "" || p.Example == "" {
		t.Errorf("incomplete problem: %+v", p)
	}
	if p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("request id %q in the body, %q in the header", p.RequestID, w.Header().Get("X-Request-Id"))
	}
	if !bytes.HasSuffix(w.Body.Bytes(), []byte("}\n")) {
		t.Error("the answer has no final newline")
	}
	return p
}

func clipBody(body []byte) []byte { return body[:min(len(body), 500)] }
