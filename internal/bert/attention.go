package bert

import "cloze/internal/kernels"

// attention is multi-head self-attention with its residual (Vaswani et al.
// 2017, §3.2):
//
//	query, key, value = x·Wqᵀ+bq, x·Wkᵀ+bk, x·Wvᵀ+bv
//	context           = softmax(query·keyᵀ/√D)·value     per head, inside each sequence
//	y                 = LayerNorm(context·Woᵀ + bo + x)
type attention struct {
	qkv             linear // query, key and value as one product: (3H, H)
	output          linear
	norm            layerNorm
	heads, headSize int
}

// attentionActivations are what attention computes on the way.
type attentionActivations struct {
	qkv     []float32 // (ΣT, 3H): query, key and value of each token
	probs   []float32 // per sequence (A, T, T), end to end; nil unless kept
	context []float32 // (ΣT, H)
	y       []float32 // (ΣT, H)
}

func newAttention(prefix string, c *Config) attention {
	h := c.HiddenSize
	return attention{
		qkv:      newLinear(h, h, prefix+"self.query", prefix+"self.key", prefix+"self.value"),
		output:   newLinear(h, h, prefix+"output.dense"),
		norm:     newLayerNorm(prefix+"output.LayerNorm", h, c.LayerNormEps),
		heads:    c.NumAttentionHeads,
		headSize: c.HeadSize(),
	}
}

func (a *attention) params() []*Param {
	return append(append(a.qkv.params(), a.output.params()...), a.norm.params()...)
}

func (a *attention) load(r *reader) error {
	if err := a.qkv.load(r); err != nil {
		return err
	}
	if err := a.output.load(r); err != nil {
		return err
	}
	return a.norm.load(r)
}

// forward computes acts.y from x (ΣT, H).
func (a *attention) forward(ws *Workspace, acts *attentionActivations, x []float32, in Batch) {
	rows := in.Tokens()
	a.qkv.forward(ws.pool, acts.qkv, x, rows, kernels.None, nil)
	ws.attention = kernels.Attention{
		QKV: acts.qkv, Context: acts.context, Probs: acts.probs,
		Starts: in.Starts, Heads: a.heads, HeadSize: a.headSize,
	}
	ws.attention.Run(ws.pool)
	a.output.forward(ws.pool, acts.y, acts.context, rows, kernels.None, x)
	a.norm.forward(ws.pool, acts.y, acts.y, rows)
}

func (a *attention) bytes() int { return a.qkv.bytes() + a.output.bytes() + a.norm.bytes() }
