package httpapi

import (
	"context"
	"net/http"
	"testing"
	"unicode/utf8"

	"cloze/internal/tasks"
)

// FuzzBody sends any body as JSON to a route with every kind of field. The
// answer is one of two: the texts have reached the task as valid UTF-8, or a
// documented problem says why not.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"text": "a"}`, `{"texts": ["a", "b"], "text_pairs": ["c", "d"]}`, `{"text": "\ud83d\ude00", "layers": [0], "heads": [1, 2]}`,
		`{"text": "\ud800"}`, `{"text": "a", "text": "b"}`, `{"text": null}`, `{"txt": "a"}`, `{"text": "a"} x`, `{"text": "a", "truncate": true}`,
		`{"text": "a", "layers": [1e1, -0, 0.0]}`, "\ufeff{}", "", "[", "{\"\\u0000\": 1}", "{\"te\xffxt\": 1}", `{"text": "a", "x": [{"y": [1]}]}`,
	} {
		f.Add([]byte(body))
	}
	answered := false
	var seen []tasks.Text
	api := fakeAPI(f, &Tasks{
		Attention: func(_ context.Context, texts []tasks.Text, _ tasks.AttendOptions) ([]tasks.AttentionResult, error) {
			answered, seen = true, texts
			return nil, nil
		},
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		answered, seen = false, nil
		w := send(t, api, postJSON("/attention", string(body)))
		if answered != (w.Code == http.StatusOK) {
			t.Errorf("status %d, task called %t", w.Code, answered)
		}
		for _, text := range seen {
			if !utf8.ValidString(text.Text) || !utf8.ValidString(text.Pair) {
				t.Errorf("the task got %q and %q", text.Text, text.Pair)
			}
		}
		if answered {
			if len(seen) == 0 {
				t.Error("the task got no text")
			}
			return
		}
		p := decodeBody[Problem](t, w)
		kind, ok := problemTypeOf(p.Type[len("/problems/"):])
		if !ok || kind.status != w.Code || w.Code >= 500 {
			t.Errorf("%d %s: %s", w.Code, p.Type, p.Detail)
		}
	})
}
