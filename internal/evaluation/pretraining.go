package evaluation

import (
	"context"
	"maps"
	"slices"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/training"
)

// The pre-training tasks, as reports name them.
const (
	MLM = "MLM"
	NSP = "NSP"
)

// TextReport is how a model does at its pre-training tasks on running text, as
// JSON has it.
type TextReport struct {
	Model           string    `json:"model"`
	Text            []string  `json:"text"`      // where it is
	Precision       string    `json:"precision"` // of the matrix products
	MaxTokens       int       `json:"max_tokens"`
	MaskProbability float64   `json:"mask_probability"`
	Rounds          int       `json:"bootstrap"` // of the intervals
	Seed            uint64    `json:"seed"`
	Missing         []string  `json:"missing,omitempty"` // tasks that are not measured
	Unusable        *Unusable `json:"unusable,omitempty"`
	*training.TextMeasurement

	Why map[string]string `json:"-"` // each is missing
}

// Text is running text to measure a model on.
type Text struct {
	Paths    []string // as they were given
	Corpus   *training.Corpus
	Examples training.ExampleOptions // made of it
	Most     int                     // examples; 0 is all of an epoch
	// LeftOut says why a task is not measured, as LeaveOut does.
	LeftOut map[string]string
	// ProblemLimit is how many lines may be unusable, as training.Problems.Limit
	// has it.
	ProblemLimit int
}

// MeasureText measures the pre-training tasks on running text.
func MeasureText(ctx context.Context, m *engine.Model, t Text, o training.Measuring) (*TextReport, error) {
	maker, err := training.NewExampleMaker(m.Tokenizer, t.Examples)
	if err != nil {
		return nil, err
	}
	examples, problems, err := training.TextExamples(ctx, t.Corpus, m.Tokenizer, maker, t.Most, training.StreamOptions{
		Seed: o.Seed, ProblemLimit: t.ProblemLimit, Pool: o.Pool,
	})
	if err != nil {
		return nil, err
	}
	network := *m.Network
	if t.LeftOut[NSP] != "" {
		network.NSP = nil
	}
	result, err := training.MeasureText(ctx, &network, examples, t.Most, o)
	if err != nil {
		return nil, err
	}
	return &TextReport{
		Model: m.ID, Text: t.Paths, Precision: m.Network.Precision().String(),
		MaxTokens: t.Examples.MaxTokens, MaskProbability: t.Examples.MaskProbability, Rounds: o.Rounds, Seed: o.Seed,
		Missing: slices.Sorted(maps.Keys(t.LeftOut)), Why: t.LeftOut, Unusable: newUnusable(problems), TextMeasurement: result,
	}, nil
}

// LeaveOut says why a task is not measured. The head of next sentence
// prediction that a run did not train is there all the same, as it was made:
// its answers would be of chance.
func LeaveOut(m *bert.Model, run training.Pretraining) map[string]string {
	const noHead = "the model has no head for it"
	why := map[string]string{}
	if m.MLM == nil {
		why[MLM] = noHead
	}
	switch {
	case m.NSP == nil:
		why[NSP] = noHead
	case run.NoNextSentence:
		why[NSP] = "the run that made the model did not train it (no_next_sentence)"
	}
	return why
}

// ExampleOptions are those of pre-training, but that no example is made short.
// Where maxTokens is 0 they are as long as those of the run that made the
// model, or, if that says nothing, as bert pretrain makes them by default: 128
// tokens, as far as the model reads so many.
func ExampleOptions(m *engine.Model, run training.Pretraining, maxTokens int) training.ExampleOptions {
	options := training.DefaultExampleOptions(maxTokens)
	options.ShortProbability = 0
	if options.MaxTokens == 0 {
		for _, phase := range run.Phases {
			options.MaxTokens = max(options.MaxTokens, phase.MaxTokens)
		}
		if options.MaxTokens == 0 {
			options.MaxTokens = min(training.DefaultMaxTokens, m.MaxTokens)
		}
	}
	return options
}
