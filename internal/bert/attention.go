package bert

import (
	"math"

	"cloze/internal/kernels"
)

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
}

// attentionActivations are what attention computes on the way.
type attentionActivations struct {
	qkv     []float32 // (ΣT, 3H): query, key and value of each token
	probs   []float32 // per sequence (A, T, T), end to end; nil unless kept
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
	}
}

func (a *attention) params() []*Param { return append(a.qkv.params(), a.output.params()...) }

func (a *attention) load(r *reader) error {
	if err := a.qkv.load(r); err != nil {
		return err
	}
	return a.output.load(r)
}

func (a *attention) bytes() int { return a.qkv.bytes() + a.output.bytes() }

// forward computes acts.y from x (ΣT, H).
func (a *attention) forward(ws *Workspace, acts *attentionActivations, x []float32, in Batch) {
	rows := in.Tokens()
	a.qkv.forward(ws.pool, acts.qkv, x, rows, kernels.None, nil)
	ws.attention = kernels.Attention{
		QKV: acts.qkv, Context: acts.context, Probs: acts.probs,
		Starts: in.Starts, Heads: a.heads, HeadSize: a.headSize,
	}
	ws.attention.Run(ws.pool)
	if drop := ws.dropout(a.dropout); drop.Active() {
		a.eachHead(ws, acts, in, func(h *headPass) {
			drop.Apply(h.dropped, h.probs, h.offset)
			kernels.MulNN(nil, h.dContext, h.dropped, h.value, h.tokens, a.headSize, h.tokens, false)
			h.scatter(acts.context, h.dContext, 0, 1)
		})
	}
	a.output.forward(ws, acts.y, acts.sum, acts.context, x, rows)
}

// backward takes d = ∂loss/∂y (ΣT, H) to ∂loss/∂x in place. x is forward's.
func (a *attention) backward(ws *Workspace, acts *attentionActivations, d, x []float32, in Batch) {
	g, rows := ws.gradients, in.Tokens()
	g.context = grow(g.context, len(acts.context))
	a.output.backward(ws, d, g.context, acts.sum, acts.context, rows)
	g.qkv = grow(g.qkv, len(acts.qkv))
	drop := ws.dropout(a.dropout)
	a.eachHead(ws, acts, in, func(h *headPass) {
		h.gather(h.dContext, g.context, 0, 1)
		a.backwardHead(h, drop)
		h.scatter(g.qkv, h.dQuery, 0, 3)
		h.scatter(g.qkv, h.dKey, 1, 3)
		h.scatter(g.qkv, h.dValue, 2, 3)
	})
	a.qkv.backward(ws.pool, d, g.qkv, x, rows, true)
}

// backwardHead differentiates one head of one sequence, from dContext (T, D)
// to dQuery, dKey and dValue (T, D).
func (a *attention) backwardHead(h *headPass, drop kernels.Dropout) {
	t, d := h.tokens, a.headSize
	// context = dropped·value
	dropped := h.probs
	if drop.Active() {
		drop.Apply(h.dropped, h.probs, h.offset)
		dropped = h.dropped
	}
	kernels.MulTN(nil, h.dValue, nil, dropped, h.dContext, t, d, t, false)
	kernels.MulNT(nil, h.dScores, h.dContext, h.value, t, t, d, kernels.Epilogue{})
	// dropped = dropout(probs)
	if drop.Active() {
		drop.Apply(h.dScores, h.dScores, h.offset)
	}
	// probs = softmax(scores): dscores = probs·(dprobs − Σ probs·dprobs),
	// and scores = query·keyᵀ/√D
	scale := float32(1 / math.Sqrt(float64(d)))
	for row := range t {
		probs, ds := h.probs[row*t:][:t], h.dScores[row*t:][:t]
		var sum float32
		for j, p := range probs {
			sum += p * ds[j]
		}
		for j, p := range probs {
			ds[j] = p * (ds[j] - sum) * scale
		}
	}
	kernels.MulNN(nil, h.dQuery, h.dScores, h.key, t, d, t, false)
	kernels.MulTN(nil, h.dKey, nil, h.dScores, h.query, t, d, t, false)
}

// headPass is one head of one sequence while its gradients are computed; each
// worker has one. Matrices are (T, D), but probs, dropped and dScores (T, T).
type headPass struct {
	tokens, size int // T, D
	first        int // the sequence's first token in the batch
	head, heads  int
	offset       int       // of probs in the layer's, the number of its first value
	probs        []float32 // of the layer
	buffer       []float32 // all that follow
	query        []float32
	key, value   []float32
	dContext     []float32
	dQuery, dKey []float32
	dValue       []float32
	dropped      []float32
	dScores      []float32
}

// eachHead calls f for each head of each sequence, with query, key and value
// gathered, on the pool's workers.
func (a *attention) eachHead(ws *Workspace, acts *attentionActivations, in Batch, f func(h *headPass)) {
	passes := ws.gradients.heads
	offsets := ws.gradients.offsets[:0]
	offset := 0
	for b := range in.Sequences() {
		offsets = append(offsets, offset)
		t := int(in.Starts[b+1] - in.Starts[b])
		offset += a.heads * t * t
	}
	ws.gradients.offsets = offsets
	ws.pool.Run(in.Sequences()*a.heads, task(func(worker, i int) {
		b, head := i/a.heads, i%a.heads
		h := &passes[worker]
		h.first, h.head, h.heads = int(in.Starts[b]), head, a.heads
		h.resize(int(in.Starts[b+1])-h.first, a.headSize)
		h.offset = offsets[b] + head*h.tokens*h.tokens
		h.probs = acts.probs[h.offset:][:h.tokens*h.tokens]
		h.gather(h.query, acts.qkv, 0, 3)
		h.gather(h.key, acts.qkv, 1, 3)
		h.gather(h.value, acts.qkv, 2, 3)
		f(h)
	}))
}

func (h *headPass) resize(tokens, size int) {
	h.tokens, h.size = tokens, size
	h.buffer = grow(h.buffer, 7*tokens*size+2*tokens*tokens)
	rest := h.buffer
	take := func(n int) (part []float32) {
		part, rest = rest[:n:n], rest[n:]
		return part
	}
	for _, m := range []*[]float32{&h.query, &h.key, &h.value, &h.dContext, &h.dQuery, &h.dKey, &h.dValue} {
		*m = take(tokens * size)
	}
	h.dropped, h.dScores = take(tokens*tokens), take(tokens*tokens)
}

// gather copies the head's columns of a matrix (ΣT, parts·H) to dst (T, D):
// those of part number part.
func (h *headPass) gather(dst, all []float32, part, parts int) {
	for i := range h.tokens {
		copy(dst[i*h.size:][:h.size], all[h.column(i, part, parts):])
	}
}

// scatter is the reverse of gather.
func (h *headPass) scatter(all, src []float32, part, parts int) {
	for i := range h.tokens {
		copy(all[h.column(i, part, parts):], src[i*h.size:][:h.size])
	}
}

func (h *headPass) column(token, part, parts int) int {
	return (((h.first+token)*parts+part)*h.heads + h.head) * h.size
}
