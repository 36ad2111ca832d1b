package bert

import "cloze/internal/kernels"

// blockTask computes what lies between two attentions, for a block of rows in
// each part. All of that goes row by row: the end of attention, the feed-forward
// network, the next query, key and value. A thread that takes a block through all
// of it finds the block in its processor's own cache, and waits for the others
// once instead of after every product.
//
// For that every block reads all weights, so it must have enough rows. And a
// thread that is held up holds up the others for as long as a block takes.
type blockTask struct {
	count int // of blocks; 0 if threads share each product instead

	encoder *Encoder
	ws      *Workspace
	layer   int
	tokens  int
	alone   *Workspace         // without a pool
	threads []layerActivations // what finish needs, of each thread
}

// blocks says how many blocks of rows a pass of so many tokens is cut into, 0
// if none. They have from blockRows rows to twice as many, and fewer only where a
// thread has fewer in all.
func (e *Encoder) blocks(ws *Workspace, tokens int) int {
	packed, threads := e.layers[0].feedForward.dense.packed, ws.pool.Threads()
	switch {
	case packed == nil: // training
		return 0
	case kernels.UsesAMX(packed.Precision()): // which would wait for the weights
		return 0
	case tokens < threads*e.leastRowsPerThread():
		return 0
	}
	return threads * max(1, tokens/(threads*blockRows))
}

// leastRowsPerThread is how many rows each thread must have for blocks to be worth
// their reading of all weights. Measured on two cores of a Zen 5, with 32 MB of
// third-level cache, from L 4, H 256 to BERT-base: where the layers stay in that cache,
// 3 rows for each byte of a weight are enough, and blocks of 12 to 64 rows are 1.02 to
// 1.2 times as fast as sharing each product. Where they come from memory, blocks of 16
// to 64 rows take 1.01 to 1.2 times as long, until the rows of the whole pass fill the
// caches: products that threads share then bring each row from memory several times.
func (e *Encoder) leastRowsPerThread() int {
	const least, fromMemory, cache = 6, 256, 24 << 20
	h, bytes := e.config.HiddenSize, e.layers[0].bytes()
	if len(e.layers)*bytes > cache {
		return fromMemory
	}
	weights := 4*h*h + 2*h*e.config.IntermediateSize
	return max(least, 3*bytes/weights)
}

// run computes what follows the attention of a layer, on the workspace's pool.
func (t *blockTask) run(e *Encoder, ws *Workspace, layer, tokens int) {
	t.encoder, t.ws, t.layer, t.tokens = e, ws, layer, tokens
	if t.threads == nil {
		t.alone, t.threads = new(Workspace), make([]layerActivations, ws.pool.Threads())
	}
	for i := range t.threads {
		t.threads[i].resize(ws.config, (tokens+t.count-1)/t.count, false)
	}
	ws.pool.Run(t.count, t)
}

// Do implements kernels.Task; i is a block.
func (t *blockTask) Do(thread, i int) {
	first, end := t.tokens*i/t.count, t.tokens*(i+1)/t.count
	acts := &t.threads[thread]
	acts.resize(t.ws.config, end-first, false)
	t.encoder.rowsBetween(t.ws, t.alone, acts, t.layer, first, end)
}
