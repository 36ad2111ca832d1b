package onnx

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// Model is an ONNX file with a BERT encoder that PyTorch exported. It
// implements bert.Weights.
//
// The exporter keeps the names of embeddings, biases and LayerNorms, but folds
// the transposition of weight matrices into their values and calls them
// onnx::MatMul_541; the node that multiplies with one tells whose it is:
//
//	/encoder/layer.0/attention/self/query/MatMul → encoder.layer.0.attention.self.query.weight
type Model struct {
	weights   map[string]weight // by name in BertForPreTraining
	constants []constant
	erf, tanh bool // what the activation is made of
}

var _ bert.Weights = (*Model)(nil)

type weight struct {
	tensor
	transposed bool // stored (in, out)
}

// constant is the value of a node Constant.
type constant struct {
	node  string
	value tensor
}

// Open reads an ONNX file whole, at most 2 GB. An error names the file.
func Open(path string) (*Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// parse reads a ModelProto, parts of which stay in use.
func parse(data []byte) (*Model, error) {
	var graph []byte
	err := eachField(data, func(f field) error {
		if f.number == modelGraph {
			graph = f.bytes
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("not an ONNX model: %w", err)
	}
	if graph == nil {
		return nil, errors.New("not an ONNX model: it has no graph")
	}
	var nodes []node
	stored := map[string]tensor{}
	err = eachField(graph, func(f field) error {
		switch f.number {
		case graphNode:
			n, err := parseNode(f.bytes)
			nodes = append(nodes, n)
			return err
		case graphInitializer:
			t, err := parseTensor(f.bytes)
			stored[t.name] = t
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newModel(nodes, stored)
}

// node is a NodeProto that was read.
type node struct {
	name, op string
	inputs   []string
	value    *tensor // of a Constant
}

func parseNode(data []byte) (node, error) {
	var n node
	err := eachField(data, func(f field) error {
		switch f.number {
		case nodeInput:
			n.inputs = append(n.inputs, string(f.bytes))
		case nodeName:
			n.name = string(f.bytes)
		case nodeOpType:
			n.op = string(f.bytes)
		case nodeAttribute:
			return eachField(f.bytes, func(f field) error {
				if f.number != attributeT {
					return nil
				}
				t, err := parseTensor(f.bytes)
				n.value = &t
				return err
			})
		}
		return nil
	})
	return n, err
}

// newModel finds BERT's weights among the initializers of a graph.
func newModel(nodes []node, stored map[string]tensor) (*Model, error) {
	m := &Model{weights: map[string]weight{}}
	for name, t := range stored {
		if strings.Contains(name, "embeddings.") || strings.Contains(name, "encoder.layer.") || strings.Contains(name, "pooler.") {
			m.weights[canonical(name)] = weight{tensor: t}
		}
	}
	for _, n := range nodes {
		switch n.op {
		case "MatMul":
			layer, found := strings.CutSuffix(n.name, "/MatMul")
			if !found || len(n.inputs) == 0 {
				continue
			}
			if t, ok := stored[n.inputs[len(n.inputs)-1]]; ok && len(t.shape) == 2 {
				m.weights[canonical(layer)+".weight"] = weight{tensor: t, transposed: true}
			}
		case "Constant":
			if n.value != nil {
				m.constants = append(m.constants, constant{n.name, *n.value})
			}
		case "Erf":
			m.erf = true
		case "Tanh":
			m.tanh = m.tanh || strings.Contains(n.name, "intermediate")
		}
	}
	if !m.Has("bert.embeddings.word_embeddings.weight") {
		return nil, errors.New("no initializer embeddings.word_embeddings.weight: not a BERT that PyTorch exported with its names")
	}
	return m, nil
}

// canonical turns a node's path or an initializer's name into the name of
// BertForPreTraining.
func canonical(name string) string {
	name = strings.ReplaceAll(strings.TrimPrefix(name, "/"), "/", ".")
	for _, prefix := range []string{"bert.", "model.", "auto_model."} {
		name = strings.TrimPrefix(name, prefix)
	}
	return "bert." + name
}

// Config derives the configuration from the shapes of the tensors and the
// constants of the graph. NumAttentionHeads is 0 if the graph does not show it,
// and so is a size whose tensor is missing: the caller validates.
func (m *Model) Config() bert.Config {
	c := bert.Base()
	size := func(tensor string, dimension int) int {
		shape, ok := m.Shape(tensor)
		if !ok || dimension >= len(shape) {
			return 0
		}
		return shape[dimension]
	}
	c.VocabSize = size("bert.embeddings.word_embeddings.weight", 0)
	c.HiddenSize = size("bert.embeddings.word_embeddings.weight", 1)
	c.MaxPositionEmbeddings = size("bert.embeddings.position_embeddings.weight", 0)
	c.TypeVocabSize = size("bert.embeddings.token_type_embeddings.weight", 0)
	c.IntermediateSize = size("bert.encoder.layer.0.intermediate.dense.bias", 0)
	c.NumHiddenLayers = 0
	for m.Has(fmt.Sprintf("bert.encoder.layer.%d.output.dense.bias", c.NumHiddenLayers)) {
		c.NumHiddenLayers++
	}
	switch {
	case m.erf:
		c.HiddenAct = "gelu"
	case m.tanh:
		c.HiddenAct = "gelu_new"
	default:
		c.HiddenAct = "relu"
	}
	c.NumAttentionHeads = m.attentionHeads(c.HiddenSize)
	c.LayerNormEps = m.epsilon(c.LayerNormEps)
	return c
}

// attentionHeads finds A among the constants of the first layer, which reshapes
// (B, T, H) to (B, T, A, D) or (B, T, −1, D): two in a row whose product is H,
// or −1 and a divisor of H. 0 if there are none, as where shapes are computed.
func (m *Model) attentionHeads(hidden int) int {
	before := 0
	for _, c := range m.constants {
		if !strings.Contains(c.node, "layer.0/attention/self/") {
			continue
		}
		n := c.value.integer()
		switch {
		case before > 1 && n > 1 && before*n == hidden:
			return before
		case before == -1 && n > 1 && hidden%n == 0:
			return hidden / n
		}
		before = n
	}
	return 0
}

// epsilon is what the first LayerNorm adds to the variance, the smallest
// number among its constants.
func (m *Model) epsilon(otherwise float64) float64 {
	for _, c := range m.constants {
		if !strings.Contains(c.node, "embeddings/LayerNorm/") {
			continue
		}
		if value := c.value.float(); value > 0 && value < 1e-2 {
			return value
		}
	}
	return otherwise
}

// Has implements bert.Weights.
func (m *Model) Has(name string) bool { _, ok := m.weights[name]; return ok }

// Shape implements bert.Weights.
func (m *Model) Shape(name string) ([]int, bool) {
	w, ok := m.weights[name]
	if !ok {
		return nil, false
	}
	if w.transposed {
		return []int{w.shape[1], w.shape[0]}, true
	}
	return w.shape, true
}

// Raw implements bert.Weights: nothing is stored as a model stores it.
func (m *Model) Raw(string) (prec kernels.Precision, stored []byte, ok bool) { return 0, nil, false }

// Read implements bert.Weights.
func (m *Model) Read(name string, dst []float32) error {
	w, ok := m.weights[name]
	if !ok {
		return fmt.Errorf("tensor %q is missing", name)
	}
	values, err := w.values()
	if err != nil {
		return fmt.Errorf("tensor %q (%s in the file): %w", name, w.name, err)
	}
	if len(values) != len(dst) {
		return fmt.Errorf("tensor %q (%s in the file) has %d values, want %d", name, w.name, len(values), len(dst))
	}
	if i := slices.IndexFunc(values, func(v float32) bool { return v != v || math.IsInf(float64(v), 0) }); i >= 0 {
		return fmt.Errorf("tensor %q (%s in the file) holds %v", name, w.name, values[i])
	}
	if !w.transposed {
		copy(dst, values)
		return nil
	}
	in, out := w.shape[0], w.shape[1]
	for i := range in {
		for o := range out {
			dst[o*in+i] = values[i*out+o]
		}
	}
	return nil
}
