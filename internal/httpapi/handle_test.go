package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/engine"
	"cloze/internal/tasks"
	"cloze/internal/tokenizer"
)

// recorder is a server that keeps what its tasks were asked.
type recorder struct {
	texts   []tasks.Text
	options any
}

func record[O, R any](rec *recorder) func(context.Context, []tasks.Text, O) ([]R, error) {
	return func(_ context.Context, texts []tasks.Text, o O) ([]R, error) {
		rec.texts, rec.options = texts, o
		return make([]R, len(texts)), nil
	}
}

func recordingAPI(t testing.TB, configure ...func(*Config)) (*API, *recorder) {
	rec := new(recorder)
	return fakeAPI(t, &Tasks{
		Classify:  record[tasks.ClassifyOptions, tasks.Classification](rec),
		Sentiment: record[tasks.SentimentOptions, tasks.SentimentResult](rec),
		NER:       record[tasks.NEROptions, tasks.NERResult](rec),
		FillMask:  record[tasks.FillMaskOptions, tasks.FillMaskResult](rec),
		NSP:       record[tasks.NextSentenceOptions, tasks.NextSentenceResult](rec),
		Embed:     record[tasks.EmbedOptions, tasks.Embedding](rec),
		Tokenize:  record[tasks.TokenizeOptions, tasks.Tokenization](rec),
		Attention: record[tasks.AttendOptions, tasks.AttentionResult](rec),

		PretrainingExamples: record[tasks.PretrainingOptions, tasks.PretrainingResult](rec),
	}, configure...), rec
}

func TestTextsReachTheTask(t *testing.T) {
	text := func(contentType, body string) call {
		c := call{Method: http.MethodPost, Path: "/classify", Body: body, Header: map[string]string{}}
		if contentType != "" {
			c.Header["Content-Type"] = contentType
		}
		return c
	}
	compressed := text("application/json", "")
	compressed.reader = gzipped(t, `{"text": "zipped"}`)
	compressed.Header["Content-Encoding"] = "gzip"
	for _, tt := range []struct {
		name string
		call call
		want []tasks.Text
	}{
		{"one text", text("application/json", `{"text": "a"}`), []tasks.Text{{Text: "a"}}},
		{"empty text", text("application/json", `{"text": ""}`), []tasks.Text{{}}},
		{"texts", text("application/json", `{"texts": ["a", "b"]}`), []tasks.Text{{Text: "a"}, {Text: "b"}}},
		{"pair", text("application/json", `{"text": "a", "text_pair": "b"}`), []tasks.Text{{Text: "a", Pair: "b", HasPair: true}}},
		{"empty pair", text("application/json", `{"text": "a", "text_pair": ""}`), []tasks.Text{{Text: "a", HasPair: true}}},
		{"pairs", text("application/json", `{"texts": ["a", "b"], "text_pairs": ["c", "d"]}`), []tasks.Text{{Text: "a", Pair: "c", HasPair: true}, {Text: "b", Pair: "d", HasPair: true}}},
		{"charset", text("application/json; charset=UTF-8", `{"text": "a"}`), []tasks.Text{{Text: "a"}}},
		{"charset as some spell it", text("application/json; charset=utf8", `{"text": "a"}`), []tasks.Text{{Text: "a"}}},
		{"capitals", text("Application/JSON", `{"text": "a"}`), []tasks.Text{{Text: "a"}}},
		{"plain text", text("text/plain", "{\"a\"}\n"), []tasks.Text{{Text: "{\"a\"}\n"}}},
		{"plain text with charset", text("text/plain; charset=utf-8", "ä"), []tasks.Text{{Text: "ä"}}},
		{"no content type", text("", "it rains"), []tasks.Text{{Text: "it rains"}}},
		{"no content type, braces", text("", "{it rains}"), []tasks.Text{{Text: "{it rains}"}}},
		{"gzip", compressed, []tasks.Text{{Text: "zipped"}}},
		{"under /v1", call{Method: http.MethodPost, Path: "/v1/classify", Body: "a"}, []tasks.Text{{Text: "a"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			api, rec := recordingAPI(t)
			if w := send(t, api, tt.call); w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if diff := cmp.Diff(tt.want, rec.texts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOptionsReachTheTask: with every option given, and with none.
func TestOptionsReachTheTask(t *testing.T) {
	all := tasks.Options{Model: "zh", Truncate: new(bool), OffsetUnit: tokenizer.UTF16}
	const shared = `"text": "a", "model": "zh", "truncate": false, "offset_unit": "utf16"`
	auto := tasks.Options{Model: "auto"}
	layer, last, yes, no := 2, -1, true, false
	prob, usual := 0.3, 0.15
	for _, tt := range []struct {
		path, options string
		want, absent  any
	}{
		{
			"/classify", `"head": "topic", "top_k": 2, "function": "sigmoid", "window": "first"`,
			tasks.ClassifyOptions{Options: all, Head: "topic", TopK: 2, Function: tasks.Sigmoid, Window: tasks.FirstWindow},
			tasks.ClassifyOptions{Options: auto, Window: tasks.AllWindows},
		},
		{
			"/sentiment", `"level": "sentence", "aspects": ["price", "battery life"]`,
			tasks.SentimentOptions{Options: all, Level: tasks.Sentences, Aspects: []string{"price", "battery life"}},
			tasks.SentimentOptions{Options: auto, Level: tasks.Document},
		},
		{
			"/ner", `"aggregation": "max", "types": ["PER"], "min_score": 0.5`,
			tasks.NEROptions{Options: all, Aggregation: tasks.Max, Types: []string{"PER"}, MinScore: 0.5},
			tasks.NEROptions{Options: auto, Aggregation: tasks.Simple},
		},
		{
			"/fill-mask", `"top_k": 3, "targets": ["x"], "joint": true`,
			tasks.FillMaskOptions{Options: all, TopK: 3, Targets: []string{"x"}, Joint: true},
			tasks.FillMaskOptions{Options: auto, TopK: 5},
		},
		{"/nsp", "", tasks.NextSentenceOptions{Options: all}, tasks.NextSentenceOptions{Options: auto}},
		{
			"/embed", `"pooling": "cls", "layer": 2, "normalize": false`,
			tasks.EmbedOptions{Options: all, Pooling: tasks.CLSPooling, Layer: &layer, Normalize: &no},
			tasks.EmbedOptions{Options: auto, Pooling: tasks.MeanPooling, Layer: &last, Normalize: &yes},
		},
		{
			"/tokenize", `"add_special_tokens": false`,
			tasks.TokenizeOptions{Options: all, AddSpecialTokens: &no},
			tasks.TokenizeOptions{Options: auto, AddSpecialTokens: &yes},
		},
		{
			"/attention", `"layers": [0, 1], "heads": [2], "aggregate": "rollout", "precision": "uint8"`,
			tasks.AttendOptions{Options: all, Layers: []int{0, 1}, Heads: []int{2}, Aggregate: tasks.Rollout},
			tasks.AttendOptions{Options: auto, Aggregate: tasks.NoAggregate},
		},
		{
			"/pretraining-examples", `"seed": 7, "masked_lm_prob": 0.3, "whole_word": true, "max_tokens": 64`,
			tasks.PretrainingOptions{Options: all, Seed: 7, MaskedLMProb: &prob, WholeWord: true, MaxTokens: 64},
			tasks.PretrainingOptions{Options: auto, MaskedLMProb: &usual},
		},
	} {
		t.Run(tt.path, func(t *testing.T) {
			api, rec := recordingAPI(t)
			body := "{" + shared
			if tt.options != "" {
				body += ", " + tt.options
			}
			send(t, api, postJSON(tt.path, body+"}"))
			if diff := cmp.Diff(tt.want, rec.options); diff != "" {
				t.Errorf("all options:\n%s", diff)
			}
			send(t, api, postJSON(tt.path, `{"text": "a"}`))
			if diff := cmp.Diff(tt.absent, rec.options); diff != "" {
				t.Errorf("no option:\n%s", diff)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	api, _ := recordingAPI(t, func(c *Config) { c.MaxBodyBytes, c.MaxTexts = 100, 3 })
	unknownLength := func(body io.Reader, encoding string) call {
		c := postJSON("/classify", "")
		c.reader = io.MultiReader(body) // hides the length from net/http
		if encoding != "" {
			c.Header["Content-Encoding"] = encoding
		}
		return c
	}
	big := `{"text": "` + strings.Repeat("a", 1000) + `"}`
	exact := `{"text": "` + strings.Repeat("a", 88) + `"}`
	if w := send(t, api, postJSON("/classify", exact)); w.Code != http.StatusOK || len(exact) != 100 {
		t.Errorf("a body of exactly the limit (%d bytes) answers %d", len(exact), w.Code)
	}
	for _, tt := range []struct {
		name          string
		call          call
		kind          *problemType
		limit, actual int64
	}{
		{"announced length", postJSON("/classify", big), bodyTooLarge, 100, int64(len(big))},
		{"one byte over", postJSON("/classify", exact+" "), bodyTooLarge, 100, 101},
		{"unknown length", unknownLength(strings.NewReader(big), ""), bodyTooLarge, 100, 101},
		{"after decompression", unknownLength(gzipped(t, big), "gzip"), bodyTooLarge, 100, 101},
		{"a gzip bomb", unknownLength(gzipped(t, strings.Repeat("a", 10_000_000)), "gzip"), bodyTooLarge, 100, 101},
		{"texts", postJSON("/classify", `{"texts": ["a", "b", "c", "d"]}`), batchTooLarge, 3, 4},
		{"pairs", postJSON("/classify", `{"texts": ["a"], "text_pairs": ["b", "c"]}`), pairCount, 1, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := wantProblem(t, send(t, api, tt.call), tt.kind)
			if p.Limit == nil || p.Actual == nil || *p.Limit != tt.limit || *p.Actual != tt.actual {
				t.Errorf("%+v, want limit %d and actual %d", p, tt.limit, tt.actual)
			}
		})
	}
}

// A client that sends all of a body that is too large before it reads anything gets
// the answer.
func TestTooLargeIsHeard(t *testing.T) {
	api, _ := recordingAPI(t)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	body, want := `{"text": "`+strings.Repeat("a", 6<<20)+`"}`, "HTTP/1.1 413 "
	for i := range 6 {
		if i == 3 { // and so does one that finds no room for it
			if !api.arriving.TryAcquire(arrivingBodies * api.config.MaxBodyBytes) {
				t.Fatal("no room")
			}
			body, want = `{"text": "`+strings.Repeat("a", 60<<10)+`"}`, "HTTP/1.1 429 "
		}
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(conn, "POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		if err != nil {
			t.Errorf("sending: %v", err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || !bytes.HasPrefix(answer, []byte(want)) {
			t.Errorf("read %.40q, error %v", answer, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDamagedCompression(t *testing.T) {
	whole := gzipped(t, `{"text": "`+strings.Repeat("it rains ", 100)+`"}`).Bytes()
	wrongChecksum := bytes.Clone(whole)
	wrongChecksum[len(wrongChecksum)-5]++
	wrongData := bytes.Clone(whole)
	wrongData[20] ^= 0xff
	api, _ := recordingAPI(t)
	for name, body := range map[string][]byte{
		"empty": {}, "header only": whole[:10], "cut short": whole[:len(whole)-9],
		"checksum": wrongChecksum, "data": wrongData, "not gzip": []byte(`{"text": "a"}`),
	} {
		t.Run(name, func(t *testing.T) {
			c := postJSON("/classify", "")
			c.reader = bytes.NewReader(body)
			c.Header["Content-Encoding"] = "gzip"
			wantProblem(t, send(t, api, c), unreadableBody)
		})
	}
}

// TestUnreadableBody: a connection that breaks is not our bug.
func TestUnreadableBody(t *testing.T) {
	api, _ := recordingAPI(t)
	for _, err := range []error{io.ErrUnexpectedEOF, errors.New("malformed chunked encoding"), errors.New("connection reset by peer")} {
		c := postJSON("/classify", "")
		c.reader = iotest.ErrReader(err)
		wantProblem(t, send(t, api, c), unreadableBody)
	}
}

func TestInFlightLimit(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	api := fakeAPI(t, &Tasks{
		Classify: func(context.Context, []tasks.Text, tasks.ClassifyOptions) ([]tasks.Classification, error) {
			entered <- struct{}{}
			<-leave
			return nil, nil
		},
	}, func(c *Config) { c.MaxInFlight = 1 })
	done := make(chan int)
	go func() { done <- send(t, api, postJSON("/classify", `{"text": "a"}`)).Code }()
	<-entered
	if got := api.InFlight(); got != 1 {
		t.Errorf("InFlight() = %d, want 1", got)
	}
	w := send(t, api, postJSON("/classify", `{"text": "a"}`))
	wantProblem(t, w, queueFull)
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	close(leave)
	if code := <-done; code != http.StatusOK {
		t.Errorf("the request in flight answers %d", code)
	}
	if got := api.InFlight(); got != 0 {
		t.Errorf("InFlight() = %d after the last answer", got)
	}
}

// TestOverload: many more requests than there is room for are answered with
// 200 or refused with 429, and the answers are those of an idle server.
func TestOverload(t *testing.T) {
	shared, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	model := *shared.Models()[0]
	small, err := engine.New(engine.Options{QueueTokens: 40}, &model)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	api := fakeAPI(t, NewTasks(small), func(c *Config) { c.MaxInFlight = 100 })
	request := postJSON("/sentiment", `{"text": "What a lovely day."}`)
	idle := decodeBody[any](t, send(t, api, request))

	var wait sync.WaitGroup
	var answered, refused atomic.Int32
	for range 50 {
		wait.Go(func() {
			switch w := send(t, api, request); w.Code {
			case http.StatusOK:
				answered.Add(1)
				if diff := cmp.Diff(idle, decodeBody[any](t, w), cmp.Comparer(nearly)); diff != "" {
					t.Errorf("idle (-) and under load (+):\n%s", diff)
				}
			case http.StatusTooManyRequests:
				refused.Add(1)
				if w.Header().Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
			default:
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	wait.Wait()
	if answered.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d answered, %d refused; want some of both", answered.Load(), refused.Load())
	}
	if w := send(t, api, request); w.Code != http.StatusOK {
		t.Errorf("after the load: %d", w.Code)
	}
}

// TestLongBodiesTakeMoreSlots, but never more than there are.
func TestLongBodiesTakeMoreSlots(t *testing.T) {
	api, _ := recordingAPI(t, func(c *Config) { c.MaxInFlight = 4 })
	short, err := api.enter(100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.enter(4 * slotBytes); err == nil {
		t.Error("a body of 4 slots finds room in 3")
	}
	long, err := api.enter(2 * slotBytes)
	if err != nil {
		t.Error("a body of 3 slots finds no room in 3")
	}
	short()
	long()
	if _, err := api.enter(1 << 30); err != nil {
		t.Error("a body longer than all slots never finds room")
	}
}

// Long bodies on their way in share a bounded room; short ones need none of it.
func TestArrivingBodiesAreBounded(t *testing.T) {
	api, _ := recordingAPI(t, func(c *Config) { c.MaxInFlight = 100 })
	all := arrivingBodies * api.config.MaxBodyBytes
	short := postJSON("/classify", `{"text": "a"}`)
	long := postJSON("/classify", `{"text": "`+strings.Repeat("a", 2*slotBytes)+`"}`)
	if !api.arriving.TryAcquire(all - slotBytes) {
		t.Fatal("no room")
	}
	if w := send(t, api, short); w.Code != http.StatusOK {
		t.Errorf("a short body: %d %s", w.Code, w.Body)
	}
	w := send(t, api, long)
	wantProblem(t, w, queueFull)
	if w.Header().Get("Retry-After") == "" || w.Header().Get("Connection") != "close" {
		t.Errorf("headers %v", w.Header())
	}
	api.arriving.Release(all - slotBytes)
	if w := send(t, api, long); w.Code != http.StatusOK {
		t.Errorf("a long body alone: %d %s", w.Code, w.Body)
	}
	if !api.arriving.TryAcquire(all) {
		t.Error("bodies that have been read hold room")
	}
}

func TestTokenLimit(t *testing.T) {
	api := realAPI(t, func(c *Config) { c.MaxTokensPerRequest = 10 })
	for _, path := range []string{"/sentiment", "/tokenize", "/embed", "/pretraining-examples"} {
		p := wantProblem(t, send(t, api, postJSON(path, `{"texts": ["one two three four five six", "five six seven eight nine ten"]}`)), tooLarge)
		if p.Limit == nil || *p.Limit != 10 || *p.Actual < 11 || p.Errors[0].Pointer != "/texts" {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

func TestDeadline(t *testing.T) {
	api := fakeAPI(t, &Tasks{
		Classify: func(ctx context.Context, _ []tasks.Text, _ tasks.ClassifyOptions) ([]tasks.Classification, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}, func(c *Config) { c.RequestTimeout = 10 * time.Millisecond })
	w := send(t, api, postJSON("/classify", `{"text": "a"}`))
	wantProblem(t, w, deadlinePassed)
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestAnswerForm(t *testing.T) {
	api := realAPI(t)
	plain := send(t, api, postJSON("/tokenize", `{"text": "<b>ä & é</b>"}`))
	if got := plain.Body.String(); !strings.HasSuffix(got, "}\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("not one line: %q", got)
	}
	if !strings.Contains(plain.Body.String(), `"token":"<"`) {
		t.Error("HTML is escaped")
	}
	for query, pretty := range map[string]bool{
		"?pretty": true, "?pretty=true": true, "?pretty=": true, "?pretty=false": false, "": false,
	} {
		w := send(t, api, postJSON("/tokenize"+query, `{"text": "a"}`))
		if got := strings.Contains(w.Body.String(), "\n  "); got != pretty || w.Code != http.StatusOK {
			t.Errorf("%q: indented %t, want %t (status %d)", query, got, pretty, w.Code)
		}
		if got := send(t, api, get("/nothing"+query)); strings.Contains(got.Body.String(), "\n  ") != pretty {
			t.Errorf("%q: an error answer is indented unlike others", query)
		}
	}
}

func TestServerTiming(t *testing.T) {
	w := send(t, realAPI(t), postJSON("/sentiment", `{"text": "What a lovely day."}`))
	timing := w.Header().Get("Server-Timing")
	var names []string
	for entry := range strings.SplitSeq(timing, ", ") {
		name, duration, ok := strings.Cut(entry, ";dur=")
		if !ok || duration == "" {
			t.Errorf("entry %q", entry)
		}
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{"tokenize", "queue", "model", "post"}, names); diff != "" {
		t.Errorf("Server-Timing %q\n%s", timing, diff)
	}
	if strings.Contains(timing, "model;dur=0.000") {
		t.Errorf("the model took no time: %s", timing)
	}
}

func TestRequestID(t *testing.T) {
	api := realAPI(t)
	for theirs, taken := range map[string]bool{
		"abc-123": true, strings.Repeat("x", 128): true, "a.b/c:d": true,
		"": false, strings.Repeat("x", 129): false, "a b": false, "ä": false, "a\tb": false, "a\x7f": false,
	} {
		c := get("/healthz")
		c.Header = map[string]string{"X-Request-Id": theirs}
		got := send(t, api, c).Header().Get("X-Request-Id")
		if (got == theirs) != taken || got == "" {
			t.Errorf("X-Request-Id %q becomes %q", theirs, got)
		}
	}
	if a, b := requestID(""), requestID(""); a == b || len(a) < 16 {
		t.Errorf("made ids %q and %q", a, b)
	}
}

func TestMethods(t *testing.T) {
	api := realAPI(t)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/classify", 405, "POST, OPTIONS"},
		{"PUT", "/classify", 405, "POST, OPTIONS"},
		{"HEAD", "/classify", 405, "POST, OPTIONS"},
		{"DELETE", "/v1/ner", 405, "POST, OPTIONS"},
		{"BREW", "/classify", 405, "POST, OPTIONS"},
		{"POST", "/models", 405, "GET, HEAD, OPTIONS"},
		{"PATCH", "/v1/models/en", 405, "GET, HEAD, OPTIONS"},
		{"TRACE", "/", 405, "GET, HEAD, OPTIONS"},
		{"POST", "/v1", 405, "GET, HEAD, OPTIONS"},
		{"OPTIONS", "/classify", 204, "POST, OPTIONS"},
		{"OPTIONS", "/v1/models", 204, "GET, HEAD, OPTIONS"},
		{"OPTIONS", "/nothing", 404, ""},
		{"BREW", "/nothing", 404, ""},
		{"GET", "/classify/", 404, ""},
		{"GET", "/v2/classify", 404, ""},
		{"GET", "//models", 404, ""},
	} {
		w := send(t, api, call{Method: tt.method, Path: tt.path})
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", tt.method, tt.path, w.Code, w.Header().Get("Allow"), tt.status, tt.allow)
		}
	}
}

// TestHeadIsGetWithoutBody asks a real server, because net/http drops the body.
func TestHeadIsGetWithoutBody(t *testing.T) {
	server := httptest.NewServer(realAPI(t))
	defer server.Close()
	for _, path := range []string{"/", "/models", "/v1/models/en", "/healthz", "/readyz", "/version", "/docs", "/openapi.json", "/problems/no-mask"} {
		var lengths []int64
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept-Encoding", "identity")
			w, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(w.Body)
			if err := errors.Join(err, w.Body.Close()); err != nil || w.StatusCode != http.StatusOK || (method == http.MethodHead) != (len(body) == 0) {
				t.Errorf("%s %s: %d with %d bytes, %v", method, path, w.StatusCode, len(body), err)
			}
			lengths = append(lengths, w.ContentLength)
		}
		if lengths[0] != lengths[1] {
			t.Errorf("%s: Content-Length %d for HEAD, %d for GET", path, lengths[0], lengths[1])
		}
	}
}

func TestCompression(t *testing.T) {
	api := realAPI(t)
	for accept, zipped := range map[string]bool{
		"gzip": true, "gzip, deflate, br": true, "*": true, "br, gzip;q=0.5": true,
		"": false, "br": false, "deflate": false, "gzip;q=0": false, "gzip; q=0.0": false, "identity": false, "x-gzipped": false,
	} {
		for _, path := range []string{"/models", "/openapi.json", "/nothing", "/docs/swagger-ui.css", "/", "/metrics"} {
			c := get(path)
			c.Header = map[string]string{"Accept-Encoding": accept}
			w := send(t, api, c)
			if got := w.Header().Get("Content-Encoding") == "gzip"; got != zipped {
				t.Errorf("%s with Accept-Encoding %q: gzip %t, want %t", path, accept, got, zipped)
				continue
			}
			if vary := strings.Join(w.Header().Values("Vary"), ", "); strings.Count(vary, "Accept-Encoding") != 1 {
				t.Errorf("%s: Vary %q", path, vary)
			}
			if !zipped {
				continue
			}
			unzip, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(unzip)
			if err != nil || len(body) == 0 {
				t.Errorf("%s: %d bytes, %v", path, len(body), err)
			}
		}
	}
}

func TestQualityOf(t *testing.T) {
	for _, tt := range []struct {
		line string
		want float64
	}{
		{"text/html", 1},
		{"application/json;q=0.5, text/html;q=0.8", 0.8},
		{"TEXT/HTML ; Q=0.25", 0.25},
		{"text/html;level=1;q=0.3", 0.3},
		{"text/html;q=x", 0},
		{"text/plain", 0},
		{"", 0},
		{"*/*", 0},
	} {
		if got := qualityOf([]string{tt.line}, "text/html"); got != tt.want {
			t.Errorf("qualityOf(%q) = %v, want %v", tt.line, got, tt.want)
		}
	}
}

func TestCORS(t *testing.T) {
	ask := func(api *API, origin string) http.Header {
		return send(t, api, call{Method: http.MethodOptions, Path: "/classify", Header: map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type",
		}}).Header()
	}
	off := realAPI(t)
	if got := ask(off, "https://a.example").Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("CORS is on by default: %q", got)
	}
	on := realAPI(t, func(c *Config) { c.CORSOrigins = []string{"https://a.example"} })
	if h := ask(on, "https://a.example"); h.Get("Access-Control-Allow-Origin") != "https://a.example" || h.Get("Access-Control-Allow-Methods") != "POST" {
		t.Errorf("preflight of a listed origin: %v", h)
	}
	if got := ask(on, "https://b.example").Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("an unlisted origin is allowed: %q", got)
	}
	c := postJSON("/tokenize", `{"text": "a"}`)
	c.Header["Origin"] = "https://a.example"
	w := send(t, on, c)
	if w.Code != 200 || !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "Server-Timing") {
		t.Errorf("%d, exposed %q", w.Code, w.Header().Get("Access-Control-Expose-Headers"))
	}
}

// TestLongestExample: without max_tokens an example is as long as the model
// reads, where that is less than the usual 128.
func TestLongestExample(t *testing.T) {
	for name, tt := range map[string]struct {
		api  *API
		want int
	}{
		"small model": {smallAPI(t), 24},
		"other":       {realAPI(t), 128},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"text": "` + strings.Repeat("a b c d e f g h. ", 40) + `"}`
			got := decodeBody[Results[tasks.PretrainingResult]](t, send(t, tt.api, postJSON("/pretraining-examples", body)))
			longest := 0
			for _, result := range got.Results {
				for _, example := range result.Examples {
					longest = max(longest, len(example.Pieces))
				}
			}
			if longest > tt.want || longest < tt.want-12 { // whole sentences rarely fill an example
				t.Errorf("the longest example has %d tokens, want %d", longest, tt.want)
			}
		})
	}
	p := wantProblem(t, send(t, smallAPI(t), postJSON("/pretraining-examples", `{"text": "a b.", "max_tokens": 128}`)), invalidParameter)
	if !strings.Contains(p.Detail, "5 to 24") {
		t.Errorf("detail %q", p.Detail)
	}
}

// TestLongTexts holds what the routes say of truncate to what they do.
func TestLongTexts(t *testing.T) {
	const refused, cut, windows, whole = "refused", "cut", "windows", "whole"
	single := `"text": "[MASK]` + strings.Repeat(" a b c. d", 10) + `"`
	pair := single + `, "text_pair": "e"`
	api := smallAPI(t)
	for _, tt := range []struct {
		path, body       string
		without, yes, no string
	}{
		{"/classify", single, windows, windows, refused},
		{"/classify", single + `, "window": "first"`, cut, cut, refused},
		{"/classify", pair, cut, cut, refused},
		{"/sentiment", single, windows, windows, refused},
		{"/sentiment", single + `, "level": "sentence"`, windows, windows, refused},
		{"/ner", single, windows, windows, windows},
		{"/fill-mask", single, refused, cut, refused},
		{"/nsp", pair, cut, cut, refused},
		{"/embed", single, windows, windows, refused},
		{"/embed", single + `, "pooling": "cls"`, windows, windows, refused},
		{"/embed", single + `, "pooling": "none"`, cut, cut, refused},
		{"/embed", pair, cut, cut, refused},
		{"/tokenize", single, whole, cut, refused},
		{"/tokenize", pair, whole, cut, refused},
		{"/attention", single, cut, cut, refused},
		{"/attention", pair, cut, cut, refused},
		{"/pretraining-examples", single, cut, cut, cut}, // its examples leave out some pieces
	} {
		for truncate, want := range map[string]string{"": tt.without, `, "truncate": true`: tt.yes, `, "truncate": false`: tt.no} {
			w := send(t, api, postJSON(tt.path, "{"+tt.body+truncate+"}"))
			got := refused
			if w.Code == http.StatusOK {
				info := decodeBody[Results[tasks.Info]](t, w).Results[0]
				switch {
				case info.Truncated:
					got = cut
				case info.Windows > 1:
					got = windows
				default:
					got = whole
				}
			} else {
				wantProblem(t, w, tooLong)
			}
			if got != want {
				t.Errorf("%s {%s%s}: %s, want %s", tt.path, tt.body, truncate, got, want)
			}
		}
	}
}

// TestSpecialTokensInTexts holds what the routes say of special tokens written
// in a text to what they do, by the tokens that they read.
func TestSpecialTokensInTexts(t *testing.T) {
	api := smallAPI(t)
	tokens := func(path, text string) int {
		w := send(t, api, postJSON(path, `{"text": "`+text+`", "text_pair": "a"}`))
		if w.Code == http.StatusBadRequest { // no pairs here
			w = send(t, api, postJSON(path, `{"text": "`+text+`"}`))
		}
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return decodeBody[Results[tasks.Info]](t, w).Results[0].Tokens
	}
	for _, path := range taskPaths {
		separator := tokens(path, "[MASK] [SEP]") - tokens(path, "[MASK]")
		mask := tokens(path, "[MASK] [MASK]") - tokens(path, "[MASK]")
		shown := path == "/tokenize" || path == "/attention"
		if got := separator == 1; got != shown {
			t.Errorf("%s reads [SEP] as %d pieces", path, separator)
		}
		if got := mask == 1; got != (shown || path == "/fill-mask") {
			t.Errorf("%s reads [MASK] as %d pieces", path, mask)
		}
	}
}

// TestSpellingsOfPaths: a path is the same however its characters are encoded,
// but an encoded slash is none.
func TestSpellingsOfPaths(t *testing.T) {
	api := realAPI(t)
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/models/%65n", 200},
		{"GET", "/%6dodels/en", 200},
		{"GET", "/v1/models/%65%6E", 200},
		{"GET", "/%76%31/models/en", 200},
		{"HEAD", "/models/%65n", 200},
		{"GET", "/problems/no%2Dmask", 200},
		{"GET", "/web/js%2e/../index.html", 404},
		{"GET", "/web/style%2Ecss", 200},
		{"GET", "/docs/init%2ejs", 200},
		{"POST", "/fill%2Dmask", 200},
		{"GET", "/fill%2Dmask", 405},
		{"POST", "/models/%65n", 405},
		{"OPTIONS", "/fill%2dmask", 204},
		{"GET", "/models%2Fen", 404},
		{"GET", "/models%2fen", 404},
		{"GET", "/models/a%2Fb", 404},
		{"POST", "/models/a%2Fb", 405},
		{"GET", "/models/%252Fen", 404},
		{"GET", "/%2Fmodels", 404},
		{"GET", "/web/js%2Fapp.js", 404},
		{"POST", "/v1%2Ffill-mask", 404},
		{"GET", "/%2e%2e/models", 404},
		{"GET", "/models/en%00", 404},
		{"GET", "/models/en%3Fpretty", 404},
	} {
		c := postJSON(tt.path, `{"text": "[MASK]"}`)
		c.Method = tt.method
		w := send(t, api, c)
		if w.Code != tt.status {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, w.Code, tt.status)
		}
	}
}
