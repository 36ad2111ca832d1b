package training

import (
	"fmt"
	"math"
	"slices"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// Settings are what pre-training and fine-tuning runs have in common. A zero
// value stands for the default that is stated.
type Settings struct {
	// Seed decides every draw: new weights, order of the data, masks, dropout.
	Seed uint64 `json:"seed"`

	LearningRate float64 `json:"learning_rate,omitempty"` // the peak; default 1e-4, fine-tuning 5e-5
	Warmup       float64 `json:"warmup,omitempty"`        // share of the steps; default 0.1, −1 for none
	Decay        Decay   `json:"decay,omitempty"`         // default linear
	// LayerDecay multiplies the learning rate once for each layer between a
	// parameter and the heads, so that lower layers move less; default 1.
	LayerDecay float64 `json:"layer_decay,omitempty"`
	// HeadRate multiplies the learning rate of the heads; default 1.
	HeadRate float64 `json:"head_rate,omitempty"`

	WeightDecay *float64 `json:"weight_decay,omitempty"` // default 0.01
	Beta1       float64  `json:"beta1,omitempty"`        // default 0.9
	Beta2       float64  `json:"beta2,omitempty"`        // default 0.999
	Epsilon     float64  `json:"epsilon,omitempty"`      // default 1e-6
	// NoBiasCorrection is google-research/bert's AdamW.
	NoBiasCorrection bool `json:"no_bias_correction,omitempty"`
	// ClipNorm bounds the gradient's norm; default 1, −1 for no bound.
	ClipNorm float64 `json:"clip_norm,omitempty"`

	// FreezeEmbeddings and FreezeLayers (the lowest so many) leave parameters
	// as they are.
	FreezeEmbeddings bool `json:"freeze_embeddings,omitempty"`
	FreezeLayers     int  `json:"freeze_layers,omitempty"`

	// Dropout replaces the model's hidden and attention dropout.
	Dropout *float64 `json:"dropout,omitempty"`
	// Precision of the matrix products: float32, bfloat16, or auto, the default,
	// which is kernels.Auto. Weights, gradients and sums are float32 in
	// any case, and so are evaluations.
	Precision string `json:"precision,omitempty"`
	// PassTokens bounds the tokens computed at a time, hence memory: a batch is
	// cut into passes whose gradients are added up. Default 4096.
	PassTokens int `json:"pass_tokens,omitempty"`

	ReportEvery   int `json:"report_every,omitempty"`   // steps; default 10
	EvaluateEvery int `json:"evaluate_every,omitempty"` // steps; default a tenth of the run
	// CheckpointMinutes is the time between checkpoints; default 5, −1 for none
	// but when the run ends or is interrupted.
	CheckpointMinutes float64 `json:"checkpoint_minutes,omitempty"`
	// BadLines is how many lines may be unusable, of a labelled file or of all
	// files of a corpus in an epoch; default 100, 0 for none, −1 for any number.
	BadLines *int `json:"bad_lines,omitempty"`
}

const unset = -1 // a setting's way to say none where zero means the default

func (s *Settings) setDefaults(learningRate float64) {
	defaultTo(&s.LearningRate, learningRate)
	defaultTo(&s.Warmup, 0.1)
	defaultTo(&s.Decay, LinearDecay)
	defaultTo(&s.LayerDecay, 1)
	defaultTo(&s.HeadRate, 1)
	adam := DefaultAdamWOptions()
	if s.WeightDecay == nil {
		s.WeightDecay = &adam.WeightDecay
	}
	defaultTo(&s.Beta1, adam.Beta1)
	defaultTo(&s.Beta2, adam.Beta2)
	defaultTo(&s.Epsilon, adam.Epsilon)
	defaultTo(&s.ClipNorm, 1)
	defaultTo(&s.Precision, kernels.AutoName)
	defaultTo(&s.PassTokens, 4096)
	defaultTo(&s.ReportEvery, 10)
	defaultTo(&s.CheckpointMinutes, 5)
	if s.BadLines == nil {
		limit := DefaultProblemLimit
		s.BadLines = &limit
	}
}

func defaultTo[T comparable](setting *T, value T) {
	var zero T
	if *setting == zero {
		*setting = value
	}
}

// orNone reads a setting that is −1 for none.
func orNone(value float64) float64 {
	if value == unset {
		return 0
	}
	return value
}

func (s *Settings) adamW() AdamWOptions {
	return AdamWOptions{
		Beta1: s.Beta1, Beta2: s.Beta2, Epsilon: s.Epsilon,
		WeightDecay: *s.WeightDecay, NoBiasCorrection: s.NoBiasCorrection,
	}
}

func (s *Settings) precision() kernels.Precision {
	prec, _ := kernels.ChoosePrecision(s.Precision) // validate knows it
	return prec
}

func (s *Settings) schedule(steps int) Schedule {
	return Schedule{
		LearningRate: s.LearningRate,
		WarmupSteps:  int(math.Round(orNone(s.Warmup) * float64(steps))),
		Steps:        steps,
		Decay:        s.Decay,
	}
}

// Configure makes the configuration of the model to be trained follow the
// settings that concern it.
func (s *Settings) Configure(c *bert.Config) {
	if s.Dropout != nil {
		c.HiddenDropoutProb, c.AttentionProbsDropoutProb = *s.Dropout, *s.Dropout
		c.ClassifierDropout = nil // as HiddenDropoutProb
	}
}

func (s *Settings) validate(steps int) error {
	if warmup := orNone(s.Warmup); !(warmup >= 0 && warmup <= 1) {
		return fmt.Errorf("warmup is %v, want a share of the steps between 0 and 1, or −1 for none", s.Warmup)
	}
	if err := s.schedule(steps).Validate(); err != nil {
		return err
	}
	if err := s.adamW().Validate(); err != nil {
		return err
	}
	if !(s.LayerDecay > 0 && s.LayerDecay <= 1) {
		return fmt.Errorf("layer_decay is %v, want more than 0 and at most 1", s.LayerDecay)
	}
	if !(s.HeadRate > 0 && s.HeadRate <= 1000) {
		return fmt.Errorf("head_rate is %v, want a number above 0", s.HeadRate)
	}
	if s.Dropout != nil && !(*s.Dropout >= 0 && *s.Dropout < 1) {
		return fmt.Errorf("dropout is %v, want 0 or more and less than 1", *s.Dropout)
	}
	precisions := []string{kernels.AutoName, kernels.Float32.String(), kernels.BFloat16.String()}
	if !slices.Contains(precisions, s.Precision) {
		return fmt.Errorf("precision is %q, want one of %q", s.Precision, precisions)
	}
	if c := s.CheckpointMinutes; !(c > 0 || c == unset) {
		return fmt.Errorf("checkpoint_minutes is %v, want a number above 0, or −1 for none before the end", c)
	}
	if *s.BadLines < unset {
		return fmt.Errorf("bad_lines is %d, want 0 or more, or −1 for any number", *s.BadLines)
	}
	for _, v := range []struct {
		name  string
		value int
	}{{"freeze_layers", s.FreezeLayers}, {"pass_tokens", s.PassTokens}, {"report_every", s.ReportEvery}, {"evaluate_every", s.EvaluateEvery}} {
		if v.value < 0 {
			return fmt.Errorf("%s is %d", v.name, v.value)
		}
	}
	return nil
}
