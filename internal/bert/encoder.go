package bert

import "fmt"

// Encoder turns tokens into hidden states: embeddings, then L layers of
// attention and feed-forward network.
type Encoder struct {
	config     *Config
	embeddings embeddings
	layers     []layer
}

type layer struct {
	attention   attention
	feedForward feedForward
}

// finish computes y (rows, H) from x (rows, H) and the context (rows, H) that
// attention made of it.
func (l *layer) finish(ws *Workspace, acts *layerActivations, y, context, x []float32, rows int) {
	l.attention.output.forward(ws, acts.attention.y, acts.attention.sum, context, x, rows)
	l.feedForward.forward(ws, &acts.feedForward, y, acts.attention.y, rows)
}

func (l *layer) bytes() int { return l.attention.bytes() + l.feedForward.bytes() }

func newEncoder(c *Config) *Encoder {
	e := &Encoder{config: c, embeddings: newEmbeddings(c), layers: make([]layer, c.NumHiddenLayers)}
	for i := range e.layers {
		prefix := fmt.Sprintf("bert.encoder.layer.%d.", i)
		e.layers[i] = layer{newAttention(prefix+"attention.", c, i), newFeedForward(prefix, c, i)}
	}
	return e
}

func (e *Encoder) params() []*Param {
	ps := e.embeddings.params()
	for i := range e.layers {
		ps = append(append(ps, e.layers[i].attention.params()...), e.layers[i].feedForward.params()...)
	}
	return ps
}

func (e *Encoder) load(r *reader) error {
	if err := e.embeddings.load(r); err != nil {
		return err
	}
	for i := range e.layers {
		if err := e.layers[i].attention.load(r); err != nil {
			return err
		}
		if err := e.layers[i].feedForward.load(r); err != nil {
			return err
		}
	}
	return nil
}

// Forward computes the hidden states of the last layer.
//
//	in      ΣT tokens
//	result  (ΣT, H), owned by ws until its next Forward; with OnlyRows, the
//	        other rows are NaN
//
// It panics if in.Check finds a fault, before any other goroutine is involved.
func (e *Encoder) Forward(ws *Workspace, in Batch) []float32 {
	if err := in.Check(e.config); err != nil {
		panic("bert: " + err.Error())
	}
	ws.blocks.count = e.blocks(ws, in.Tokens())
	ws.resize(in)
	e.embeddings.forward(ws, ws.hidden[0], ws.embeddingSum(), in)
	e.between(ws, -1, in)
	for i := range e.layers {
		l, acts := &e.layers[i], ws.layer(i)
		l.attention.attend(ws, &acts.attention, in)
		if i == len(e.layers)-1 && ws.rows.chosen != nil {
			l.finishRows(ws, acts, ws.hidden[i+1], ws.hidden[i], in)
			break
		}
		e.between(ws, i, in)
	}
	return ws.hidden[len(e.layers)]
}

// between computes what lies between the attention of a layer, −1 before the
// first, and that of the next.
func (e *Encoder) between(ws *Workspace, layer int, in Batch) {
	if ws.blocks.count == 0 {
		e.rowsBetween(ws, ws, ws.layer(max(layer, 0)), layer, 0, in.Tokens())
		return
	}
	ws.blocks.run(e, ws, layer, in.Tokens())
}

// rowsBetween is between for the rows from first to end of ws, computed by the
// pool of own, with acts for what it computes on the way.
func (e *Encoder) rowsBetween(ws, own *Workspace, acts *layerActivations, layer, first, end int) {
	rows, size := end-first, ws.config.HiddenSize
	block := span{first * size, end * size}
	if layer >= 0 {
		context := block.of(ws.layer(layer).attention.context)
		e.layers[layer].finish(own, acts, block.of(ws.hidden[layer+1]), context, block.of(ws.hidden[layer]), rows)
	}
	if next := layer + 1; next < len(e.layers) {
		qkv := span{3 * block.start, 3 * block.end}.of(ws.layer(next).attention.qkv)
		e.layers[next].attention.project(own, qkv, block.of(ws.hidden[next]), rows)
	}
}

// Backward takes the gradient that the heads and the pooler left in ws back
// through the layers, and adds to the Grad of every parameter. in is Forward's
// batch, and ws the training workspace it ran with. Backward uses the gradient
// up, so it runs once for each Forward.
//
// Parameters without Grad are frozen, and what stands below the lowest one that
// learns is not computed.
func (e *Encoder) Backward(ws *Workspace, in Batch) {
	lowest := e.lowestLearning()
	d := ws.gradients.hidden
	for i := len(e.layers) - 1; i >= max(lowest, 0); i-- {
		l, acts := &e.layers[i], ws.layer(i)
		if i == len(e.layers)-1 && ws.rows.chosen != nil {
			l.backwardRows(ws, acts, d, ws.hidden[i], in)
			continue
		}
		l.feedForward.backward(ws, &acts.feedForward, d, acts.attention.y, in.Tokens())
		l.attention.backward(ws, &acts.attention, d, ws.hidden[i], in)
	}
	if lowest < 0 {
		e.embeddings.backward(ws, d, ws.embeddingSum(), in)
	}
}

// lowestLearning is the lowest layer with a parameter that learns: −1 for the
// embeddings, L if all are frozen.
func (e *Encoder) lowestLearning() int {
	if learns(e.embeddings.params()) {
		return -1
	}
	for i := range e.layers {
		if learns(e.layers[i].attention.params()) || learns(e.layers[i].feedForward.params()) {
			return i
		}
	}
	return len(e.layers)
}

func (e *Encoder) bytes() int {
	n := e.embeddings.bytes()
	for i := range e.layers {
		n += e.layers[i].bytes()
	}
	return n
}
