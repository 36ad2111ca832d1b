package httpapi

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type inner struct {
	Text *string `json:"text"`
}

type sample struct {
	inner
	Texts  []string   `json:"texts"`
	TopK   int32      `json:"top_k"`
	Score  float64    `json:"min_score"`
	Joint  bool       `json:"joint"`
	Layers []int      `json:"layers"`
	Hidden string     `json:"-"`
	Nested []struct { // not in any request, but the decoder must not care
		A *float32 `json:"a/b~c"`
	} `json:"nested"`
}

func TestDecodeJSON(t *testing.T) {
	text, a := "héllo \U0001F600", float32(1.5)
	var got sample
	body := "\ufeff \n{\"text\": \"h\\u00e9llo \\ud83d\\ude00\", \"top_k\": -3, \"min_score\": 1e-1, \"joint\": true, \"layers\": [], \"nested\": [{\"a/b~c\": 1.5}]} \r\n"
	if err := decodeJSON([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := sample{inner: inner{&text}, TopK: -3, Score: 0.1, Joint: true, Layers: []int{}}
	want.Nested = append(want.Nested, struct {
		A *float32 `json:"a/b~c"`
	}{&a})
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sample{}, inner{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	tests := []struct {
		name, body string
		kind       *problemType
		pointer    string // "-" for none
		detail     string // part of it
	}{
		{"empty body", "", invalidJSON, "-", "empty"},
		{"white space", " \n\t", invalidJSON, "-", "empty"},
		{"text", "hello", invalidJSON, "-", "line 1, column 1"},
		{"cut short", `{"text": "a`, invalidJSON, "-", "ends in the middle"},
		{"comma at the end", "{\n \"text\": \"a\",}", invalidJSON, "-", "line 2, column 14"},
		{"column counts characters", `{"texts": ["日本", x]}`, invalidJSON, "-", "line 1, column 18"},
		{"single quotes", `{'text': 'a'}`, invalidJSON, "-", "column 2"},
		{"control character in a string", "{\"text\": \"a\nb\"}", invalidJSON, "-", "line 1, column 12"},
		{"deep nesting", strings.Repeat("[", 20_000), invalidJSON, "-", "depth"},
		{"not UTF-8", "{\"text\": \"a\xffb\"}", notUTF8, "-", "byte 11"},
		{"UTF-16", "\xff\xfe{\x00", notUTF8, "-", "byte 0"},
		{"lone high surrogate", `{"text": "\ud800"}`, notUTF8, "-", `\ud800`},
		{"lone low surrogate", `{"text": "\uDFFF!"}`, notUTF8, "-", `\uDFFF`},
		{"high surrogate before another escape", `{"text": "\ud800\n"}`, notUTF8, "-", `\ud800`},
		{"surrogates in the wrong order", `{"text": "\udc00\ud800"}`, notUTF8, "-", `\udc00`},
		{"its place is in the whole body", "\ufeff\n\n " + `{"text": "ab\ud800"}`, notUTF8, "-", "byte 18"},
		{"lone surrogate in a name", `{"te\ud800xt": 1}`, notUTF8, "-", `\ud800`},
		{"second object", `{"text": "a"} {"text": "b"}`, trailingData, "-", "line 1, column 15"},
		{"garbage after the object", "{\"text\": \"a\"}\n\nx", trailingData, "-", "line 3, column 1"},
		{"closing brace too many", `{"text": "a"}}`, trailingData, "-", "column 14"},
		{"array", `["a"]`, wrongType, "", "an array"},
		{"string", `"a"`, wrongType, "", "a string"},
		{"null", `null`, wrongType, "", "null"},
		{"number for text", `{"text": 5}`, wrongType, "/text", "the number 5; expected a string"},
		{"null for text", `{"text": null}`, wrongType, "/text", "null"},
		{"object for text", `{"text": {"a": [1, {}]}, "joint": true}`, wrongType, "/text", "an object"},
		{"text for texts", `{"texts": "a"}`, wrongType, "/texts", "expected an array, each element a string"},
		{"number in texts", `{"texts": ["a", 1]}`, wrongType, "/texts/1", "the number 1"},
		{"fraction for an integer", `{"top_k": 1.5}`, wrongType, "/top_k", "expected an integer"},
		{"integer too large", `{"top_k": 3000000000}`, wrongType, "/top_k", "integer of 32 bits"},
		{"number too large", `{"min_score": 1e999}`, wrongType, "/min_score", "1e999"},
		{"string for a boolean", `{"joint": "true"}`, wrongType, "/joint", "expected true or false"},
		{"pointer is escaped", `{"nested": [{"a/b~c": ""}]}`, wrongType, "/nested/0/a~1b~0c", "a string"},
		{"unknown field", `{"txt": "a"}`, unknownField, "/txt", `did you mean "text"?`},
		{"another case", `{"Text": "a"}`, unknownField, "/Text", `did you mean "text"?`},
		{"camel case", `{"topK": 1}`, unknownField, "/topK", `did you mean "top_k"?`},
		{"name of another server", `{"inputs": ["a"]}`, unknownField, "/inputs", `did you mean "texts"?`},
		{"nothing near", `{"temperature": 1}`, unknownField, "/temperature", "known are text, texts, top_k"},
		{"field without a JSON name", `{"Hidden": "a"}`, unknownField, "/Hidden", "unknown field"},
		{"field named -", `{"-": "a"}`, unknownField, "/-", "unknown field"},
		{"empty name", `{"": "a"}`, unknownField, "/", "unknown field"},
		{"field twice", `{"text": "a", "text": "b"}`, duplicateField, "/text", "twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v sample
			err := decodeJSON([]byte(tt.body), &v)
			p, ok := errors.AsType[*problemError](err)
			if !ok {
				t.Fatalf("decodeJSON(%q) = %v, want a problem", tt.body, err)
			}
			if p.kind != tt.kind {
				t.Errorf("type = %s (%s), want %s", p.kind.slug, p.Detail, tt.kind.slug)
			}
			if !strings.Contains(p.Detail, tt.detail) {
				t.Errorf("detail = %q, want it to hold %q", p.Detail, tt.detail)
			}
			pointer := "-"
			if len(p.Errors) > 0 {
				pointer = p.Errors[0].Pointer
			}
			if pointer != tt.pointer {
				t.Errorf("pointer = %q, want %q", pointer, tt.pointer)
			}
		})
	}
}

func TestDecodeJSONListsAllMistakes(t *testing.T) {
	var v sample
	err := decodeJSON([]byte(`{"text": 1, "txt": {"a": [2]}, "top_k": "x", "texts": [3]}`), &v)
	p, ok := errors.AsType[*problemError](err)
	if !ok {
		t.Fatalf("got %v, want a problem", err)
	}
	var pointers []string
	for _, e := range p.Errors {
		pointers = append(pointers, e.Pointer)
	}
	if diff := cmp.Diff([]string{"/text", "/txt", "/top_k", "/texts/0"}, pointers); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeJSONBoundsItsAnswer(t *testing.T) {
	var v sample
	name := strings.Repeat("x", 100_000)
	body := `{"` + name + `": 1, "texts": [` + strings.Repeat("1,", 10_000) + `1]}`
	p, ok := errors.AsType[*problemError](decodeJSON([]byte(body), &v))
	if !ok {
		t.Fatal("want a problem")
	}
	if len(p.Errors) != maxFieldErrors || !strings.Contains(p.Detail, "the first 8 mistakes") {
		t.Errorf("%d errors, detail %q; want %d and a note", len(p.Errors), p.Detail, maxFieldErrors)
	}
	for _, e := range p.Errors {
		if len(e.Pointer)+len(e.Detail) > 1000 {
			t.Errorf("an error of %d bytes", len(e.Pointer)+len(e.Detail))
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"text", "texts", "text_pair", "model", "top_k", "offset_unit", "aggregation"}
	for name, want := range map[string]string{
		"txt": "text", "textss": "texts", "TEXT": "text", "textpair": "text_pair", "topk": "top_k",
		"offset-unit": "offset_unit", "aggregation_strategy": "aggregation", "inputs": "texts",
		"zzz": "", "": "", "x": "", "temperature": "", strings.Repeat("text", 100): "",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
