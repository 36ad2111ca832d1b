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
	"cloze/internal/evaluation"
	"cloze/internal/kernels"
	"cloze/internal/training"
)

// head measures a head on a labelled file.
func (c *evaluateCmd) head(ctx context.Context, path string) (err error) {
	dir, _ := c.directory()
	mistakes, err := openMistakes(c.Mistakes, path, dir)
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
		err = c.printLines(headLines(report))
	}
	return errors.Join(err, lost)
}

// measureSet measures a head of a model on a set, which was read of one file.
func (c *evaluateCmd) measureSet(ctx context.Context, m *engine.Model, pool *kernels.Pool, set *training.Set, path string, maxTokens int) (*evaluation.HeadReport, error) {
	measuring, finish := c.measuring(pool)
	defer finish()
	return evaluation.MeasureHead(ctx, m, set, c.setConfig(path), maxTokens, measuring)
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
		if maxTokens = m.Network.Heads[head].Describe().MaxTokens; maxTokens == 0 {
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
	unknown, known, err := evaluation.UnknownLabels(config, described, first.Label, c.problemLimit())
	if err != nil {
		return err
	}
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

// headLines are the report as tables.
func headLines(r *evaluation.HeadReport) []string {
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
	if notes := headNotes(r); len(notes) > 0 {
		lines = append(append(lines, ""), notes...)
	}
	return lines
}

// headNotes say what to bear in mind when one reads the figures.
func headNotes(r *evaluation.HeadReport) []string {
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
	return append(notes, headCautions(r)...)
}

// headCautions say what of the file does not stand in the figures, or not as it is
// there.
func headCautions(r *evaluation.HeadReport) []string {
	var notes []string
	if len(r.Absent) > 0 {
		notes = append(notes, fmt.Sprintf("nothing in the file is %s; if it does not annotate that: --lacks '%s'", shortList(r.Absent), r.Absent[0]))
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
	return append(notes, unusableNote(r.Unusable)...)
}
