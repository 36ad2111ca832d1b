package training

import (
	"fmt"
	"math"
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
