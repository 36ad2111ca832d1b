package evaluation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/tasks"
	"cloze/internal/training"
)

// scoreEntities measures a set of tagged sentences, as training does: on texts,
// not on words by themselves, since that is how a user's come.
//
// Types that the set does not label are left out of the choice, and types that
// the model does not know are left out of the set: "O" there means "O or that
// type". A sentence longer than the longest text is read in parts.
func (c *Comparison) scoreEntities(ctx context.Context, s LabelledSet) (*CardScore, error) {
	head, ok := c.Model.Network.Heads[tasks.NERHead].(*bert.TokenHead)
	if !ok {
		return nil, &unfitError{fmt.Sprintf("model %s has no head \"ner\"", c.Model.ID)}
	}
	known := tasks.EntityTypes(head.Labels)
	var all []training.TaggedSentence
	labelled := make(map[string]bool)
	for sentence, err := range training.ReadTagged(s.Path, c.problems()) {
		if err != nil {
			return nil, err
		}
		all = append(all, sentence)
		for _, entity := range training.Entities(sentence.Tags) {
			labelled[entity.Type] = true
		}
	}
	var types []string
	for _, kind := range known {
		if labelled[kind] {
			types = append(types, kind)
		}
	}
	if len(types) == 0 {
		return nil, &unfitError{fmt.Sprintf("its types are %s, the model's %s",
			strings.Join(slices.Sorted(maps.Keys(labelled)), ", "), strings.Join(known, ", "))}
	}
	set, err := c.loadEntities(s.Path)
	if err != nil {
		return nil, err
	}
	score, err := training.MeasureSet(ctx, c.Model.Network, set, training.Measuring{Pool: c.Pool})
	if err != nil {
		return nil, err
	}
	result := &CardScore{
		Rows: score.Rows, Of: len(all),
		Figure: 100 * score.Value, MacroF1: 100 * score.Metrics["entity_macro_f1"], Unusable: newUnusable(set.Problems),
	}
	if c.Served {
		served, err := c.servedEntities(ctx, drawn(all, set), types)
		if err != nil {
			return nil, err
		}
		result.Served = &served
	}
	return result, nil
}

// drawn are the sentences of a file that a set was made of.
func drawn(all []training.TaggedSentence, set *training.Set) []training.TaggedSentence {
	taken := make([]training.TaggedSentence, 0, set.Rows)
	lines := set.Lines()
	for _, sentence := range all {
		if _, is := slices.BinarySearch(lines, sentence.Line); is {
			taken = append(taken, sentence)
		}
	}
	return taken
}

// loadEntities reads tagged sentences for the head "ner", or draws some of them.
func (c *Comparison) loadEntities(path string) (*training.Set, error) {
	maxTokens := c.Model.MaxTokens
	if pieces := c.limit(tasks.NERHead); pieces > 0 {
		maxTokens = min(maxTokens, pieces+2) // [CLS] and [SEP]
	}
	config := training.SetConfig{Dev: path, MaxRows: c.Rows, Map: map[string]*string{"*": nil}}
	return training.LoadSet(c.Model.Network, c.Model.Tokenizer, tasks.NERHead, config, maxTokens, 0, c.ProblemLimit)
}

// servedEntities is the entity F1 of the server's answers: plain text, found
// entities of exactly the labelled places.
func (c *Comparison) servedEntities(ctx context.Context, sentences []training.TaggedSentence, types []string) (float64, error) {
	found, err := inChunks(ctx, sentences, func(ctx context.Context, sentences []training.TaggedSentence) ([]tasks.NERResult, error) {
		texts := make([]tasks.Text, len(sentences))
		for i, s := range sentences {
			texts[i].Text = s.Text
		}
		return tasks.NER{Engine: c.Engine}.Recognize(ctx, texts, tasks.NEROptions{Options: c.options()})
	})
	if err != nil {
		return 0, err
	}
	counts := training.NewEntityCounts(types...)
	for i, s := range sentences {
		var want, got []training.Entity
		for _, e := range training.Entities(s.Tags) {
			want = append(want, training.Entity{Type: e.Type, Start: s.Words[e.Start].Start, End: s.Words[e.End-1].End})
		}
		for _, e := range found[i].Entities {
			got = append(got, training.Entity{Type: e.Type, Start: e.Start, End: e.End})
		}
		counts.Add(want, got)
	}
	return 100 * counts.Micro().F1(), nil
}
