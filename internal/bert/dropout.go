package bert

import "cloze/internal/kernels"

// dropoutSite is a place in the network where values are dropped: its number
// tells the masks of one pass apart, its share is the probability.
type dropoutSite struct {
	number int
	share  float64
}

// The sites of a model: one at the embeddings, three in each layer, one in
// front of each head.
const (
	embeddingsSite      = 0
	attentionProbsSite  = 1 // + layer·layerSites, as the next two
	attentionOutputSite = 2
	feedForwardSite     = 3
	layerSites          = 3
)

// headSite is the site in front of the head with a slot.
func headSite(c *Config, slot int) dropoutSite {
	return dropoutSite{1 + c.NumHiddenLayers*layerSites + slot, c.classifierDropout()}
}

// dropout returns a site's dropout in this pass: none unless the workspace
// trains.
func (ws *Workspace) dropout(site dropoutSite) kernels.Dropout {
	if ws.gradients == nil {
		return kernels.Dropout{}
	}
	return kernels.NewDropout(ws.gradients.stream, site.number, site.share)
}

// drop computes y = dropout(x) on the pool's workers; y may be x.
func drop(pool *kernels.Pool, d kernels.Dropout, y, x []float32) {
	inBlocks(pool, len(x), func(first, last int) { d.Apply(y[first:last], x[first:last], first) })
}

// inBlocks calls f for consecutive blocks of n values, on the pool's workers.
func inBlocks(pool *kernels.Pool, n int, f func(first, last int)) {
	const block = 1 << 14
	pool.Run((n+block-1)/block, task(func(_, i int) { f(i*block, min((i+1)*block, n)) }))
}

// task makes a function a kernels.Task. Training may allocate such; Forward of
// a serving workspace does not.
type task func(worker, i int)

// Do implements kernels.Task.
func (f task) Do(worker, i int) { f(worker, i) }
