package training

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloze/internal/bert"
)

// What Finetuning.Best may be, beside the name of a head or a set.
const (
	BestMean = "mean"       // the main figures of all dev sets: their mean by head, and the mean of that
	BestLoss = "loss"       // the loss on the dev sets, averaged in the same way
	BestMLM  = bert.MLMName // the loss of the masked language model on held-out text
	BestLast = "last"       // no figure: the last weights are kept
)

// isBestWord says whether best is a word of its own, no name of a head or set.
func isBestWord(best string) bool {
	return slices.Contains([]string{BestMean, BestLoss, BestMLM, BestLast}, best)
}

// byLoss, behind the name of a head or a set, chooses by its loss instead of
// its main figure. A correlation, say, does not see that a regression is off by
// a constant or a factor.
const byLoss = "/" + BestLoss

// defaultBest is what there is to choose by.
func (f *Finetuning) defaultBest() string {
	if measured, _ := f.namesByDev(); len(measured) > 0 {
		return BestMean
	}
	if f.MLM.isMeasured() {
		return BestMLM
	}
	return BestLast
}

// namesByDev are the names of the heads and sets that have a dev file, and of
// those that have none.
func (f *Finetuning) namesByDev() (measured, unmeasured []string) {
	add := func(name string, has bool) {
		if has {
			measured = append(measured, name)
		} else {
			unmeasured = append(unmeasured, name)
		}
	}
	for _, name := range sortedKeys(f.Heads) {
		sets := f.Heads[name].Sets
		add(name, slices.ContainsFunc(sets, func(c SetConfig) bool { return c.Dev != "" }))
		for _, set := range sets {
			add(set.DisplayName(), set.Dev != "")
		}
	}
	return measured, unmeasured
}

// isMeasured says whether text is held out; how much there is of it, the corpus
// tells.
func (m *AuxiliaryMLM) isMeasured() bool { return m != nil && orNone(m.HeldOut) > 0 }

// validateBest refuses to choose by what is not measured: the first weights
// would look like the best.
func (f *Finetuning) validateBest() error {
	measured, unmeasured := f.namesByDev()
	choices := slices.Clone(measured)
	if len(measured) > 0 {
		choices = append(choices, BestMean, BestLoss)
	}
	if f.MLM.isMeasured() {
		choices = append(choices, BestMLM)
	}
	if e := f.EarlyStopping; e != nil {
		switch {
		case e.Patience < 1 || !(e.MinDelta >= 0):
			return fmt.Errorf("early_stopping: patience is %d and min_delta %v, want at least 1 and at least 0", e.Patience, e.MinDelta)
		case len(choices) == 0:
			return errors.New("early_stopping has nothing to go by: give a set a dev file")
		case f.Best == BestLast:
			return errors.New("early_stopping needs something that gets better: best must not be \"last\"")
		}
	}
	choices = append(choices, BestLast)
	if isBestWord(f.Best) && (slices.Contains(measured, f.Best) || slices.Contains(unmeasured, f.Best)) {
		return fmt.Errorf("best is %q, which is a head or set here and stands for something else, too: give that another name", f.Best)
	}
	name, isLoss := strings.CutSuffix(f.Best, byLoss)
	switch {
	case slices.Contains(choices, f.Best), isLoss && slices.Contains(measured, name):
		return nil
	case slices.Contains(unmeasured, f.Best), isLoss && slices.Contains(unmeasured, name):
		return fmt.Errorf("best is %q, which has no dev file to measure it on; want one of %s", f.Best, strings.Join(choices, ", "))
	}
	hint := ""
	if len(measured) > 0 {
		hint = ", or such a name with " + byLoss
	}
	return fmt.Errorf("best is %q, which nothing measures; want one of %s%s", f.Best, strings.Join(choices, ", "), hint)
}

// scoreOf is the figure that best names: higher is better.
func (e *Evaluation) scoreOf(best string) float64 {
	switch best {
	case BestLast: // decides nothing, but is shown
		if len(e.Sets) == 0 {
			return e.scoreOf(BestMLM)
		}
		return meanOverHeads(e.Sets, mainFigure)
	case BestMean:
		return meanOverHeads(e.Sets, mainFigure)
	case BestLoss:
		return meanOverHeads(e.Sets, negativeLoss)
	case BestMLM:
		return -e.Text.MLMLoss
	}
	if sets := e.setsOf(best); len(sets) > 0 {
		return meanOverHeads(sets, mainFigure)
	}
	return meanOverHeads(e.setsOf(strings.TrimSuffix(best, byLoss)), negativeLoss)
}

func mainFigure(s *SetScore) float64   { return s.Value }
func negativeLoss(s *SetScore) float64 { return -s.Loss }

// setsOf are the sets of a name, or else of the head of that name.
func (e *Evaluation) setsOf(name string) []SetScore {
	var named, ofHead []SetScore
	for _, set := range e.Sets {
		if set.Set == name {
			named = append(named, set)
		}
		if set.Head == name {
			ofHead = append(ofHead, set)
		}
	}
	if len(named) > 0 {
		return named
	}
	return ofHead
}

// meanOverHeads is the mean over the heads of the mean over each one's sets.
func meanOverHeads(sets []SetScore, figure func(*SetScore) float64) float64 {
	sums, counts := map[string]float64{}, map[string]float64{}
	for i := range sets {
		sums[sets[i].Head] += figure(&sets[i])
		counts[sets[i].Head]++
	}
	mean := 0.0
	for _, head := range sortedKeys(sums) {
		mean += sums[head] / counts[head]
	}
	return ratio(mean, float64(len(sums)))
}
