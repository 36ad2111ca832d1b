package engine

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

var (
	latinVocabulary = strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] a b c d e f g ##a ##b ##c")
	hanVocabulary   = strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] 一 二 三 中 文 天 人 a b c")
)

// newTestModel is a tiny model of random weights with every kind of head.
func newTestModel(t testing.TB, id string, vocabulary []string) *Model {
	t.Helper()
	return newTestModelWith(t, id, vocabulary, randomWeights{})
}

func newTestModelWith(t testing.TB, id string, vocabulary []string, w bert.Weights) *Model {
	t.Helper()
	tok, err := tokenizer.Load(fstest.MapFS{
		"vocab.txt":             {Data: []byte(strings.Join(vocabulary, "\n") + "\n")},
		"tokenizer_config.json": {Data: []byte(`{"do_lower_case": true}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	config := bert.Config{
		ModelType: "bert", VocabSize: len(vocabulary),
		HiddenSize: 16, NumHiddenLayers: 3, NumAttentionHeads: 2, IntermediateSize: 32,
		MaxPositionEmbeddings: 64, TypeVocabSize: 2,
		HiddenAct: "gelu", LayerNormEps: 1e-12, PositionEmbeddingType: "absolute", InitializerRange: 0.02,
		TieWordEmbeddings: true,
		Heads: map[string]bert.HeadConfig{
			"topic": {Type: bert.SequenceHeadType, Labels: []string{"x", "y", "z"}},
			"ner":   {Type: bert.TokenHeadType, Labels: []string{"O", "B-PER"}},
		},
	}
	network, err := bert.New(config, w, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &Model{ID: id, Network: network, Tokenizer: tok}
}

// randomWeights has every tensor that a test model asks for, each of values
// that depend on its name. broken, if set, is a tensor of NaN.
type randomWeights struct{ broken string }

func (w randomWeights) Has(name string) bool { return name != "cls.predictions.decoder.weight" }

func (w randomWeights) Shape(name string) ([]int, bool) {
	const h, i, v = 16, 32, 15
	switch {
	case strings.HasSuffix(name, "word_embeddings.weight"):
		return []int{v, h}, true
	case strings.HasSuffix(name, "position_embeddings.weight"):
		return []int{64, h}, true
	case strings.HasSuffix(name, "token_type_embeddings.weight"):
		return []int{2, h}, true
	case strings.Contains(name, "LayerNorm"):
		return []int{h}, true
	case strings.HasSuffix(name, "intermediate.dense.weight"):
		return []int{i, h}, true
	case strings.HasSuffix(name, "intermediate.dense.bias"):
		return []int{i}, true
	case strings.Contains(name, "encoder") && strings.HasSuffix(name, "output.dense.weight") && !strings.Contains(name, "attention"):
		return []int{h, i}, true
	case name == "cls.predictions.bias":
		return []int{v}, true
	case name == "cls.seq_relationship.weight" || name == "heads.ner.weight":
		return []int{2, h}, true
	case name == "cls.seq_relationship.bias" || name == "heads.ner.bias":
		return []int{2}, true
	case name == "heads.topic.weight":
		return []int{3, h}, true
	case name == "heads.topic.bias":
		return []int{3}, true
	case strings.HasPrefix(name, "heads."):
		return nil, false
	case strings.HasSuffix(name, ".bias"):
		return []int{h}, true
	default:
		return []int{h, h}, true
	}
}

func (w randomWeights) Read(name string, dst []float32) error {
	var seed uint64
	for _, c := range name {
		seed = 31*seed + uint64(c)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range dst {
		dst[i] = float32(rng.NormFloat64()) / 2
		if name == w.broken {
			dst[i] = float32(math.NaN())
		}
	}
	return nil
}

func (w randomWeights) Raw(string) (kernels.Precision, []byte, bool) { return 0, nil, false }

// newTestEngine is an engine that the end of the test closes.
func newTestEngine(t testing.TB, o Options, beforeHeads func([]item), models ...*Model) *Engine {
	t.Helper()
	if o.Threads == 0 {
		o.Threads = 2
	}
	e, err := newEngine(o, beforeHeads, models...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// encode makes a sequence of n tokens that start with the given text.
func encode(t testing.TB, m *Model, text string) *tokenizer.Encoding {
	t.Helper()
	return m.Tokenizer.Encode(text, tokenizer.Options{MaxTokens: maxTokens(m)})
}
