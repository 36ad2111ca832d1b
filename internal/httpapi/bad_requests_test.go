package httpapi

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// badRequest is a request and the problem that it must be answered with.
type badRequest struct {
	call call
	want *problemType
}

var taskPaths = []string{
	"/classify", "/sentiment", "/ner", "/fill-mask", "/nsp", "/embed", "/tokenize", "/attention", "/pretraining-examples",
}

// badRequests lists each row of the error table several ways, spread over the
// routes.
func badRequests(t testing.TB) []badRequest {
	var all []badRequest
	next := 0
	route := func() string {
		next++
		path := taskPaths[next%len(taskPaths)]
		if next%3 == 0 {
			path = "/v1" + path
		}
		return path
	}
	add := func(want *problemType, c call) { all = append(all, badRequest{c, want}) }
	bodies := func(want *problemType, bodies ...string) {
		for _, body := range bodies {
			add(want, postJSON(route(), body))
		}
	}
	headers := func(want *problemType, body string, headers map[string]string) {
		add(want, call{Method: http.MethodPost, Path: route(), Body: body, Header: headers})
	}

	// 400: not JSON
	bodies(invalidJSON,
		"", " ", "hello", "{", "}", "[", `"`, `{"text"`, `{"text":`, `{"text": "a"`, `{"text": "a",}`, `{text: "a"}`, `{'text': 'a'}`,
		`{"text": "a" "b"}`, `{"text": tru}`, `{"text": NaN}`, `{"text": 01}`, `{"text": 0x1}`, `{"text": "\q"}`, `{"text": "\u12"}`,
		"{\"text\": \"a\nb\"}", "{\"text\": \"\x00\"}", `{"texts": ["a",]}`, `<text/>`, `text=a`, `// {"text": "a"}`, strings.Repeat(`{"text":`, 3000), strings.Repeat("[", 12_000),
	)
	// 400: not UTF-8
	bodies(notUTF8,
		"\xff", "{\"text\": \"\xff\"}", "{\"text\": \"\xc3\"}", "{\"text\": \"\xed\xa0\x80\"}", "{\"te\xfext\": 1}", "\xff\xfe{\x00}\x00", "{\"text\": \"\xc0\xaf\"}",
		`{"text": "\ud800"}`, `{"text": "\udfff"}`, `{"texts": ["a", "\ud83d\u0041"]}`, `{"text": "\ud83d\ud83d"}`,
	)
	headers(notUTF8, "caf\xe9", map[string]string{"Content-Type": "text/plain"})
	headers(notUTF8, "caf\xe9", nil)
	// 400: trailing data
	bodies(trailingData,
		`{"text": "a"} x`, `{"text": "a"}{"text": "b"}`, `{"text": "a"}]`, "{\"text\": \"a\"}\n{\"text\": \"b\"}\n", `{}null`, `[] []`, `1 2`, "{\"text\": \"a\"}\x00",
	)
	// 400: unknown field
	bodies(unknownField,
		`{"txt": "a"}`, `{"TEXT": "a"}`, `{"text": "a", "Model": "en"}`, `{"inputs": "a"}`, `{"input": ["a"]}`, `{"text": "a", "": 1}`, `{"text": "a", "text ": 1}`,
		`{"text": "a", "parameters": {"top_k": 1}}`, `{"text": "a", "__proto__": {}}`, `{"text": "a", "`+strings.Repeat("x", 5000)+`": 1}`, `{"text": "a", "x": [[[[{}]]]]}`,
	)
	add(unknownField, postJSON("/ner", `{"text": "a", "text_pair": "b"}`))
	add(unknownField, postJSON("/nsp", `{"text": "a", "text_pair": "b", "top_k": 1}`))
	add(unknownField, postJSON("/embed", `{"text": "a", "aggregation": "simple"}`))
	bodies(duplicateField, `{"text": "a", "text": "a"}`, `{"texts": ["a"], "texts": []}`, `{"text": "a", "model": "en", "model": "zh"}`)
	// 400: wrong type
	bodies(wrongType,
		`null`, `true`, `1`, `"a"`, `[]`, `["a"]`, `{"text": 1}`, `{"text": null}`, `{"text": ["a"]}`, `{"text": {"a": 1}}`, `{"text": true}`,
		`{"texts": "a"}`, `{"texts": {}}`, `{"texts": null}`, `{"texts": [1]}`, `{"texts": ["a", null]}`, `{"texts": [["a"]]}`, `{"text": "a", "model": 1}`,
		`{"text": "a", "truncate": "yes"}`, `{"text": "a", "truncate": 0}`, `{"text": "a", "offset_unit": 8}`,
	)
	for path, body := range map[string]string{
		"/classify": `{"text": "a", "top_k": "3"}`, "/fill-mask": `{"text": "[MASK]", "top_k": 1.5}`, "/ner": `{"text": "a", "min_score": "high"}`,
		"/embed": `{"text": "a", "layer": 99999999999}`, "/attention": `{"text": "a", "layers": 0}`, "/tokenize": `{"text": "a", "add_special_tokens": "no"}`,
		"/sentiment": `{"text": "a", "aspects": "price"}`, "/pretraining-examples": `{"text": "a", "seed": 1e3}`, "/nsp": `{"text": "a", "text_pair": false}`,
	} {
		add(wrongType, postJSON(path, body))
	}
	// 400: query string, compression
	for _, query := range []string{"?top_k=1", "?Pretty", "?text=a", "?pretty&x=y", "?precision=uint8", "?top_k=5;x=1", "?pretty&foo%zz=1", "?%"} {
		add(invalidQuery, postJSON("/sentiment"+query, `{"text": "a"}`))
	}
	for _, query := range []string{"?precision=int4", "?precision=", "?precision=int4&precision=uint8", "?precision=uint8;pretty"} {
		add(invalidQuery, postJSON("/attention"+query, `{"text": "a", "precision": "uint8"}`))
	}
	for _, path := range []string{"/models?pretty=1", "/?pretty=yes", "/readyz?pretty&pretty=True", "/nothing?pretty=no", "/models?pretty;x", "/v1/models/en?x=%f"} {
		add(invalidQuery, get(path))
	}
	for _, body := range []string{`{"text": "a"}`, "", "\x1f\x8b", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x00"} {
		headers(unreadableBody, body, map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"})
	}
	// 404 and 405
	for _, path := range []string{"/nothing", "/v2/ner", "/classify/x", "/ner/", "/v1/v1/ner", "/problems", "/models/en/x", "/%00", "/..%2f..%2fetc/passwd", "/docs/x"} {
		add(notFound, get(path))
	}
	add(unknownModel, get("/models/de"))
	for _, model := range []string{"de", "EN", "en ", "", "../en", strings.Repeat("m", 1000)} {
		if model != "" {
			add(unknownModel, postJSON("/sentiment", `{"text": "a", "model": "`+model+`"}`))
		}
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "PATCH", "HEAD", "FOO"} {
		add(methodNotAllowed, call{Method: method, Path: route()})
	}
	for _, path := range []string{"/models", "/healthz", "/metrics", "/openapi.json", "/"} {
		add(methodNotAllowed, postJSON(path, `{}`))
	}
	// 413
	big := `{"text": "` + strings.Repeat("a", 70_000) + `"}`
	bodies(bodyTooLarge, big, strings.Repeat(" ", 65_537), strings.Repeat("x", 100_000))
	headers(bodyTooLarge, big, map[string]string{"Content-Type": "text/plain"})
	headers(bodyTooLarge, gzipped(t, big).String(), map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"})
	headers(bodyTooLarge, gzipped(t, strings.Repeat("\x00", 5_000_000)).String(), map[string]string{"Content-Encoding": "gzip"})
	// 415
	for _, contentType := range []string{"application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", "multipart/form-data; boundary=x"} {
		headers(formEncoded, `{"text": "a"}`, map[string]string{"Content-Type": contentType})
		headers(formEncoded, "text=a", map[string]string{"Content-Type": contentType})
	}
	for _, contentType := range []string{"application/xml", "text/html", "image/png", "application/jsonl", "application/json; charset=latin1", "text/plain; charset=utf-16", ";", "json", "*/*", "text/plain, application/json"} {
		headers(unsupportedMedia, `{"text": "a"}`, map[string]string{"Content-Type": contentType})
	}
	headers(unsupportedMedia, `{"text": "a"}`, nil) // JSON that nothing announces
	for _, encoding := range []string{"br", "deflate", "gzip, gzip", "zstd"} {
		headers(unsupportedMedia, `{"text": "a"}`, map[string]string{"Content-Type": "application/json", "Content-Encoding": encoding})
	}
	// 422
	bodies(noText, `{}`, `{"texts": []}`, `{"model": "en"}`)
	headers(noText, "", nil)
	bodies(textAndTexts, `{"text": "a", "texts": ["b"]}`, `{"text": "a", "texts": []}`)
	add(textAndTexts, postJSON("/nsp", `{"texts": ["a"], "text_pair": "b"}`))
	add(textAndTexts, postJSON("/nsp", `{"text": "a", "text_pairs": ["b"]}`))
	add(pairCount, postJSON("/nsp", `{"texts": ["a", "b"], "text_pairs": ["c"]}`))
	add(pairCount, postJSON("/embed", `{"texts": ["a"], "text_pairs": []}`))
	bodies(batchTooLarge, `{"texts": [`+strings.Repeat(`"a",`, 16)+`"a"]}`)
	for _, path := range []string{"/classify", "/sentiment", "/ner", "/fill-mask", "/embed", "/attention", "/pretraining-examples"} {
		add(emptyText, postJSON(path, `{"text": " \n\t "}`))
		add(emptyText, call{Method: http.MethodPost, Path: path, Header: map[string]string{"Content-Type": "text/plain"}})
	}
	add(noHead, postJSON("/classify", `{"text": "a", "head": "nothing"}`))
	add(noHead, postJSON("/classify", `{"text": "a", "head": "ner"}`))
	add(noPair, postJSON("/nsp", `{"text": "a"}`))
	add(noPair, postJSON("/nsp", `{"texts": ["a", "b"]}`))
	add(noPair, call{Method: http.MethodPost, Path: "/nsp", Body: "a"})
	add(noMask, postJSON("/fill-mask", `{"text": "no mask"}`))
	add(noMask, postJSON("/fill-mask", `{"texts": ["[MASK]", "[mask] <mask> ___"]}`))
	add(noTargets, postJSON("/fill-mask", `{"text": "[MASK]", "targets": ["", " "]}`))
	add(tooManyMasks, postJSON("/fill-mask", `{"text": "`+strings.Repeat("[MASK]", 20)+`", "joint": true}`))
	long := strings.Repeat("word ", 600)
	for _, path := range []string{"/classify", "/sentiment", "/embed", "/tokenize", "/attention"} {
		add(tooLong, postJSON(path, `{"text": "`+long+`", "truncate": false}`))
	}
	add(tooLong, postJSON("/fill-mask", `{"text": "[MASK] `+long+`"}`)) // refused unless asked to truncate
	for path, options := range map[string][]string{
		"/classify":             {`"top_k": 0`, `"top_k": -1`, `"function": "tanh"`, `"window": "last"`},
		"/sentiment":            {`"level": "word"`, `"level": ""`},
		"/ner":                  {`"aggregation": "best"`, `"min_score": -0.1`, `"min_score": 1.1`, `"types": ["PERSON"]`},
		"/fill-mask":            {`"top_k": 0`, `"top_k": 101`, `"targets": []`, `"targets": ["a"` + strings.Repeat(`,"a"`, 1000) + `]`},
		"/embed":                {`"pooling": "sum"`, `"layer": 7`, `"layer": -9`},
		"/tokenize":             {`"offset_unit": "rune"`, `"offset_unit": ""`},
		"/attention":            {`"aggregate": "sum"`, `"layers": [-1]`, `"layers": [99]`, `"heads": [0, 0]`, `"precision": "int8"`},
		"/pretraining-examples": {`"seed": -1`, `"masked_lm_prob": 2`, `"max_tokens": 4`, `"max_tokens": 513`},
	} {
		for _, option := range options {
			add(invalidParameter, postJSON(path, `{"text": "[MASK] a", `+option+`}`))
		}
	}
	return all
}

// TestBadRequests: every bad request gets its documented answer, and the next
// good one is answered as the first was.
func TestBadRequests(t *testing.T) {
	api := realAPI(t)
	good := postJSON("/sentiment", `{"text": "good"}`)
	first := send(t, api, good)
	if first.Code != http.StatusOK {
		t.Fatalf("the good request answers %d: %s", first.Code, first.Body)
	}
	unaffected := func(after string) {
		t.Helper()
		if w := send(t, api, good); w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), first.Body.Bytes()) {
			t.Fatalf("after %s the good request answers %d %s", after, w.Code, w.Body)
		}
	}
	all := badRequests(t)
	if len(all) < 200 {
		t.Errorf("%d bad requests, want 200", len(all))
	}
	rows := map[*problemType]int{}
	for i, bad := range all {
		rows[bad.want]++
		t.Run(fmt.Sprintf("%03d %s", i, bad.want.slug), func(t *testing.T) {
			c := bad.call
			c.Header = map[string]string{"X-Request-Id": "bad"}
			for name, value := range bad.call.Header {
				c.Header[name] = value
			}
			w := send(t, api, c)
			if c.Method == http.MethodHead {
				w.Body.Reset()
				if w.Code != bad.want.status {
					t.Errorf("HEAD: %d", w.Code)
				}
				return
			}
			wantProblem(t, w, bad.want)
			if w.Body.Len() > 20_000 {
				t.Errorf("an answer of %d bytes to a mistake", w.Body.Len())
			}
		})
		unaffected(fmt.Sprintf("%s %s %.100q", bad.call.Method, bad.call.Path, bad.call.Body))
	}
	for _, kind := range problemTypes {
		// The other types are of the server's state, or of models with fewer
		// parts; TestEveryProblemType has them.
		if kind.status < 500 && rows[kind] == 0 && kind != bodyTimeout && kind != queueFull && kind != tooLarge && kind != unsupportedFeature {
			t.Errorf("no bad request of type %s", kind.slug)
		}
	}
}

// TestRandomBytes: whatever comes in, the answer is a documented one.
func TestRandomBytes(t *testing.T) {
	api := realAPI(t)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		body := make([]byte, random.IntN(300))
		for j := range body {
			body[j] = byte(random.Uint32())
		}
		c := postJSON(taskPaths[i%len(taskPaths)], string(body))
		switch i % 4 {
		case 1:
			c.Header["Content-Type"] = "text/plain"
		case 2:
			c.Header["Content-Encoding"] = "gzip"
		case 3:
			c.Header = map[string]string{"Content-Type": string(bytes.ReplaceAll(body[:min(len(body), 20)], []byte("\n"), nil))}
		}
		w := send(t, api, c)
		if w.Code != 400 && w.Code != 415 && w.Code != 422 {
			t.Errorf("%d random bytes as %v answer %d: %s", len(body), c.Header, w.Code, clipBody(w.Body.Bytes()))
		}
	}
}
