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

// lanes are the random numbers of values n, n+1, n+2 and n+3, 16 bits each from
// the lowest; n is a multiple of four.
func (d dropout) lanes(n int) uint64 { return mix(d.key + uint64(n/4)*0x9e3779b97f4a7c15) }

// keep is v scaled, or 0 if the lowest lane says so: without a branch, which
// nobody could predict.
func (d dropout) keep(v float32, lanes uint64) float32 {
	below := int32(uint32(uint16(lanes))-uint32(d.threshold)) >> 31 // all ones or none
	return math.Float32frombits(math.Float32bits(v*d.scale) &^ uint32(below))
}

// apply computes y = dropout(x); x[0] is value number first of the site. y may
// be x.
func (d dropout) apply(y, x []float32, first int) {
	y = y[:len(x)]
	i := 0
	for ; i < len(x) && (first+i)%4 != 0; i++ {
		y[i] = d.one(x[i], first+i)
	}
	for ; i+4 <= len(x); i += 4 {
		lanes := d.lanes(first + i)
		y[i] = d.keep(x[i], lanes)
		y[i+1] = d.keep(x[i+1], lanes>>16)
		y[i+2] = d.keep(x[i+2], lanes>>32)
		y[i+3] = d.keep(x[i+3], lanes>>48)
	}
	for ; i < len(x); i++ {
		y[i] = d.one(x[i], first+i)
	}
}

// one is value number n after dropout.
func (d dropout) one(v float32, n int) float32 { return d.keep(v, d.lanes(n-n%4)>>(16*(n%4))) }

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
