package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/engine"
	"cloze/internal/tasks"
)

var update = flag.Bool("update", false, "record the answers in openapi/examples")

// provocation is a request that is answered with a problem, and the server
// that answers so.
type provocation struct {
	call   call
	server func(testing.TB) http.Handler // nil is the embedded models'
}

// classifyFails is a server whose /classify ends with an error.
func classifyFails(err error) func(testing.TB) http.Handler {
	return func(t testing.TB) http.Handler {
		return fakeAPI(t, &Tasks{
			Classify: func(context.Context, []tasks.Text, tasks.ClassifyOptions) ([]tasks.Classification, error) {
				return nil, err
			},
			Probe: func(context.Context) error { return err },
		})
	}
}

// provocations has one for every problem type; the answers are the examples
// of the OpenAPI document.
var provocations = map[*problemType]provocation{
	invalidJSON:    {call: postJSON("/sentiment", `{"text": What a lovely day.}`)},
	notUTF8:        {call: postJSON("/sentiment", `{"text": "What a lovely \ud83d day."}`)},
	trailingData:   {call: postJSON("/sentiment", `{"text": "What a lovely day."} {"text": "It rained."}`)},
	unknownField:   {call: postJSON("/ner", `{"inputs": ["Ada Lovelace lived in London."]}`)},
	duplicateField: {call: postJSON("/sentiment", `{"text": "What a lovely day.", "text": "It rained."}`)},
	wrongType:      {call: postJSON("/sentiment", `{"texts": ["What a lovely day.", 5]}`)},
	invalidQuery:   {call: postJSON("/sentiment?level=sentence", `{"text": "What a lovely day."}`)},
	unreadableBody: {call: call{
		Method: http.MethodPost, Path: "/sentiment", Body: `{"text": "What a lovely day."}`,
		Header: map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"},
	}},
	notFound:         {call: postJSON("/clasify", `{"text": "What a lovely day."}`)},
	unknownModel:     {call: postJSON("/sentiment", `{"text": "What a lovely day.", "model": "de"}`)},
	methodNotAllowed: {call: get("/sentiment")},
	bodyTimeout: {call: call{
		Method: http.MethodPost, Path: "/sentiment", reader: timeoutReader{},
		Header: map[string]string{"Content-Type": "application/json"},
	}},
	bodyTooLarge: {call: postJSON("/sentiment", `{"text": "What a lovely day."}`), server: func(t testing.TB) http.Handler {
		return realAPI(t, func(c *Config) { c.MaxBodyBytes = 20 })
	}},
	formEncoded: {call: call{
		Method: http.MethodPost, Path: "/sentiment", Body: `{"text": "What a lovely day."}`,
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	}},
	unsupportedMedia: {call: call{
		Method: http.MethodPost, Path: "/sentiment", Body: `<text>What a lovely day.</text>`,
		Header: map[string]string{"Content-Type": "application/xml"},
	}},
	noText:       {call: postJSON("/sentiment", `{"level": "sentence"}`)},
	textAndTexts: {call: postJSON("/sentiment", `{"text": "What a lovely day.", "texts": ["It rained."]}`)},
	pairCount:    {call: postJSON("/nsp", `{"texts": ["She opened the door.", "It rained."], "text_pairs": ["The room was empty."]}`)},
	batchTooLarge: {call: postJSON("/sentiment", `{"texts": ["What a lovely day.", "It rained.", "So what."]}`), server: func(t testing.TB) http.Handler {
		return realAPI(t, func(c *Config) { c.MaxTexts = 2 })
	}},
	emptyText:          {call: postJSON("/sentiment", `{"texts": ["What a lovely day.", " "]}`)},
	noHead:             {call: postJSON("/classify", `{"text": "What a lovely day.", "head": "toxicity"}`)},
	noPair:             {call: postJSON("/nsp", `{"text": "She opened the door."}`)},
	noMask:             {call: postJSON("/fill-mask", `{"text": "my dog is ___."}`)},
	tooManyMasks:       {call: postJSON("/fill-mask", `{"joint": true, "text": "`+strings.Repeat("[MASK] ", 17)+`"}`)},
	noTargets:          {call: postJSON("/fill-mask", `{"text": "my dog is [MASK].", "targets": [""]}`)},
	tooLong:            {call: postJSON("/sentiment", `{"truncate": false, "text": "`+strings.Repeat("What a lovely day. ", 120)+`"}`)},
	tooLarge:           {call: postJSON("/attention", `{"texts": ["`+strings.Repeat("!", 600)+`", "`+strings.Repeat("!", 600)+`"]}`)},
	invalidParameter:   {call: postJSON("/sentiment", `{"text": "What a lovely day.", "level": "paragraph"}`)},
	unsupportedFeature: {call: postJSON("/classify", `{"text": "a"}`), server: classifyFails(&tasks.InputError{Code: tasks.CodeUnsupportedFeature, Index: -1, Field: "pooling", Detail: "model en has no pooler: choose another pooling"})},
	queueFull:          {call: postJSON("/classify", `{"text": "What a lovely day."}`), server: classifyFails(&engine.QueueFullError{Queued: 65530, Tokens: 7, Limit: 65536})},
	internalError:      {call: postJSON("/classify", `{"text": "What a lovely day."}`), server: classifyFails(errors.New("a secret"))},
	starting:           {call: get("/readyz"), server: func(t testing.TB) http.Handler { return fakeAPI(t, nil) }},
	draining: {call: postJSON("/classify", `{"text": "What a lovely day."}`), server: func(t testing.TB) http.Handler {
		api := fakeAPI(t, &Tasks{})
		api.Drain()
		return api
	}},
	deadlinePassed: {call: postJSON("/classify", `{"text": "What a lovely day."}`), server: classifyFails(engine.ErrDeadline)},
	notReady:       {call: get("/readyz"), server: classifyFails(context.DeadlineExceeded)},
}

// timeoutReader is a connection whose read deadline passes.
type timeoutReader struct{}

func (timeoutReader) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

const examplesDir = "../../openapi/examples"

// TestEveryProblemType provokes each type and compares the answer with the
// example in the OpenAPI document.
func TestEveryProblemType(t *testing.T) {
	for _, kind := range problemTypes {
		t.Run(kind.slug, func(t *testing.T) {
			p, ok := provocations[kind]
			if !ok {
				t.Fatal("nothing provokes this type")
			}
			c := p.call
			c.Header = map[string]string{"X-Request-Id": "example"}
			for name, value := range p.call.Header {
				c.Header[name] = value
			}
			server := p.server
			if server == nil {
				server = func(t testing.TB) http.Handler { return realAPI(t) }
			}
			w := send(t, server(t), c)
			wantProblem(t, w, kind)
			if retry := w.Header().Get("Retry-After"); (kind.status == 429 || kind.status == 503) != (retry != "") {
				t.Errorf("Retry-After = %q with status %d", retry, kind.status)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Error("the answer shows an internal error")
			}
			compareWithExample(t, filepath.Join(examplesDir, "problems", kind.slug+".json"), p.call, w.Body.Bytes())
		})
	}
}

// compareWithExample holds an answer to the recorded one.
func compareWithExample(t *testing.T, file string, request call, answer []byte) {
	t.Helper()
	type example struct {
		Request  call `json:"request"`
		Response any  `json:"response"`
	}
	got := example{Request: request}
	got.Request.reader = nil
	if err := json.Unmarshal(answer, &got.Response); err != nil {
		t.Fatal(err)
	}
	if *update {
		writeExample(t, file, got)
		return
	}
	var want example
	readExample(t, file, &want)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(call{})); diff != "" {
		t.Errorf("differs from %s (go test ./internal/httpapi -update records it):\n%s", file, diff)
	}
}

func readExample(t testing.TB, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func writeExample(t testing.TB, file string, v any) {
	t.Helper()
	compact, err := encodeJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if _, err := newIndenter(&indented).Write(compact); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, indented.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestTaskCodesAreProblemTypes holds the codes of package tasks to the table.
func TestTaskCodesAreProblemTypes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../tasks/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		slug, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		codes++
		if slug == tasks.CodeUnexpectedPair {
			return true // text_pair is an unknown field where pairs are not read
		}
		if _, ok := problemTypeOf(slug); !ok {
			t.Errorf("tasks.%s = %q has no row in problemTypes", spec.Names[0].Name, slug)
		}
		return true
	})
	if codes < 10 {
		t.Errorf("found %d codes in tasks/errors.go; has the file moved?", codes)
	}
}

// TestProblemExamplesWork runs the curl command of every type.
func TestProblemExamplesWork(t *testing.T) {
	api := realAPI(t)
	for _, kind := range problemTypes {
		t.Run(kind.slug, func(t *testing.T) {
			if w := send(t, api, parseCurl(t, kind.example)); w.Code != http.StatusOK {
				t.Errorf("%s\nanswers %d: %s", kind.example, w.Code, clipBody(w.Body.Bytes()))
			}
		})
	}
}

// TestExamplesAreOfTheRoute: a caller of one task is not sent to another.
func TestExamplesAreOfTheRoute(t *testing.T) {
	api := realAPI(t)
	for _, path := range taskPaths {
		for _, c := range []call{postJSON(path, `{"inputs": "a"}`), postJSON("/v1"+path, `{"texts": "a"}`), get(path)} {
			example := parseCurl(t, decodeBody[Problem](t, send(t, api, c)).Example)
			if example.Path != path {
				t.Errorf("%s %s: the example is for %s", c.Method, c.Path, example.Path)
			}
			if w := send(t, api, example); w.Code != http.StatusOK {
				t.Errorf("%s %s: the example answers %d: %s", c.Method, c.Path, w.Code, clipBody(w.Body.Bytes()))
			}
		}
	}
	if p := decodeBody[Problem](t, send(t, api, postJSON("/models", `{}`))); !strings.Contains(p.Example, "/sentiment") {
		t.Errorf("a route without a body: %s", p.Example)
	}
}

// TestCorrectedCommand: the example of a form-encoded request is the command
// that its sender meant.
func TestCorrectedCommand(t *testing.T) {
	api := realAPI(t)
	for body, want := range map[string]call{
		`{"text": "it's a day"}`: postJSON("/v1/sentiment", `{"text": "it's a day"}`),
		`it's a plain text`: {
			Method: http.MethodPost, Path: "/v1/sentiment", Body: `it's a plain text`,
			Header: map[string]string{"Content-Type": "text/plain"},
		},
		"text=I+love+%26+hate":       postJSON("/v1/sentiment", `{"text":"I love & hate"}`),
		"text=a&text_pair=b":         postJSON("/v1/sentiment", `{"text":"a","text_pair":"b"}`),
		"text=a&level=sentence":      parseCurl(t, exampleSentiment),
		"text=a&text=b":              parseCurl(t, exampleSentiment),
		"texts=a&texts=b":            parseCurl(t, exampleSentiment),
		"a=b&c":                      {Method: http.MethodPost, Path: "/v1/sentiment", Body: "a=b&c", Header: map[string]string{"Content-Type": "text/plain"}},
		"":                           parseCurl(t, exampleSentiment),
		strings.Repeat("long ", 500): parseCurl(t, exampleSentiment),
		"\x1b[31m":                   parseCurl(t, exampleSentiment),
	} {
		c := postJSON("/v1/sentiment", body)
		c.Header["Content-Type"] = "application/x-www-form-urlencoded"
		p := wantProblem(t, send(t, api, c), formEncoded)
		got := parseCurl(t, p.Example)
		if stock := p.Example == exampleSentiment; stock == strings.Contains(p.Detail, "corrected") {
			t.Errorf("%s: example %s", p.Detail, p.Example)
		}
		want.Path = strings.TrimPrefix(want.Path, "/v1") // the plain path is the canonical one
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(call{})); diff != "" {
			t.Errorf("%s\n%s", p.Example, diff)
		}
	}
}

// parseCurl reads the commands that we write: a URL, -H and -d, quoted with
// single quotes as a shell reads them.
func parseCurl(t testing.TB, command string) call {
	t.Helper()
	words := shellWords(t, command)
	if words[0] != "curl" {
		t.Fatalf("not a curl command: %s", command)
	}
	c := call{Method: http.MethodGet, Header: map[string]string{}}
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-H":
			i++
			name, value, _ := strings.Cut(words[i], ": ")
			c.Header[name] = value
		case "-d":
			i++
			c.Method, c.Body = http.MethodPost, words[i]
		default:
			path, ok := strings.CutPrefix(words[i], "http://localhost:8080")
			if !ok {
				t.Fatalf("word %q in %s", words[i], command)
			}
			c.Path = path
		}
	}
	if c.Method == http.MethodGet {
		c.Header = nil
	}
	return c
}

func shellWords(t testing.TB, command string) []string {
	t.Helper()
	var words []string
	var word strings.Builder
	quoted, escaped := false, false
	for _, c := range command {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\'':
			quoted = !quoted
		case c == '\\' && !quoted:
			escaped = true
		case c == ' ' && !quoted:
			words = append(words, word.String())
			word.Reset()
		default:
			word.WriteRune(c)
		}
	}
	if quoted || escaped {
		t.Fatalf("unfinished quote in %s", command)
	}
	return append(words, word.String())
}

func TestProblemPages(t *testing.T) {
	api := realAPI(t)
	for _, kind := range problemTypes {
		page := decodeBody[ProblemType](t, send(t, api, get("/problems/"+kind.slug)))
		want := ProblemType{
			Type: "/problems/" + kind.slug, Title: kind.title, Status: int32(kind.status),
			Explanation: kind.explanation, Example: kind.example,
		}
		if diff := cmp.Diff(want, page); diff != "" {
			t.Errorf("%s: %s", kind.slug, diff)
		}
	}
	p := wantProblem(t, send(t, api, get("/problems/no-such")), notFound)
	if !slices.Contains(p.Available, "no-mask") {
		t.Errorf("available = %v, want the types there are", p.Available)
	}
}

// TestPointers: errors of tasks point into what the caller sent.
func TestPointers(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		err        tasks.InputError
		want       string
	}{
		{"one text", `{"text": "a"}`, tasks.InputError{Code: tasks.CodeEmptyText, Index: 0, Field: "text"}, "/text"},
		{"a batch", `{"texts": ["a", "b"]}`, tasks.InputError{Code: tasks.CodeEmptyText, Index: 1, Field: "text"}, "/texts/1"},
		{"pair of a batch", `{"texts": ["a"], "text_pairs": ["b"]}`, tasks.InputError{Code: tasks.CodeNoPair, Index: 0, Field: "text_pair"}, "/text_pairs/0"},
		{"pair of one text", `{"text": "a"}`, tasks.InputError{Code: tasks.CodeNoPair, Index: 0, Field: "text_pair"}, "/text_pair"},
		{"whole batch", `{"texts": ["a"]}`, tasks.InputError{Code: tasks.CodeTooLarge, Index: -1, Field: "texts"}, "/texts"},
		{"whole request of one", `{"text": "a"}`, tasks.InputError{Code: tasks.CodeTooLarge, Index: -1, Field: "texts"}, "/text"},
		{"option", `{"text": "a"}`, tasks.InputError{Code: tasks.CodeInvalidParameter, Index: -1, Field: "layers"}, "/layers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.err.Detail = "detail"
			w := send(t, classifyFails(fmt.Errorf("wrapped: %w", &tt.err))(t), postJSON("/classify", tt.body))
			p := decodeBody[Problem](t, w)
			if len(p.Errors) != 1 || p.Errors[0].Pointer != tt.want {
				t.Errorf("errors = %+v, want pointer %s", p.Errors, tt.want)
			}
		})
	}
}

// TestValidationPointers: what `validate` tags refuse is named as in JSON.
func TestValidationPointers(t *testing.T) {
	api := realAPI(t)
	for body, want := range map[string]string{
		`{"text": "a", "offset_unit": "rune"}`:           "/offset_unit: must be one of codepoint, utf16, byte",
		`{"text": "a", "aggregate": "sum"}`:              "/aggregate: must be one of none, heads, rollout",
		`{"text": "a", "layers": [0, -1]}`:               "/layers/1: must be at least 0",
		`{"text": "a", "precision": "int4"}`:             "/precision: must be one of float32, uint8",
		`{"text": "a", "text_pair": "b", "heads": [-2]}`: "/heads/0: must be at least 0",
	} {
		p := wantProblem(t, send(t, api, postJSON("/attention", body)), invalidParameter)
		if p.Detail != want {
			t.Errorf("%s: detail = %q, want %q", body, p.Detail, want)
		}
	}
}

// TestNearestPath: a path that somebody mistyped is answered with one that
// works, not with a pattern.
func TestNearestPath(t *testing.T) {
	api := realAPI(t)
	for wrong, want := range map[string]string{
		"/web": "/web/index.html", "/v1/web/": "/web/index.html", "/model": "/models", "/models/": "/models", "/v1/docs/": "/docs", "/clasify": "/classify",
		"/models/{id}/": "", "/problems/{type}/": "", "/nothing-like-it": "",
	} {
		detail := "nothing is served at this path"
		if want != "" {
			detail += "; did you mean " + want + "?"
		}
		if p := wantProblem(t, send(t, api, get(wrong)), notFound); p.Detail != detail {
			t.Errorf("%s: %q, want %q", wrong, p.Detail, detail)
		}
		if want != "" && send(t, api, get(want)).Code == http.StatusNotFound {
			t.Errorf("%s is served no better than %s", want, wrong)
		}
	}
}

func gzipped(t testing.TB, data string) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestClientGone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	api := fakeAPI(t, &Tasks{
		Classify: func(ctx context.Context, _ []tasks.Text, _ tasks.ClassifyOptions) ([]tasks.Classification, error) {
			cancel() // the client goes away
			<-ctx.Done()
			return nil, ctx.Err()
		},
	})
	w := send(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r.WithContext(ctx))
	}), postJSON("/classify", `{"text": "a"}`))
	if p := decodeBody[Problem](t, w); w.Code != clientClosed.status || p.Type != "/problems/client-closed" {
		t.Errorf("%d %s, want %d %s in the log", w.Code, p.Type, clientClosed.status, clientClosed.slug)
	}
}
