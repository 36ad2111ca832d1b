package bert

import (
	"fmt"
	"slices"

	"cloze/internal/kernels"
)

// Model is an encoder with the heads that stand on it.
type Model struct {
	Config  Config
	Encoder *Encoder
	Pooler  *Pooler         // nil if the checkpoint has none
	MLM     *MLMHead        // likewise
	NSP     *SequenceHead   // likewise
	Heads   map[string]Head // the named heads of Config.Heads

	components []component // all of the above, in the order of Parameters
	precision  kernels.Precision
	params     []*Param
	slots      int      // heads that keep logits in a workspace
	fresh      []string // parameters that were drawn
}

// component is a part of the model that has parameters.
type component interface {
	params() []*Param
	load(r *reader) error
	bytes() int // memory of the weights
}

// Options say how a model serves.
type Options struct {
	Precision kernels.Precision // of the matrix products
	Pool      *kernels.Pool     // packs the weights; may be nil
}

// New loads a model for serving. It holds what w has: a pooler, the
// pre-training heads, and the heads in cfg.Heads, which must all be there. A
// checkpoint fine-tuned elsewhere (heads.classifier.weight without an entry in
// cfg.Heads) gets the entry that cfg.Classifier describes.
//
// Each weight is packed as soon as it is read, so that the peak of memory is
// the packed model and one tensor.
func New(cfg Config, w Weights, o Options) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = withClassifier(cfg, w)
	m, err := assemble(cfg, partsOf(w))
	if err != nil {
		return nil, err
	}
	m.precision = o.Precision
	if err := m.load(&reader{weights: w, options: o}); err != nil {
		return nil, err
	}
	return m, nil
}

// Precision is that of the matrix products.
func (m *Model) Precision() kernels.Precision { return m.precision }

// withClassifier adds the entry of a head that was fine-tuned elsewhere.
func withClassifier(cfg Config, w Weights) Config {
	shape, ok := w.Shape("heads." + ClassifierName + ".weight")
	if _, described := cfg.Heads[ClassifierName]; described || !ok || len(shape) != 2 {
		return cfg
	}
	if head, ok := cfg.Classifier(shape[0]); ok {
		heads := map[string]HeadConfig{ClassifierName: head}
		for name, h := range cfg.Heads {
			heads[name] = h
		}
		cfg.Heads = heads
	}
	return cfg
}

// parts are the optional components of a model beside its named heads.
type parts struct{ pooler, mlm, nextSentence, ownDecoder bool }

// partsOf are those that have weights.
func partsOf(w Weights) parts {
	return parts{
		pooler:       w.Has(poolerWeight),
		mlm:          w.Has("cls.predictions.transform.dense.weight"),
		nextSentence: w.Has("cls.seq_relationship.weight"),
		ownDecoder:   w.Has("cls.predictions.decoder.weight"),
	}
}

// assemble makes a model without values.
func assemble(cfg Config, has parts) (*Model, error) {
	m := &Model{Config: cfg, Heads: make(map[string]Head, len(cfg.Heads))}
	c := &m.Config
	m.Encoder = newEncoder(c)
	m.components = append(m.components, m.Encoder)
	if has.pooler {
		m.Pooler = newPooler(c)
		m.components = append(m.components, m.Pooler)
	}
	if has.mlm {
		word := m.Encoder.embeddings.word.param
		if has.ownDecoder {
			word = nil
		}
		m.MLM = newMLMHead(c, word)
		m.components = append(m.components, m.MLM)
	}
	if has.nextSentence {
		if !has.pooler {
			return nil, errNeedsPooler("the next-sentence head")
		}
		m.NSP = newNextSentenceHead(c, m.slots)
		m.slots++
		m.components = append(m.components, m.NSP)
	}
	for _, name := range c.HeadNames() {
		described, tensor := c.Heads[name], "heads."+name
		var head Head
		switch described.Type {
		case SequenceHeadType:
			if !has.pooler {
				return nil, errNeedsPooler(fmt.Sprintf("sequence head %q", name))
			}
			if described.ProblemType == "" {
				described.ProblemType = SingleLabel
			}
			head = newSequenceHead(c, name, tensor, described, m.slots)
		case TokenHeadType:
			head = newTokenHead(c, name, tensor, described, m.slots)
		}
		m.slots++
		m.Heads[name] = head
		m.components = append(m.components, head)
	}
	for _, part := range m.components {
		for _, p := range part.params() {
			// The decoder's weight may be the word embeddings, listed before.
			if !slices.Contains(m.params, p) {
				m.params = append(m.params, p)
			}
		}
	}
	return m, nil
}

func (m *Model) load(r *reader) error {
	for _, part := range m.components {
		if err := part.load(r); err != nil {
			return err
		}
	}
	return nil
}

// Parameters lists everything that the model learns, in the order of the
// computation; a tied decoder is the word embeddings and appears once.
func (m *Model) Parameters() []*Param { return m.params }

// Bytes is the memory that the weights take: packed matrices, vectors, and the
// stored word embeddings, which may be those inside the program. Gradients are not
// counted.
func (m *Model) Bytes() int {
	n := 0
	for _, part := range m.components {
		n += part.bytes()
	}
	return n
}

// poolerWeight tells whether a checkpoint has a pooler.
const poolerWeight = "bert.pooler.dense.weight"

// errNeedsPooler is the error of a head on the pooled output without one.
func errNeedsPooler(head string) error {
	return fmt.Errorf("%s needs the pooler: tensor %q is missing", head, poolerWeight)
}
