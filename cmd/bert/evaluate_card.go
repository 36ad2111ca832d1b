package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"cloze/internal/engine"
	"cloze/internal/kernels"
)

// The longest texts of the card's figures, in pieces without [CLS] and [SEP];
// an aspect comes on top of that.
var cardPieces = map[string]int{"sentiment": 126, "aspect": 80, "topic": 64, "ner": 126}

// evaluation is how one model does.
type evaluation struct {
	Model string      `json:"model"`
	Sets  []*setScore `json:"sets"`
	// HeldOut are MLM and NSP.
	HeldOut []*heldOutScore `json:"held_out,omitempty"`
}

// evaluations are those of several models, as JSON has them.
type evaluations struct {
	Models []*evaluation `json:"models"`
}

// setScore is how a model does on one set. Figures are in per cent: entity F1
// for ner, accuracy for the others.
type setScore struct {
	Task   string  `json:"task"`
	Set    string  `json:"set"`
	Rows   int     `json:"rows"` // measured
	Of     int     `json:"of"`   // that the set has
	Figure float64 `json:"figure"`
	// MacroF1 is the mean over the labels or types.
	MacroF1 float64 `json:"macro_f1"`
	// Served is the figure of the server's answers.
	Served *float64 `json:"served,omitempty"`
	// Card is the card's figure, which Figure may differ from by Tolerance; by
	// any amount if there is none, because fewer rows were taken than the card's.
	Card      *float64 `json:"card,omitempty"`
	Tolerance float64  `json:"tolerance,omitempty"`
	// Unusable are lines of the set that could not be read.
	Unusable *unusable `json:"unusable,omitempty"`
}

// off reports whether the figure is further from the card than it may be.
func (s *setScore) off() bool {
	return s.Card != nil && s.Tolerance > 0 && math.Abs(s.Figure-*s.Card) > s.Tolerance
}

// beside measures the models on the sets of a directory, each beside its card.
func (c *evaluateCmd) beside(ctx context.Context) error {
	rows := given(c.Rows, cardRows)
	if c.Check && rows > 0 && rows < cardRows {
		return fmt.Errorf("--check needs as many rows as the card has: --rows %d, or 0 for all", cardRows)
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
	var results []*evaluation
	for _, m := range e.Models() {
		result, err := c.evaluate(ctx, e, pool, m, cards, rows)
		if err != nil {
			return err
		}
		results = append(results, result)
		if c.Format == "table" {
			if err := result.writeTable(c.stdout, c.Served); err != nil {
				return err
			}
		}
		for _, s := range result.Sets {
			if s.off() {
				off = append(off, fmt.Sprintf("%s %s/%s", m.ID, s.Task, s.Set))
			}
		}
	}
	if c.Format == "json" {
		var all any = evaluations{results}
		if len(results) == 1 {
			all = results[0]
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

// evaluate measures one of the engine's models.
func (c *evaluateCmd) evaluate(ctx context.Context, e *engine.Engine, pool *kernels.Pool, m *engine.Model, cards map[string]modelCard, rows int) (*evaluation, error) {
	id := m.ID
	if _, own := c.directory(); own {
		id = c.Card // whatever the directory is called
	}
	data, err := c.dataOf(id, len(e.Models()) > 1)
	if err != nil {
		return nil, err
	}
	card := cards[id]
	sets, err := findSets(data, c.Task)
	if err != nil {
		return nil, err
	}
	result := &evaluation{Model: m.ID}
	v := &evaluator{engine: e, model: m, pool: pool, rows: rows, pieces: c.Pieces, served: c.Served, badLines: c.problemLimit()}
	card.sort(sets)
	lone := len(sets) == 1
	for _, s := range sets {
		described := card.set(s.task, s.name)
		if described == nil && len(card.Sets) > 0 && !c.All && !lone {
			continue
		}
		if described != nil {
			s.fold, s.without = described.Fold, described.Without
		}
		score, err := v.score(ctx, s)
		if unfit, ok := errors.AsType[*unfitError](err); ok && !lone {
			fmt.Fprintf(os.Stderr, "bert: passing over %s/%s: %s\n", s.task, s.name, unfit.reason)
			continue
		}
		if err != nil {
			return nil, err
		}
		if described != nil {
			score.Card, score.Tolerance = &described.Figure, toleranceOf(score.Rows, score.Of)
		}
		result.Sets = append(result.Sets, score)
	}
	if len(result.Sets) == 0 {
		return nil, fmt.Errorf("%s: no set there that model %s can be measured on", data, m.ID)
	}
	if c.HeldOut && !lone && c.Task == "" {
		if result.HeldOut, err = v.heldOut(ctx, data, card); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// cards are those that the models may stand beside.
func (c *evaluateCmd) cards() (map[string]modelCard, error) {
	cards, err := readCards()
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

// The card measured 2,000 rows at most; which ones of larger sets is not
// known. Figures may differ by half a point, by 1.5 where the rows do.
const (
	cardRows         = 2000
	tolerance        = 0.5
	sampledTolerance = 1.5
)

// toleranceOf is how far a figure on some rows of a set may be from the card's;
// 0, any distance, if they are fewer than the card's.
func toleranceOf(rows, of int) float64 {
	switch {
	case rows < min(of, cardRows):
		return 0
	case of > cardRows:
		return sampledTolerance
	default:
		return tolerance
	}
}

// modelCard is the figures that a model's makers measured, the expectation of
// evaluate.
type modelCard struct {
	MLM float64 `json:"mlm"`
	NSP float64 `json:"nsp"`
	// HeldOut names sets of documents that the model has not seen.
	HeldOut []string  `json:"held_out"`
	Sets    []cardSet `json:"sets"`
}

// cardSet is the figure of one set, and how its labels are the model's.
type cardSet struct {
	Task   string  `json:"task"`
	Set    string  `json:"set"`
	Figure float64 `json:"figure"`
	// Unseen says that no row of the set was trained on.
	Unseen bool `json:"unseen"`
	// Fold gives the model's label for one of the set's.
	Fold map[string]string `json:"fold"`
	// Without lists labels whose rows are left out.
	Without []string `json:"without"`
}

func (c modelCard) set(task, name string) *cardSet {
	for i := range c.Sets {
		if c.Sets[i].Task == task && c.Sets[i].Set == name {
			return &c.Sets[i]
		}
	}
	return nil
}

// sort puts sets in the order of the card, those that it has not behind them.
func (c modelCard) sort(sets []labelledSet) {
	place := func(s labelledSet) int {
		i := slices.IndexFunc(c.Sets, func(d cardSet) bool { return d.Task == s.task && d.Set == s.name })
		if i < 0 {
			return len(c.Sets)
		}
		return i
	}
	slices.SortStableFunc(sets, func(a, b labelledSet) int { return cmp.Compare(place(a), place(b)) })
}

//go:embed cards.json
var cardsJSON []byte

// readCards are the cards of the embedded models, by their ids.
func readCards() (map[string]modelCard, error) {
	var cards map[string]modelCard
	if err := json.Unmarshal(cardsJSON, &cards); err != nil {
		return nil, fmt.Errorf("cards.json: %w", err)
	}
	return cards, nil
}

// writeTable writes the figures as a Markdown table that reads well as text.
func (r *evaluation) writeTable(w io.Writer, served bool) error {
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
	for _, s := range r.Sets {
		rows := fmt.Sprint(s.Rows)
		if s.Of > s.Rows {
			rows = fmt.Sprintf("%d of %d", s.Rows, s.Of)
		}
		card, difference := "", ""
		if s.Card != nil {
			d := s.Figure - *s.Card
			largest = max(largest, math.Abs(d))
			card, difference = percent(*s.Card), fmt.Sprintf("%+.2f", d)
			if s.off() {
				difference += " (!)"
			}
		}
		cells := []string{s.Task, s.Set, rows, card, percent(s.Figure), difference}
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
	for _, s := range r.Sets {
		for _, note := range s.Unusable.note() {
			if _, err := fmt.Fprintf(w, "%s/%s: %s\n", s.Task, s.Set, strings.TrimSpace(note)); err != nil {
				return err
			}
		}
	}
	for _, h := range r.HeldOut {
		if _, err := fmt.Fprintf(w, "%s\n", h); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

func percent(x float64) string { return fmt.Sprintf("%.1f", x) }
