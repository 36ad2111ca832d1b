package bert

import "cloze/internal/kernels"

// Head is a named task head: a *SequenceHead or a *TokenHead.
type Head interface {
	// Describe returns the head's entry in the configuration.
	Describe() HeadConfig
	component
}

// SequenceHead is one linear layer on the pooled output:
//
//	logits = pooled·Wᵀ + b
type SequenceHead struct {
	Name string
	HeadConfig
	dense linear
	slot  int // of its logits in a workspace
}

// TokenHead is one linear layer on every hidden state:
//
//	logits = hidden·Wᵀ + b
type TokenHead struct {
	Name string
	HeadConfig
	dense linear
	slot  int
}

// NSP's labels: transformers' and google-research/bert's class 0 says that the
// second segment follows the first.
var nextSentenceLabels = []string{"IsNext", "NotNext"}

// newNextSentenceHead makes the head of the paper's second pre-training task
// (Devlin et al. 2018, §3.1).
func newNextSentenceHead(c *Config, slot int) *SequenceHead {
	h := HeadConfig{Type: SequenceHeadType, Labels: nextSentenceLabels, Pair: true, ProblemType: SingleLabel}
	return newSequenceHead(c, "nsp", "cls.seq_relationship", h, slot)
}

func newSequenceHead(c *Config, name, tensor string, h HeadConfig, slot int) *SequenceHead {
	return &SequenceHead{name, h, newLinear(c.HiddenSize, len(h.Labels), tensor), slot}
}

func newTokenHead(c *Config, name, tensor string, h HeadConfig, slot int) *TokenHead {
	return &TokenHead{name, h, newLinear(c.HiddenSize, len(h.Labels), tensor), slot}
}

// Describe returns the head's entry in the configuration.
func (h *SequenceHead) Describe() HeadConfig { return h.HeadConfig }

// Describe returns the head's entry in the configuration.
func (h *TokenHead) Describe() HeadConfig { return h.HeadConfig }

func (h *SequenceHead) params() []*Param     { return h.dense.params() }
func (h *SequenceHead) load(r *reader) error { return h.dense.load(r) }
func (h *SequenceHead) bytes() int           { return h.dense.bytes() }

func (h *TokenHead) params() []*Param     { return h.dense.params() }
func (h *TokenHead) load(r *reader) error { return h.dense.load(r) }
func (h *TokenHead) bytes() int           { return h.dense.bytes() }

// Forward computes the logits of each sequence.
//
//	pooled  (B, H), the pooler's
//	result  (B, labels), owned by ws until this head's next Forward
func (h *SequenceHead) Forward(ws *Workspace, pooled []float32) []float32 {
	return h.dense.logits(ws, h.slot, pooled)
}

// Forward computes the logits of each token.
//
//	hidden  (ΣT, H), the encoder's
//	result  (ΣT, labels), owned by ws until this head's next Forward
func (h *TokenHead) Forward(ws *Workspace, hidden []float32) []float32 {
	return h.dense.logits(ws, h.slot, hidden)
}

// logits applies the layer to the rows of x, with the result in the
// workspace's slot.
func (l *linear) logits(ws *Workspace, slot int, x []float32) []float32 {
	rows := len(x) / l.in
	y := grow(ws.logits[slot], rows*l.out)
	ws.logits[slot] = y
	l.forward(ws.pool, y, x, rows, kernels.None, nil)
	return y
}
