package httpapi

import (
	"context"

	"cloze/internal/tasks"
)

// ClassifyRequest is the body of POST /classify.
type ClassifyRequest struct {
	pairInput
	// The head to ask: a sequence head of the model, as GET /models lists them. Without it the one named topic, else the one named classifier, else the only one there is.
	Head string `json:"head"`
	// At most so many labels; without it all.
	TopK *int32 `json:"top_k" validate:"omitempty,min=1"`
	// How scores are made of the head's logits; without it as the head was trained.
	Function *tasks.Function `json:"function" validate:"omitempty,oneof=softmax sigmoid none"`
	// How a long text is read: in overlapping windows whose scores are averaged by their length, or only the first.
	Window tasks.Window `json:"window" default:"average" validate:"oneof=average first"`
} //	@name	ClassifyRequest

// classify answers POST /classify.
//
//	@ID				classifyTexts
//	@Summary		Give texts one of a head's labels
//	@Description	Labels each text, or each pair of texts, by one of the model's heads. Labels come by falling score. A text longer than the model reads is read in overlapping windows, or with window first only in its beginning; a pair is cut, the end of its longer text first. truncate false refuses all of these with 422, true changes nothing.
//	@Tags			tasks
//	@Accept			json,plain
//	@Produce		json
//	@Param			request	body		ClassifyRequest	true	"Texts and options"
//	@Success		200		{object}	Results[tasks.Classification]
//	@Router			/classify [post]
func classify(ctx context.Context, t *Tasks, texts []tasks.Text, in *ClassifyRequest) ([]tasks.Classification, error) {
	o := tasks.ClassifyOptions{
		Options: in.options(),
		Head:    in.Head,
		Window:  in.Window,
	}
	if in.Function != nil {
		o.Function = *in.Function
	}
	if in.TopK != nil {
		o.TopK = int(*in.TopK)
	}
	return t.Classify(ctx, texts, o)
}
