package onnx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/kernels"
)

// memoryWeights holds every tensor of a configuration, each filled with a
// number of its own.
type memoryWeights map[string][]int

func newMemoryWeights(cfg bert.Config) memoryWeights {
	h, i := cfg.HiddenSize, cfg.IntermediateSize
	w := memoryWeights{
		"bert.embeddings.word_embeddings.weight":       {cfg.VocabSize, h},
		"bert.embeddings.position_embeddings.weight":   {cfg.MaxPositionEmbeddings, h},
		"bert.embeddings.token_type_embeddings.weight": {cfg.TypeVocabSize, h},
		"bert.embeddings.LayerNorm.weight":             {h},
		"bert.embeddings.LayerNorm.bias":               {h},
		"bert.pooler.dense.weight":                     {h, h},
		"bert.pooler.dense.bias":                       {h},
		"cls.predictions.transform.dense.weight":       {h, h},
		"cls.predictions.transform.dense.bias":         {h},
		"cls.predictions.transform.LayerNorm.weight":   {h},
		"cls.predictions.transform.LayerNorm.bias":     {h},
		"cls.predictions.bias":                         {cfg.VocabSize},
		"cls.seq_relationship.weight":                  {2, h},
		"cls.seq_relationship.bias":                    {2},
	}
	for l := range cfg.NumHiddenLayers {
		prefix := fmt.Sprintf("bert.encoder.layer.%d.", l)
		for name, out := range map[string][]int{
			"attention.self.query": {h, h}, "attention.self.key": {h, h}, "attention.self.value": {h, h},
			"attention.output.dense": {h, h}, "intermediate.dense": {i, h}, "output.dense": {h, i},
		} {
			w[prefix+name+".weight"] = out
			w[prefix+name+".bias"] = out[:1]
		}
		for _, name := range []string{"attention.output.LayerNorm", "output.LayerNorm"} {
			w[prefix+name+".weight"] = []int{h}
			w[prefix+name+".bias"] = []int{h}
		}
	}
	for name, head := range cfg.Heads {
		w["heads."+name+".weight"] = []int{len(head.Labels), h}
		w["heads."+name+".bias"] = []int{len(head.Labels)}
	}
	return w
}

func (w memoryWeights) Has(name string) bool { return w[name] != nil }

func (w memoryWeights) Shape(name string) ([]int, bool) { s, ok := w[name]; return s, ok }

func (w memoryWeights) Raw(string) (kernels.Precision, []byte, bool) { return 0, nil, false }

func (w memoryWeights) Read(name string, dst []float32) error {
	if w[name] == nil {
		return errors.New("no such tensor")
	}
	for i := range dst {
		dst[i] = float32(i)
	}
	return nil
}

func smallConfig() bert.Config {
	cfg, _ := bert.Preset("tiny")
	cfg.VocabSize, cfg.HiddenSize, cfg.NumHiddenLayers, cfg.NumAttentionHeads, cfg.IntermediateSize = 50, 12, 2, 3, 20
	cfg.Heads = map[string]bert.HeadConfig{
		"ner":       {Type: bert.TokenHeadType, Labels: []string{"O", "B-PER", "I-PER"}},
		"sentiment": {Type: bert.SequenceHeadType, Labels: []string{"negative", "positive"}},
	}
	return cfg
}

func TestWriteGivesAWellFormedGraph(t *testing.T) {
	for _, act := range []string{"gelu", "gelu_new", "relu"} {
		t.Run(act, func(t *testing.T) {
			cfg := smallConfig()
			cfg.HiddenAct = act
			weights := newMemoryWeights(cfg)
			var file bytes.Buffer
			if err := Write(&file, cfg, weights, Options{Heads: Heads(cfg, weights)}); err != nil {
				t.Fatal(err)
			}
			g := decodeGraph(t, file.Bytes())
			for _, name := range []string{
				"last_hidden_state", "pooler_output", "prediction_logits",
				"seq_relationship_logits", "ner_logits", "sentiment_logits",
			} {
				if !g.outputs[name] {
					t.Errorf("the graph lacks the output %s; it has %v", name, g.outputs)
				}
			}
			for name, shape := range weights {
				if name == "bert.embeddings.word_embeddings.weight" || strings.HasSuffix(name, ".bias") {
					if got := g.initializers[name]; fmt.Sprint(got) != fmt.Sprint(shape) {
						t.Errorf("initializer %s has shape %v, want %v", name, got, shape)
					}
				}
			}
			// Linear weights stand transposed: MatMul wants (in, out).
			if got := g.initializers["bert.encoder.layer.0.intermediate.dense.weight"]; fmt.Sprint(got) != "[12 20]" {
				t.Errorf("the intermediate weight has shape %v, want [12 20]", got)
			}
		})
	}
}

// TestWriteTheClassifier: a checkpoint gives the one head of a model that was
// fine-tuned elsewhere a name like any other's, and config.json describes it by
// its labels, or among the heads.
func TestWriteTheClassifier(t *testing.T) {
	for _, test := range []struct {
		dir       string
		described bool
		labels    int
	}{
		{"single-label", false, 3},
		{"single-label", true, 3},
		{"multi-label", false, 3},
		{"regression", false, 1},
		{"token-labels", false, 3},
	} {
		t.Run(test.dir, func(t *testing.T) {
			model, err := checkpoint.OpenDir("../checkpoint/testdata/" + test.dir)
			if err != nil {
				t.Fatal(err)
			}
			defer model.Close() //nolint:errcheck // nothing was written to it
			cfg := model.Config()
			if test.described {
				head, _ := cfg.Classifier(test.labels)
				cfg.Heads = map[string]bert.HeadConfig{bert.ClassifierName: head}
				cfg.Architectures, cfg.ID2Label = nil, nil
			}
			heads := Heads(cfg, model)
			if !slices.Equal(heads, []string{"classifier"}) {
				t.Errorf("the heads are %q, want the classifier", heads)
			}
			var file bytes.Buffer
			if err := Write(&file, cfg, model, Options{Heads: heads}); err != nil {
				t.Fatal(err)
			}
			g := decodeGraph(t, file.Bytes())
			if !g.outputs["classifier_logits"] {
				t.Errorf("the graph lacks the classifier's logits; it has %v", g.outputs)
			}
			if got, want := g.initializers["heads.classifier.weight"], []int{cfg.HiddenSize, test.labels}; !slices.Equal(got, want) {
				t.Errorf("the classifier's weight has shape %v, want %v", got, want)
			}
		})
	}
}

func TestWriteTransposesLinearWeights(t *testing.T) {
	cfg := smallConfig()
	b := &builder{cfg: cfg, weights: newMemoryWeights(cfg)}
	b.transposed("bert.encoder.layer.0.output.dense.weight") // (12, 20), element (r, c) is 20r+c
	raw, err := b.initializers[0].values()
	if err != nil {
		t.Fatal(err)
	}
	if got := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*(7*12+3):])); got != 20*3+7 {
		t.Errorf("element (7, 3) of the transpose is %v, want element (3, 7) = 67", got)
	}
}

func TestWriteNamesWhatIsMissing(t *testing.T) {
	cfg := smallConfig()
	t.Run("a tensor", func(t *testing.T) {
		weights := newMemoryWeights(cfg)
		delete(weights, "bert.encoder.layer.1.output.dense.bias")
		err := Write(&bytes.Buffer{}, cfg, weights, Options{})
		if err == nil || !strings.Contains(err.Error(), "bert.encoder.layer.1.output.dense.bias") {
			t.Errorf("Write without a tensor: %v, want its name", err)
		}
	})
	t.Run("a head", func(t *testing.T) {
		err := Write(&bytes.Buffer{}, cfg, newMemoryWeights(cfg), Options{Heads: []string{"topic"}})
		if err == nil || !strings.Contains(err.Error(), `"topic"`) {
			t.Errorf("Write with an unknown head: %v, want its name", err)
		}
	})
	t.Run("a name for two", func(t *testing.T) {
		for other, name := range map[string]string{bert.MLMName: "prediction", bert.NSPName: "seq_relationship"} {
			cfg := smallConfig()
			cfg.Heads = map[string]bert.HeadConfig{name: {Type: bert.SequenceHeadType, Labels: []string{"a", "b"}}}
			weights := newMemoryWeights(cfg)
			err := Write(&bytes.Buffer{}, cfg, weights, Options{Heads: []string{other, name}})
			if err == nil || !strings.Contains(err.Error(), name+"_logits") {
				t.Errorf("Write of the heads %s and %s: %v, want the name that both would have", other, name, err)
			}
			if err := Write(&bytes.Buffer{}, cfg, weights, Options{Heads: []string{name}}); err != nil {
				t.Errorf("the head %s alone: %v", name, err)
			}
		}
	})
	t.Run("the pooler", func(t *testing.T) {
		weights := newMemoryWeights(cfg)
		delete(weights, "bert.pooler.dense.weight")
		err := Write(&bytes.Buffer{}, cfg, weights, Options{Heads: []string{"nsp"}})
		if err == nil || !strings.Contains(err.Error(), "pooler") {
			t.Errorf("Write of a sequence head without a pooler: %v, want an error that says so", err)
		}
	})
}

// decodedGraph is what decodeGraph reads back.
type decodedGraph struct {
	outputs      map[string]bool
	initializers map[string][]int
}

// decodeGraph reads a ModelProto with protowire alone and fails unless every
// value is made once, before it is used, and every initializer has the bytes
// that its shape asks for.
func decodeGraph(t *testing.T, model []byte) decodedGraph {
	t.Helper()
	g := decodedGraph{outputs: map[string]bool{}, initializers: map[string][]int{}}
	known := map[string]bool{}
	var uses []string
	define := func(name string) {
		if known[name] {
			t.Errorf("value %s is made twice", name)
		}
		known[name] = true
	}
	for graph := range fields(t, model, modelGraph) {
		for initializer := range fields(t, graph, graphInitializer) {
			name := string(first(t, initializer, tensorName))
			var shape []int
			size := uint64(4)
			for d := range varints(t, initializer, tensorDims) {
				shape = append(shape, int(d))
				size *= d
			}
			for elem := range varints(t, initializer, tensorDataType) {
				if elemType(elem) == elemInt64 {
					size *= 2
				}
			}
			if raw := first(t, initializer, tensorRawData); uint64(len(raw)) != size {
				t.Errorf("initializer %s of shape %v has %d bytes, want %d", name, shape, len(raw), size)
			}
			define(name)
			g.initializers[name] = shape
		}
		for input := range fields(t, graph, graphInput) {
			define(string(first(t, input, valueInfoName)))
		}
		for node := range fields(t, graph, graphNode) {
			for input := range fields(t, node, nodeInput) {
				if !known[string(input)] {
					t.Errorf("node %s uses %s before it is made", first(t, node, nodeName), input)
				}
				uses = append(uses, string(input))
			}
			define(string(first(t, node, nodeOutput)))
		}
		for output := range fields(t, graph, graphOutput) {
			name := string(first(t, output, valueInfoName))
			if !known[name] {
				t.Errorf("output %s is not made", name)
			}
			g.outputs[name] = true
			uses = append(uses, name)
		}
	}
	for _, name := range uses {
		delete(known, name)
	}
	for name := range known {
		t.Errorf("value %s is never used", name)
	}
	return g
}

// values yields the fields of a message with a number and a wire type, as they
// stand after their tag.
func values(t *testing.T, message []byte, number protowire.Number, wire protowire.Type) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(message) > 0 {
			field, typ, n := protowire.ConsumeTag(message)
			if n < 0 {
				t.Fatal(protowire.ParseError(n))
			}
			message = message[n:]
			size := protowire.ConsumeFieldValue(field, typ, message)
			if size < 0 {
				t.Fatal(protowire.ParseError(size))
			}
			if field == number && typ == wire && !yield(message[:size]) {
				return
			}
			message = message[size:]
		}
	}
}

// fields yields the length-delimited fields of a message with a number.
func fields(t *testing.T, message []byte, number protowire.Number) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for v := range values(t, message, number, protowire.BytesType) {
			if content, _ := protowire.ConsumeBytes(v); !yield(content) {
				return
			}
		}
	}
}

// varints yields the varint fields of a message with a number.
func varints(t *testing.T, message []byte, number protowire.Number) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for v := range values(t, message, number, protowire.VarintType) {
			if n, _ := protowire.ConsumeVarint(v); !yield(n) {
				return
			}
		}
	}
}

func first(t *testing.T, message []byte, number protowire.Number) []byte {
	t.Helper()
	for value := range fields(t, message, number) {
		return value
	}
	return nil
}
