package tasks

import (
	"fmt"
	"strings"

	"cloze/internal/engine"
)

// autoModel is the Options.Model that picks a model for each text; "" is the
// same.
const autoModel = "auto"

// route returns the model of each text: the named one for all, or for each
// text the one for the script it is written in, a pair being one text.
func route(e *engine.Engine, texts []Text, id string) ([]*engine.Model, error) {
	models := make([]*engine.Model, len(texts))
	for i, t := range texts {
		if id == "" || id == autoModel {
			written := t.Text
			if t.HasPair {
				written += "\n" + t.Pair
			}
			models[i] = e.ForText(written)
			continue
		}
		m, ok := e.Model(id)
		if !ok {
			return nil, unknownModel(e, id)
		}
		models[i] = m
	}
	return models, nil
}

func unknownModel(e *engine.Engine, id string) *InputError {
	ids := make([]string, 0, len(e.Models()))
	for _, m := range e.Models() {
		ids = append(ids, m.ID)
	}
	return &InputError{
		Code: CodeUnknownModel, Index: -1, Field: "model",
		Detail: fmt.Sprintf("no model %q is loaded; there are: %s", id, strings.Join(ids, ", ")),
	}
}
