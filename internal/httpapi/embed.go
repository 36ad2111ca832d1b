package httpapi

import (
	"context"

	"cloze/internal/tasks"
)

// EmbedRequest is the body of POST /embed.
type EmbedRequest struct {
	pairInput
	// How one vector is made of the tokens' vectors: their mean, that of [CLS], the pooler's output, the maximum in each dimension; none gives every token's vector.
	Pooling tasks.Pooling `json:"pooling" default:"mean" validate:"oneof=mean cls pooler max none"`
	// The layer whose hidden states are used: 0 is the embedding output, -1 the last layer.
	Layer int32 `json:"layer" default:"-1"`
	// Scale every vector to length 1.
	Normalize bool `json:"normalize" default:"true"`
} //	@name	EmbedRequest

// embed answers POST /embed.
//
//	@ID				embedTexts
//	@Summary		Make vectors of texts
//	@Description	One vector for each text, or with pooling none one for each of its word pieces. A text longer than the model reads is read in overlapping windows, and its vector is the mean of theirs by their length, with pooling max their maximum. With pooling none its end is cut off, and of a pair always the end of the longer text first. truncate false refuses all of these with 422, true changes nothing.
//	@Tags			tasks
//	@Accept			json,plain
//	@Produce		json
//	@Param			request	body		EmbedRequest	true	"Texts and options"
//	@Success		200		{object}	Results[tasks.Embedding]
//	@Router			/embed [post]
func embed(ctx context.Context, t *Tasks, texts []tasks.Text, in *EmbedRequest) ([]tasks.Embedding, error) {
	layer := int(in.Layer)
	return t.Embed(ctx, texts, tasks.EmbedOptions{
		Options:   in.options(),
		Pooling:   in.Pooling,
		Layer:     &layer,
		Normalize: &in.Normalize,
	})
}
