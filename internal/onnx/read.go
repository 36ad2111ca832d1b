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

// Model is an ONNX file with a BERT encoder that PyTorch exported or Write
// wrote. It implements bert.Weights.
//
// PyTorch's exporter keeps the names of embeddings, biases and LayerNorms, but
// folds the transposition of weight matrices into their values and calls them
// onnx::MatMul_541; the node that multiplies with one tells whose it is:
//
//	/encoder/layer.0/attention/self/query/MatMul → encoder.layer.0.attention.self.query.weight
//
// Write keeps all names, and exchanges the axes of the same matrices. So a name
// does not say how a matrix is stored; the node that multiplies with it does.
type Model struct {
	weights    map[string]weight // by name in BertForPreTraining
	constants  []constant
	epsilon    float64 // of the first LayerNormalization, 0 if there is none
	activation string  // of Config.HiddenAct, "" if no node tells
	leftOut    []string
}

// LeftOut names the parameters in the file that are none of the encoder's or its
// pooler's, sorted: those of heads, which are not read.
func (m *Model) LeftOut() []string { return m.leftOut }

var _ bert.Weights = (*Model)(nil)

type weight struct {
	tensor
	transposed bool // stored (in, out)
}

// constant is a tensor of a few values: that of a node Constant, or an
// initializer that a node takes.
type constant struct {
	node  string // its path, with dots
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

// node is a NodeProto that was read, with the attributes that tell something of
// BERT.
type node struct {
	name, op    string
	inputs      []string
	value       *tensor // of a Constant
	epsilon     float64 // of a LayerNormalization
	approximate string  // of a Gelu
	transB      bool    // of a Gemm: its matrix is stored (out, in)
}

func parseNode(data []byte) (node, error) {
	n := node{epsilon: 1e-5, approximate: "none"} // what ONNX takes where they are absent
	err := eachField(data, func(f field) error {
		switch f.number {
		case nodeInput:
			n.inputs = append(n.inputs, string(f.bytes))
		case nodeName:
			n.name = string(f.bytes)
		case nodeOpType:
			n.op = string(f.bytes)
		case nodeAttribute:
			return n.parseAttribute(f.bytes)
		}
		return nil
	})
	return n, err
}

// parseAttribute keeps one attribute, if it is among the node's fields.
func (n *node) parseAttribute(data []byte) error {
	var name, text string
	var number float64
	var integer uint64
	var value *tensor
	err := eachField(data, func(f field) error {
		switch f.number {
		case attributeName:
			name = string(f.bytes)
		case attributeF:
			if f.fixed != nil {
				number = decimal(f.fixed)
			}
		case attributeI:
			integer = f.varint
		case attributeS:
			text = string(f.bytes)
		case attributeT:
			t, err := parseTensor(f.bytes)
			value = &t
			return err
		}
		return nil
	})
	switch name {
	case "value":
		n.value = value
	case "epsilon":
		n.epsilon = number
	case "approximate":
		n.approximate = text
	case "transB":
		n.transB = integer != 0
	}
	return err
}

// activation is what the node computes between the two matrices of a layer, as
// Config.HiddenAct has it; "" if it is another kind of node. The pooler has a
// Tanh too, and a head may have a Relu.
func (n *node) activation() string {
	inner := strings.Contains(n.name, "intermediate")
	switch {
	case n.op == "Gelu" && n.approximate == "none", n.op == "Erf":
		return "gelu"
	case n.op == "Gelu" && n.approximate == "tanh", n.op == "Tanh" && inner:
		return "gelu_new"
	case n.op == "Relu" && inner:
		return "relu"
	}
	return ""
}

// newModel finds BERT's weights among the initializers of a graph, and in its
// nodes, which stand in the order of computation, what its configuration was.
func newModel(nodes []node, stored map[string]tensor) (*Model, error) {
	m := &Model{weights: map[string]weight{}}
	for name, t := range stored {
		switch {
		case isWeight(name):
			m.weights[canonical(name)] = weight{tensor: t}
		case strings.HasSuffix(name, ".weight") || strings.HasSuffix(name, ".bias"):
			m.leftOut = append(m.leftOut, name)
		}
	}
	slices.Sort(m.leftOut)
	for _, n := range nodes {
		switch n.op {
		case "MatMul", "Gemm":
			m.addMatrix(n, stored)
		case "LayerNormalization":
			if m.epsilon == 0 {
				m.epsilon = n.epsilon
			}
		}
		if m.activation == "" {
			m.activation = n.activation()
		}
		m.addConstants(n, stored)
	}
	if !m.Has("bert.embeddings.word_embeddings.weight") {
		return nil, errors.New("no initializer embeddings.word_embeddings.weight: neither a BERT that PyTorch exported with its names nor one that bert export wrote")
	}
	return m, nil
}

// addConstants keeps the value of a node Constant, and the initializers of the
// nodes that make shapes or add epsilon: there Write and programs that simplify
// graphs have them. Other nodes take axes, which are not to be taken for sizes.
func (m *Model) addConstants(n node, stored map[string]tensor) {
	path := canonical(n.name)
	switch n.op {
	case "Constant":
		if n.value != nil {
			m.constants = append(m.constants, constant{path, *n.value})
		}
	case "Reshape", "Concat", "Add":
		for _, input := range n.inputs {
			if t, ok := stored[input]; ok && t.len() <= 4 {
				m.constants = append(m.constants, constant{path, t})
			}
		}
	}
}

// isWeight says whether an initializer has the name of a weight of the encoder
// or its pooler.
func isWeight(name string) bool {
	return strings.Contains(name, "embeddings.") || strings.Contains(name, "encoder.layer.") || strings.Contains(name, "pooler.")
}

// addMatrix keeps the matrix that a product multiplies with, by its own name or
// by the node's. It is stored (in, out), unless a Gemm says that it is not.
func (m *Model) addMatrix(product node, stored map[string]tensor) {
	if len(product.inputs) < 2 {
		return
	}
	name := product.inputs[1]
	t, ok := stored[name]
	if !ok || len(t.shape) != 2 {
		return
	}
	if !isWeight(name) {
		layer, found := strings.CutSuffix(product.name, "/"+product.op)
		if !found {
			return
		}
		name = layer + ".weight"
	}
	m.weights[canonical(name)] = weight{tensor: t, transposed: !product.transB}
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

// Config derives the configuration from the shapes of the tensors and what the
// nodes of the graph tell. What they do not tell is 0 or empty, and so is a size
// whose tensor is missing: the caller validates.
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
	c.HiddenAct = m.activation
	c.NumAttentionHeads = m.attentionHeads(c.HiddenSize)
	c.LayerNormEps = m.layerNormEps()
	return c
}

// attentionHeads finds A among the constants of the first layer, which reshapes
// (B, T, H) to (B, T, A, D) or (B, T, −1, D): in a shape of four, or the last two
// of a shape whose other axes are computed, one after the other. 0 if there are
// none, as where the whole shape is computed.
func (m *Model) attentionHeads(hidden int) int {
	before := 0
	for _, c := range m.constants {
		if !strings.Contains(c.node, "encoder.layer.0.attention.self.") {
			continue
		}
		switch values := c.value.integers(); len(values) {
		case 4:
			if heads := headsOf(values[2], values[3], hidden); heads > 0 {
				return heads
			}
		case 1: // in doubt none: (B, T, 1, H) is not told from a lone 1 and H
			if heads := headsOf(before, values[0], hidden); heads > 0 && before != 1 && values[0] > 1 {
				return heads
			}
			before = values[0]
		default:
			before = 0
		}
	}
	return 0
}

// headsOf is A of the last two sizes of a shape (B, T, A, D), one of which may be
// −1, what is left of H; 0 if they are not such sizes.
func headsOf(heads, size, hidden int) int {
	switch {
	case heads > 0 && size > 0 && heads*size == hidden:
		return heads
	case heads == -1 && size > 0 && hidden%size == 0:
		return hidden / size
	case size == -1 && heads > 0 && hidden%heads == 0:
		return heads
	}
	return 0
}

// layerNormEps is what the first LayerNorm adds to the variance. Before opset 17
// LayerNorm is several nodes, and that is the first of their constants that is small.
func (m *Model) layerNormEps() float64 {
	if m.epsilon != 0 {
		return m.epsilon
	}
	for _, c := range m.constants {
		if !strings.Contains(c.node, "embeddings.LayerNorm.") {
			continue
		}
		if value := c.value.float(); value > 0 && value < 1e-2 {
			return value
		}
	}
	return 0
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
