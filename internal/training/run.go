package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"cloze/internal/bert"
)

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
	usual := DefaultExampleOptions(0)
	defaultTo(&p.MaskProbability, usual.MaskProbability)
	defaultTo(&p.ShortShare, usual.ShortProbability)
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

// mostBatch is more examples than any step needs, and few enough to be drawn at once.
const mostBatch = 1 << 16

// Validate says what is wrong with a run whose defaults are set.
func (p *Pretraining) Validate() error {
	if len(p.Corpus) == 0 {
		return errors.New("corpus: name at least one file or directory")
	}
	if len(p.Phases) == 0 {
		return errors.New("phases: give at least one, such as {\"max_tokens\": 128, \"batch_size\": 32, \"steps\": 1000}")
	}
	for i, phase := range p.Phases {
		if phase.Steps < 1 || phase.BatchSize < 1 || phase.BatchSize > mostBatch {
			return fmt.Errorf("phase %d: %d steps of %d examples, want at least one of each and at most %d examples", i+1, phase.Steps, phase.BatchSize, mostBatch)
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
		RandomNextProbability: DefaultExampleOptions(0).RandomNextProbability,
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
		defaultTo(&m.MaskProbability, DefaultExampleOptions(0).MaskProbability)
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
		if head.MaxTokens < MinTokens || !(head.Weight > 0) {
			return fmt.Errorf("head %s: max_tokens %d, weight %v, want at least %d and more than 0", name, head.MaxTokens, head.Weight, MinTokens)
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
		if len(m.Corpus) == 0 || m.BatchSize < 1 || m.BatchSize > mostBatch || !(m.Weight > 0) {
			return fmt.Errorf("mlm: give it a corpus, a batch_size of 1 to %d and a weight above 0", mostBatch)
		}
		if err := errors.Join(m.examples().Validate(), validateHeldOut(m.HeldOut, m.HeldOutExamples)); err != nil {
			return fmt.Errorf("mlm: %w", err)
		}
	}
	if f.Steps > 0 && f.Epochs > 0 {
		return fmt.Errorf("steps is %d and epochs is %v: give one of them", f.Steps, f.Epochs)
	}
	const mostEpochs = 1e6
	if f.BatchSize < 1 || f.BatchSize > mostBatch || f.Steps < 0 || !(f.Epochs >= 0 && f.Epochs <= mostEpochs) || f.Steps == 0 && f.Epochs == 0 {
		return fmt.Errorf("batch_size %d, epochs %v, steps %d: want 1 to %d examples, and epochs or steps", f.BatchSize, f.Epochs, f.Steps, mostBatch)
	}
	return f.validate(max(1, f.Steps))
}

func (m *AuxiliaryMLM) examples() ExampleOptions {
	o := DefaultExampleOptions(m.MaxTokens)
	o.MaskProbability = m.MaskProbability
	o.WholeWord = m.WholeWord
	return o
}
