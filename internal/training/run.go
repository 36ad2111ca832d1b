package training

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
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

// Phase is a part of pre-training with examples of one length: the paper's
// recipe is 90 % of the steps at 128 tokens, then 10 % at 512.
type Phase struct {
	MaxTokens int `json:"max_tokens"`
	BatchSize int `json:"batch_size"` // examples a step
	Steps     int `json:"steps"`
}

// Pretraining describes a pre-training run: masked language model and next
// sentence prediction on running text.
type Pretraining struct {
	// Model is a directory to continue from. Without it a new model is made of
	// Preset, or of Config, with Vocabulary.
	Model      string          `json:"model,omitempty"`
	Preset     string          `json:"preset,omitempty"`
	Config     json.RawMessage `json:"config,omitempty"`
	Vocabulary string          `json:"vocabulary,omitempty"`
	Cased      bool            `json:"cased,omitempty"` // a new model's tokenizer keeps upper case
	Output     string          `json:"output"`

	// Data is the folder that relative names in Corpus start from; default the
	// working directory.
	Data   string   `json:"data,omitempty"`
	Corpus []string `json:"corpus"`
	// HeldOut is the share of documents that only measure; default 0.01, −1
	// for none. HeldOutExamples bounds how many examples are measured.
	HeldOut         float64 `json:"held_out,omitempty"`
	HeldOutExamples int     `json:"held_out_examples,omitempty"` // default 512
	BlockBytes      int     `json:"block_bytes,omitempty"`

	MaskProbability float64 `json:"mask_probability,omitempty"` // default 0.15
	MaxPredictions  int     `json:"max_predictions,omitempty"`  // an example; default no bound
	WholeWord       bool    `json:"whole_word,omitempty"`
	ShortShare      float64 `json:"short_share,omitempty"` // default 0.1, −1 for none
	// NoNextSentence leaves the next-sentence loss out.
	NoNextSentence bool `json:"no_next_sentence,omitempty"`

	Phases []Phase `json:"phases"`
	Settings
}

// HeadRun is one head of a fine-tuning run.
type HeadRun struct {
	Type        bert.HeadType    `json:"type"`
	Labels      []string         `json:"labels,omitempty"` // absent: the model's, or those of the training files
	Pair        bool             `json:"pair,omitempty"`
	ProblemType bert.ProblemType `json:"problem_type,omitempty"`
	Sets        []SetConfig      `json:"sets"`
	// Weight multiplies the head's loss; default 1.
	Weight float64 `json:"weight,omitempty"`
	// MaxTokens cuts this head's texts; default the run's.
	MaxTokens int `json:"max_tokens,omitempty"`
	// ClassWeights multiply the loss of labels. Balanced sets them to rows /
	// (labels · rows of the label), scikit-learn's "balanced".
	ClassWeights map[string]float64 `json:"class_weights,omitempty"`
	Balanced     bool               `json:"balanced,omitempty"`
}

// AuxiliaryMLM keeps the masked language model (and next sentence prediction,
// if asked) as a further loss of fine-tuning.
type AuxiliaryMLM struct {
	Corpus          []string `json:"corpus"`
	BatchSize       int      `json:"batch_size"` // examples a step, beside the heads'
	MaxTokens       int      `json:"max_tokens,omitempty"`
	Weight          float64  `json:"weight,omitempty"` // default 1
	MaskProbability float64  `json:"mask_probability,omitempty"`
	WholeWord       bool     `json:"whole_word,omitempty"`
	NextSentence    bool     `json:"next_sentence,omitempty"`
	HeldOut         float64  `json:"held_out,omitempty"`          // default 0.01, −1 for none
	HeldOutExamples int      `json:"held_out_examples,omitempty"` // default 256
}

// EarlyStopping ends a run that no longer gets better.
type EarlyStopping struct {
	// Patience is how many evaluations in a row may pass without a better one.
	Patience int `json:"patience"`
	// MinDelta is what counts as better; default 0.
	MinDelta float64 `json:"min_delta,omitempty"`
}

// Finetuning describes a fine-tuning run: one encoder, one head or several,
// each with its labelled sets.
type Finetuning struct {
	Model  string `json:"model"`
	Output string `json:"output"`

	// Data is the folder that relative names of files start from; default the
	// working directory.
	Data  string             `json:"data,omitempty"`
	Heads map[string]HeadRun `json:"heads"`
	MLM   *AuxiliaryMLM      `json:"mlm,omitempty"`
	// DevRows bounds the rows of a dev file that are measured, drawn by the
	// seed; default 2000, −1 for all.
	DevRows int `json:"dev_rows,omitempty"`

	MaxTokens int     `json:"max_tokens,omitempty"` // default 128
	BatchSize int     `json:"batch_size,omitempty"` // examples a step, of all heads; default 32
	Epochs    float64 `json:"epochs,omitempty"`     // default 3, as run_classifier.py
	// Steps is the number of optimizer steps, instead of Epochs.
	Steps int `json:"steps,omitempty"`
	// Best names what decides which weights are kept and when to stop early: a
	// set, a head (the mean over its sets), BestMean, BestLoss, BestMLM or
	// BestLast. NAME/loss is the loss of a set or head. Default BestMean; without
	// a dev file BestMLM, and without held-out text BestLast.
	Best          string         `json:"best,omitempty"`
	EarlyStopping *EarlyStopping `json:"early_stopping,omitempty"`
	Settings
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

// TotalSteps is the number of optimizer steps.
func (p *Pretraining) TotalSteps() int {
	steps := 0
	for _, phase := range p.Phases {
		steps += phase.Steps
	}
	return steps
}

// SetDefaults replaces the zero values by what they stand for.
func (p *Pretraining) SetDefaults() {
	p.setDefaults(1e-4)
	defaultTo(&p.HeldOut, 0.01)
	defaultTo(&p.HeldOutExamples, 512)
	defaultTo(&p.MaskProbability, 0.15)
	defaultTo(&p.ShortShare, 0.1)
	defaultTo(&p.EvaluateEvery, max(1, p.TotalSteps()/10))
}

// under puts names of files under a folder, unless they are absolute.
func under(folder string, names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = name
		if folder != "" && !filepath.IsAbs(name) {
			paths[i] = filepath.Join(folder, name)
		}
	}
	return paths
}

// underData is the set with its files under the run's folder.
func (f *Finetuning) underData(c SetConfig) SetConfig {
	if c.Train != "" {
		c.Train = under(f.Data, []string{c.Train})[0]
	}
	if c.Dev != "" {
		c.Dev = under(f.Data, []string{c.Dev})[0]
	}
	return c
}

// Validate says what is wrong with a run whose defaults are set.
func (p *Pretraining) Validate() error {
	if len(p.Corpus) == 0 {
		return errors.New("corpus: name at least one file or directory")
	}
	if len(p.Phases) == 0 {
		return errors.New("phases: give at least one, such as {\"max_tokens\": 128, \"batch_size\": 32, \"steps\": 1000}")
	}
	for i, phase := range p.Phases {
		if phase.Steps < 1 || phase.BatchSize < 1 {
			return fmt.Errorf("phase %d: %d steps of %d examples, want at least one of each", i+1, phase.Steps, phase.BatchSize)
		}
		if err := p.examples(phase.MaxTokens).Validate(); err != nil {
			return fmt.Errorf("phase %d: %w", i+1, err)
		}
	}
	if err := validateHeldOut(p.HeldOut, p.HeldOutExamples); err != nil {
		return err
	}
	return p.validate(p.TotalSteps())
}

func validateHeldOut(share float64, examples int) error {
	if h := orNone(share); !(h >= 0 && h < 1) {
		return fmt.Errorf("held_out is %v, want a share less than 1, or −1 for none", share)
	}
	if examples < 0 {
		return fmt.Errorf("held_out_examples is %d", examples)
	}
	return nil
}

func (p *Pretraining) examples(maxTokens int) ExampleOptions {
	return ExampleOptions{
		MaxTokens:             maxTokens,
		MaskProbability:       p.MaskProbability,
		MaxPredictions:        p.MaxPredictions,
		WholeWord:             p.WholeWord,
		ShortProbability:      orNone(p.ShortShare),
		RandomNextProbability: 0.5,
	}
}

// SetDefaults replaces the zero values by what they stand for.
func (f *Finetuning) SetDefaults() {
	f.setDefaults(5e-5)
	defaultTo(&f.MaxTokens, 128)
	defaultTo(&f.BatchSize, 32)
	if f.Steps == 0 {
		defaultTo(&f.Epochs, 3)
	}
	defaultTo(&f.DevRows, 2000)
	for name, head := range f.Heads {
		defaultTo(&head.Weight, 1)
		defaultTo(&head.MaxTokens, f.MaxTokens)
		head.Sets = named(head.Sets)
		f.Heads[name] = head
	}
	if m := f.MLM; m != nil {
		defaultTo(&m.MaxTokens, f.MaxTokens)
		defaultTo(&m.Weight, 1)
		defaultTo(&m.MaskProbability, 0.15)
		defaultTo(&m.HeldOut, 0.01)
		defaultTo(&m.HeldOutExamples, 256)
	}
	defaultTo(&f.Best, f.defaultBest())
}

// Validate says what is wrong with a run whose defaults are set.
func (f *Finetuning) Validate() error {
	if len(f.Heads) == 0 {
		return errors.New("heads: name at least one")
	}
	for _, name := range sortedKeys(f.Heads) {
		head := f.Heads[name]
		if head.Type != bert.SequenceHeadType && head.Type != bert.TokenHeadType {
			return fmt.Errorf("head %s: type is %q, want %q or %q", name, head.Type, bert.SequenceHeadType, bert.TokenHeadType)
		}
		if head.MaxTokens < minTokens || !(head.Weight > 0) {
			return fmt.Errorf("head %s: max_tokens %d, weight %v, want at least %d and more than 0", name, head.MaxTokens, head.Weight, minTokens)
		}
		if head.Balanced && len(head.ClassWeights) > 0 {
			return fmt.Errorf("head %s: balanced and class_weights exclude each other", name)
		}
		for label, weight := range head.ClassWeights {
			if !(weight >= 0) {
				return fmt.Errorf("head %s: class weight of %q is %v", name, label, weight)
			}
		}
		trains := false
		for _, set := range head.Sets {
			if err := set.Validate(head); err != nil {
				return fmt.Errorf("head %s: %w", name, err)
			}
			trains = trains || set.Train != ""
		}
		if err := f.validateNames(name); err != nil {
			return fmt.Errorf("head %s: %w", name, err)
		}
		if !trains {
			return fmt.Errorf("head %s: none of its sets has a train file", name)
		}
	}
	if err := f.validateBest(); err != nil {
		return err
	}
	if m := f.MLM; m != nil {
		if len(m.Corpus) == 0 || m.BatchSize < 1 || !(m.Weight > 0) {
			return errors.New("mlm: give it a corpus, a batch_size of at least 1 and a weight above 0")
		}
		if err := errors.Join(m.examples().Validate(), validateHeldOut(m.HeldOut, m.HeldOutExamples)); err != nil {
			return fmt.Errorf("mlm: %w", err)
		}
	}
	if f.Steps > 0 && f.Epochs > 0 {
		return fmt.Errorf("steps is %d and epochs is %v: give one of them", f.Steps, f.Epochs)
	}
	const mostEpochs = 1e6
	if f.BatchSize < 1 || f.Steps < 0 || !(f.Epochs >= 0 && f.Epochs <= mostEpochs) || f.Steps == 0 && f.Epochs == 0 {
		return fmt.Errorf("batch_size %d, epochs %v, steps %d: want at least one example, and epochs or steps", f.BatchSize, f.Epochs, f.Steps)
	}
	return f.validate(max(1, f.Steps))
}

func (m *AuxiliaryMLM) examples() ExampleOptions {
	o := DefaultExampleOptions(m.MaxTokens)
	o.MaskProbability = m.MaskProbability
	o.WholeWord = m.WholeWord
	return o
}

// ReadRun reads a run's description: JSON, in which lines that begin with //
// are comments. An unknown name is an error.
func ReadRun(path string, run any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var plain []byte
	for line := range bytes.Lines(data) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("//")) {
			line = []byte("\n") // so that errors name the right line
		}
		plain = append(plain, line...)
	}
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(run); err != nil {
		return fmt.Errorf("%s:%d: %w", path, lineOf(plain, decoder, err), err)
	}
	if decoder.More() {
		return fmt.Errorf("%s: something follows the run's description", path)
	}
	return nil
}

// lineOf is the line that a decoder's error is about, or the last one it read.
func lineOf(data []byte, decoder *json.Decoder, err error) int {
	offset := decoder.InputOffset()
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		offset = syntax.Offset
	} else if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
		offset = kind.Offset
	}
	return 1 + bytes.Count(data[:min(len(data), int(offset))], []byte("\n"))
}

// Configure makes the configuration of the model to be trained follow the
// settings that concern it.
func (s *Settings) Configure(c *bert.Config) {
	if s.Dropout != nil {
		c.HiddenDropoutProb, c.AttentionProbsDropoutProb = *s.Dropout, *s.Dropout
		c.ClassifierDropout = nil // as HiddenDropoutProb
	}
}
