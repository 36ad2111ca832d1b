package bert

import "cloze/internal/kernels"

// blockTask is what a layer computes between its attention and the next
// layer's, for a block of rows in each part. All of that goes row by row: the
// end of attention, the feed-forward network and the next query, key and value.
// A thread that takes a block through all of it finds the block in its
// processor's own cache and waits for the others once, not after every product.
//
// For that each thread reads all weights, so the pass must have enough rows.
type blockTask struct {
	encoder *Encoder
	ws      *Workspace
	tokens  int
	parts   int // 0 if threads share each product instead
	layer   int // whose attention is done; −1 before the first
	// threads are the workspaces of the threads, which have no pool: of the
	// activations, those that are needed no longer than the block.
	threads []Workspace
}

// leastRows is how many rows each thread must have to be faster with blocks. It
// reads all weights of a layer for them: from the third-level cache, which is
// about as fast as three rows for each byte of a weight, or from memory if they
// are many. Measured with L 4, H 256 to BERT-base, layers of 1 to 28 MB.
func (e *Encoder) leastRows() int {
	const least, memory = 6, 1 << 19
	h, bytes := e.config.HiddenSize, e.layers[0].bytes()
	weights := 4*h*h + 2*h*e.config.IntermediateSize
	return max(least, 3*bytes/weights, bytes/memory)
}

// inBlocks says whether threads take blocks of rows instead of sharing each
// product, and cuts the pass into these.
func (e *Encoder) inBlocks(ws *Workspace, tokens int) bool {
	t, threads := &ws.blocks, ws.pool.Threads()
	t.encoder, t.ws, t.tokens, t.parts = e, ws, tokens, 0
	first := &e.layers[0]
	switch {
	case ws.gradients != nil || first.feedForward.dense.packed == nil: // training
	case kernels.Implementation(first.attention.precision) == "AMX": // would wait for the weights
	case tokens < threads*e.leastRows():
	default:
		t.parts = (tokens + threads*blockRows - 1) / (threads * blockRows) * threads
	}
	return t.parts > 0
}

// forwardInBlocks computes the hidden states of all layers from the first.
func (e *Encoder) forwardInBlocks(ws *Workspace, in Batch) {
	t := &ws.blocks
	t.resize()
	t.layer = -1
	ws.pool.Run(t.parts, t)
	last := len(e.layers) - 1
	for i := range e.layers {
		l, acts := &e.layers[i], ws.layer(i)
		l.attention.attend(ws, &acts.attention, in)
		if i == last && ws.rows.chosen != nil {
			l.finishRows(ws, acts, ws.hidden[i+1], ws.hidden[i], in)
			break
		}
		t.layer = i
		ws.pool.Run(t.parts, t)
	}
}

// resize makes room for a block in each thread's workspace.
func (t *blockTask) resize() {
	if t.threads == nil {
		t.threads = make([]Workspace, t.ws.pool.Threads())
		for i := range t.threads {
			t.threads[i].layers = make([]layerActivations, 1)
		}
	}
	for i := range t.threads {
		t.threads[i].layers[0].resize(t.ws.config, (t.tokens+t.parts-1)/t.parts, false)
	}
}

// Do implements kernels.Task; i is a block.
func (t *blockTask) Do(worker, i int) {
	ws, own := t.ws, &t.threads[worker]
	first, end := t.tokens*i/t.parts, t.tokens*(i+1)/t.parts
	rows, size := end-first, ws.config.HiddenSize
	block := span{first * size, end * size}
	if t.layer >= 0 {
		acts := &own.layers[0]
		acts.resize(ws.config, rows, false)
		context, x := block.of(ws.layer(t.layer).attention.context), block.of(ws.hidden[t.layer])
		t.encoder.layers[t.layer].finish(own, acts, block.of(ws.hidden[t.layer+1]), context, x, rows)
	}
	if next := t.layer + 1; next < len(t.encoder.layers) {
		qkv := span{3 * block.start, 3 * block.end}.of(ws.layer(next).attention.qkv)
		t.encoder.layers[next].attention.project(own, qkv, block.of(ws.hidden[next]), rows)
	}
}
