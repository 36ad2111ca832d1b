package training

import (
	"fmt"
	"math"
	"strings"

	"cloze/internal/bert"
)

// Decay is how the learning rate falls after the warm-up.
type Decay string

// The decays.
const (
	LinearDecay   Decay = "linear" // google-research/bert's
	CosineDecay   Decay = "cosine"
	ConstantDecay Decay = "constant"
)

// Schedule gives the learning rate of each step: a linear rise from 0 to
// LearningRate over WarmupSteps, then a fall to 0 at Steps. It is transformers'
// get_linear_schedule_with_warmup or get_cosine_schedule_with_warmup, which is
// also Google's but for the first steps: Google's decay starts at step 0, so
// that the peak is a little below LearningRate.
type Schedule struct {
	LearningRate float64
	WarmupSteps  int
	Steps        int
	Decay        Decay // default linear
}

// Validate says what is wrong with the schedule, if anything is.
func (s Schedule) Validate() error {
	switch s.Decay {
	case "", LinearDecay, CosineDecay, ConstantDecay:
	default:
		return fmt.Errorf("decay is %q, want linear, cosine or constant", s.Decay)
	}
	if !(s.LearningRate > 0 && s.LearningRate < math.Inf(1)) {
		return fmt.Errorf("learning rate is %v, want a number above 0", s.LearningRate)
	}
	if s.WarmupSteps < 0 || s.Steps < 1 || s.WarmupSteps > s.Steps {
		return fmt.Errorf("%d warm-up steps of %d: want at least one step and no more warm-up than steps", s.WarmupSteps, s.Steps)
	}
	return nil
}

// At returns the learning rate of a step, counted from 0.
func (s Schedule) At(step int) float64 {
	if step < s.WarmupSteps {
		return s.LearningRate * float64(step) / float64(s.WarmupSteps)
	}
	progress := float64(step-s.WarmupSteps) / float64(max(1, s.Steps-s.WarmupSteps))
	progress = min(progress, 1)
	switch s.Decay {
	case ConstantDecay:
		return s.LearningRate
	case CosineDecay:
		return s.LearningRate * (1 + math.Cos(math.Pi*progress)) / 2
	default:
		return s.LearningRate * (1 - progress)
	}
}

// learningRateScales gives each parameter its share of the learning rate: 0
// for frozen ones, LayerDecay to the power of the layers above it, HeadRate for
// the heads (Howard and Ruder 2018, §3.2; Sun et al. 2019, §5.3.4).
func learningRateScales(c *bert.Config, s *Settings, params []*bert.Param) []float64 {
	scale := make([]float64, len(params))
	for i, p := range params {
		layer := layerOf(c, p.Name)
		switch {
		case layer < 0 && s.FreezeEmbeddings, layer >= 0 && layer < s.FreezeLayers:
			continue
		case layer >= c.NumHiddenLayers && !strings.HasPrefix(p.Name, "bert."):
			scale[i] = s.HeadRate
		default:
			scale[i] = math.Pow(s.LayerDecay, float64(c.NumHiddenLayers-layer))
		}
	}
	return scale
}

// layerOf is the layer that a parameter belongs to: −1 for the embeddings, L
// for the pooler and the heads.
func layerOf(c *bert.Config, name string) int {
	if strings.HasPrefix(name, "bert.embeddings.") {
		return -1
	}
	rest, ok := strings.CutPrefix(name, "bert.encoder.layer.")
	if !ok {
		return c.NumHiddenLayers
	}
	layer := 0
	for _, digit := range rest {
		if digit == '.' {
			break
		}
		layer = 10*layer + int(digit-'0')
	}
	return layer
}
