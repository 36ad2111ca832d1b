package training

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloze/internal/kernels"
)

// KeptWeights are weights that a run reported as those to keep.
type KeptWeights struct {
	Report Report `json:"report"` // of their evaluation
	Run    string `json:"run"`    // Start.Run of the run
}

// is reports whether they are those of an evaluation.
func (k *KeptWeights) is(b *best) bool {
	return k.Report.Step == b.Step && k.Report.Evaluation != nil && k.Report.Evaluation.Score == b.Score
}

// restore goes on from the newest whole checkpoint; without one the run stays at
// its beginning.
func (t *trainer) restore() (restored, error) {
	var changed []string
	r, err := restoreState(t.options.Dir, t.optimizer, func(h stateHeader) (err error) {
		if changed, err = compareRuns(h.Run, t.run); err != nil {
			return err
		}
		if err := compareData(h.Data, t.sums); err != nil {
			return err
		}
		var p progress
		return json.Unmarshal(h.Progress, &p)
	})
	if err != nil {
		return r, fmt.Errorf("resume: %w", err)
	}
	if r.path == "" {
		return r, nil
	}
	saved := progress{Precision: kernels.Float32.String()}
	if err := json.Unmarshal(r.header.Progress, &saved); err != nil {
		return r, fmt.Errorf("resume: %w", err)
	}
	prec, err := kernels.ParsePrecision(saved.Precision)
	if err != nil {
		return r, fmt.Errorf("resume: %w", err)
	}
	if saved.Best != nil && !t.hasBest(saved.Best, r.header.Step, changed) {
		saved.Best = nil
	}
	t.progress = saved
	t.computeIn(prec)
	r.changed = changed
	return r, nil
}

// hasBest reports whether the caller has the weights that a checkpoint of a step
// calls the best, or will have what the run comes to again.
func (t *trainer) hasBest(b *best, step int, changed []string) bool {
	kept := t.options.Kept
	return kept == nil || kept.is(b) || len(changed) == 0 && kept.Report.Step > step && kept.Run == t.runID()
}

// mayChange are the settings that need not be the same when a run is resumed:
// those by which a person keeps one from diverging.
var mayChange = []string{"learning_rate", "warmup", "decay"}

// compareRuns compares the settings of a checkpoint with the run's, member by
// member. It names those that differ and may, and is an error if another does.
func compareRuns(saved, now json.RawMessage) (changed []string, err error) {
	var a, b map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(saved, &a), json.Unmarshal(now, &b)); err != nil {
		return nil, fmt.Errorf("%w: its settings cannot be read: %w", errOtherModel, err)
	}
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range sortedKeys(names) {
		if string(a[name]) == string(b[name]) {
			continue
		}
		difference := fmt.Sprintf("%s was %s, and is %s now", name, orNothing(a[name]), orNothing(b[name]))
		if !slices.Contains(mayChange, name) {
			return nil, fmt.Errorf("%w: %s; resuming needs the same settings but for %s", errOtherModel, difference, strings.Join(mayChange, ", "))
		}
		changed = append(changed, difference)
	}
	return changed, nil
}

func orNothing(raw json.RawMessage) string {
	const longest = 200
	switch {
	case raw == nil:
		return "not set"
	case len(raw) > longest:
		return string(raw[:longest]) + "…"
	}
	return string(raw)
}
