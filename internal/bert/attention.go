package bert

import "cloze/internal/kernels"

// attention is multi-head self-attention with its residual (Vaswani et al.
// 2017, §3.2):
//
//	query, key, value = x·Wqᵀ+bq, x·Wkᵀ+bk, x·Wvᵀ+bv
//	probs             = softmax(query·keyᵀ/√D)     per head, inside each sequence
//	context           = dropout(probs)·value
//	y                 = output(context, x)
type attention struct {
	qkv             linear // query, key and value as one product: (3H, H)
	dropout         dropoutSite
	output          output
	heads, headSize int
	layer           int               // its number
	precision       kernels.Precision // when serving
}

// attentionActivations are what attention computes on the way.
type attentionActivations struct {
	qkv     []float32 // (ΣT, 3H): query, key and value of each token
	context []float32 // (ΣT, H)
	y       []float32 // (ΣT, H)
	sum     []float32 // (ΣT, H), of output; nil when serving
}

func newAttention(prefix string, c *Config, layer int) attention {
	h, site := c.HiddenSize, layer*layerSites
	return attention{
		qkv:      newLinear(h, h, prefix+"self.query", prefix+"self.key", prefix+"self.value"),
		dropout:  dropoutSite{attentionProbsSite + site, c.AttentionProbsDropoutProb},
		output:   newOutput(prefix, h, c, attentionOutputSite+site),
		heads:    c.NumAttentionHeads,
		headSize: c.HeadSize(),
		layer:    layer,
	}
}

func (a *attention) params() []*Param { return append(a.qkv.params(), a.output.params()...) }

func (a *attention) load(r *reader) error {
	a.precision = r.options.Precision
	if err := a.qkv.load(r); err != nil {
		return err
	}
	return a.output.load(r)
}

func (a *attention) bytes() int { return a.qkv.bytes() + a.output.bytes() }

// project computes query, key and value (rows, 3H) from x (rows, H).
func (a *attention) project(ws *Workspace, qkv, x []float32, rows int) {
	a.qkv.forward(ws, qkv, x, rows, kernels.None, nil)
}

// attend computes acts.context from acts.qkv.
func (a *attention) attend(ws *Workspace, acts *attentionActivations, in Batch) {
	a.begin(ws, acts, in)
	ws.attention.Run(ws.pool)
}

// backward takes d = ∂loss/∂y (ΣT, H) to ∂loss/∂x in place. x is what it started
// from.
func (a *attention) backward(ws *Workspace, acts *attentionActivations, d, x []float32, in Batch) {
	g := ws.gradients
	g.context = grow(g.context, len(acts.context))
	a.output.backward(ws, d, g.context, nil, acts.sum, acts.context, in.Tokens())
	a.attendBackward(ws, acts, d, g.context, x, in)
}

// attendBackward adds to d what reaches ∂loss/∂x by way of dContext (ΣT, H).
func (a *attention) attendBackward(ws *Workspace, acts *attentionActivations, d, dContext, x []float32, in Batch) {
	g := ws.gradients
	g.qkv = grow(g.qkv, len(acts.qkv))
	a.begin(ws, acts, in)
	ws.attention.Backward(ws.pool, g.qkv, dContext)
	a.qkv.backward(ws, d, g.qkv, x, in.Tokens(), true)
}

// begin makes ws.attention this layer's.
func (a *attention) begin(ws *Workspace, acts *attentionActivations, in Batch) {
	ws.attention = kernels.Attention{
		QKV: acts.qkv, Context: acts.context, Probs: ws.probs[a.layer], Dropout: ws.dropout(a.dropout),
		Starts: in.Starts, Heads: a.heads, HeadSize: a.headSize, Precision: a.precision,
	}
}
