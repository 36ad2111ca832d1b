package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/internal/training"
)

// headReport is how a head does on a labelled file, as JSON has it.
type headReport struct {
	Model     string           `json:"model"`
	Data      string           `json:"data"`
	Type      bert.HeadType    `json:"type"`
	Problem   bert.ProblemType `json:"problem_type,omitempty"`
	Precision string           `json:"precision"` // of the matrix products
	MaxTokens int              `json:"max_tokens"`
	Rounds    int              `json:"bootstrap"` // of the intervals
	Seed      uint64           `json:"seed"`
	// LeftOut counts rows whose label is mapped to nothing.
	LeftOut int `json:"left_out,omitempty"`
	// Truncated are the lines of rows that lost their end.
	Truncated []int     `json:"truncated,omitempty"`
	Unusable  *unusable `json:"unusable,omitempty"`
	Lacks     []string  `json:"lacks,omitempty"`
	// MistakesFile has the rows with a wrong answer.
	MistakesFile string `json:"mistakes,omitempty"`
	*training.HeadScore

	unseen []string // labels or types that nothing in the file is
}

// head measures a head on a labelled file.
func (c *evaluateCmd) head(ctx context.Context, path string) (err error) {
	mistakes, err := openMistakes(c.Mistakes, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mistakes.close()) }()
	model, pool, stop, err := c.open()
	if err != nil {
		return err
	}
	defer stop()
	name, err := chooseHead(model, c.Head, path)
	if err != nil {
		return err
	}
	set, maxTokens, err := c.loadSet(model, name, path)
	if err != nil {
		return err
	}
	report, err := c.measureSet(ctx, model, pool, set, path, maxTokens)
	if err != nil {
		return err
	}
	var lost error // of the mistakes; the figures are there all the same
	if mistakes != nil {
		if lost = mistakes.write(c.setConfig(path), model.Network.Heads[name].Describe(), report.Mistakes); lost == nil {
			report.MistakesFile = c.Mistakes
		}
	}
	if c.Format == "json" {
		err = c.printJSON(report)
	} else {
		err = c.printLines(report.lines())
	}
	return errors.Join(err, lost)
}

// measureSet measures a head of a model on a set, which was read of one file.
func (c *evaluateCmd) measureSet(ctx context.Context, m *engine.Model, pool *kernels.Pool, set *training.Set, path string, maxTokens int) (*headReport, error) {
	measuring, finish := c.measuring(pool)
	score, err := training.MeasureSet(ctx, m.Network, set, measuring)
	finish()
	if err != nil {
		return nil, err
	}
	described := m.Network.Heads[set.Head].Describe()
	score.Set = filepath.Base(path)
	report := &headReport{
		Model: m.ID, Data: path, Type: described.Type, Problem: described.ProblemType,
		Precision: m.Network.Precision().String(), MaxTokens: maxTokens, Rounds: c.rounds(), Seed: c.seed(),
		LeftOut: set.LeftOut, Truncated: set.Cut, Unusable: newUnusable(set.Problems), Lacks: c.Lacks, HeadScore: score,
	}
	for _, l := range score.Labels {
		if !set.Has(l.Label) && !slices.Contains(c.Lacks, l.Label) {
			report.unseen = append(report.unseen, l.Label)
		}
	}
	return report, nil
}

// chooseHead is the head that is asked for, the only one, or the one that a
// path HEAD/SET/FILE names.
func chooseHead(m *engine.Model, asked, path string) (string, error) {
	heads := m.Network.Heads
	names := m.Network.Config.HeadNames()
	byPath := ""
	if absolute, err := filepath.Abs(path); err == nil {
		byPath = filepath.Base(filepath.Dir(filepath.Dir(absolute)))
	}
	switch {
	case len(names) == 0:
		return "", fmt.Errorf("model %s has no head to measure on labelled rows: bert finetune makes one; --text measures its pre-training", m.ID)
	case asked != "" && heads[asked] == nil:
		return "", fmt.Errorf("model %s has no head %q, but %s", m.ID, asked, listHeads(m))
	case asked != "":
		return asked, nil
	case len(names) == 1:
		return names[0], nil
	case heads[byPath] != nil:
		return byPath, nil
	default:
		return "", fmt.Errorf("model %s has several heads: say with --head which to measure: %s", m.ID, listHeads(m))
	}
}

// listHeads names the heads of a model with what they decide.
func listHeads(m *engine.Model) string {
	var list []string
	for _, name := range m.Network.Config.HeadNames() {
		described := m.Network.Heads[name].Describe()
		labels := strings.Join(described.Labels, ", ")
		if described.ProblemType == bert.Regression {
			labels = "a number"
		}
		list = append(list, fmt.Sprintf("%s (%s)", name, shorten(labels, tableWidth/2)))
	}
	return strings.Join(list, "; ")
}

// loadSet reads the file as fine-tuning reads a dev file.
func (c *evaluateCmd) loadSet(m *engine.Model, head, path string) (_ *training.Set, maxTokens int, _ error) {
	config := c.setConfig(path)
	maxTokens = c.MaxTokens
	if maxTokens == 0 {
		run, _ := c.run()
		if maxTokens = run.Heads[head].MaxTokens; maxTokens == 0 {
			maxTokens = m.MaxTokens
		}
	}
	set, err := training.LoadSet(m.Network, m.Tokenizer, head, config, maxTokens, c.seed(), c.problemLimit())
	if unknown, ok := errors.AsType[*training.UnknownLabelError](err); ok {
		return nil, 0, c.unknownLabels(config, m.Network.Heads[head].Describe(), unknown)
	}
	return set, maxTokens, err
}

// setConfig is the file as a set of a run.
func (c *evaluateCmd) setConfig(path string) training.SetConfig {
	config := training.SetConfig{
		Name: path, Dev: path, Map: map[string]*string{}, Lacks: &c.Lacks,
		Fields: training.Fields{Text: c.TextField, Pair: c.PairField, Label: c.LabelField, Columns: c.Columns, Separator: c.Separator, ByFlags: true},
	}
	if c.Lacks == nil {
		config.Lacks = &[]string{} // a label that no row has may be answered wrongly, too
	}
	if c.Rows != nil {
		config.MaxRows = *c.Rows
	}
	for label, as := range c.Map {
		config.Map[label] = nil
		if as != "" {
			config.Map[label] = &as
		}
	}
	return config
}

// unknownLabels says which labels of the file the head does not know, and what
// to do about them.
func (c *evaluateCmd) unknownLabels(config training.SetConfig, described bert.HeadConfig, first *training.UnknownLabelError) error {
	if first.Mapped != first.Label {
		return fmt.Errorf("%s: %s: map %q to one of these, or to nothing: --map '%s=' leaves its rows out", config.Dev, first.Says(), first.Label, first.Label)
	}
	config.Train = config.Dev // whose labels are asked for
	labels, err := training.DiscoverLabels(described.Type, []training.SetConfig{config}, c.problemLimit())
	if err != nil {
		return err
	}
	labels = append([]string{first.Label}, labels...)
	known := described.Labels
	if described.Type == bert.TokenHeadType {
		labels, known = entityTypes(labels), entityTypes(known)
	}
	slices.Sort(labels)
	unknown := slices.DeleteFunc(slices.Compact(labels), func(label string) bool { return slices.Contains(known, label) })
	return fmt.Errorf("%s: head %s does not know the file's %s, only %s: for each, --map '%s=LABEL' takes it for one of these, --map '%s=' leaves its rows out",
		config.Dev, first.Head, shortList(unknown), shortList(known), unknown[0], unknown[0])
}

// shortList quotes names, as many as one cares to read.
func shortList(names []string) string {
	const most = 12
	var quoted []string
	for i, name := range names {
		if i == most {
			return strings.Join(quoted, ", ") + fmt.Sprintf(" and %d more", len(names)-most)
		}
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	return strings.Join(quoted, ", ")
}

// lines are the report as tables.
func (r *headReport) lines() []string {
	lines := []string{
		fmt.Sprintf("%s, head %s: %s of %s", r.Model, r.Head, count(r.Rows, "row"), r.Data),
		fmt.Sprintf("%s, texts of up to %d tokens", r.Precision, r.MaxTokens),
		"",
	}
	metrics := map[string]float64{"loss": r.Loss}
	for name, value := range r.Metrics {
		metrics[name] = value
	}
	lines = append(lines, metricsTable(metrics, r.Intervals, r.Undefined)...)
	what, support := "label", "rows"
	if r.Type == bert.TokenHeadType {
		what, support = "type", "entities"
	}
	if len(r.Labels) > 0 {
		lines = append(append(lines, ""), labelsTable(r.Labels, what, support)...)
	}
	if r.Confusion != nil {
		lines = append(append(lines, ""), matrixTable(r.Labels, r.Confusion)...)
	}
	if notes := r.notes(); len(notes) > 0 {
		lines = append(append(lines, ""), notes...)
	}
	return lines
}

// notes say what to bear in mind when one reads the figures.
func (r *headReport) notes() []string {
	var notes []string
	if r.Confusion != nil {
		most := slices.MaxFunc(r.Labels, func(a, b training.LabelScore) int { return a.Support - b.Support })
		notes = append(notes, fmt.Sprintf("always saying %q would be right in %s %%", most.Label, percent(100*float64(most.Support)/float64(r.Rows))))
	}
	if r.Problem == bert.MultiLabel {
		notes = append(notes, "accuracy counts rows with every label right")
	}
	if r.MistakesFile != "" && r.Problem == bert.Regression {
		notes = append(notes, fmt.Sprintf("%s, those first that are furthest off: %s", count(len(r.Mistakes), "row"), r.MistakesFile))
	} else if r.MistakesFile != "" {
		notes = append(notes, fmt.Sprintf("%s with a wrong answer: %s", count(len(r.Mistakes), "row"), r.MistakesFile))
	}
	return append(notes, r.cautions()...)
}

// cautions say what of the file does not stand in the figures, or not as it is
// there.
func (r *headReport) cautions() []string {
	var notes []string
	if len(r.unseen) > 0 {
		notes = append(notes, fmt.Sprintf("nothing in the file is %s; if it does not annotate that: --lacks '%s'", shortList(r.unseen), r.unseen[0]))
	}
	if r.LeftOut > 0 {
		notes = append(notes, count(r.LeftOut, "row")+" left out by --map")
	}
	if n := len(r.Truncated); n > 0 {
		const shown = 5
		var at []string
		for _, line := range r.Truncated[:min(shown, n)] {
			at = append(at, fmt.Sprint(line))
		}
		where := "line"
		if n > 1 {
			where = "lines"
		}
		more := ""
		if n > shown {
			more = fmt.Sprintf(" and %s more", thousands(n-shown))
		}
		notes = append(notes, fmt.Sprintf("%s longer than %d tokens lost their end: %s %s%s", count(n, "row"), r.MaxTokens, where, strings.Join(at, ", "), more))
	}
	return append(notes, r.Unusable.note()...)
}
