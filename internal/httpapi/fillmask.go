package httpapi

import (
	"context"

	"cloze/internal/tasks"
)

// FillMaskRequest is the body of POST /fill-mask.
type FillMaskRequest struct {
	textInput
	// At most so many predictions for each mask.
	TopK int32 `json:"top_k" default:"5" validate:"min=1,max=100"`
	// Score only these words, at most 1000. Their scores are still probabilities among the whole vocabulary.
	Targets []string `json:"targets" validate:"omitempty,min=1,max=1000"`
	// Also fill all masks of a text together, by beam search, and report the probabilities of the combinations.
	Joint bool `json:"joint" default:"false"`
} //	@name	FillMaskRequest

// fillMask answers POST /fill-mask.
//
//	@ID				fillMasks
//	@Summary		Say what belongs where [MASK] stands
//	@Description	BERT's masked language model: the most probable words for each [MASK] in the text. Other special tokens written in it are plain text. A text longer than the model reads is refused with 422, unless truncate is true: then its end is cut off, and warnings say how many masks with it.
//	@Tags			tasks
//	@Accept			json,plain
//	@Produce		json
//	@Param			request	body		FillMaskRequest	true	"Texts and options"
//	@Success		200		{object}	Results[tasks.FillMaskResult]
//	@Router			/fill-mask [post]
func fillMask(ctx context.Context, t *Tasks, texts []tasks.Text, in *FillMaskRequest) ([]tasks.FillMaskResult, error) {
	return t.FillMask(ctx, texts, tasks.FillMaskOptions{
		Options: in.options(),
		TopK:    int(in.TopK),
		Targets: in.Targets,
		Joint:   in.Joint,
	})
}
