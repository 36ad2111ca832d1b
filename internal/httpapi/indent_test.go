package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"cloze/internal/tasks"
)

// TestIndenter: whatever the pieces that a document comes in, it is laid out as
// json.Indent does.
func TestIndenter(t *testing.T) {
	documents := [][]byte{
		[]byte("{}\n"), []byte("[]"), []byte("null\n"), []byte(`""`), []byte("-1e9"), []byte("[[],{}]"), []byte(`[[[1,2],[3]],{"a":{"b":[{}]}}]`),
		[]byte(`{"a":"{\"b\": [1, 2]}","c\\":"\\","d\\\"":["\\\"",true],"e":"ä,:[]{}"}`),
	}
	files, err := filepath.Glob("../../openapi/examples/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, data); err != nil {
			t.Fatal(err)
		}
		documents = append(documents, compact.Bytes())
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, document := range documents {
		var want, got bytes.Buffer
		if err := json.Indent(&want, document, "", "  "); err != nil {
			t.Fatal(err)
		}
		out := newIndenter(&got)
		for rest := document; len(rest) > 0; {
			n := 1 + random.IntN(len(rest))
			if written, err := out.Write(rest[:n]); written != n || err != nil {
				t.Fatalf("Write of %d bytes = %d, %v", n, written, err)
			}
			rest = rest[n:]
		}
		if got.String() != want.String() {
			t.Errorf("%s becomes\n%s\nwant\n%s", document, &got, &want)
		}
	}
}

// noReader is a client who throws the answer away.
type noReader struct{ header http.Header }

func (w noReader) Header() http.Header         { return w.header }
func (w noReader) WriteHeader(int)             {}
func (w noReader) Write(p []byte) (int, error) { return io.Discard.Write(p) }

// TestPrettyTakesNoMoreMemory: room counts what an answer takes before it is
// indented.
func TestPrettyTakesNoMoreMemory(t *testing.T) {
	vector := tasks.Tensor{Shape: []int{1 << 10, 1 << 8}, Data: make([]float32, 1<<18)}
	for i := range vector.Data {
		vector.Data[i] = 1 / float32(i+1)
	}
	allocated := func(path string) uint64 {
		r := get(path).request(t)
		least := ^uint64(0) // encoding/json reuses its buffers now and then
		for range 5 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			answer, err := jsonAnswer(r, vector)
			if err != nil {
				t.Fatal(err)
			}
			answer.send(noReader{http.Header{}})
			runtime.ReadMemStats(&after)
			least = min(least, after.TotalAlloc-before.TotalAlloc)
		}
		return least
	}
	compact, pretty := allocated("/"), allocated("/?pretty")
	if pretty > compact+1<<20 {
		t.Errorf("an answer takes %d bytes, indented %d", compact, pretty)
	}
}
