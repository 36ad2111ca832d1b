package bert

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// initializer draws the values of new parameters as google-research/bert does
// (modeling.py, create_initializer): matrices from a normal distribution of
// the configured deviation, cut at two deviations; biases 0; gamma 1.
//
// Each parameter has a generator of its own, seeded by its name: what it gets
// does not depend on which others are new.
type initializer struct {
	seed      uint64
	deviation float64  // initializer_range
	fresh     []string // names of the parameters drawn
}

const truncation = 2 // deviations

func (in *initializer) draw(p *Param, dst []float32) {
	in.fresh = append(in.fresh, p.Name)
	switch {
	case strings.HasSuffix(p.Name, "LayerNorm.weight"):
		for i := range dst {
			dst[i] = 1
		}
	case len(p.Shape) == 1:
		clear(dst)
	default:
		name := fnv.New64a()
		name.Write([]byte(p.Name))
		random := rand.New(rand.NewPCG(in.seed, name.Sum64()))
		for i := range dst {
			dst[i] = float32(truncatedNormal(random) * in.deviation)
		}
	}
}

// truncatedNormal draws again what falls outside, one draw in 22.
func truncatedNormal(random *rand.Rand) float64 {
	for {
		if x := random.NormFloat64(); x > -truncation && x < truncation {
			return x
		}
	}
}
