package onnx

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
)

// exported and fused are encoders that PyTorch exported, before and since ONNX
// has LayerNorm and GELU as one node each, and what ONNX Runtime answers for
// them is in files of the same names with .json.
const (
	exported = "../../cmd/bert/testdata/tiny.onnx"
	fused    = "../../cmd/bert/testdata/fused.onnx"
)

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// reread is what is read of a graph that was written.
func reread(t *testing.T, g *graph) *Model {
	t.Helper()
	var file bytes.Buffer
	if err := g.write(&file, "test"); err != nil {
		t.Fatal(err)
	}
	m, err := parse(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOpenAgreesWithONNXRuntime(t *testing.T) {
	for _, test := range []struct {
		path         string
		intermediate int
		epsilon      float64
		act          string
	}{
		{exported, 24, 1e-12, "gelu"},
		{fused, 16, 1e-3, "gelu_new"},
	} {
		t.Run(filepath.Base(test.path), func(t *testing.T) {
			m, err := Open(test.path)
			if err != nil {
				t.Fatal(err)
			}
			want := bert.Base()
			want.VocabSize, want.HiddenSize, want.NumHiddenLayers, want.NumAttentionHeads, want.IntermediateSize = 31, 16, 2, 2, test.intermediate
			want.MaxPositionEmbeddings, want.LayerNormEps, want.HiddenAct = 12, test.epsilon, test.act
			got := m.Config()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Config() (-want +got):\n%s", diff)
			}
			model, err := bert.New(got, m, bert.Options{})
			if err != nil {
				t.Fatal(err)
			}
			checkAnswer(t, model, test.path+".json")
		})
	}
}

// checkAnswer compares what a model computes with what ONNX Runtime did.
func checkAnswer(t *testing.T, model *bert.Model, path string) {
	t.Helper()
	var answer struct {
		IDs    []int32     `json:"ids"`
		Types  []int32     `json:"types"`
		Hidden [][]float32 `json:"hidden"`
		Pooled []float32   `json:"pooled"` // of a graph with a pooler
	}
	if err := json.Unmarshal(readFile(t, path), &answer); err != nil {
		t.Fatal(err)
	}
	ws, batch := model.NewWorkspace(nil), bert.NewBatch([][]int32{answer.IDs}, [][]int32{answer.Types})
	hidden := model.Encoder.Forward(ws, batch)
	for token, row := range answer.Hidden {
		for i, value := range row {
			if got := hidden[token*len(row)+i]; math.Abs(float64(got-value)) > 1e-5 {
				t.Fatalf("hidden state %d of token %d is %v, ONNX Runtime says %v", i, token, got, value)
			}
		}
	}
	if (answer.Pooled != nil) != (model.Pooler != nil) {
		t.Fatalf("the model has a pooler: %t, the graph: %t", model.Pooler != nil, answer.Pooled != nil)
	}
	if model.Pooler == nil {
		return
	}
	pooled := model.Pooler.Forward(ws, hidden, batch)
	for i, value := range answer.Pooled {
		if math.Abs(float64(pooled[i]-value)) > 1e-5 {
			t.Fatalf("pooled state %d is %v, ONNX Runtime says %v", i, pooled[i], value)
		}
	}
}

// What an attribute does not say is what ONNX says of its absence, and what
// nothing says is not made up.
func TestConfigFromAttributes(t *testing.T) {
	whole := string(readFile(t, fused))
	for _, test := range []struct {
		name, old, changed string
		epsilon            float64
		act                string
	}{
		{"as it is", "", "", 1e-3, "gelu_new"},
		{"no epsilon", "epsilon", "epsilom", 1e-5, "gelu_new"},
		{"no approximate", "approximate", "approximade", 1e-3, "gelu"},
		{"approximate none", "\x04tanh", "\x04none", 1e-3, "gelu"},
		{"an unknown approximate", "\x04tanh", "\x04tang", 1e-3, ""},
		{"another activation", "\x04Gelu", "\x04Celu", 1e-3, ""},
		{"Relu", "\x04Gelu", "\x04Relu", 1e-3, "relu"},
		{"Tanh in the pooler alone", "\x04Gelu", "\x04Silu", 1e-3, ""},
		{"no LayerNormalization", "LayerNormalization\x2a", "LayerNormalisation\x2a", 0, "gelu_new"},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := strings.ReplaceAll(whole, test.old, test.changed)
			if test.old == "" {
				data = whole
			} else if data == whole {
				t.Fatalf("the graph has no %q to change", test.old)
			}
			m, err := parse([]byte(data))
			if err != nil {
				t.Fatal(err)
			}
			if c := m.Config(); c.LayerNormEps != test.epsilon || c.HiddenAct != test.act {
				t.Errorf("ε %v and activation %q, want %v and %q", c.LayerNormEps, c.HiddenAct, test.epsilon, test.act)
			}
		})
	}
}

// What a graph tells by its nodes, in the forms that other programs give it.
func TestConfigFromNodes(t *testing.T) {
	read := func(t *testing.T, build func(g *graph)) *Model {
		t.Helper()
		var g graph
		g.floats("embeddings.word_embeddings.weight", []int{1, 12}, func() ([]float32, error) { return make([]float32, 12), nil })
		build(&g)
		return reread(t, &g)
	}
	const attention = "/encoder/layer.0/attention/self/"
	for _, test := range []struct {
		shape []int64
		want  int
	}{
		{[]int64{0, 0, 3, 4}, 3},
		{[]int64{0, 0, 1, 12}, 1},
		{[]int64{1, 7, -1, 4}, 3},
		{[]int64{1, 7, 3, -1}, 3},
		{[]int64{1, -1, 3, 4}, 3},
		{[]int64{0, 0, 5, 4}, 0},
		{[]int64{0, 0, -1, 5}, 0},
		{[]int64{0, 0, 0, 0}, 0},
		{[]int64{0, 0, -1, -1}, 0},
		{[]int64{0, 0, -3, -4}, 0},
		{[]int64{0, 3, 4}, 0},
	} {
		m := read(t, func(g *graph) { g.node("Reshape", attention+"Reshape", []string{"x", g.ints("shape", test.shape...)}) })
		if got := m.Config().NumAttentionHeads; got != test.want {
			t.Errorf("a reshape to %v: %d heads, want %d", test.shape, got, test.want)
		}
	}
	// A shape put together of initializers, as programs that simplify graphs
	// leave it, after a node whose axis is no size.
	m := read(t, func(g *graph) {
		g.node("Unsqueeze", attention+"Unsqueeze", []string{"x", g.ints("axis", -1)})
		g.node("Concat", attention+"Concat", []string{"batch", "length", g.ints("a", 3), g.ints("d", 4)})
		g.node("Add", "/embeddings/LayerNorm/Add", []string{"variance", g.scalar("epsilon", 1e-6)})
	})
	if c := m.Config(); c.NumAttentionHeads != 3 || c.LayerNormEps != 1e-6 {
		t.Errorf("%d heads and ε %v, want 3 and 1e-6", c.NumAttentionHeads, c.LayerNormEps)
	}
	// A head of somebody's own says nothing of the encoder.
	m = read(t, func(g *graph) {
		g.node("LayerNormalization", "/embeddings/LayerNorm/LayerNormalization", []string{"x"}, floatAttribute("epsilon", 1e-7))
		g.node("LayerNormalization", "/classifier/norm/LayerNormalization", []string{"y"}, floatAttribute("epsilon", 1e-5))
		g.node("Relu", "/classifier/Relu", []string{"z"})
	})
	if c := m.Config(); c.LayerNormEps != 1e-7 || c.HiddenAct != "" {
		t.Errorf("ε %v and activation %q, want 1e-7 and none", c.LayerNormEps, c.HiddenAct)
	}
}

// How a matrix is stored is told by the node that multiplies with it, whatever
// its name.
func TestMatrixByItsNode(t *testing.T) {
	const name = "encoder.layer.0.output.dense.weight"
	for _, test := range []struct {
		op         string
		attributes []attribute
		stored     string
		transposed bool
	}{
		{"MatMul", nil, name, true},
		{"MatMul", nil, "onnx::MatMul_7", true},
		{"Gemm", nil, name, true},
		{"Gemm", []attribute{intAttribute("transB", 0)}, name, true},
		{"Gemm", []attribute{intAttribute("transB", 1)}, name, false},
		{"Gemm", []attribute{intAttribute("transB", 1)}, "onnx::Gemm_7", false},
		{"Transpose", nil, name, false},
	} {
		var g graph
		g.floats("embeddings.word_embeddings.weight", []int{1, 1}, func() ([]float32, error) { return []float32{0}, nil })
		matrix := g.floats(test.stored, []int{2, 2}, func() ([]float32, error) { return []float32{1, 2, 3, 4}, nil })
		inputs := []string{"x", matrix, "bias"}
		switch test.op {
		case "MatMul":
			inputs = inputs[:2]
		case "Transpose":
			inputs = inputs[1:2]
		}
		g.node(test.op, "/encoder/layer.0/output/dense/"+test.op, inputs, test.attributes...)
		m := reread(t, &g)
		want := []float32{1, 2, 3, 4}
		if test.transposed {
			want = []float32{1, 3, 2, 4}
		}
		got := make([]float32, 4)
		if err := m.Read("bert."+name, got); err != nil {
			t.Error(err)
		} else if !slices.Equal(got, want) {
			t.Errorf("%s with %s: %v, want %v", test.op, test.stored, got, want)
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
	t.Run("changed bytes", func(t *testing.T) { // errors or not, but no panic
		for _, whole := range []string{whole, string(readFile(t, fused))} {
			for at := 0; at < len(whole); at += 131 {
				changed := []byte(whole)
				changed[at] ^= 0xff
				if m, err := parse(changed); err == nil {
					_, _ = bert.New(m.Config(), m, bert.Options{})
				}
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
