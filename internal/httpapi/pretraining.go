package httpapi

import (
	"context"

	"cloze/internal/tasks"
)

// PretrainingRequest is the body of POST /pretraining-examples.
type PretrainingRequest struct {
	textInput
	// Of all chance: the same seed makes the same examples.
	Seed int64 `json:"seed" format:"int64" default:"0" validate:"min=0,max=9007199254740991"`
	// The share of the pieces to predict.
	MaskedLMProb float64 `json:"masked_lm_prob" default:"0.15" validate:"min=0,max=1"`
	// Choose all pieces of a word together.
	WholeWord bool `json:"whole_word" default:"false"`
	// The longest example, special tokens included; without it 128, or what the model reads if that is less.
	MaxTokens *int32 `json:"max_tokens" validate:"omitempty,min=5"`
} //	@name	PretrainingRequest

// pretrainingExamples answers POST /pretraining-examples.
//
//	@ID				makePretrainingExamples
//	@Summary		Show what pre-training makes of a text
//	@Description	The examples that masked language modelling and next sentence prediction make of a document: what was chosen, what happened to it, what the model must answer. Runs the code that pre-training runs. Second segments that do not follow come from the other texts of the request. A document of any length makes as many examples as it takes, whatever truncate says; truncated says that some of its pieces found no room in them.
//	@Tags			tasks
//	@Accept			json,plain
//	@Produce		json
//	@Param			request	body		PretrainingRequest	true	"Texts and options"
//	@Success		200		{object}	Results[tasks.PretrainingResult]
//	@Router			/pretraining-examples [post]
func pretrainingExamples(ctx context.Context, t *Tasks, texts []tasks.Text, in *PretrainingRequest) ([]tasks.PretrainingResult, error) {
	o := tasks.PretrainingOptions{
		Options:      in.options(),
		Seed:         uint64(in.Seed),
		MaskedLMProb: &in.MaskedLMProb,
		WholeWord:    in.WholeWord,
	}
	if in.MaxTokens != nil {
		o.MaxTokens = int(*in.MaxTokens)
	}
	return t.PretrainingExamples(ctx, texts, o)
}
