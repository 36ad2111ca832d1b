package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cloze/internal/bert"
	"cloze/internal/training"
)

// textReport is how a model does at its pre-training tasks on running text, as
// JSON has it.
type textReport struct {
	Model           string    `json:"model"`
	Text            []string  `json:"text"`
	Precision       string    `json:"precision"` // of the matrix products
	MaxTokens       int       `json:"max_tokens"`
	MaskProbability float64   `json:"mask_probability"`
	Rounds          int       `json:"bootstrap"` // of the intervals
	Seed            uint64    `json:"seed"`
	Missing         []string  `json:"missing,omitempty"` // tasks that are not measured
	Unusable        *unusable `json:"unusable,omitempty"`
	*training.TextMeasurement

	why map[string]string // each is missing
}

// text measures the pre-training tasks on running text.
func (c *evaluateCmd) text(ctx context.Context) error {
	corpus, err := training.OpenCorpus(c.Text...)
	if err != nil {
		return err
	}
	model, pool, stop, err := c.open()
	if err != nil {
		return err
	}
	defer stop()
	missing := c.leaveOutTasks(model.Network)
	if model.Network.MLM == nil && model.Network.NSP == nil {
		return fmt.Errorf("model %s has neither the head of the masked language model nor that of next sentence prediction, so running text says nothing of it: measure the pre-trained model that it was made of, or a head of it with --data", model.ID)
	}
	options := c.exampleOptions(model.Network, model.MaxTokens)
	if model.Network.MLM != nil && options.MaskProbability == 0 {
		return errors.New("--mask-probability 0 leaves nothing to guess")
	}
	if options.MaxTokens > model.MaxTokens {
		return fmt.Errorf("--max-tokens is %d, the model reads at most %d", options.MaxTokens, model.MaxTokens)
	}
	maker, err := training.NewExampleMaker(model.Tokenizer, options)
	if err != nil {
		return err
	}
	most := 2000
	if c.Examples != nil {
		most = *c.Examples
	}
	examples, problems, err := training.TextExamples(ctx, corpus, model.Tokenizer, maker, most, training.StreamOptions{
		Seed: c.seed(), ProblemLimit: c.problemLimit(), Pool: pool,
	})
	if err != nil {
		return err
	}
	measuring, finish := c.measuring(pool)
	result, err := training.MeasureText(ctx, model.Network, examples, most, measuring)
	finish()
	if err != nil {
		return err
	}
	report := &textReport{
		Model: model.ID, Text: c.Text, Precision: model.Network.Precision().String(),
		MaxTokens: options.MaxTokens, MaskProbability: options.MaskProbability, Rounds: c.rounds(), Seed: c.seed(),
		Missing: slices.Sorted(maps.Keys(missing)), why: missing, Unusable: newUnusable(problems), TextMeasurement: result,
	}
	if c.Format == "json" {
		return c.printJSON(report)
	}
	return c.printLines(report.lines())
}

// leaveOutTasks says why a task is not measured. The head of next sentence
// prediction that a run did not train is there all the same, as it was made:
// its answers would be of chance.
func (c *evaluateCmd) leaveOutTasks(m *bert.Model) map[string]string {
	const noHead = "the model has no head for it"
	why := map[string]string{}
	if m.MLM == nil {
		why[maskedTask] = noHead
	}
	if m.NSP == nil {
		why[nextSentenceTask] = noHead
	} else if _, run := c.run(); run.NoNextSentence {
		m.NSP = nil
		why[nextSentenceTask] = "the run that made the model did not train it (no_next_sentence)"
	}
	return why
}

// exampleOptions are those of pre-training, but that no example is made short,
// and that they are as long as those that the model was trained on, if its
// directory says so.
func (c *evaluateCmd) exampleOptions(m *bert.Model, longest int) training.ExampleOptions {
	const usual = 128 // bert pretrain's default
	options := training.DefaultExampleOptions(c.MaxTokens)
	options.ShortProbability = 0
	if c.MaskProbability != nil {
		options.MaskProbability = *c.MaskProbability
	}
	if options.MaxTokens == 0 {
		_, run := c.run()
		for _, phase := range run.Phases {
			options.MaxTokens = max(options.MaxTokens, phase.MaxTokens)
		}
		if options.MaxTokens == 0 {
			options.MaxTokens = min(usual, longest)
		}
	}
	return options
}

// lines are the report as a table.
func (r *textReport) lines() []string {
	lines := []string{
		fmt.Sprintf("%s: %s of up to %d tokens from %s", r.Model, count(r.Examples, "example"), r.MaxTokens, shortList(r.Text)),
		r.Precision,
		"",
	}
	lines = append(lines, metricsTable(r.Figures(), r.Intervals, nil)...)
	lines = append(lines, "")
	if r.Pieces > 0 {
		lines = append(lines,
			fmt.Sprintf("MLM: %s (%s %%; of these 80 %% masked, 10 %% random, 10 %% kept);", count(r.Pieces, "chosen piece"), percent(100*r.MaskProbability)),
			"its perplexity compares models of one vocabulary only")
	}
	if r.Pairs > 0 {
		line := fmt.Sprintf("NSP: %s: %s are next", count(r.Pairs, "pair"), thousands(r.IsNextPairs))
		if r.IsNextPairs > 0 {
			line += fmt.Sprintf(" (%s %% right)", percent(100*r.IsNext))
		}
		line += fmt.Sprintf(", %s are not", thousands(r.Pairs-r.IsNextPairs))
		if r.IsNextPairs < r.Pairs {
			line += fmt.Sprintf(" (%s %% right)", percent(100*r.NotNext))
		}
		lines = append(lines, line)
	}
	for _, task := range r.Missing {
		lines = append(lines, fmt.Sprintf("%s is not measured: %s", task, r.why[task]))
	}
	return append(lines, r.Unusable.note()...)
}
