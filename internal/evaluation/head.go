package evaluation

import (
	"context"
	"path/filepath"
	"slices"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tasks"
	"cloze/internal/training"
)

// HeadReport is how a head does on a labelled file, as JSON has it.
type HeadReport struct {
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
	Unusable  *Unusable `json:"unusable,omitempty"`
	Lacks     []string  `json:"lacks,omitempty"`
	// MistakesFile has the rows with a wrong answer, if the caller wrote them.
	MistakesFile string `json:"mistakes,omitempty"`
	*training.HeadScore

	// Absent are the labels or types that nothing in the file is, but for those
	// that it is said to lack.
	Absent []string `json:"-"`
}

// MeasureHead measures a head of a model on a set, which training.LoadSet made
// of c.Dev with texts of up to maxTokens. c.Lacks must be given.
func MeasureHead(ctx context.Context, m *engine.Model, set *training.Set, c training.SetConfig, maxTokens int, o training.Measuring) (*HeadReport, error) {
	score, err := training.MeasureSet(ctx, m.Network, set, o)
	if err != nil {
		return nil, err
	}
	described := m.Network.Heads[set.Head].Describe()
	score.Set = filepath.Base(c.Dev)
	report := &HeadReport{
		Model: m.ID, Data: c.Dev, Type: described.Type, Problem: described.ProblemType,
		Precision: m.Network.Precision().String(), MaxTokens: maxTokens, Rounds: o.Rounds, Seed: o.Seed,
		LeftOut: set.LeftOut, Truncated: set.Cut, Unusable: newUnusable(set.Problems), Lacks: *c.Lacks, HeadScore: score,
	}
	for _, l := range score.Labels {
		if !set.Has(l.Label) && !slices.Contains(*c.Lacks, l.Label) {
			report.Absent = append(report.Absent, l.Label)
		}
	}
	return report, nil
}

// UnknownLabels lists the labels, or entity types, of c.Dev that a head does
// not know, and those that the head has. first is the one that training.LoadSet
// met.
func UnknownLabels(c training.SetConfig, head bert.HeadConfig, first string, problemLimit int) (unknown, known []string, err error) {
	c.Train = c.Dev // whose labels are asked for
	labels, err := training.DiscoverLabels(head.Type, []training.SetConfig{c}, problemLimit)
	if err != nil {
		return nil, nil, err
	}
	labels = append([]string{first}, labels...)
	known = head.Labels
	if head.Type == bert.TokenHeadType {
		labels, known = tasks.EntityTypes(labels), tasks.EntityTypes(known)
	}
	slices.Sort(labels)
	unknown = slices.DeleteFunc(slices.Compact(labels), func(label string) bool { return slices.Contains(known, label) })
	return unknown, known, nil
}
