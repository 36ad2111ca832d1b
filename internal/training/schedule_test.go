package training

import (
	"math"
	"strings"
	"testing"
)

// Values of transformers' get_linear_schedule_with_warmup and
// get_cosine_schedule_with_warmup for 4 warm-up steps of 20, peak 1.
func TestScheduleAgreesWithTransformers(t *testing.T) {
	for _, test := range []struct {
		decay Decay
		step  int
		want  float64
	}{
		{LinearDecay, 0, 0},
		{LinearDecay, 1, 0.25},
		{LinearDecay, 4, 1},
		{LinearDecay, 5, 0.9375},
		{LinearDecay, 12, 0.5},
		{LinearDecay, 19, 0.0625},
		{LinearDecay, 20, 0},
		{LinearDecay, 30, 0},
		{CosineDecay, 2, 0.5},
		{CosineDecay, 4, 1},
		{CosineDecay, 8, 0.8535533905932737},
		{CosineDecay, 12, 0.5},
		{CosineDecay, 20, 0},
		{ConstantDecay, 3, 0.75},
		{ConstantDecay, 4, 1},
		{ConstantDecay, 19, 1},
		{"", 12, 0.5},
	} {
		s := Schedule{LearningRate: 1, WarmupSteps: 4, Steps: 20, Decay: test.decay}
		if got := s.At(test.step); math.Abs(got-test.want) > 1e-15 {
			t.Errorf("%s decay, step %d: %v, want %v", test.decay, test.step, got, test.want)
		}
	}
}

func TestScheduleWithoutWarmup(t *testing.T) {
	s := Schedule{LearningRate: 2, Steps: 4}
	for step, want := range []float64{2, 1.5, 1, 0.5, 0} {
		if got := s.At(step); got != want {
			t.Errorf("step %d: %v, want %v", step, got, want)
		}
	}
}

func TestScheduleIsChecked(t *testing.T) {
	for _, s := range []Schedule{
		{LearningRate: 1},
		{LearningRate: 0, Steps: 10},
		{LearningRate: math.NaN(), Steps: 10},
		{LearningRate: 1, Steps: 10, WarmupSteps: 11},
		{LearningRate: 1, Steps: 10, Decay: "exponential"},
	} {
		if s.Validate() == nil {
			t.Errorf("%+v passed", s)
		}
	}
	if err := (Schedule{LearningRate: 1e-4, Steps: 10, WarmupSteps: 10, Decay: CosineDecay}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestLearningRateScales(t *testing.T) {
	_, m := tinyModel(t, 10, finetunedHeads)
	s := &Settings{LayerDecay: 0.5, HeadRate: 10, FreezeLayers: 0}
	scale := learningRateScales(&m.Config, s, m.Parameters())
	for i, p := range m.Parameters() {
		want := map[bool]float64{true: 1}[strings.HasPrefix(p.Name, "bert.pooler.")]
		switch {
		case strings.HasPrefix(p.Name, "bert.embeddings."):
			want = 0.125
		case strings.HasPrefix(p.Name, "bert.encoder.layer.0."):
			want = 0.25
		case strings.HasPrefix(p.Name, "bert.encoder.layer.1."):
			want = 0.5
		case strings.HasPrefix(p.Name, "heads."), strings.HasPrefix(p.Name, "cls."):
			want = 10
		}
		if scale[i] != want {
			t.Errorf("learning rate of %s is scaled by %v, want %v", p.Name, scale[i], want)
		}
	}
}
