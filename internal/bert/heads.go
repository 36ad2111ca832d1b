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
//	logits = dropout(pooled)·Wᵀ + b
type SequenceHead struct {
	Name string
	HeadConfig
	classifier
}

// TokenHead is one linear layer on every hidden state:
//
//	logits = dropout(hidden)·Wᵀ + b
type TokenHead struct {
	Name string
	HeadConfig
	classifier
}

// classifier is the layer of either kind of head.
type classifier struct {
	dense   linear
	slot    int // of what it keeps in a workspace
	dropout dropoutSite
}

// headActivations are what a classifier computes.
type headActivations struct {
	logits  []float32 // (rows, labels)
	dropped []float32 // (rows, H), when training with dropout
	input   []float32 // dropped, or what Forward was given
}

// The labels of the next-sentence head.
const (
	IsNext  = "IsNext"
	NotNext = "NotNext"
)

// nextSentenceLabels are in transformers' and google-research/bert's order.
var nextSentenceLabels = []string{IsNext, NotNext}

// newNextSentenceHead makes the head of the paper's second pre-training task
// (Devlin et al. 2018, §3.1).
func newNextSentenceHead(c *Config, slot int) *SequenceHead {
	h := HeadConfig{Type: SequenceHeadType, Labels: nextSentenceLabels, Pair: true, ProblemType: SingleLabel}
	head := newSequenceHead(c, NSPName, "cls.seq_relationship", h, slot)
	head.dropout.share = 0 // unlike the heads of fine-tuning
	return head
}

func newSequenceHead(c *Config, name, tensor string, h HeadConfig, slot int) *SequenceHead {
	return &SequenceHead{name, h, newClassifier(c, tensor, h, slot)}
}

func newTokenHead(c *Config, name, tensor string, h HeadConfig, slot int) *TokenHead {
	return &TokenHead{name, h, newClassifier(c, tensor, h, slot)}
}

func newClassifier(c *Config, tensor string, h HeadConfig, slot int) classifier {
	return classifier{newLinear(c.HiddenSize, len(h.Labels), tensor), slot, headSite(c, slot)}
}

func (c *classifier) params() []*Param     { return c.dense.params() }
func (c *classifier) load(r *reader) error { return c.dense.load(r) }
func (c *classifier) bytes() int           { return c.dense.bytes() }

// Describe returns the head's entry in the configuration.
func (h *SequenceHead) Describe() HeadConfig { return h.HeadConfig }

// Describe returns the head's entry in the configuration.
func (h *TokenHead) Describe() HeadConfig { return h.HeadConfig }

// Forward computes the logits of each sequence.
//
//	pooled  (B, H), the pooler's
//	result  (B, labels), owned by ws until this head's next Forward
func (h *SequenceHead) Forward(ws *Workspace, pooled []float32) []float32 {
	return h.forward(ws, pooled)
}

// Backward takes dLogits = ∂loss/∂logits (B, labels) to the pooled output,
// adding to what other heads left there, and adds to the Grad of the head's
// parameters.
func (h *SequenceHead) Backward(ws *Workspace, dLogits []float32) {
	h.backward(ws, ws.gradients.pooled, dLogits)
}

// Forward computes the logits of each token.
//
//	hidden  (ΣT, H), the encoder's
//	result  (ΣT, labels), owned by ws until this head's next Forward
func (h *TokenHead) Forward(ws *Workspace, hidden []float32) []float32 {
	return h.forward(ws, hidden)
}

// Backward takes dLogits = ∂loss/∂logits (ΣT, labels) to the hidden states,
// adding to what other heads left there, and adds to the Grad of the head's
// parameters.
func (h *TokenHead) Backward(ws *Workspace, dLogits []float32) {
	h.backward(ws, ws.gradients.hidden, dLogits)
}

// forward applies the layer to the rows of x (rows, H).
func (c *classifier) forward(ws *Workspace, x []float32) []float32 {
	acts := &ws.heads[c.slot]
	acts.input = x
	if mask := ws.dropout(c.dropout); mask.Active() {
		acts.dropped = grow(acts.dropped, len(x))
		drop(ws.pool, mask, acts.dropped, x)
		acts.input = acts.dropped
	}
	rows := len(x) / c.dense.in
	acts.logits = grow(acts.logits, rows*c.dense.out)
	c.dense.forward(ws, acts.logits, acts.input, rows, kernels.None, nil)
	return acts.logits
}

// backward adds ∂loss/∂x to dx (rows, H).
func (c *classifier) backward(ws *Workspace, dx, dLogits []float32) {
	rows := len(dx) / c.dense.in
	dInput := grow(ws.gradients.rows, len(dx))
	ws.gradients.rows = dInput
	c.dense.backward(ws, dInput, dLogits, ws.heads[c.slot].input, rows, false)
	if mask := ws.dropout(c.dropout); mask.Active() {
		drop(ws.pool, mask, dInput, dInput)
	}
	add(dx, dInput)
}
