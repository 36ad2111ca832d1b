package httpapi

import (
	"context"

	"cloze/internal/tasks"
)

// NERRequest is the body of POST /ner.
type NERRequest struct {
	textInput
	// How word pieces become entities, in the words of transformers; none gives every labelled piece, and the surest where several are parts of one character.
	Aggregation tasks.Aggregation `json:"aggregation" default:"simple" validate:"oneof=simple first average max none"`
	// Only entities of these types, such as PER, ORG, LOC, DATE, MISC.
	Types []string `json:"types"`
	// Only entities with at least this score.
	MinScore float64 `json:"min_score" default:"0" validate:"min=0,max=1"`
} //	@name	NERRequest

// ner answers POST /ner.
//
//	@ID				recognizeEntities
//	@Summary		Find names and dates
//	@Description	Persons, organizations, locations, dates and other names with their places. The text from start to end, counted in offset_unit, is exactly the entity's text. A text is read to its end, whatever truncate says: a sentence or a few short ones at a time, as long as what the model's head was trained on, and in overlapping windows what is longer than it reads. A model made elsewhere does not say how long that was, and reads as much at a time as it can.
//	@Tags			tasks
//	@Accept			json,plain
//	@Produce		json
//	@Param			request	body		NERRequest	true	"Texts and options"
//	@Success		200		{object}	Results[tasks.NERResult]
//	@Router			/ner [post]
func ner(ctx context.Context, t *Tasks, texts []tasks.Text, in *NERRequest) ([]tasks.NERResult, error) {
	return t.NER(ctx, texts, tasks.NEROptions{
		Options:     in.options(),
		Aggregation: in.Aggregation,
		Types:       in.Types,
		MinScore:    in.MinScore,
	})
}
