package httpapi

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cloze/internal/tasks"
)

func TestStartingReadyDraining(t *testing.T) {
	api := New(testConfig())
	task := postJSON("/tokenize", `{"text": "a"}`)
	for _, c := range []call{get("/readyz"), get("/models"), get("/models/en"), task} {
		wantProblem(t, send(t, api, c), starting)
	}
	ready := realAPI(t)
	for _, c := range []call{get("/readyz"), get("/models"), get("/models/en"), task} {
		if w := send(t, ready, c); w.Code != http.StatusOK {
			t.Errorf("%s: %d", c.Path, w.Code)
		}
	}
	ready.Leave()
	wantProblem(t, send(t, ready, get("/readyz")), draining)
	if w := send(t, ready, task); w.Code != http.StatusOK || w.Header().Get("Connection") != "close" {
		t.Errorf("work before it drains: %d, connection %q", w.Code, w.Header().Get("Connection"))
	}
	ready.Drain()
	for _, c := range []call{get("/readyz"), task} {
		w := send(t, ready, c)
		wantProblem(t, w, draining)
		if w.Header().Get("Connection") != "close" {
			t.Errorf("%s: the connection stays open", c.Path)
		}
	}
	for _, a := range []*API{api, ready} {
		if w := send(t, a, get("/healthz")); w.Code != http.StatusOK {
			t.Errorf("healthz: %d", w.Code)
		}
	}
}

// TestReadinessProbe: one pass a second however many ask, and the answer of a
// failing model is not kept for longer.
func TestReadinessProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var passes atomic.Int32
		var broken atomic.Bool
		api := fakeAPI(t, &Tasks{Probe: func(ctx context.Context) error {
			passes.Add(1)
			time.Sleep(100 * time.Millisecond)
			if broken.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}})
		ask := func(n int, status int) {
			t.Helper()
			var wait sync.WaitGroup
			for range n {
				wait.Go(func() {
					if w := send(t, api, get("/readyz")); w.Code != status {
						t.Errorf("status %d, want %d", w.Code, status)
					}
				})
			}
			wait.Wait()
		}
		ask(50, 200)
		ask(50, 200)
		if got := passes.Load(); got != 1 {
			t.Errorf("%d passes for 100 requests in a moment", got)
		}
		time.Sleep(2 * probeAge)
		broken.Store(true)
		begin := time.Now()
		ask(10, 503)
		if took := time.Since(begin); took > 2*probeTimeout {
			t.Errorf("a model that hangs was waited for %v", took)
		}
		broken.Store(false)
		time.Sleep(2 * probeAge)
		ask(1, 200)
	})
}

// TestReadinessSurvivesImpatience: a caller who goes away does not make the
// server unready for the others.
func TestReadinessSurvivesImpatience(t *testing.T) {
	api := fakeAPI(t, &Tasks{Probe: func(ctx context.Context) error { return ctx.Err() }})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	send(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { api.ServeHTTP(w, r.WithContext(gone)) }), get("/readyz"))
	if w := send(t, api, get("/readyz")); w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

func TestModels(t *testing.T) {
	api := realAPI(t)
	list := decodeBody[Models](t, send(t, api, get("/models")))
	if len(list.Models) != 2 {
		t.Fatalf("%d models", len(list.Models))
	}
	for _, m := range list.Models {
		one := decodeBody[Model](t, send(t, api, get("/models/"+m.ID)))
		if one.ID != m.ID || one.Parameters != m.Parameters {
			t.Errorf("/models/%s is %+v, the list says %+v", m.ID, one, m)
		}
		if m.Layers < 1 || m.HiddenSize%m.AttentionHeads != 0 || m.Parameters < 1e6 || m.Bytes < 1e6 || m.VocabularySize < 1e4 || m.Precision == "" {
			t.Errorf("%+v", m)
		}
		var names []string
		for _, head := range m.Heads {
			names = append(names, head.Name)
			if len(head.Labels) == 0 && head.Type != MaskHead {
				t.Errorf("head %s of %s has no labels", head.Name, m.ID)
			}
		}
		for _, want := range []string{"topic", "sentiment", "ner", "nsp", "mlm"} {
			if !slices.Contains(names, want) {
				t.Errorf("model %s has heads %v, want %s", m.ID, names, want)
			}
		}
		if m.Limits != (Limits{MaxTokens: 512, MaxTexts: 16, MaxBodyBytes: 64 << 10, MaxTokensPerRequest: 65536}) {
			t.Errorf("limits of %s: %+v", m.ID, m.Limits)
		}
	}
	p := wantProblem(t, send(t, api, get("/models/de")), unknownModel)
	if !slices.Equal(p.Available, []string{"en", "zh"}) {
		t.Errorf("available %v", p.Available)
	}
}

// TestLargeLimits: an operator may set limits that no int32 holds.
func TestLargeLimits(t *testing.T) {
	api := realAPI(t, func(c *Config) { c.MaxTexts, c.MaxTokensPerRequest = math.MaxInt, math.MaxInt })
	got := decodeBody[Model](t, send(t, api, get("/models/en"))).Limits
	if got.MaxTexts != math.MaxInt || got.MaxTokensPerRequest != math.MaxInt {
		t.Errorf("limits %+v", got)
	}
}

func TestHome(t *testing.T) {
	api := realAPI(t)
	for accept, html := range map[string]bool{
		"text/html,application/xhtml+xml,*/*;q=0.8": true, "*/*": false, "": false, "application/json": false,
		"text/html;q=0.1, text/plain": false, "text/html;q=0.1, */*": false, "text/html;q=0.5, text/plain;q=0.4": true, "text/html, text/plain": true,
		"text/html;q=0": false, "text/html;q=0, text/plain;q=0": false,
	} {
		c := get("/")
		c.Header = map[string]string{"Accept": accept}
		w := send(t, api, c)
		if got := strings.HasPrefix(w.Header().Get("Content-Type"), "text/html"); got != html || w.Code != http.StatusOK {
			t.Errorf("Accept %q: %d %s", accept, w.Code, w.Header().Get("Content-Type"))
		}
		if !slices.Contains(w.Header().Values("Vary"), "Accept") {
			t.Errorf("Vary %v", w.Header().Values("Vary"))
		}
	}
	lines := 0
	for line := range strings.Lines(send(t, api, get("/")).Body.String()) {
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		lines++
		if w := send(t, api, parseCurl(t, strings.TrimSpace(line))); w.Code != http.StatusOK {
			t.Errorf("%s answers %d", line, w.Code)
		}
	}
	if lines < 3 {
		t.Errorf("%d curl lines, want 3", lines)
	}
}

// TestHostIsNotTrusted: a Host header that a shell could trip over does not
// reach the commands in answers.
func TestHostIsNotTrusted(t *testing.T) {
	for host, want := range map[string]string{
		"cloze.example":    "http://cloze.example",
		"127.0.0.1:1":      "http://127.0.0.1:1",
		"[::1]:8080":       "http://[::1]:8080",
		"x;rm -rf ~":       exampleBase,
		"$(reboot)":        exampleBase,
		"evil.example/a'b": exampleBase,
		"":                 exampleBase,
	} {
		r := get("/").request(t)
		r.Host = host
		if got := baseURL(r); got != want {
			t.Errorf("baseURL with Host %q = %q, want %q", host, got, want)
		}
	}
}

var inlineCode = regexp.MustCompile(`(?i)<script(?:\s+type="module")?\s*>|<style|\son[a-z]+\s*=|\sstyle\s*=|javascript:|https?://`)

// TestPagesObeyTheirPolicy: no inline script or style, nothing from elsewhere,
// and everything that a page loads is served.
func TestPagesObeyTheirPolicy(t *testing.T) {
	api := realAPI(t)
	loads := regexp.MustCompile(`(?:src|href)="([^"]+)"`)
	for _, path := range []string{"/docs", "/"} {
		c := get(path)
		c.Header = map[string]string{"Accept": "text/html"}
		w := send(t, api, c)
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		trusted := strings.Contains(policy, "require-trusted-types-for 'script'; trusted-types 'none'")
		if want := path == "/"; trusted != want {
			t.Errorf("%s: policy %q, want Trusted Types: %t", path, policy, want)
		}
		if found := inlineCode.FindString(w.Body.String()); found != "" {
			t.Errorf("%s: inline code or a foreign address: %q", path, found)
		}
		for _, match := range loads.FindAllStringSubmatch(w.Body.String(), -1) {
			target, err := new(url.URL).Parse(path)
			if err != nil {
				t.Fatal(err)
			}
			if target, err = target.Parse(match[1]); err != nil || target.Host != "" {
				t.Fatalf("%s loads %s: %v", path, match[1], err)
			}
			got := send(t, api, get(target.Path))
			if got.Code != http.StatusOK {
				t.Errorf("%s loads %s: %d", path, match[1], got.Code)
			}
			kind := got.Header().Get("Content-Type")
			for suffix, want := range map[string]string{".js": "text/javascript", ".css": "text/css", ".png": "image/png"} {
				if strings.HasSuffix(match[1], suffix) && !strings.HasPrefix(kind, want) {
					t.Errorf("%s is %s", match[1], kind)
				}
			}
		}
	}
}

// TestFilesAreCached: whoever has a file is told so, in every way to ask.
func TestFilesAreCached(t *testing.T) {
	api := realAPI(t)
	for _, path := range []string{"/web/index.html", "/openapi.json", "/docs", "/docs/init.js", "/docs/swagger-ui.css", "/v1/docs/favicon-32x32.png"} {
		first := send(t, api, get(path))
		etag := first.Header().Get("ETag")
		if first.Code != http.StatusOK || !strings.HasPrefix(etag, `W/"`) || first.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d, ETag %s, Cache-Control %s", path, first.Code, etag, first.Header().Get("Cache-Control"))
		}
		for held, want := range map[string]int{
			etag: 304, strings.TrimPrefix(etag, "W/"): 304, `"other", ` + etag: 304, etag + `,"other"`: 304, "*": 304,
			"": 200, `"other"`: 200, `W/"other"`: 200, strings.Trim(etag, `W/"`): 200, `"*"`: 200, etag[:len(etag)-2] + `"`: 200,
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				w := send(t, api, call{Method: method, Path: path, Header: map[string]string{"If-None-Match": held}})
				if w.Code != want || w.Header().Get("ETag") != etag || want == 304 && w.Body.Len() != 0 {
					t.Errorf("%s %s with If-None-Match %s: %d with %d bytes, want %d", method, path, held, w.Code, w.Body.Len(), want)
				}
			}
		}
		for _, encoding := range []string{"gzip", "identity"} {
			w := send(t, api, call{Method: http.MethodGet, Path: path, Header: map[string]string{"If-None-Match": etag, "Accept-Encoding": encoding}})
			if vary := w.Header().Values("Vary"); !slices.Equal(vary, []string{"Accept-Encoding"}) {
				t.Errorf("%s: 304 with Vary %q", path, vary)
			}
		}
		two := get(path).request(t)
		two.Header["If-None-Match"] = []string{`"other"`, etag}
		w := httptest.NewRecorder()
		if api.ServeHTTP(w, two); w.Code != http.StatusNotModified {
			t.Errorf("%s with the tag in a second line: %d", path, w.Code)
		}
	}
	wantProblem(t, send(t, api, get("/web/embed.go")), notFound)
	wantProblem(t, send(t, api, get("/web/../web/index.html")), notFound)
}

func TestSecureHeaders(t *testing.T) {
	api := realAPI(t)
	for _, c := range []call{get("/"), get("/docs"), get("/models"), get("/nothing"), postJSON("/sentiment", `{`)} {
		h := send(t, api, c).Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") == "" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", c.Path, h)
		}
	}
}

// TestBinaryAttention: the same numbers as in JSON.
func TestBinaryAttention(t *testing.T) {
	api := realAPI(t)
	const body = `{"text": "The cat sat.", "layers": [0, 5], "heads": [1, 2, 3]}`
	asJSON := decodeBody[struct {
		Results []struct{ Attention [][][][]float64 }
	}](t, send(t, api, postJSON("/attention", body)))
	var want []float64
	for _, layer := range asJSON.Results[0].Attention {
		for _, head := range layer {
			for _, from := range head {
				sum := 0.0
				for _, p := range from {
					sum += p
					want = append(want, p)
				}
				if math.Abs(sum-1) > 1e-4 {
					t.Errorf("a row sums to %v", sum)
				}
			}
		}
	}
	for precision, tolerance := range map[string]float64{"float32": 1e-7, "uint8": 0.5/255 + 1e-6} {
		c := postJSON("/attention?precision="+precision, body)
		c.Header["Accept"] = "application/octet-stream"
		w := send(t, api, c)
		h := w.Header()
		if w.Code != 200 || h.Get("Content-Type") != "application/octet-stream" || h.Get("X-Attention-Type") != precision ||
			!slices.Contains(h.Values("Vary"), "Accept") || h.Get("X-Attention-Layers") != "0,5" || h.Get("X-Attention-Heads") != "1,2,3" || h.Get("X-Attention-Model") != "en" {
			t.Fatalf("%d %v", w.Code, h)
		}
		values := 1
		for part := range strings.SplitSeq(h.Get("X-Attention-Shape"), ",") {
			n, err := strconv.Atoi(part)
			if err != nil {
				t.Fatal(err)
			}
			values *= n
		}
		if values != len(want) {
			t.Fatalf("shape %s, JSON has %d values", h.Get("X-Attention-Shape"), len(want))
		}
		data := w.Body.Bytes()
		for i, p := range want {
			var got float64
			if precision == "uint8" {
				got = float64(data[i]) / 255
			} else {
				got = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
			}
			if math.Abs(got-p) > tolerance {
				t.Fatalf("%s value %d = %v, want %v", precision, i, got, p)
			}
		}
	}

	c := postJSON("/attention", `{"texts": ["a", "b"]}`)
	c.Header["Accept"] = "application/octet-stream"
	wantProblem(t, send(t, api, c), invalidParameter)

	c = postJSON("/attention", body)
	c.Header["Accept"] = "application/json, application/octet-stream;q=0.5"
	if w := send(t, api, c); w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("content type %s", w.Header().Get("Content-Type"))
	}
}

// TestUnencodableAnswer: an answer with NaN becomes 500, not half an answer.
func TestUnencodableAnswer(t *testing.T) {
	api := fakeAPI(t, &Tasks{
		Classify: func(context.Context, []tasks.Text, tasks.ClassifyOptions) ([]tasks.Classification, error) {
			return []tasks.Classification{{Score: math.NaN()}}, nil
		},
	})
	wantProblem(t, send(t, api, postJSON("/classify", `{"text": "a"}`)), internalError)
}

func TestEveryErrorHasAnAnswer(t *testing.T) {
	wantProblem(t, send(t, classifyFails(errors.Join(errors.New("a"), context.Canceled))(t), postJSON("/classify", `{"text": "a"}`)), internalError)
}
