package kernels

import (
	"fmt"
	"math"
)

// Dropout zeroes a share of values and scales the rest up, so that their
// expectation stays (Srivastava et al. 2014; PyTorch's dropout):
//
//	y[n] = x[n]/(1 − share) with probability 1 − share, else 0
//
// Whether value n is kept is a function of stream, site and n alone, not of a
// generator's state: backward finds the mask again without storing it, and
// neither the number of threads nor the order of work changes it. The zero
// Dropout keeps everything.
type Dropout struct {
	key uint64 // of stream and site
	// A value is kept if its 16 bits are at least threshold.
	threshold uint16
	scale     float32
}

// NewDropout makes a dropout of a share of the values, to a 65,536th. The site
// tells apart the masks that a network has in one pass, the stream those that
// it has in several.
func NewDropout(stream uint64, site int, share float64) Dropout {
	const numbers = 1 << 16
	threshold := uint16(min(math.Round(share*numbers), numbers-1))
	return Dropout{
		key:       mix(stream + mix(uint64(site))),
		threshold: threshold,
		scale:     numbers / (numbers - float32(threshold)),
	}
}

// Active says whether any value may be dropped.
func (d Dropout) Active() bool { return d.threshold > 0 }

// Apply computes y = dropout(x); x[0] is value number first. y may be x. The
// same applied to a gradient is dropout's derivative.
func (d Dropout) Apply(y, x []float32, first int) { d.apply(y, x, nil, first) }

// ApplyAndAdd computes y = dropout(x) + residual; y may be either.
func (d Dropout) ApplyAndAdd(y, x, residual []float32, first int) {
	if len(residual) != len(x) {
		panic(fmt.Sprintf("kernels: dropout of %d values with a residual of %d", len(x), len(residual)))
	}
	d.apply(y, x, residual, first)
}

func (d Dropout) apply(y, x, residual []float32, first int) {
	if len(y) != len(x) {
		panic(fmt.Sprintf("kernels: dropout of %d values into %d", len(x), len(y)))
	}
	if !d.Active() {
		d.scale = 1
	}
	// A hash has the numbers of four values; the vectors begin with a whole one.
	i := min(len(x), (hashLanes-first%hashLanes)%hashLanes)
	d.run(y, x, residual, 0, i, first)
	if whole := (len(x) - i) / dropoutStep * dropoutStep; whole > 0 {
		var r *float32
		if residual != nil {
			r = &residual[i]
		}
		dropoutRun(&y[i], &x[i], r, whole, d.state(first+i), d.threshold, d.scale)
		i += whole
	}
	d.run(y, x, residual, i, len(x), first)
}

const (
	// hashLanes is how many 16-bit numbers a hash has.
	hashLanes = 4
	// dropoutStep divides the numbers of values that the assembly works on.
	dropoutStep = 32
	// hashIncrement is what SplitMix64 adds from state to state.
	hashIncrement = 0x9e3779b97f4a7c15
)

// state is the generator's when value n, a multiple of four, is next.
func (d Dropout) state(n int) uint64 { return d.key + uint64(n/hashLanes)*hashIncrement }

// mix is the output function of SplitMix64 (Steele et al. 2014).
func mix(z uint64) uint64 {
	z += hashIncrement
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// run does values start to end one by one.
func (d Dropout) run(y, x, residual []float32, start, end, first int) {
	for i := start; i < end; i++ {
		n := first + i
		numbers := mix(d.state(n)) >> (16 * (n % hashLanes))
		v := keep(x[i]*d.scale, numbers, d.threshold)
		if residual != nil {
			v += residual[i]
		}
		y[i] = v
	}
}

// keep is v, or 0 if the lowest 16 bits of numbers are below the threshold:
// without a branch, which nobody could predict.
func keep(v float32, numbers uint64, threshold uint16) float32 {
	below := int32(uint32(uint16(numbers))-uint32(threshold)) >> 31 // all ones or none
	return math.Float32frombits(math.Float32bits(v) &^ uint32(below))
}

// dropoutGo computes y = dropout(x) of n values, a multiple of four, with the
// generator in a state, and adds residual unless it is nil.
func dropoutGo(y, x, residual *float32, n int, state uint64, threshold uint16, scale float32) {
	to, from := floats(y, 0, n), floats(x, 0, n)
	for i := 0; i < n; i += hashLanes {
		numbers := mix(state)
		state += hashIncrement
		for lane := range hashLanes {
			v := keep(from[i+lane]*scale, numbers>>(16*lane), threshold)
			if residual != nil {
				v += *at(residual, i+lane)
			}
			to[i+lane] = v
		}
	}
}
