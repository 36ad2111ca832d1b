package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// fixture is what testdata/make_fixtures.py recorded of a tensor.
type fixture struct {
	Shape  []int  `json:"shape"`
	SHA256 string `json:"sha256"` // of the values in float32; the first digits
}

// readFixtures returns what each directory in testdata holds, tensor by tensor.
func readFixtures(t *testing.T) map[string]map[string]fixture {
	t.Helper()
	data, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var directories map[string]map[string]fixture
	if err := json.Unmarshal(data, &directories); err != nil {
		t.Fatal(err)
	}
	return directories
}

func TestEveryClassAndStorageForm(t *testing.T) {
	for dir, tensors := range readFixtures(t) {
		t.Run(dir, func(t *testing.T) {
			c := openFixture(t, os.DirFS(filepath.Join("testdata", dir)))
			checkTensors(t, c, tensors)
		})
		// The same without mapping: MapFS has files that can only be read.
		t.Run(dir+" read", func(t *testing.T) {
			fsys := fstest.MapFS{}
			for name, data := range readFixture(t, filepath.Join("testdata", dir)) {
				fsys[name] = &fstest.MapFile{Data: data}
			}
			checkTensors(t, openFixture(t, fsys), tensors)
		})
	}
}

// openFixture opens a directory for the time of a test.
func openFixture(t testing.TB, fsys fs.FS) *Checkpoint {
	t.Helper()
	c, err := Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func checkTensors(t *testing.T, c *Checkpoint, tensors map[string]fixture) {
	t.Helper()
	got, want := slices.Sorted(maps.Keys(c.tensors)), slices.Sorted(maps.Keys(tensors))
	if !slices.Equal(got, want) {
		t.Errorf("tensors are\n%q, want\n%q", got, want)
	}
	for name, want := range tensors {
		shape, ok := c.Shape(name)
		if !ok || !slices.Equal(shape, want.Shape) {
			t.Errorf("Shape(%q) = %v, %t, want %v", name, shape, ok, want.Shape)
			continue
		}
		values := make([]float32, length(shape))
		if err := c.Read(name, values); err != nil {
			t.Errorf("Read(%q) = %v", name, err)
		}
		if got := digest(values); !strings.HasPrefix(got, want.SHA256) {
			t.Errorf("%s has other values than transformers saved: SHA-256 is %s, want %s…", name, got, want.SHA256)
		}
	}
}

func length(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func digest(values []float32) string {
	h := sha256.New()
	for _, v := range values {
		binary.Write(h, binary.LittleEndian, math.Float32bits(v)) //nolint:errcheck // a hash's Write never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Every fixture also makes a model, with the heads of its class.
func TestEveryClassLoads(t *testing.T) {
	classifier := func(h bert.HeadConfig) map[string]bert.HeadConfig {
		return map[string]bert.HeadConfig{bert.ClassifierName: h}
	}
	colours, tags := []string{"red", "green", "blue"}, []string{"O", "B-PER", "I-PER"}
	for _, tt := range []struct {
		dir              string
		pooler, mlm, nsp bool
		heads            map[string]bert.HeadConfig
	}{
		{"base", true, false, false, nil},
		{"base-without-pooler", false, false, false, nil},
		{"bin-legacy", true, false, false, classifier(bert.HeadConfig{Type: "sequence", Labels: colours, ProblemType: bert.SingleLabel})},
		{"bin-sharded", false, true, false, nil},
		{"bin-strided", true, false, false, nil},
		{"bin-zip", true, true, true, nil},
		{"masked-lm", false, true, false, nil},
		{"multi-label", true, false, false, classifier(bert.HeadConfig{Type: "sequence", Labels: colours, ProblemType: bert.MultiLabel})},
		{"next-sentence", true, false, true, nil},
		{"old-names", true, true, true, nil},
		{"own-decoder", false, true, false, nil},
		{"pretraining", true, true, true, nil},
		{"regression", true, false, false, classifier(bert.HeadConfig{Type: "sequence", Labels: []string{"LABEL_0"}, ProblemType: bert.Regression})},
		{"several-heads", true, true, true, map[string]bert.HeadConfig{
			"mood": {Type: "sequence", Labels: []string{"bad", "good"}, ProblemType: bert.SingleLabel},
			"ner":  {Type: "token", Labels: tags},
		}},
		{"sharded", true, true, true, nil},
		{"single-label", true, false, false, classifier(bert.HeadConfig{Type: "sequence", Labels: colours, ProblemType: bert.SingleLabel})},
		{"token-labels", false, false, false, classifier(bert.HeadConfig{Type: "token", Labels: tags})},
	} {
		t.Run(tt.dir, func(t *testing.T) {
			m, tok, err := LoadDir(filepath.Join("testdata", tt.dir), bert.Options{Precision: kernels.Float32})
			if err != nil {
				t.Fatal(err)
			}
			if got := [3]bool{m.Pooler != nil, m.MLM != nil, m.NSP != nil}; got != [3]bool{tt.pooler, tt.mlm, tt.nsp} {
				t.Errorf("pooler, MLM, NSP are %v, want %v", got, [3]bool{tt.pooler, tt.mlm, tt.nsp})
			}
			if len(m.Heads) != len(tt.heads) {
				t.Errorf("%d heads, want %d", len(m.Heads), len(tt.heads))
			}
			for name, want := range tt.heads {
				head, ok := m.Heads[name]
				if !ok {
					t.Errorf("no head %q", name)
					continue
				}
				got := head.Describe()
				if got.Type != want.Type || got.ProblemType != want.ProblemType || !slices.Equal(got.Labels, want.Labels) {
					t.Errorf("head %q is %+v, want %+v", name, got, want)
				}
			}
			if got := tok.VocabSize(); got != m.Config.VocabSize {
				t.Errorf("tokenizer has %d pieces, want %d", got, m.Config.VocabSize)
			}
		})
	}
}
