package tasks

import (
	"fmt"
	"slices"
	"strings"

	"cloze/internal/engine"
)

// autoModel is the Options.Model that picks a model for each text; "" is the
// same.
const autoModel = "auto"

// route returns the model of each text: the named one for all, or for each
// text one for the script it is written in, a pair being one text: the first that can
// answer, or the first if none can. (One for another script would answer nonsense.)
func route(e *engine.Engine, texts []Text, id string, can func(*engine.Model) bool) ([]*engine.Model, error) {
	models := make([]*engine.Model, len(texts))
	if id != "" && id != autoModel {
		m, ok := e.Model(id)
		if !ok {
			return nil, unknownModel(e, id)
		}
		for i := range models {
			models[i] = m
		}
		return models, nil
	}
	able := map[*engine.Model]bool{}
	for _, m := range e.Models() {
		able[m] = can(m)
	}
	for i, t := range texts {
		written := t.Text
		if t.HasPair {
			written += "\n" + t.Pair
		}
		fitting := e.ForText(written)
		first := slices.IndexFunc(fitting, func(m *engine.Model) bool { return able[m] })
		models[i] = fitting[max(first, 0)]
	}
	return models, nil
}

// anyModel is the can of route for what every model does.
func anyModel(*engine.Model) bool { return true }

func unknownModel(e *engine.Engine, id string) *InputError {
	ids := make([]string, 0, len(e.Models()))
	for _, m := range e.Models() {
		ids = append(ids, m.ID)
	}
	return &InputError{
		Code: CodeUnknownModel, Index: -1, Field: "model",
		Detail:    fmt.Sprintf("no model %q is loaded; there are: %s", id, strings.Join(ids, ", ")),
		Available: ids,
	}
}
