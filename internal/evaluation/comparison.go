package evaluation

import (
	"context"
	"errors"
	"fmt"
	"math"

	"golang.org/x/sync/errgroup"

	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/internal/tasks"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// Comparison measures a model on sets of the built-in tasks as a card was
// measured, and sets its figures beside the card's.
type Comparison struct {
	Engine *engine.Engine
	Model  *engine.Model // one of the engine's
	Pool   *kernels.Pool // of the engine
	Card   Card          // the zero Card if the model has none
	Task   string        // the only one to measure; empty: all of them
	Rows   int           // of a set; 0 is all
	Pieces int           // of a text; 0 is no limit, negative the card's
	All    bool          // sets that are not on the card, too
	Served bool          // also as the server answers
	// HeldOut measures MLM and NSP too, where there are several sets of all tasks.
	HeldOut bool
	// ProblemLimit is how many lines of a set may be unusable, as
	// training.Problems.Limit has it.
	ProblemLimit int
	// PassedOver is told of sets that the model cannot be measured on, where
	// there are others; may be nil.
	PassedOver func(s LabelledSet, reason string)
}

// CardReport is how one model does, as JSON has it.
type CardReport struct {
	Model string       `json:"model"`
	Sets  []*CardScore `json:"sets"`
	// HeldOut are MLM and NSP.
	HeldOut []*HeldOutScore `json:"held_out,omitempty"`
}

// CardScore is how a model does on one set. Figures are in per cent: entity F1
// for ner, accuracy for the others.
type CardScore struct {
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
	// Unseen says that no row of the set was trained on, by the card's model.
	Unseen bool `json:"unseen,omitempty"`
	// Unusable are lines of the set that could not be read.
	Unusable *Unusable `json:"unusable,omitempty"`
}

// Off reports whether the figure is further from the card than it may be.
func (s *CardScore) Off() bool {
	return s.Card != nil && s.Tolerance > 0 && math.Abs(s.Figure-*s.Card) > s.Tolerance
}

// Measure measures the model on the sets at a path, which findSets finds. One
// set alone is measured whether it is on the card or not. It is an error if
// there is none that the model can be measured on.
func (c *Comparison) Measure(ctx context.Context, path string) (*CardReport, error) {
	sets, err := findSets(path, c.Task)
	if err != nil {
		return nil, err
	}
	c.Card.sort(sets)
	report := &CardReport{Model: c.Model.ID}
	lone := len(sets) == 1
	for _, s := range sets {
		described := c.Card.set(s)
		if described == nil && len(c.Card.Sets) > 0 && !c.All && !lone {
			continue
		}
		score, err := c.score(ctx, s, described)
		if unfit, ok := errors.AsType[*unfitError](err); ok && !lone {
			if c.PassedOver != nil {
				c.PassedOver(s, unfit.reason)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		report.Sets = append(report.Sets, score)
	}
	if len(report.Sets) == 0 {
		return nil, fmt.Errorf("%s: no set there that model %s can be measured on", path, c.Model.ID)
	}
	if c.HeldOut && !lone && c.Task == "" {
		if report.HeldOut, err = c.heldOut(ctx, path); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// unfitError says why a model cannot be measured on a set.
type unfitError struct{ reason string }

func (e *unfitError) Error() string { return e.reason }

// score measures a set, of which the card may say something.
func (c *Comparison) score(ctx context.Context, s LabelledSet, described *CardSet) (*CardScore, error) {
	var score *CardScore
	var err error
	switch {
	case s.Task == tasks.NERHead:
		score, err = c.scoreEntities(ctx, s)
	case described != nil:
		score, err = c.scoreRows(ctx, s, described.Map)
	default:
		score, err = c.scoreRows(ctx, s, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", s.Task, s.Name, err)
	}
	score.Task, score.Set = s.Task, s.Name
	if described != nil {
		score.Card, score.Tolerance = &described.Figure, toleranceOf(score.Rows, score.Of)
		score.Unseen = described.Unseen
	}
	return score, nil
}

// options ask the measured model, whatever the script of a text.
func (c *Comparison) options() tasks.Options {
	return tasks.Options{Model: c.Model.ID, OffsetUnit: tokenizer.Byte}
}

func (c *Comparison) problems() *training.Problems { return &training.Problems{Limit: c.ProblemLimit} }

// limit is the longest text of a task, in pieces; 0 is none.
func (c *Comparison) limit(task string) int {
	if c.Pieces < 0 {
		return cardPieces[task]
	}
	return c.Pieces
}

// sample is some rows, spread evenly: where a file has one label behind the
// other, each keeps its share. (A set of a run is drawn by its seed.)
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
