package main

import (
	"context"
	"errors"
	"fmt"

	"cloze/internal/evaluation"
	"cloze/internal/training"
)

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
	run := c.pretraining()
	leftOut := evaluation.LeaveOut(model.Network, run)
	if leftOut[evaluation.MLM] != "" && leftOut[evaluation.NSP] != "" {
		return fmt.Errorf("model %s has neither the head of the masked language model nor that of next sentence prediction, so running text says nothing of it: measure the pre-trained model that it was made of, or a head of it with --data", model.ID)
	}
	options := evaluation.ExampleOptions(model, run, c.MaxTokens)
	options.MaskProbability = given(c.MaskProbability, options.MaskProbability)
	if leftOut[evaluation.MLM] == "" && options.MaskProbability == 0 {
		return errors.New("--mask-probability 0 leaves nothing to guess")
	}
	if options.MaxTokens > model.MaxTokens {
		return fmt.Errorf("--max-tokens is %d, the model reads at most %d", options.MaxTokens, model.MaxTokens)
	}
	measuring, finish := c.measuring(pool)
	report, err := evaluation.MeasureText(ctx, model, evaluation.Text{
		Paths: c.Text, Corpus: corpus, Examples: options, Most: given(c.Examples, 2000),
		LeftOut: leftOut, ProblemLimit: c.problemLimit(),
	}, measuring)
	finish()
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return c.printJSON(report)
	}
	return c.printLines(textLines(report))
}

// textLines are the report as a table.
func textLines(r *evaluation.TextReport) []string {
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
		lines = append(lines, fmt.Sprintf("%s is not measured: %s", task, r.Why[task]))
	}
	return append(lines, unusableNote(r.Unusable)...)
}
