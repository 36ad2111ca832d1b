package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"cloze/internal/evaluation"
)

// beside measures the models on the sets of a directory, each beside its card.
func (c *evaluateCmd) beside(ctx context.Context) error {
	rows := given(c.Rows, evaluation.CardRows)
	if c.Check && rows > 0 && rows < evaluation.CardRows {
		return fmt.Errorf("--check needs as many rows as the card has: --rows %d, or 0 for all", evaluation.CardRows)
	}
	cards, err := c.cards()
	if err != nil {
		return err
	}
	e, pool, err := c.startWithPool()
	if err != nil {
		return err
	}
	defer pool.Close()
	defer e.Close()
	var off []string
	var reports []*evaluation.CardReport
	for _, m := range e.Models() {
		id := m.ID
		if _, own := c.directory(); own {
			id = c.Card // whatever the directory is called
		}
		data, err := c.dataOf(id, len(e.Models()) > 1)
		if err != nil {
			return err
		}
		comparison := evaluation.Comparison{
			Engine: e, Model: m, Pool: pool, Card: cards[id],
			Task: c.Task, Rows: rows, Pieces: c.Pieces, All: c.All, Served: c.Served, HeldOut: c.HeldOut,
			ProblemLimit: c.problemLimit(), PassedOver: passingOver,
		}
		report, err := comparison.Measure(ctx, data)
		if err != nil {
			return err
		}
		reports = append(reports, report)
		if c.Format == "table" {
			if err := writeCardTable(c.stdout, report, c.Served); err != nil {
				return err
			}
		}
		for _, s := range report.Sets {
			if s.Off() {
				off = append(off, fmt.Sprintf("%s %s/%s", m.ID, s.Task, s.Set))
			}
		}
	}
	if c.Format == "json" {
		var all any = cardReports{reports}
		if len(reports) == 1 {
			all = reports[0]
		}
		if err := c.printJSON(all); err != nil {
			return err
		}
	}
	if c.Check && len(off) > 0 {
		return fmt.Errorf("further from the card than they may be: %s", strings.Join(off, ", "))
	}
	return nil
}

// cardReports are those of several models, as JSON has them.
type cardReports struct {
	Models []*evaluation.CardReport `json:"models"`
}

// passingOver tells of a set that a model cannot be measured on.
func passingOver(s evaluation.LabelledSet, reason string) {
	fmt.Fprintf(os.Stderr, "bert: passing over %s/%s: %s\n", s.Task, s.Name, reason)
}

// cards are those that the models may stand beside.
func (c *evaluateCmd) cards() (map[string]evaluation.Card, error) {
	cards, err := evaluation.Cards()
	if err != nil {
		return nil, err
	}
	_, own := c.directory()
	_, there := cards[c.Card]
	switch ids := strings.Join(slices.Sorted(maps.Keys(cards)), " or "); {
	case c.Card != "" && !there:
		return nil, fmt.Errorf("--card %s: there is no such card, but %s", c.Card, ids)
	case c.Card != "" && !own && c.Card != c.Model:
		return nil, fmt.Errorf("--card %s: a built-in model has its own card; --card is for a model of a directory", c.Card)
	case own && c.Card == "" && c.Check:
		return nil, fmt.Errorf("--check compares with a card: give a model of a directory one with --card %s", ids)
	}
	return cards, nil
}

// dataOf is where a model's sets are: with several models in the directory of
// its name. One without a card has no such name.
func (c *evaluateCmd) dataOf(id string, several bool) (string, error) {
	own := filepath.Join(c.Data, id)
	switch info, err := os.Stat(own); {
	case err == nil && info.IsDir():
		return own, nil
	case several:
		return "", fmt.Errorf("%s: no directory %s with the sets of model %s: name one model with --model", c.Data, id, id)
	default:
		return c.Data, nil
	}
}

// writeCardTable writes the figures as a Markdown table that reads well as text,
// with the stars of models/README.md.
func writeCardTable(w io.Writer, r *evaluation.CardReport, served bool) error {
	table := tabwriter.NewWriter(w, 0, 8, 1, ' ', 0)
	row := func(cells ...string) {
		fmt.Fprintf(table, "| %s\t|\n", strings.Join(cells, "\t| ")) //nolint:errcheck // Flush meets the same error
	}
	head := []string{r.Model, "set", "rows", "card", "Cloze", "difference"}
	if served {
		head = append(head, "as served")
	}
	row(head...)
	row(strings.Split(strings.Repeat("---,", len(head)-1)+"---", ",")...)
	largest := 0.0
	starred := false
	for _, s := range r.Sets {
		name := s.Set
		if s.Unseen {
			name += "*"
			starred = true
		}
		rows := fmt.Sprint(s.Rows)
		if s.Of > s.Rows {
			rows = fmt.Sprintf("%d of %d", s.Rows, s.Of)
		}
		card, difference := "", ""
		if s.Card != nil {
			d := s.Figure - *s.Card
			largest = max(largest, math.Abs(d))
			card, difference = percent(*s.Card), fmt.Sprintf("%+.2f", d)
			if s.Off() {
				difference += " (!)"
			}
		}
		cells := []string{s.Task, name, rows, card, percent(s.Figure), difference}
		if served {
			cells = append(cells, percent(*s.Served))
		}
		row(cells...)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "\nper cent; ner: entity F1, the others: accuracy; largest difference %.2f\n", largest); err != nil {
		return err
	}
	if starred {
		if _, err := fmt.Fprintln(w, "sets marked * gave no row to the training of the card's model"); err != nil {
			return err
		}
	}
	for _, s := range r.Sets {
		for _, note := range unusableNote(s.Unusable) {
			if _, err := fmt.Fprintf(w, "%s/%s: %s\n", s.Task, s.Set, strings.TrimSpace(note)); err != nil {
				return err
			}
		}
	}
	for _, h := range r.HeldOut {
		if _, err := fmt.Fprintln(w, heldOutLine(h)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// heldOutLine shows a figure of a pre-training task.
func heldOutLine(h *evaluation.HeldOutScore) string {
	line := fmt.Sprintf("%s on held-out %s: %.1f of %d ", h.Task, h.Sets, h.Figure, h.Examples)
	if h.Task == evaluation.NSP {
		line += fmt.Sprintf("pairs, IsNext %.1f, NotNext %.1f", h.IsNext, h.NotNext)
	} else {
		line += "masked pieces"
	}
	if h.Card > 0 {
		line += fmt.Sprintf("; the card has %.1f on documents of its own", h.Card)
	}
	return line
}

func percent(x float64) string { return fmt.Sprintf("%.1f", x) }
