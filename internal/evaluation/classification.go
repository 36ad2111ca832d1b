package evaluation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/tasks"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// scoreRows measures a set of labelled texts or pairs, whose labels are mapped
// to the model's.
//
// Labels that the set never uses are left out of the choice of a sentiment:
// most sets have no neutral. Rows whose label the model does not know are left
// out of the set.
func (c *Comparison) scoreRows(ctx context.Context, s LabelledSet, labels map[string]*string) (*CardScore, error) {
	head, ok := c.Model.Network.Heads[s.Task].(*bert.SequenceHead)
	if !ok {
		return nil, &unfitError{fmt.Sprintf("model %s has no head %q", c.Model.ID, s.Task)}
	}
	problems := c.problems()
	rows, err := readRows(s, labels, head.Labels, problems)
	if err != nil {
		return nil, err
	}
	allowed := head.Labels
	if s.Task != tasks.TopicHead {
		allowed = labelsOf(rows, head.Labels)
	}
	sampled := sample(rows, c.Rows)
	scores, err := inChunks(ctx, sampled, func(ctx context.Context, rows []training.Record) ([]map[string]float64, error) {
		return c.askRows(ctx, s.Task, rows)
	})
	if err != nil {
		return nil, err
	}
	confusion := confusionOf(sampled, scores, head.Labels, allowed)
	result := &CardScore{Rows: len(sampled), Of: len(rows), Figure: 100 * confusion.Accuracy(), MacroF1: 100 * confusion.MacroF1(), Unusable: newUnusable(problems)}
	if c.Served {
		scores, err := inChunks(ctx, sampled, func(ctx context.Context, rows []training.Record) ([]map[string]float64, error) {
			return c.askServed(ctx, s.Task, rows)
		})
		if err != nil {
			return nil, err
		}
		served := 100 * confusionOf(sampled, scores, head.Labels, head.Labels).Accuracy()
		result.Served = &served
	}
	return result, nil
}

// readRows reads the rows whose label the model knows, under the model's name
// for it.
func readRows(s LabelledSet, labels map[string]*string, known []string, problems *training.Problems) ([]training.Record, error) {
	config := training.SetConfig{Map: labels, Fields: training.Fields{ByFlags: true}}
	if s.Task == tasks.AspectHead {
		config.Fields.Pair = "aspect"
	}
	index := make(map[string]int32, len(known))
	for i, label := range known {
		index[label] = int32(i)
	}
	var rows []training.Record
	found := make(map[string]bool)
	for row, err := range training.ReadRecords(s.Path, config.Fields, problems) {
		if err != nil {
			return nil, err
		}
		if len(row.Labels) != 1 {
			return nil, &unfitError{"its rows have several labels"}
		}
		found[row.Labels[0]] = true
		label, keep := config.Mapped(row.Labels[0], index)
		if _, ours := index[label]; keep && ours {
			row.Labels = []string{label}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil, &unfitError{fmt.Sprintf("its labels are %s, the model's %s",
			strings.Join(slices.Sorted(maps.Keys(found)), ", "), strings.Join(known, ", "))}
	}
	return rows, nil
}

// labelsOf are those of the head's labels that some row has.
func labelsOf(rows []training.Record, labels []string) []string {
	var used []string
	for _, label := range labels {
		if slices.ContainsFunc(rows, func(r training.Record) bool { return r.Labels[0] == label }) {
			used = append(used, label)
		}
	}
	return used
}

// confusionOf takes the best allowed label of each row.
func confusionOf(rows []training.Record, scores []map[string]float64, labels, allowed []string) *training.Confusion {
	confusion := training.NewConfusion(labels)
	for i, row := range rows {
		best := allowed[0]
		for _, label := range allowed[1:] {
			if scores[i][label] > scores[i][best] {
				best = label
			}
		}
		confusion.Add(slices.Index(labels, row.Labels[0]), slices.Index(labels, best))
	}
	return confusion
}

// askRows gives the scores of rows as the card has it: the text cut, an aspect
// behind it as the second of a pair.
func (c *Comparison) askRows(ctx context.Context, task string, rows []training.Record) ([]map[string]float64, error) {
	texts := make([]tasks.Text, len(rows))
	for i, row := range rows {
		texts[i] = tasks.Text{Text: c.cut(row.Text, c.limit(task)), Pair: row.Pair, HasPair: task == tasks.AspectHead}
	}
	if task == tasks.SentimentHead {
		return c.askSentiment(ctx, texts)
	}
	return c.askHead(ctx, task, texts)
}

// askServed gives the scores of rows as the server does: nothing cut, and an
// aspect looked up in the text.
func (c *Comparison) askServed(ctx context.Context, task string, rows []training.Record) ([]map[string]float64, error) {
	if task == tasks.AspectHead {
		scores := make([]map[string]float64, len(rows))
		for i, row := range rows {
			results, err := tasks.Sentiment{Engine: c.Engine}.Analyze(ctx, []tasks.Text{{Text: row.Text}}, tasks.SentimentOptions{
				Options: c.options(), Aspects: []string{row.Pair},
			})
			if err != nil {
				return nil, err
			}
			scores[i] = results[0].Aspects[0].Scores
		}
		return scores, nil
	}
	texts := make([]tasks.Text, len(rows))
	for i, row := range rows {
		texts[i] = tasks.Text{Text: row.Text}
	}
	if task == tasks.SentimentHead {
		return c.askSentiment(ctx, texts)
	}
	return c.askHead(ctx, task, texts)
}

func (c *Comparison) askSentiment(ctx context.Context, texts []tasks.Text) ([]map[string]float64, error) {
	results, err := tasks.Sentiment{Engine: c.Engine}.Analyze(ctx, texts, tasks.SentimentOptions{Options: c.options()})
	if err != nil {
		return nil, err
	}
	scores := make([]map[string]float64, len(results))
	for i, r := range results {
		scores[i] = r.Scores
	}
	return scores, nil
}

func (c *Comparison) askHead(ctx context.Context, head string, texts []tasks.Text) ([]map[string]float64, error) {
	results, err := tasks.Classifier{Engine: c.Engine}.Classify(ctx, texts, tasks.ClassifyOptions{Options: c.options(), Head: head})
	if err != nil {
		return nil, err
	}
	scores := make([]map[string]float64, len(results))
	for i, r := range results {
		scores[i] = make(map[string]float64, len(r.Labels))
		for _, s := range r.Labels {
			scores[i][s.Label] = s.Score
		}
	}
	return scores, nil
}

// cut cuts a text behind so many pieces. Longest matches from the left, which
// make pieces, do not change when the end of a word is cut off between two of
// them.
func (c *Comparison) cut(text string, pieces int) string {
	if pieces == 0 {
		return text
	}
	e := c.Model.Tokenizer.Encode(text, tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true})
	if e.Len() <= pieces {
		return text
	}
	return text[:e.Offsets[pieces-1].End]
}
