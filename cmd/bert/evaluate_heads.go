package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cloze/internal/engine"
	"cloze/internal/kernels"
)

// headsReport is how the heads of a model do on a directory of sets, as JSON
// has it.
type headsReport struct {
	Model string        `json:"model"`
	Sets  []*headReport `json:"sets"`
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
	if len(report.Sets) == 0 {
		if _, err := chooseHead(model, c.Head, ""); c.Head != "" && err != nil {
			return err
		}
		return fmt.Errorf("%s: no set there: want HEAD/SET/dev.jsonl, .conll, .csv or .tsv, HEAD being one of %s; or give a file", c.Data, listHeads(model))
	}
	if c.Format == "json" {
		return c.printJSON(report)
	}
	return c.printLines(report.lines())
}

// measureSets adds the sets of one head.
func (c *evaluateCmd) measureSets(ctx context.Context, report *headsReport, m *engine.Model, pool *kernels.Pool, head string) error {
	entries, err := os.ReadDir(filepath.Join(c.Data, head))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		for _, name := range devFiles {
			path := filepath.Join(c.Data, head, entry.Name(), name)
			if !isFile(path) {
				continue
			}
			set, err := c.measureHead(ctx, m, pool, head, path)
			if err != nil {
				return err
			}
			set.Set = entry.Name()
			report.Sets = append(report.Sets, set)
		}
	}
	return nil
}

// lines are the report as a table of the main figures.
func (r *headsReport) lines() []string {
	rows := [][]string{{r.Model, "rows", "figure", "value", "95 % interval"}}
	var notes []string
	for _, s := range r.Sets {
		f := figures[slices.IndexFunc(figures, func(f figure) bool { return f.name == s.Main })]
		row := []string{shorten(s.Head+"/"+s.Set, longestName), thousands(s.Rows), f.title, f.String(s.Value), ""}
		if i, ok := s.Intervals[s.Main]; ok {
			row[len(row)-1] = f.String(i.Low) + " … " + f.String(i.High)
		}
		rows = append(rows, row)
		for _, note := range s.cautions() {
			notes = append(notes, fmt.Sprintf("%s/%s: %s", s.Head, s.Set, strings.TrimSpace(note)))
		}
	}
	lines := columns(rows, "  ")
	if len(notes) > 0 {
		lines = append(append(lines, ""), notes...)
	}
	return append(lines, "", "shares in per cent; all figures of a set: give its file")
}
