package onnx

import (
	"fmt"
	"io"
	"math"
	"slices"

	"cloze/internal/bert"
)

// Options choose what the graph computes.
type Options struct {
	// Heads names the heads to write, of those that Heads lists. Nil writes
	// the encoder alone.
	Heads []string
}

// Inputs of the graph, all int64 of shape (batch, sequence).
const (
	inputIDs      = "input_ids"
	attentionMask = "attention_mask"
	tokenTypeIDs  = "token_type_ids"
)

// maskedScore is what a padded key adds to its attention score: its
// probability underflows to zero (google-research/bert, modeling.py,
// attention_layer).
const maskedScore = -10000

// Write encodes the encoder of a checkpoint, its pooler if it has one, and the
// heads asked for. Inputs are input_ids, attention_mask and token_type_ids,
// int64 of shape (batch, sequence); outputs are float32:
//
//	last_hidden_state      (batch, sequence, H)
//	pooler_output          (batch, H)
//	prediction_logits      (batch, sequence, V)    head "mlm"
//	seq_relationship_logits (batch, 2)             head "nsp"
//	NAME_logits            (batch, labels) or (batch, sequence, labels)
//
// Weights are read one at a time, while they are written.
func Write(w io.Writer, cfg bert.Config, weights bert.Weights, o Options) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	b := &builder{cfg: cfg, weights: weights}
	if err := b.build(o.Heads); err != nil {
		return err
	}
	return b.write(w, "bert")
}

// builder adds the parts of BERT to a graph.
type builder struct {
	graph
	cfg     bert.Config
	weights bert.Weights
}

func (b *builder) build(heads []string) error {
	batch, sequence := dim{name: "batch"}, dim{name: "sequence"}
	hiddenSize := dim{size: b.cfg.HiddenSize}
	for _, name := range []string{inputIDs, attentionMask, tokenTypeIDs} {
		b.inputs = append(b.inputs, valueInfo(name, elemInt64, batch, sequence))
	}

	hidden := b.embeddings()
	mask := b.mask()
	for i := range b.cfg.NumHiddenLayers {
		hidden = b.layer(fmt.Sprintf("bert.encoder.layer.%d.", i), hidden, mask)
	}
	hidden = b.node("Identity", "last_hidden_state", []string{hidden})
	b.outputs = append(b.outputs, valueInfo(hidden, elemFloat, batch, sequence, hiddenSize))

	var pooled string
	if b.weights.Has("bert.pooler.dense.weight") {
		pooled = b.pooler(hidden)
		b.outputs = append(b.outputs, valueInfo(pooled, elemFloat, batch, hiddenSize))
	}
	for _, name := range heads {
		if err := b.head(name, hidden, pooled); err != nil {
			return err
		}
	}
	return nil
}

// embeddings adds the word, segment and position embeddings and normalises
// their sum.
func (b *builder) embeddings() string {
	const prefix = "bert.embeddings."
	words := b.node("Gather", prefix+"words", []string{b.parameter(prefix + "word_embeddings.weight"), inputIDs})
	segments := b.node("Gather", prefix+"segments", []string{b.parameter(prefix + "token_type_embeddings.weight"), tokenTypeIDs})

	shape := b.node("Shape", prefix+"shape", []string{inputIDs})
	length := b.node("Slice", prefix+"length", []string{shape, b.ints("one", 1), b.ints("two", 2)})
	positions := b.node("Slice", prefix+"positions",
		[]string{b.parameter(prefix + "position_embeddings.weight"), b.ints("zero", 0), length, "zero"})

	sum := b.node("Add", prefix+"words_segments", []string{words, segments})
	sum = b.node("Add", prefix+"sum", []string{sum, positions})
	return b.layerNorm(prefix+"LayerNorm", sum)
}

// mask turns attention_mask into an addend of the attention scores, of shape
// (batch, 1, 1, sequence): 0 where it is 1, maskedScore where it is 0.
func (b *builder) mask() string {
	mask := b.node("Unsqueeze", "mask.heads", []string{attentionMask, "one"})
	mask = b.node("Unsqueeze", "mask.queries", []string{mask, "two"})
	mask = b.node("Cast", "mask.float", []string{mask}, intAttribute("to", int(elemFloat)))
	mask = b.node("Sub", "mask.inverted", []string{b.scalar("float_one", 1), mask})
	return b.node("Mul", "mask.scores", []string{mask, b.scalar("masked_score", maskedScore)})
}

// layer adds one encoder layer: attention, then feed-forward, each followed by
// its residual and LayerNorm (Vaswani et al. 2017, §3.1).
func (b *builder) layer(prefix, hidden, mask string) string {
	context := b.attention(prefix+"attention.self.", hidden, mask)
	attended := b.linear(prefix+"attention.output.dense", context)
	attended = b.node("Add", prefix+"attention.output.residual", []string{attended, hidden})
	attended = b.layerNorm(prefix+"attention.output.LayerNorm", attended)

	inner := b.linear(prefix+"intermediate.dense", attended)
	inner = b.activation(prefix+"intermediate.", inner)
	out := b.linear(prefix+"output.dense", inner)
	out = b.node("Add", prefix+"output.residual", []string{out, attended})
	return b.layerNorm(prefix+"output.LayerNorm", out)
}

// attention adds softmax(query·keyᵀ/√D + mask)·value over all heads.
func (b *builder) attention(prefix, hidden, mask string) string {
	headSize := b.cfg.HeadSize()
	split := b.shared("shape.heads", 0, 0, int64(b.cfg.NumAttentionHeads), int64(headSize))
	heads := func(name string, axes ...int) string {
		x := b.linear(prefix+name, hidden)
		x = b.node("Reshape", prefix+name+".split", []string{x, split})
		return b.node("Transpose", prefix+name+".heads", []string{x}, intsAttribute("perm", axes...))
	}
	query := heads("query", 0, 2, 1, 3)
	keyT := heads("key", 0, 2, 3, 1)
	value := heads("value", 0, 2, 1, 3)

	scores := b.node("MatMul", prefix+"products", []string{query, keyT})
	scores = b.node("Div", prefix+"scaled", []string{scores, b.sharedScalar("sqrt_head_size", float32(math.Sqrt(float64(headSize))))})
	scores = b.node("Add", prefix+"masked", []string{scores, mask})
	probs := b.node("Softmax", prefix+"probs", []string{scores}, intAttribute("axis", -1))
	context := b.node("MatMul", prefix+"context", []string{probs, value})
	context = b.node("Transpose", prefix+"context.tokens", []string{context}, intsAttribute("perm", 0, 2, 1, 3))
	return b.node("Reshape", prefix+"context.joined", []string{context, b.shared("shape.hidden", 0, 0, int64(b.cfg.HiddenSize))})
}

// pooler adds tanh(W·h[CLS] + b).
func (b *builder) pooler(hidden string) string {
	const prefix = "bert.pooler."
	first := b.node("Gather", prefix+"cls", []string{hidden, b.index("index.cls", 0)}, intAttribute("axis", 1))
	first = b.linear(prefix+"dense", first)
	return b.node("Tanh", "pooler_output", []string{first})
}

// Heads lists the names of the heads that Write can write for a checkpoint.
func Heads(cfg bert.Config, weights bert.Weights) []string {
	var names []string
	if weights.Has("cls.predictions.transform.dense.weight") {
		names = append(names, bert.MLMName)
	}
	if weights.Has("cls.seq_relationship.weight") {
		names = append(names, bert.NSPName)
	}
	names = append(names, cfg.HeadNames()...)
	if _, ok := namedHead(cfg, weights, bert.ClassifierName); ok && !slices.Contains(names, bert.ClassifierName) {
		names = append(names, bert.ClassifierName)
	}
	return names
}

// namedHead describes a head as the configuration does, or, of a model that was
// fine-tuned elsewhere, as its labels do. ok is false if there is no such head.
func namedHead(cfg bert.Config, weights bert.Weights, name string) (head bert.HeadConfig, ok bool) {
	if head, ok = cfg.Heads[name]; ok || name != bert.ClassifierName {
		return head, ok
	}
	shape, ok := weights.Shape("heads." + name + ".weight")
	if !ok || len(shape) != 2 {
		return head, false
	}
	return cfg.Classifier(shape[0])
}

func (b *builder) head(name, hidden, pooled string) error {
	batch, sequence := dim{name: "batch"}, dim{name: "sequence"}
	switch name {
	case bert.MLMName:
		x := b.linear("cls.predictions.transform.dense", hidden)
		x = b.activation("cls.predictions.transform.", x)
		x = b.layerNorm("cls.predictions.transform.LayerNorm", x)
		// The decoder is tied to the word embeddings (V, H), so its transpose
		// is a node of the graph rather than a second copy of the table.
		decoder := "bert.embeddings.word_embeddings.weight"
		if b.weights.Has("cls.predictions.decoder.weight") {
			decoder = b.parameter("cls.predictions.decoder.weight")
		}
		decoder = b.node("Transpose", "cls.predictions.decoder", []string{decoder}, intsAttribute("perm", 1, 0))
		x = b.node("MatMul", "cls.predictions.products", []string{x, decoder})
		x = b.node("Add", "prediction_logits", []string{x, b.parameter("cls.predictions.bias")})
		b.outputs = append(b.outputs, valueInfo(x, elemFloat, batch, sequence, dim{size: b.cfg.VocabSize}))
		return nil
	case bert.NSPName:
		return b.sequenceHead("seq_relationship_logits", "cls.seq_relationship", 2, pooled)
	}
	head, ok := namedHead(b.cfg, b.weights, name)
	if !ok {
		return fmt.Errorf("no head %q in this model", name)
	}
	prefix := "heads." + name
	if head.Type == bert.TokenHeadType {
		x := b.linear(prefix, hidden)
		x = b.node("Identity", name+"_logits", []string{x})
		b.outputs = append(b.outputs, valueInfo(x, elemFloat, batch, sequence, dim{size: len(head.Labels)}))
		return nil
	}
	return b.sequenceHead(name+"_logits", prefix, len(head.Labels), pooled)
}

func (b *builder) sequenceHead(output, prefix string, labels int, pooled string) error {
	if pooled == "" {
		return fmt.Errorf("head %q needs a pooler, which this model lacks", prefix)
	}
	x := b.linear(prefix, pooled)
	x = b.node("Identity", output, []string{x})
	b.outputs = append(b.outputs, valueInfo(x, elemFloat, dim{name: "batch"}, dim{size: labels}))
	return nil
}

// linear adds x·Wᵀ + b. Checkpoints store W as (out, in); MatMul wants (in, out).
func (b *builder) linear(prefix, x string) string {
	weight := b.transposed(prefix + ".weight")
	x = b.node("MatMul", prefix+".product", []string{x, weight})
	return b.node("Add", prefix, []string{b.parameter(prefix + ".bias"), x})
}

func (b *builder) layerNorm(prefix, x string) string {
	return b.node("LayerNormalization", prefix,
		[]string{x, b.parameter(prefix + ".weight"), b.parameter(prefix + ".bias")},
		intAttribute("axis", -1), floatAttribute("epsilon", float32(b.cfg.LayerNormEps)))
}

// activation adds the configured hidden activation.
func (b *builder) activation(prefix, x string) string {
	switch b.cfg.HiddenAct {
	case "relu":
		return b.node("Relu", prefix+"relu", []string{x})
	case "gelu":
		// x·(1 + erf(x/√2))/2, node by node as graph optimizers expect it.
		y := b.node("Div", prefix+"gelu.scaled", []string{x, b.sharedScalar("sqrt_two", math.Sqrt2)})
		y = b.node("Erf", prefix+"gelu.erf", []string{y})
		y = b.node("Add", prefix+"gelu.shifted", []string{y, b.sharedScalar("gelu_one", 1)})
		y = b.node("Mul", prefix+"gelu.product", []string{x, y})
		return b.node("Mul", prefix+"gelu", []string{y, b.sharedScalar("half", 0.5)})
	default:
		// gelu_new and its PyTorch name: x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2.
		y := b.node("Pow", prefix+"gelu.cube", []string{x, b.sharedScalar("three", 3)})
		y = b.node("Mul", prefix+"gelu.cubic", []string{y, b.sharedScalar("gelu_cubic", 0.044715)})
		y = b.node("Add", prefix+"gelu.inner", []string{x, y})
		y = b.node("Mul", prefix+"gelu.scaled", []string{y, b.sharedScalar("sqrt_two_over_pi", float32(math.Sqrt(2/math.Pi)))})
		y = b.node("Tanh", prefix+"gelu.tanh", []string{y})
		y = b.node("Add", prefix+"gelu.shifted", []string{y, b.sharedScalar("gelu_one", 1)})
		y = b.node("Mul", prefix+"gelu.product", []string{x, y})
		return b.node("Mul", prefix+"gelu", []string{y, b.sharedScalar("half", 0.5)})
	}
}

// parameter adds a tensor of the checkpoint as it is stored.
func (b *builder) parameter(name string) string {
	shape, _ := b.weights.Shape(name)
	return b.floats(name, shape, func() ([]float32, error) { return b.read(name) })
}

// transposed adds a matrix of the checkpoint with its axes exchanged.
func (b *builder) transposed(name string) string {
	shape, _ := b.weights.Shape(name)
	if len(shape) != 2 {
		return b.parameter(name) // read reports what is wrong with it
	}
	rows, cols := shape[0], shape[1]
	return b.floats(name, []int{cols, rows}, func() ([]float32, error) {
		w, err := b.read(name)
		if err != nil {
			return nil, err
		}
		t := make([]float32, len(w))
		for r := range rows {
			for c, v := range w[r*cols : (r+1)*cols] {
				t[c*rows+r] = v
			}
		}
		return t, nil
	})
}

func (b *builder) read(name string) ([]float32, error) {
	shape, ok := b.weights.Shape(name)
	if !ok {
		return nil, fmt.Errorf("tensor %q is missing", name)
	}
	size := 1
	for _, d := range shape {
		size *= d
	}
	values := make([]float32, size)
	return values, b.weights.Read(name, values)
}

// shared adds an int64 constant once and returns its name.
func (b *builder) shared(name string, vs ...int64) string {
	if b.names[name] {
		return name
	}
	b.claim(name)
	return b.ints(name, vs...)
}

// sharedScalar adds a float32 scalar once and returns its name.
func (b *builder) sharedScalar(name string, v float32) string {
	if b.names[name] {
		return name
	}
	b.claim(name)
	return b.scalar(name, v)
}
