package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"cloze/internal/tasks"
)

// logged serves with a log that the test can read.
func logged(log *bytes.Buffer) func(*Config) {
	return func(c *Config) { c.Log = zerolog.New(log).Level(zerolog.DebugLevel) }
}

func TestAccessLog(t *testing.T) {
	var log bytes.Buffer
	api := realAPI(t, logged(&log))
	c := postJSON("/v1/sentiment", `{"texts": ["What a lovely day.", "真好"]}`)
	c.Header["X-Request-Id"] = "abc"
	w := send(t, api, c)
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("%v in %s", err, &log)
	}
	for name, want := range map[string]any{
		"level": "info", "message": "request", "request_id": "abc", "method": "POST", "route": "/sentiment",
		"status": 200.0, "bytes_in": float64(len(c.Body)), "bytes_out": float64(w.Body.Len()), "texts": 2.0, "tokens": 11.0,
	} {
		if line[name] != want {
			t.Errorf("%s = %v, want %v", name, line[name], want)
		}
	}
	log.Reset()
	quiet := realAPI(t, func(c *Config) { c.Log = zerolog.New(&log).Level(zerolog.InfoLevel) })
	send(t, quiet, get("/readyz"))
	if log.Len() > 0 {
		t.Errorf("the health check's success is logged: %s", &log)
	}
	for _, name := range []string{"duration_ms", "tokenize_ms", "queue_ms", "model_ms", "post_ms"} {
		if d, ok := line[name].(float64); !ok || d < 0 {
			t.Errorf("%s = %v, want milliseconds", name, line[name])
		}
	}
}

// TestTextIsNeverLogged marks everything that a caller can write, and looks
// for the mark in log and metrics.
func TestTextIsNeverLogged(t *testing.T) {
	const secret = "xyzzysecret"
	var log bytes.Buffer
	api := realAPI(t, logged(&log))
	calls := []call{
		postJSON("/sentiment", `{"text": "`+secret+`", "aspects": ["`+secret+`"]}`),
		postJSON("/sentiment", `{"text": `+secret+`}`),
		postJSON("/sentiment", `{"`+secret+`": 1}`),
		postJSON("/sentiment", `{"text": "a", "model": "`+secret+`"}`),
		postJSON("/sentiment", `{"text": "a", "level": "`+secret+`"}`),
		postJSON("/classify", `{"text": "a", "head": "`+secret+`"}`),
		postJSON("/sentiment?"+secret+"="+secret, `{"text": "a"}`),
		postJSON("/fill-mask", `{"text": "`+secret+`"}`),
		postJSON("/fill-mask", `{"text": "[MASK]", "targets": ["`+secret+`"]}`),
		postJSON("/ner", `{"text": "`+secret+`", "types": ["`+secret+`"]}`),
		postJSON("/"+secret, `{}`),
		get("/models/" + secret), get("/problems/" + secret), get("/docs/" + secret), get("/web/" + secret), get("/v1/" + secret + "?pretty"),
		{Method: strings.ToUpper(secret), Path: "/sentiment"},
		{Method: http.MethodPost, Path: "/sentiment", Body: secret},
		{Method: http.MethodPost, Path: "/sentiment", Body: secret, Header: map[string]string{"Content-Type": "application/" + secret}},
		{Method: http.MethodPost, Path: "/sentiment", Body: secret, Header: map[string]string{"Content-Encoding": secret}},
		{Method: http.MethodPost, Path: "/sentiment", Body: secret, Header: map[string]string{"X-Request-Id": secret + " ", "User-Agent": secret, "Referer": secret, "Accept": secret}},
	}
	for _, c := range calls {
		send(t, api, c)
	}
	metrics := send(t, api, get("/metrics")).Body.String()
	if got := strings.ToLower(log.String()); strings.Contains(got, secret) {
		t.Errorf("the log holds the caller's text:\n%s", got)
	}
	if strings.Contains(strings.ToLower(metrics), secret) {
		t.Error("the metrics hold the caller's text")
	}
	if got := strings.Count(log.String(), "\n"); got != len(calls)+1 {
		t.Errorf("%d log lines for %d requests", got, len(calls)+1)
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	var log bytes.Buffer
	fail := true
	api := fakeAPI(t, &Tasks{
		Classify: func(_ context.Context, texts []tasks.Text, _ tasks.ClassifyOptions) ([]tasks.Classification, error) {
			if fail {
				panic("kernels: wrong length")
			}
			return make([]tasks.Classification, len(texts)), nil
		},
	}, logged(&log))
	w := send(t, api, postJSON("/classify", `{"text": "a"}`))
	p := wantProblem(t, w, internalError)
	if strings.Contains(w.Body.String(), "wrong length") {
		t.Errorf("the answer shows the panic: %s", w.Body)
	}
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	stack, _ := line["stack"].(string)
	if line["level"] != "error" || line["request_id"] != p.RequestID || line["error"] != "panic: kernels: wrong length" || !strings.Contains(stack, "TestPanicIsAnsweredAndLogged") {
		t.Errorf("log line %s", &log)
	}
	if api.InFlight() != 0 {
		t.Error("the panic kept its slot")
	}
	fail = false
	if w := send(t, api, postJSON("/classify", `{"text": "a"}`)); w.Code != http.StatusOK {
		t.Errorf("the next request answers %d", w.Code)
	}
}

func TestMetrics(t *testing.T) {
	api := realAPI(t)
	send(t, api, postJSON("/v1/sentiment", `{"texts": ["What a lovely day.", "It rained."]}`))
	send(t, api, postJSON("/sentiment", `{"text": ""}`))
	send(t, api, get("/nowhere"))
	w := send(t, api, get("/metrics"))
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("content type %q", w.Header().Get("Content-Type"))
	}
	for _, line := range []string{
		`cloze_http_requests_total{method="POST",route="/sentiment",status="200"} 1`,
		`cloze_http_requests_total{method="POST",route="/sentiment",status="422"} 1`,
		`cloze_http_requests_total{method="GET",route="",status="404"} 1`,
		`cloze_http_request_duration_seconds_count{route="/sentiment"} 2`,
		`cloze_problems_total{type="empty-text"} 1`,
		`cloze_texts_total{route="/sentiment"} 3`,
		`cloze_tokens_total{route="/sentiment"} 12`,
		`cloze_model_bytes{model="en"} `,
		`cloze_engine_queue_limit_tokens `,
		`cloze_model_passes_total{model="en"} `,
		`cloze_build_info{go="go",revision="none",version="test"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains(w.Body.String(), "\n"+line) {
			t.Errorf("no line %s", line)
		}
	}
}
