package onnx

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
)

// exported is an encoder that PyTorch exported, and what ONNX Runtime answers
// for it is in exported + ".json".
const exported = "../../cmd/bert/testdata/tiny.onnx"

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpenAgreesWithONNXRuntime(t *testing.T) {
	m, err := Open(exported)
	if err != nil {
		t.Fatal(err)
	}
	want := bert.Base()
	want.VocabSize, want.HiddenSize, want.NumHiddenLayers, want.NumAttentionHeads, want.IntermediateSize = 31, 16, 2, 2, 24
	want.MaxPositionEmbeddings, want.LayerNormEps, want.HiddenAct = 12, 1e-12, "gelu"
	got := m.Config()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Config() (-want +got):\n%s", diff)
	}
	model, err := bert.New(got, m, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		IDs    []int32     `json:"ids"`
		Types  []int32     `json:"types"`
		Hidden [][]float32 `json:"hidden"`
	}
	if err := json.Unmarshal(readFile(t, exported+".json"), &answer); err != nil {
		t.Fatal(err)
	}
	hidden := model.Encoder.Forward(model.NewWorkspace(nil), bert.NewBatch([][]int32{answer.IDs}, [][]int32{answer.Types}))
	for token, row := range answer.Hidden {
		for i, value := range row {
			if got := hidden[token*len(row)+i]; math.Abs(float64(got-value)) > 1e-5 {
				t.Fatalf("hidden state %d of token %d is %v, ONNX Runtime says %v", i, token, got, value)
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	whole := string(readFile(t, exported))
	for _, test := range []struct{ name, data, want string }{
		{"an empty file", "", "not an ONNX model"},
		{"text", `{"a": 1}`, "not an ONNX model"},
		{"a model of something else", strings.ReplaceAll(whole, "word_embeddings", "bord_embeddings"), "no initializer embeddings.word_embeddings.weight"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "model.onnx")
			if err := os.WriteFile(path, []byte(test.data), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want one that says %q and where", err, test.want)
			}
		})
	}
	t.Run("a missing matrix", func(t *testing.T) {
		m, err := parse([]byte(strings.ReplaceAll(whole, "/encoder/layer.1/output/dense/MatMul", "/encoder/layer.1/output/sense/MatMul")))
		if err != nil {
			t.Fatal(err)
		}
		const want = `"bert.encoder.layer.1.output.dense.weight" is missing`
		if _, err := bert.New(m.Config(), m, bert.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	})
	t.Run("a truncated file", func(t *testing.T) {
		for length := 1; length < len(whole); length += 997 {
			if m, err := parse([]byte(whole[:length])); err == nil {
				t.Errorf("the first %d of %d bytes passed: %+v", length, len(whole), m.Config())
			}
		}
	})
	t.Run("a node without inputs", func(t *testing.T) {
		var product, graph, model message
		product.text(nodeName, "/encoder/layer.0/output/dense/MatMul")
		product.text(nodeOpType, "MatMul")
		graph.bytes(graphNode, product)
		model.bytes(modelGraph, graph)
		if _, err := parse(model); err == nil {
			t.Error("it passed")
		}
	})
	t.Run("changed bytes", func(_ *testing.T) { // errors or not, but no panic
		for at := 0; at < len(whole); at += 131 {
			changed := []byte(whole)
			changed[at] ^= 0xff
			if m, err := parse(changed); err == nil {
				_, _ = bert.New(m.Config(), m, bert.Options{})
			}
		}
	})
}

// Where the graph does not show the number of heads, no number is made up.
func TestConfigWithoutHeads(t *testing.T) {
	m, err := parse([]byte(strings.ReplaceAll(string(readFile(t, exported)), "layer.0/attention/self/Constant", "layer.0/attention/selb/Constant")))
	if err != nil {
		t.Fatal(err)
	}
	if c := m.Config(); c.NumAttentionHeads != 0 {
		t.Errorf("%d heads, want 0", c.NumAttentionHeads)
	}
}
