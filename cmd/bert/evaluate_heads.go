package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloze/internal/engine"
	"cloze/internal/evaluation"
	"cloze/internal/kernels"
)

// headsReport is how the heads of a model do on a directory of sets, as JSON
// has it.
type headsReport struct {
	Model string                   `json:"model"`
	Sets  []*evaluation.HeadReport `json:"sets"`
	// Failed are the sets that could not be measured.
	Failed []failedSet `json:"failed,omitempty"`
	// Others are the sets HEAD/SET of heads that the model has not.
	Others []string `json:"others,omitempty"`
}

// failedSet is a set whose file does not fit its head.
type failedSet struct {
	Head  string `json:"head"`
	Set   string `json:"set"`
	Error string `json:"error"`
}

// heads measures the heads of a model on the sets HEAD/SET/dev.* of a
// directory.
func (c *evaluateCmd) heads(ctx context.Context) error {
	if c.Mistakes != "" {
		return errors.New("--mistakes writes those of one file: give --data a file")
	}
	model, pool, stop, err := c.open()
	if err != nil {
		return err
	}
	defer stop()
	report := &headsReport{Model: model.ID}
	for _, head := range model.Network.Config.HeadNames() {
		if c.Head != "" && c.Head != head {
			continue
		}
		if err := c.measureSets(ctx, report, model, pool, head); err != nil {
			return err
		}
	}
	if len(report.Sets)+len(report.Failed) == 0 {
		if _, err := chooseHead(model, c.Head, ""); c.Head != "" && err != nil {
			return err
		}
		return fmt.Errorf("%s: no set there: want HEAD/SET/dev.jsonl, .conll, .csv or .tsv, HEAD being one of %s; or give a file", c.Data, listHeads(model))
	}
	if c.Head == "" {
		report.Others = evaluation.Others(c.Data, model.Network.Config.HeadNames())
	}
	if c.Format == "json" {
		err = c.printJSON(report)
	} else {
		err = c.printLines(report.lines())
	}
	if n := len(report.Failed); err == nil && n > 0 {
		err = fmt.Errorf("%s of %d could not be measured", count(n, "set"), len(report.Sets)+n)
	}
	return err
}

// measureSets adds the sets of one head. One that cannot be read is no reason to
// say nothing of the others.
func (c *evaluateCmd) measureSets(ctx context.Context, report *headsReport, m *engine.Model, pool *kernels.Pool, head string) error {
	sets, err := evaluation.SetsOf(c.Data, head)
	if err != nil {
		return err
	}
	for _, s := range sets {
		set, maxTokens, err := c.loadSet(m, head, s.Path)
		if err != nil {
			report.Failed = append(report.Failed, failedSet{Head: head, Set: s.Name, Error: err.Error()})
			continue
		}
		measured, err := c.measureSet(ctx, m, pool, set, s.Path, maxTokens)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
		measured.Set = s.Name
		report.Sets = append(report.Sets, measured)
	}
	return nil
}

// lines are the report as a table of the main figures.
func (r *headsReport) lines() []string {
	rows := [][]string{{r.Model, "rows", "figure", "value", "95 % interval"}}
	var notes []string
	for _, s := range r.Sets {
		f := figures[slices.IndexFunc(figures, func(f figure) bool { return f.name == s.Main })]
		value := f.String(s.Value)
		if slices.Contains(s.Undefined, s.Main) {
			value = undefinedFigure
		}
		row := []string{shorten(s.Head+"/"+s.Set, longestName), thousands(s.Rows), f.title, value, ""}
		if i, ok := s.Intervals[s.Main]; ok {
			row[len(row)-1] = f.String(i.Low) + " … " + f.String(i.High)
		}
		rows = append(rows, row)
		for _, note := range headCautions(s) {
			notes = append(notes, fmt.Sprintf("%s/%s: %s", s.Head, s.Set, strings.TrimSpace(note)))
		}
	}
	for _, f := range r.Failed {
		notes = append(notes, fmt.Sprintf("%s/%s is not measured: %s", f.Head, f.Set, f.Error))
	}
	for _, set := range r.Others {
		head, _, _ := strings.Cut(set, "/")
		notes = append(notes, fmt.Sprintf("%s is not measured: the model has no head %q", set, head))
	}
	lines := columns(rows, "  ")
	if len(notes) > 0 {
		lines = append(append(lines, ""), notes...)
	}
	return append(lines, "", "shares in per cent; all figures of a set: give its file")
}
