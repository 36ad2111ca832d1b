package bert

import (
	"math"

	"cloze/internal/kernels"
)

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

// dropout zeroes a share of the values and scales the rest up, so that their
// expectation stays (Srivastava et al. 2014; PyTorch's dropout):
//
//	y[n] = x[n]/(1 − share) with probability 1 − share, else 0
//
// Whether value n is kept is a function of the key and n alone, not of a
// generator's state: backward finds the mask again without storing it, and
// neither the number of threads nor the order of work changes it.
type dropout struct {
	key uint64
	// A value is kept if its 16 bits are at least threshold.
	threshold uint16
	scale     float32
}

// dropout returns a site's dropout in this pass: none unless the workspace
// trains.
func (ws *Workspace) dropout(site dropoutSite) dropout {
	if ws.gradients == nil {
		return dropout{}
	}
	return newDropout(ws.gradients.stream, site)
}

func newDropout(stream uint64, site dropoutSite) dropout {
	const lanes = 1 << 16
	threshold := uint16(math.Round(site.share * lanes))
	return dropout{
		key:       mix(stream + mix(uint64(site.number))),
		threshold: threshold,
		scale:     lanes / (lanes - float32(threshold)),
	}
}

func (d dropout) active() bool { return d.threshold > 0 }

// mix is the output function of SplitMix64 (Steele et al. 2014).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// bits are the random bits of value n and of those after it up to the next
// multiple of four, 16 each.
func (d dropout) bits(n int) uint64 {
	return mix(d.key+uint64(n)/4*0x9e3779b97f4a7c15) >> (16 * (n % 4))
}

// apply computes y = dropout(x); x[0] is value number first of the site. y may
// be x.
func (d dropout) apply(y, x []float32, first int) {
	bits := d.bits(first)
	for i, v := range x {
		n := first + i
		if n%4 == 0 {
			bits = d.bits(n)
		}
		if uint16(bits) < d.threshold {
			v = 0
		}
		y[i] = v * d.scale
		bits >>= 16
	}
}

// copyTo computes y = dropout(x); y may be x. The same applied to a gradient is
// dropout's derivative.
func (d dropout) copyTo(pool *kernels.Pool, y, x []float32) {
	inBlocks(pool, len(x), func(first, last int) { d.apply(y[first:last], x[first:last], first) })
}

// addTo computes y = dropout(y) + x.
func (d dropout) addTo(pool *kernels.Pool, y, x []float32) {
	inBlocks(pool, len(x), func(first, last int) {
		y, x := y[first:last], x[first:last]
		d.apply(y, y, first)
		for i := range y {
			y[i] += x[i]
		}
	})
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
