package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/go-cmp/cmp"

	"cloze/openapi"
)

// document is the OpenAPI document as the server sends it.
func document(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocumentIsValid(t *testing.T) {
	if err := document(t).Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

// TestDocumentIsUpToDate regenerates the document.
func TestDocumentIsUpToDate(t *testing.T) {
	out := filepath.Join(t.TempDir(), "openapi.json")
	command := exec.CommandContext(t.Context(), "go", "run", "./generate", "-out", out)
	command.Dir = "../../openapi"
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	generated, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(generated, openapi.Document) {
		t.Error("openapi/openapi.json is not what the annotations and examples make: run go generate ./openapi")
	}
}

// undocumented are routes that no client code is made for.
var undocumented = []string{"GET /", "GET /docs", "GET /docs/{file}", "GET /openapi.json", "GET /web/*"}

func TestRoutesAndPathsMatch(t *testing.T) {
	var documented []string
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	var served []string
	for _, route := range realAPI(t).routes {
		if !slices.Contains(undocumented, route) {
			served = append(served, route)
		}
	}
	slices.Sort(documented)
	slices.Sort(served)
	if diff := cmp.Diff(served, documented); diff != "" {
		t.Errorf("served (-) and documented (+):\n%s", diff)
	}
}

// TestDocumentIsGoodForClients holds the document to what makes generated
// clients pleasant.
func TestDocumentIsGoodForClients(t *testing.T) {
	doc := document(t)
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			name := method + " " + path
			if op.OperationID == "" || ids[op.OperationID] {
				t.Errorf("%s: operationId %q is empty or used twice", name, op.OperationID)
			}
			ids[op.OperationID] = true
			if len(op.Tags) != 1 || doc.Tags.Get(op.Tags[0]) == nil {
				t.Errorf("%s: tags %v, want one that is declared", name, op.Tags)
			}
			if op.Summary == "" || op.Description == "" {
				t.Errorf("%s has no summary or no description", name)
			}
			if op.Security == nil {
				t.Errorf("%s does not say that it needs no key", name)
			}
			for status, response := range op.Responses.Map() {
				for media, content := range response.Value.Content {
					if isError := status == "default" || status >= "400"; isError != (media == "application/problem+json") {
						t.Errorf("%s %s: media type %s", name, status, media)
					}
					if media == "application/json" && content.Schema.Ref == "" {
						t.Errorf("%s %s: the schema has no name", name, status)
					}
				}
				if response.Value.Headers["X-Request-Id"] == nil {
					t.Errorf("%s %s does not declare X-Request-Id", name, status)
				}
			}
			if op.Responses.Default() == nil {
				t.Errorf("%s has no default response", name)
			}
		}
	}
	for name, schema := range doc.Components.Schemas {
		checkSchema(t, name, schema.Value)
	}
}

func checkSchema(t *testing.T, name string, s *openapi3.Schema) {
	t.Helper()
	closed := s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
	if isRequest := strings.HasSuffix(name, "Request") && s.OneOf == nil; isRequest != closed {
		t.Errorf("%s: additionalProperties false is %t, want it for requests only", name, closed)
	}
	enum := map[any]bool{}
	for _, value := range s.Enum {
		if enum[value] || value == "" {
			t.Errorf("%s: value %q is empty or listed twice", name, value)
		}
		enum[value] = true
	}
	for property, ref := range s.Properties {
		place := name + "." + property
		if ref.Ref == "" && len(ref.Value.Enum) > 0 {
			t.Errorf("%s: the enumeration has no name", place)
		}
		if ref.Ref == "" && ref.Value.Type.Is("object") && ref.Value.Properties != nil {
			t.Errorf("%s: the object has no name", place)
		}
		for _, number := range []string{"integer", "number"} {
			if ref.Value.Type.Is(number) && ref.Value.Format == "" {
				t.Errorf("%s: %s without a format", place, number)
			}
		}
		if ref.Ref == "" && ref.Value.Description == "" && !selfExplaining[property] {
			t.Errorf("%s has no description", place)
		}
	}
}

// selfExplaining are properties whose name says it all.
var selfExplaining = map[string]bool{
	"label": true, "score": true, "start": true, "end": true, "text": true, "token": true, "id": true, "name": true, "version": true,
	"revision": true, "IsNext": true, "NotNext": true, "label_id": true, "pieces": true, "mentions": true, "labels": true, "tokens": true,
	"special": true, "heads": true, "status": true, "title": true, "type": true,
}

// standardFormats are those of OpenAPI 3.0 that the document may use.
var standardFormats = []string{"int32", "int64", "float", "double", "binary"}

// TestNumberFormats: clients make types of the formats, which must hold the
// numbers.
func TestNumberFormats(t *testing.T) {
	var walk func(place string, v any)
	walk = func(place string, v any) {
		switch v := v.(type) {
		case []any:
			for i := range v {
				walk(fmt.Sprintf("%s/%d", place, i), v[i])
			}
		case map[string]any:
			if format, ok := v["format"].(string); ok {
				if !slices.Contains(standardFormats, format) {
					t.Errorf("%s: format %q", place, format)
				}
				for _, bound := range []string{"minimum", "maximum"} {
					if x, ok := v[bound].(float64); ok && format == "int32" && (x < math.MinInt32 || math.MaxInt32 < x) {
						t.Errorf("%s: %s %.0f of an int32", place, bound, x)
					}
				}
			}
			for name, member := range v {
				walk(place+"/"+name, member)
			}
		}
	}
	var whole any
	if err := json.Unmarshal(openapi.Document, &whole); err != nil {
		t.Fatal(err)
	}
	walk("", whole)

	schemas := document(t).Components.Schemas
	for name, v := range map[string]any{
		"PretrainingTextRequest": PretrainingRequest{}, "PretrainingBatchRequest": PretrainingRequest{},
		"Model": Model{}, "Limits": Limits{}, "Problem": Problem{},
	} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(v)) {
			kind := field.Type
			if kind.Kind() == reflect.Pointer {
				kind = kind.Elem()
			}
			property := jsonName(field)
			if kind.Kind() == reflect.Int64 && schemas[name].Value.Properties[property].Value.Format != "int64" {
				t.Errorf("%s.%s is not documented as an int64", name, property)
			}
		}
	}
}

var (
	camelCase  = regexp.MustCompile(`\b[A-Z][a-z]+[A-Z]\w*|\b\w+\.[A-Z]\w+`)
	midCapital = regexp.MustCompile(`[\pL\d,;:)]\s([A-Z][a-z]+)\b`) // inside a sentence
	notOfGo    = []string{"JavaScript", "IsNext", "NotNext", "Pointer"}
)

// TestDescriptionsSpeakJSON: descriptions are made of Go's comments, but
// readers know the names in JSON only.
func TestDescriptionsSpeakJSON(t *testing.T) {
	schemas := document(t).Components.Schemas
	properties := map[string]bool{}
	for _, schema := range schemas {
		for property := range schema.Value.Properties {
			properties[property] = true
		}
	}
	for name, schema := range schemas {
		for property, ref := range schema.Value.Properties {
			description := ref.Value.Description
			found := camelCase.FindAllString(description, -1)
			for _, match := range midCapital.FindAllStringSubmatch(description, -1) {
				if word := match[1]; properties[strings.ToLower(word)] {
					found = append(found, word)
				}
			}
			for _, word := range found {
				if !slices.Contains(notOfGo, word) {
					t.Errorf("%s.%s: %s in %q", name, property, word, description)
				}
			}
		}
	}
}

// taskExample is a file openapi/examples/tasks/OPERATION/NAME.json.
type taskExample struct {
	Summary  string          `json:"summary"`
	Request  json.RawMessage `json:"request,omitempty"`
	Text     string          `json:"text,omitempty"`
	Response any             `json:"response"`
}

// TestTaskExamples sends every example of the document to the real handler.
// The answers must be those in the document.
func TestTaskExamples(t *testing.T) {
	api := realAPI(t)
	doc := document(t)
	files, err := filepath.Glob(filepath.Join(examplesDir, "tasks", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d examples, error %v", len(files), err)
	}
	paths := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			paths[op.OperationID] = path
		}
	}
	for _, file := range files {
		operation := filepath.Base(filepath.Dir(file))
		t.Run(operation+"/"+strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			var want taskExample
			readExample(t, file, &want)
			c := postJSON(paths[operation], string(want.Request))
			if want.Request == nil {
				c.Body = want.Text
				c.Header["Content-Type"] = "text/plain"
			}
			w := send(t, api, c)
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, clipBody(w.Body.Bytes()))
			}
			got := decodeBody[any](t, w)
			if *update {
				want.Response = round(got)
				writeExample(t, file, want)
				return
			}
			if diff := cmp.Diff(want.Response, got, cmp.Comparer(nearly)); diff != "" {
				t.Errorf("differs from %s (go test ./internal/httpapi -update records it):\n%s", file, diff)
			}
		})
	}
}

// exampleTolerance covers the rounding of the examples and the ways in which
// processors add.
const exampleTolerance = 2e-3

func nearly(a, b float64) bool { return math.Abs(a-b) <= exampleTolerance }

// round keeps four digits after the point of every number.
func round(v any) any {
	switch v := v.(type) {
	case float64:
		return math.Round(v*1e4) / 1e4
	case []any:
		for i := range v {
			v[i] = round(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = round(v[name])
		}
	}
	return v
}

// conformance sends requests and holds every answer to the document.
type conformance struct {
	doc    *openapi3.T
	router routers.Router
	seen   map[string]map[int]bool // operation → statuses answered
}

func newConformance(t testing.TB) *conformance {
	t.Helper()
	doc := document(t)
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &conformance{doc, router, map[string]map[int]bool{}}
}

// send answers c and validates the answer. The request is validated too if it
// is one that the document allows.
func (f *conformance) send(t testing.TB, h http.Handler, c call, allowed bool) *httptest.ResponseRecorder {
	t.Helper()
	w := send(t, h, c)
	request := c.request(t)
	route, pathParams, err := f.router.FindRoute(request)
	if err != nil {
		return w // no such path or method: nothing is documented
	}
	input := &openapi3filter.RequestValidationInput{Request: request, Route: route, PathParams: pathParams}
	if allowed {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s %s: the document does not allow this request: %v", c.Method, c.Path, err)
		}
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: w.Code, Header: w.Header(),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	answer.SetBodyBytes(w.Body.Bytes())
	if err := openapi3filter.ValidateResponse(t.Context(), answer); err != nil {
		t.Errorf("%s %s: the answer %d is not as documented: %v", c.Method, c.Path, w.Code, err)
	}
	if route.Operation.Responses.Status(w.Code) == nil {
		t.Errorf("%s %s answers %d, which is not documented", c.Method, c.Path, w.Code)
	}
	id := route.Operation.OperationID
	if f.seen[id] == nil {
		f.seen[id] = map[int]bool{}
	}
	f.seen[id][w.Code] = true
	return w
}

// TestDocumentIsTrue sends the document's own examples, and provokes every
// problem on every task route. Every answer must be as documented, and every
// documented status must have been answered.
func TestDocumentIsTrue(t *testing.T) {
	f := newConformance(t)
	api := realAPI(t)
	for path, item := range f.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if method == http.MethodGet {
				f.send(t, api, get(examplePath(t, path, op)), true)
				f.send(t, api, get(examplePath(t, path, op)+"?pretty=maybe"), false)
				continue
			}
			for media, content := range op.RequestBody.Value.Content {
				for name, example := range content.Examples {
					c := call{Method: method, Path: path, Header: map[string]string{"Content-Type": media}}
					if text, ok := example.Value.Value.(string); ok {
						c.Body = text
					} else {
						body, err := json.Marshal(example.Value.Value)
						if err != nil {
							t.Fatal(err)
						}
						c.Body = string(body)
					}
					if w := f.send(t, api, c, true); w.Code != http.StatusOK {
						t.Errorf("example %s of %s answers %d", name, op.OperationID, w.Code)
					}
				}
			}
			f.provokeAll(t, path)
		}
	}
	f.send(t, api, call{
		Method: http.MethodPost, Path: "/attention?precision=uint8", Body: `{"text": "hi"}`,
		Header: map[string]string{"Content-Type": "application/json", "Accept": "application/octet-stream"},
	}, true)
	for _, path := range []string{"/models", "/models/en", "/readyz"} {
		f.send(t, fakeAPI(t, nil), get(path), true)
	}
	f.send(t, api, get("/models/de"), true)
	f.send(t, api, get("/problems/nothing"), true)
	broken := panicking(t)
	for path, item := range f.doc.Paths.Map() {
		if item.Get != nil {
			f.send(t, broken, get(examplePath(t, path, item.Get)), true)
		}
	}

	for _, item := range f.doc.Paths.Map() {
		for _, op := range item.Operations() {
			for status := range op.Responses.Map() {
				n, err := strconv.Atoi(status)
				if err == nil && !f.seen[op.OperationID][n] {
					t.Errorf("%s: nothing here is answered with the documented status %d", op.OperationID, n)
				}
			}
		}
	}
}

// provokeAll sends to a task route what every problem type is provoked with.
func (f *conformance) provokeAll(t *testing.T, path string) {
	t.Helper()
	body := `{"text": "What a lovely [MASK].", "text_pair": "It rained."}`
	if !strings.Contains(string(openapi.Document), "text_pair") {
		t.Fatal("no route reads pairs")
	}
	if !slices.Contains([]string{"/classify", "/nsp", "/embed", "/tokenize", "/attention"}, path) {
		body = `{"text": "What a lovely [MASK]."}`
	}
	api := realAPI(t)
	with := func(header map[string]string, body string) call {
		c := postJSON(path, body)
		maps.Copy(c.Header, header)
		return c
	}
	slow := postJSON(path, "")
	slow.reader = timeoutReader{}
	draining := realAPI(t)
	draining.Drain()
	full := realAPI(t)
	if _, err := full.enter(1 << 30); err != nil {
		t.Fatal(err)
	}
	small := realAPI(t, func(c *Config) { c.MaxBodyBytes = 10 })
	for _, p := range []struct {
		h      http.Handler
		c      call
		status int
	}{
		{api, postJSON(path, body), 200},
		{api, postJSON(path, `{`), 400},
		{api, postJSON(path, body[:len(body)-1]+`, "model": "de"}`), 404},
		{api, slow, 408},
		{small, postJSON(path, body), 413},
		{api, with(map[string]string{"Content-Type": "text/csv"}, body), 415},
		{api, postJSON(path, `{}`), 422},
		{full, postJSON(path, body), 429},
		{panicking(t), postJSON(path, body), 500},
		{draining, postJSON(path, body), 503},
	} {
		if w := f.send(t, p.h, p.c, p.status == 200); w.Code != p.status {
			t.Errorf("POST %s answers %d, want %d: %s", path, w.Code, p.status, clipBody(w.Body.Bytes()))
		}
	}
}

// panicking is a server each of whose routes has a bug.
func panicking(t testing.TB) http.Handler {
	api := fakeAPI(t, &Tasks{})
	return api.observe(api.recoverPanics(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("bug") })))
}

// examplePath fills the parameters of a path with their examples.
func examplePath(t testing.TB, path string, op *openapi3.Operation) string {
	t.Helper()
	for _, p := range op.Parameters {
		if p.Value.In == openapi3.ParameterInPath {
			if p.Value.Example == nil {
				t.Errorf("parameter %s of %s has no example", p.Value.Name, op.OperationID)
			}
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", fmt.Sprint(p.Value.Example))
		}
	}
	return path
}
