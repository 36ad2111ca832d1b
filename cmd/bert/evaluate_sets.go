package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/internal/tasks"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// labelledSet is a labelled file and what it is for.
type labelledSet struct {
	task, name, path string
	fold             map[string]string // the model's labels for the set's
	without          []string          // labels whose rows are left out
}

// evaluatedTasks are those that evaluate knows, in the order of the table.
var evaluatedTasks = []string{"sentiment", "aspect", "topic", "ner"}

// devFiles are the names of a set's file, in a directory of sets.
var devFiles = []string{
	"dev.jsonl", "dev.jsonl.gz", "dev.conll", "dev.conll.gz", "dev.csv", "dev.csv.gz", "dev.tsv", "dev.tsv.gz",
}

// findSets lists the sets at a path: a file, the directory of a set, or one of
// sets by task. A task that is given is that of the file, or the only one
// listed.
func findSets(path, task string) ([]labelledSet, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		set, err := oneSet(path, task)
		return []labelledSet{set}, err
	}
	file, err := devFile(path)
	if err != nil {
		return nil, err
	}
	if file != "" {
		set, err := oneSet(file, task)
		return []labelledSet{set}, err
	}
	var sets []labelledSet
	for _, t := range evaluatedTasks {
		if task != "" && task != t {
			continue
		}
		of, err := setsOf(path, t)
		if err != nil {
			return nil, err
		}
		sets = append(sets, of...)
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("%s: no set there: want TASK/SET/dev.jsonl, .conll, .csv or .tsv, TASK being one of %s; for a head of another name give a file", path, strings.Join(evaluatedTasks, ", "))
	}
	return sets, nil
}

// setsOf lists the sets TASK/SET/dev.* of one task, or head, in a directory.
func setsOf(directory, task string) ([]labelledSet, error) {
	entries, err := os.ReadDir(filepath.Join(directory, task))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var sets []labelledSet
	for _, entry := range entries {
		path, err := devFile(filepath.Join(directory, task, entry.Name()))
		if err != nil {
			return nil, err
		}
		if path != "" {
			sets = append(sets, labelledSet{task: task, name: entry.Name(), path: path})
		}
	}
	return sets, nil
}

// devFile is the file of the set that a directory is; empty if it is none.
func devFile(directory string) (string, error) {
	var found []string
	for _, name := range devFiles {
		if isFile(filepath.Join(directory, name)) {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return filepath.Join(directory, found[0]), nil
	default:
		return "", fmt.Errorf("%s: which is its set? It holds %s: remove all but one, or give the file itself", directory, strings.Join(found, " and "))
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// oneSet is a file as a set, named by the directory it is in; the directory
// above that may tell its task.
func oneSet(path, task string) (labelledSet, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return labelledSet{}, err
	}
	directory := filepath.Dir(absolute)
	set := labelledSet{task: task, name: filepath.Base(directory), path: path}
	if set.task == "" {
		set.task = filepath.Base(filepath.Dir(directory))
	}
	if !slices.Contains(evaluatedTasks, set.task) {
		return labelledSet{}, fmt.Errorf("%s: say with --task what it is for: %s", path, strings.Join(evaluatedTasks, ", "))
	}
	return set, nil
}

// evaluator measures one model.
type evaluator struct {
	engine *engine.Engine
	model  *engine.Model
	pool   *kernels.Pool // of the engine
	rows   int           // of a set; 0 is all
	pieces int           // of a text; 0 is no limit, negative the card's
	served bool
	// badLines of a set may be unusable, as training.Problems.Limit has it.
	badLines int
}

// unfitError says why a model cannot be measured on a set.
type unfitError struct{ reason string }

func (e *unfitError) Error() string { return e.reason }

// score measures a set.
func (v *evaluator) score(ctx context.Context, s labelledSet) (*setScore, error) {
	measure := v.scoreRows
	if s.task == "ner" {
		measure = v.scoreEntities
	}
	score, err := measure(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", s.task, s.name, err)
	}
	score.Task, score.Set = s.task, s.name
	return score, nil
}

// options ask the evaluated model, whatever the script of a text.
func (v *evaluator) options() tasks.Options {
	return tasks.Options{Model: v.model.ID, OffsetUnit: tokenizer.Byte}
}

func (v *evaluator) problems() *training.Problems { return &training.Problems{Limit: v.badLines} }

// limit is the longest text of a task, in pieces; 0 is none.
func (v *evaluator) limit(task string) int {
	if v.pieces < 0 {
		return cardPieces[task]
	}
	return v.pieces
}

// sample is some rows, spread evenly.
func sample[T any](rows []T, n int) []T {
	if n == 0 || n >= len(rows) {
		return rows
	}
	taken := make([]T, n)
	for i := range taken {
		taken[i] = rows[i*len(rows)/n]
	}
	return taken
}

// chunk is how many rows are asked for together. Two chunks are under way at
// once, so that one is made into pieces while the other is in the model.
const chunk = 64

// inChunks asks for rows chunk by chunk, and returns the answers in order.
func inChunks[T, R any](ctx context.Context, rows []T, ask func(context.Context, []T) ([]R, error)) ([]R, error) {
	answers := make([]R, len(rows))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for from := 0; from < len(rows); from += chunk {
		to := min(from+chunk, len(rows))
		group.Go(func() error {
			part, err := ask(ctx, rows[from:to])
			copy(answers[from:to], part)
			return err
		})
	}
	return answers, group.Wait()
}

// scoreRows measures a set of labelled texts or pairs.
//
// Labels that the set never uses are left out of the choice of a sentiment:
// most sets have no neutral. Rows whose label the model does not know are left
// out of the set.
func (v *evaluator) scoreRows(ctx context.Context, s labelledSet) (*setScore, error) {
	head, ok := v.model.Network.Heads[s.task].(*bert.SequenceHead)
	if !ok {
		return nil, &unfitError{fmt.Sprintf("model %s has no head %q", v.model.ID, s.task)}
	}
	problems := v.problems()
	rows, err := s.readRows(head.Labels, problems)
	if err != nil {
		return nil, err
	}
	allowed := head.Labels
	if s.task != "topic" {
		allowed = labelsOf(rows, head.Labels)
	}
	sampled := sample(rows, v.rows)
	scores, err := inChunks(ctx, sampled, func(ctx context.Context, rows []training.Record) ([]map[string]float64, error) {
		return v.askRows(ctx, s.task, rows)
	})
	if err != nil {
		return nil, err
	}
	confusion := confusionOf(sampled, scores, head.Labels, allowed)
	result := &setScore{Rows: len(sampled), Of: len(rows), Figure: 100 * confusion.Accuracy(), MacroF1: 100 * confusion.MacroF1(), Unusable: newUnusable(problems)}
	if v.served {
		scores, err := inChunks(ctx, sampled, func(ctx context.Context, rows []training.Record) ([]map[string]float64, error) {
			return v.askServed(ctx, s.task, rows)
		})
		if err != nil {
			return nil, err
		}
		served := 100 * confusionOf(sampled, scores, head.Labels, head.Labels).Accuracy()
		result.Served = &served
	}
	return result, nil
}

// readRows reads the rows whose label the model knows, and folds the labels.
func (s labelledSet) readRows(known []string, problems *training.Problems) ([]training.Record, error) {
	fields := training.Fields{ByFlags: true}
	if s.task == "aspect" {
		fields.Pair = "aspect"
	}
	var rows []training.Record
	labels := make(map[string]bool)
	for row, err := range training.ReadRecords(s.path, fields, problems) {
		if err != nil {
			return nil, err
		}
		if len(row.Labels) != 1 {
			return nil, &unfitError{"its rows have several labels"}
		}
		label := row.Labels[0]
		labels[label] = true
		if to, ok := s.fold[label]; ok {
			label = to
		}
		if slices.Contains(known, label) && !slices.Contains(s.without, label) {
			row.Labels = []string{label}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil, &unfitError{fmt.Sprintf("its labels are %s, the model's %s",
			strings.Join(slices.Sorted(maps.Keys(labels)), ", "), strings.Join(known, ", "))}
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
func (v *evaluator) askRows(ctx context.Context, task string, rows []training.Record) ([]map[string]float64, error) {
	texts := make([]tasks.Text, len(rows))
	for i, row := range rows {
		texts[i] = tasks.Text{Text: v.cut(row.Text, v.limit(task)), Pair: row.Pair, HasPair: task == "aspect"}
	}
	if task == "sentiment" {
		return v.askSentiment(ctx, texts)
	}
	return v.askHead(ctx, task, texts)
}

// askServed gives the scores of rows as the server does: nothing cut, and an
// aspect looked up in the text.
func (v *evaluator) askServed(ctx context.Context, task string, rows []training.Record) ([]map[string]float64, error) {
	if task == "aspect" {
		scores := make([]map[string]float64, len(rows))
		for i, row := range rows {
			results, err := tasks.Sentiment{Engine: v.engine}.Analyze(ctx, []tasks.Text{{Text: row.Text}}, tasks.SentimentOptions{
				Options: v.options(), Aspects: []string{row.Pair},
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
	if task == "sentiment" {
		return v.askSentiment(ctx, texts)
	}
	return v.askHead(ctx, task, texts)
}

func (v *evaluator) askSentiment(ctx context.Context, texts []tasks.Text) ([]map[string]float64, error) {
	results, err := tasks.Sentiment{Engine: v.engine}.Analyze(ctx, texts, tasks.SentimentOptions{Options: v.options()})
	if err != nil {
		return nil, err
	}
	scores := make([]map[string]float64, len(results))
	for i, r := range results {
		scores[i] = r.Scores
	}
	return scores, nil
}

func (v *evaluator) askHead(ctx context.Context, head string, texts []tasks.Text) ([]map[string]float64, error) {
	results, err := tasks.Classifier{Engine: v.engine}.Classify(ctx, texts, tasks.ClassifyOptions{Options: v.options(), Head: head})
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
func (v *evaluator) cut(text string, pieces int) string {
	if pieces == 0 {
		return text
	}
	e := v.model.Tokenizer.Encode(text, tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true})
	if e.Len() <= pieces {
		return text
	}
	return text[:e.Offsets[pieces-1].End]
}

// scoreEntities measures a set of tagged sentences, as training does: on texts,
// not on words by themselves, since that is how a user's come.
//
// Types that the set does not label are left out of the choice, and types that
// the model does not know are left out of the set: "O" there means "O or that
// type". A sentence longer than the longest text is read in parts.
func (v *evaluator) scoreEntities(ctx context.Context, s labelledSet) (*setScore, error) {
	known, err := v.entityTypes()
	if err != nil {
		return nil, err
	}
	var all []training.TaggedSentence
	labelled := make(map[string]bool)
	for sentence, err := range training.ReadTagged(s.path, v.problems()) {
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
	set, err := v.loadEntities(s.path)
	if err != nil {
		return nil, err
	}
	score, err := training.MeasureSet(ctx, v.model.Network, set, training.Measuring{Pool: v.pool})
	if err != nil {
		return nil, err
	}
	result := &setScore{
		Rows: score.Rows, Of: len(all),
		Figure: 100 * score.Value, MacroF1: 100 * score.Metrics["entity_macro_f1"], Unusable: newUnusable(set.Problems),
	}
	if v.served {
		served, err := v.servedEntities(ctx, drawn(all, set), types)
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

// entityTypes are the types of the model's token head.
func (v *evaluator) entityTypes() ([]string, error) {
	head, ok := v.model.Network.Heads["ner"].(*bert.TokenHead)
	if !ok {
		return nil, &unfitError{fmt.Sprintf("model %s has no head \"ner\"", v.model.ID)}
	}
	return entityTypes(head.Labels), nil
}

// entityTypes are the types among tags, each once.
func entityTypes(tags []string) []string {
	var types []string
	for _, tag := range tags {
		if _, kind, ok := strings.Cut(tag, "-"); ok && !slices.Contains(types, kind) {
			types = append(types, kind)
		}
	}
	return types
}

// loadEntities reads tagged sentences for the head "ner", or draws some of them.
func (v *evaluator) loadEntities(path string) (*training.Set, error) {
	maxTokens := v.model.MaxTokens
	if pieces := v.limit("ner"); pieces > 0 {
		maxTokens = min(maxTokens, pieces+2) // [CLS] and [SEP]
	}
	config := training.SetConfig{Dev: path, MaxRows: v.rows, Map: map[string]*string{"*": nil}}
	return training.LoadSet(v.model.Network, v.model.Tokenizer, "ner", config, maxTokens, 0, v.badLines)
}

// servedEntities is the entity F1 of the server's answers: plain text, found
// entities of exactly the labelled places.
func (v *evaluator) servedEntities(ctx context.Context, sentences []training.TaggedSentence, types []string) (float64, error) {
	found, err := inChunks(ctx, sentences, func(ctx context.Context, sentences []training.TaggedSentence) ([]tasks.NERResult, error) {
		texts := make([]tasks.Text, len(sentences))
		for i, s := range sentences {
			texts[i].Text = s.Text
		}
		return tasks.NER{Engine: v.engine}.Recognize(ctx, texts, tasks.NEROptions{Options: v.options()})
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
