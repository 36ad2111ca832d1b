package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"cloze/internal/bert"
)

// onnxModel is an ONNX file with a BERT encoder that PyTorch exported. It
// implements bert.Weights.
//
// The exporter keeps the names of embeddings, biases and LayerNorms, but folds
// the transposition of weight matrices into their values and calls them
// onnx::MatMul_541; the node that multiplies with one tells whose it is:
//
//	/encoder/layer.0/attention/self/query/MatMul → encoder.layer.0.attention.self.query.weight
type onnxModel struct {
	tensors   map[string]onnxTensor // by canonical name
	constants []onnxConstant
	erf, tanh bool // what the activation is made of
}

var _ bert.Weights = (*onnxModel)(nil)

type onnxTensor struct {
	name       string // in the file
	shape      []int
	dtype      int
	raw        []byte
	floats     []byte // packed float_data, where raw is absent
	transposed bool   // stored (in, out)
}

type onnxConstant struct {
	node  string
	value onnxTensor
}

// The fields of onnx.proto3 that are read.
const (
	onnxModelGraph = 7

	onnxGraphNode        = 1
	onnxGraphInitializer = 5

	onnxNodeInput     = 1
	onnxNodeName      = 3
	onnxNodeOp        = 4
	onnxNodeAttribute = 5

	onnxAttributeTensor = 5

	onnxTensorDims     = 1
	onnxTensorType     = 2
	onnxTensorFloats   = 4
	onnxTensorName     = 8
	onnxTensorRaw      = 9
	onnxTensorExternal = 13

	onnxFloat   = 1
	onnxInt64   = 7
	onnxFloat16 = 10
)

type onnxNode struct {
	name, op string
	inputs   []string
	value    *onnxTensor
}

func openONNX(path string) (*onnxModel, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parseONNX(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func parseONNX(data []byte) (*onnxModel, error) {
	var graph []byte
	err := eachField(data, func(number protowire.Number, value onnxField) error {
		if number == onnxModelGraph {
			graph = value.bytes
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("not an ONNX model: %w", err)
	}
	if graph == nil {
		return nil, errors.New("not an ONNX model: it has no graph")
	}
	var nodes []onnxNode
	stored := map[string]onnxTensor{}
	err = eachField(graph, func(number protowire.Number, value onnxField) error {
		switch number {
		case onnxGraphNode:
			node, err := parseONNXNode(value.bytes)
			nodes = append(nodes, node)
			return err
		case onnxGraphInitializer:
			tensor, err := parseONNXTensor(value.bytes)
			stored[tensor.name] = tensor
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newONNXModel(nodes, stored)
}

func newONNXModel(nodes []onnxNode, stored map[string]onnxTensor) (*onnxModel, error) {
	m := &onnxModel{tensors: map[string]onnxTensor{}}
	for name, tensor := range stored {
		if strings.Contains(name, "embeddings.") || strings.Contains(name, "encoder.layer.") || strings.Contains(name, "pooler.") {
			m.tensors[canonicalONNX(name)] = tensor
		}
	}
	for _, node := range nodes {
		switch node.op {
		case "MatMul":
			tensor, ok := stored[node.inputs[len(node.inputs)-1]]
			layer, found := strings.CutSuffix(node.name, "/MatMul")
			if !ok || !found || len(tensor.shape) != 2 {
				continue
			}
			tensor.transposed = true
			m.tensors[canonicalONNX(layer)+".weight"] = tensor
		case "Constant":
			if node.value != nil {
				m.constants = append(m.constants, onnxConstant{node.name, *node.value})
			}
		case "Erf":
			m.erf = true
		case "Tanh":
			m.tanh = m.tanh || strings.Contains(node.name, "intermediate")
		}
	}
	if _, ok := m.tensors["bert.embeddings.word_embeddings.weight"]; !ok {
		return nil, errors.New("no initializer embeddings.word_embeddings.weight: not a BERT that PyTorch exported with its names")
	}
	return m, nil
}

// canonicalONNX turns a node's path or an initializer's name into the name of
// BertForPreTraining.
func canonicalONNX(name string) string {
	name = strings.ReplaceAll(strings.TrimPrefix(name, "/"), "/", ".")
	for _, prefix := range []string{"bert.", "model.", "auto_model."} {
		name = strings.TrimPrefix(name, prefix)
	}
	return "bert." + name
}

// config derives the configuration from the shapes of the tensors and the
// constants of the graph.
func (m *onnxModel) config() (bert.Config, error) {
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
	c.Architectures = []string{"BertForPreTraining"}
	return c, c.Validate()
}

// attentionHeads finds A among the constants of the first layer, which reshapes
// (B, T, H) to (B, T, A, D) or (B, T, −1, D): two in a row whose product is H,
// or −1 and a divisor of H. 0 if there are none, as where shapes are computed.
func (m *onnxModel) attentionHeads(hidden int) int {
	before := 0
	for _, c := range m.constants {
		if !strings.Contains(c.node, "layer.0/attention/self/") {
			continue
		}
		n := c.value.int64()
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
func (m *onnxModel) epsilon(otherwise float64) float64 {
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
func (m *onnxModel) Has(name string) bool { _, ok := m.tensors[name]; return ok }

// Shape implements bert.Weights.
func (m *onnxModel) Shape(name string) ([]int, bool) {
	tensor, ok := m.tensors[name]
	if !ok {
		return nil, false
	}
	if tensor.transposed {
		return []int{tensor.shape[1], tensor.shape[0]}, true
	}
	return tensor.shape, true
}

// Raw implements bert.Weights: nothing is stored as a model stores it.
func (m *onnxModel) Raw(string) (dtype string, data []byte, ok bool) { return "", nil, false }

// Read implements bert.Weights.
func (m *onnxModel) Read(name string, dst []float32) error {
	tensor, ok := m.tensors[name]
	if !ok {
		return fmt.Errorf("tensor %q is missing", name)
	}
	values, err := tensor.values()
	if err != nil {
		return fmt.Errorf("tensor %q (%s in the file): %w", name, tensor.name, err)
	}
	if len(values) != len(dst) {
		return fmt.Errorf("tensor %q (%s in the file) has %d values, want %d", name, tensor.name, len(values), len(dst))
	}
	if i := slices.IndexFunc(values, func(v float32) bool { return v != v || math.IsInf(float64(v), 0) }); i >= 0 {
		return fmt.Errorf("tensor %q (%s in the file) holds %v", name, tensor.name, values[i])
	}
	if !tensor.transposed {
		copy(dst, values)
		return nil
	}
	in, out := tensor.shape[0], tensor.shape[1]
	for i := range in {
		for o := range out {
			dst[o*in+i] = values[i*out+o]
		}
	}
	return nil
}

func (t onnxTensor) values() ([]float32, error) {
	data, width := t.raw, 4
	if data == nil {
		data = t.floats
	}
	switch t.dtype {
	case onnxFloat:
	case onnxFloat16:
		width = 2
	default:
		return nil, fmt.Errorf("its type is number %d of ONNX, want %d or %d (float32, float16): a quantized model cannot be trained", t.dtype, onnxFloat, onnxFloat16)
	}
	if want := width * t.len(); len(data) != want {
		return nil, fmt.Errorf("%d bytes, want %d for %v", len(data), want, t.shape)
	}
	values := make([]float32, t.len())
	for i := range values {
		if width == 4 {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		} else {
			values[i] = halfToFloat(binary.LittleEndian.Uint16(data[2*i:]))
		}
	}
	return values, nil
}

// halfToFloat widens an IEEE 754 half; exact.
func halfToFloat(h uint16) float32 {
	const biases = 1 << (127 - 15)
	if h&0x7c00 == 0x7c00 { // infinity, NaN
		return math.Float32frombits(uint32(h&0x8000)<<16 | 0x7f800000 | uint32(h&0x3ff)<<13)
	}
	magnitude := math.Float32frombits(uint32(h&0x7fff)<<13) * biases
	return math.Float32frombits(math.Float32bits(magnitude) | uint32(h&0x8000)<<16)
}

// len is the number of values, −1 if the shape is absurd.
func (t onnxTensor) len() int {
	n := 1
	for _, d := range t.shape {
		if d < 0 || d > math.MaxInt32 || n > math.MaxInt32 {
			return -1
		}
		n *= d
	}
	return n
}

// int64 is the value of an integer constant with one element, else 0.
func (t onnxTensor) int64() int {
	if t.dtype != onnxInt64 || len(t.raw) != 8 {
		return 0
	}
	return int(int64(binary.LittleEndian.Uint64(t.raw)))
}

// float is the value of a float constant with one element, else 0.
func (t onnxTensor) float() float64 {
	data := t.raw
	if data == nil {
		data = t.floats
	}
	if t.dtype != onnxFloat || len(data) != 4 {
		return 0
	}
	// Through its shortest decimal form, so that 1e-12 is 1e-12 and not the
	// float32 next to it.
	var value float64
	fmt.Sscan(fmt.Sprint(math.Float32frombits(binary.LittleEndian.Uint32(data))), &value) //nolint:errcheck // it was printed just now
	return value
}

// onnxField is the value of one field of a protocol buffer.
type onnxField struct {
	bytes  []byte // of a length-delimited field
	number uint64 // of a varint
	fixed  []byte // of a 32-bit field
}

// eachField calls f for the fields of a message.
func eachField(data []byte, f func(protowire.Number, onnxField) error) error {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		var value onnxField
		switch kind {
		case protowire.BytesType:
			value.bytes, n = protowire.ConsumeBytes(data)
		case protowire.VarintType:
			value.number, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			if _, n = protowire.ConsumeFixed32(data); n > 0 {
				value.fixed = data[:n]
			}
		default:
			n = protowire.ConsumeFieldValue(number, kind, data)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if err := f(number, value); err != nil {
			return err
		}
	}
	return nil
}

func parseONNXNode(data []byte) (onnxNode, error) {
	var node onnxNode
	err := eachField(data, func(number protowire.Number, value onnxField) error {
		switch number {
		case onnxNodeInput:
			node.inputs = append(node.inputs, string(value.bytes))
		case onnxNodeName:
			node.name = string(value.bytes)
		case onnxNodeOp:
			node.op = string(value.bytes)
		case onnxNodeAttribute:
			return eachField(value.bytes, func(number protowire.Number, value onnxField) error {
				if number != onnxAttributeTensor {
					return nil
				}
				tensor, err := parseONNXTensor(value.bytes)
				node.value = &tensor
				return err
			})
		}
		return nil
	})
	return node, err
}

func parseONNXTensor(data []byte) (onnxTensor, error) {
	var tensor onnxTensor
	err := eachField(data, func(number protowire.Number, value onnxField) error {
		switch number {
		case onnxTensorDims:
			if value.bytes == nil {
				tensor.shape = append(tensor.shape, int(value.number))
				return nil
			}
			for packed := value.bytes; len(packed) > 0; {
				d, n := protowire.ConsumeVarint(packed)
				if n < 0 {
					return protowire.ParseError(n)
				}
				tensor.shape = append(tensor.shape, int(d))
				packed = packed[n:]
			}
		case onnxTensorType:
			tensor.dtype = int(value.number)
		case onnxTensorFloats:
			tensor.floats = append(append(tensor.floats, value.bytes...), value.fixed...)
		case onnxTensorName:
			tensor.name = string(value.bytes)
		case onnxTensorRaw:
			tensor.raw = value.bytes
		case onnxTensorExternal:
			return errors.New("its weights are in another file, which is not read")
		}
		return nil
	})
	return tensor, err
}
