package httpapi

import (
	"context"

	"cloze/internal/tasks"
)

// SentimentRequest is the body of POST /sentiment.
type SentimentRequest struct {
	textInput
	// What to judge besides the text as a whole: with sentence each of its sentences.
	Level tasks.Level `json:"level" default:"document" validate:"oneof=document sentence"`
	// What to judge by itself, such as "battery life": names as they stand in the text, several words allowed. At most 64, of at most 200 characters each.
	Aspects []string `json:"aspects"`
} //	@name	SentimentRequest

// sentiment answers POST /sentiment.
//
//	@ID				analyzeSentiment
//	@Summary		Judge how texts feel
//	@Description	The sentiment of each text, on request of its sentences and of aspects that it speaks of. A text longer than the model reads is read in overlapping windows, and nothing is cut; truncate false refuses it with 422, true changes nothing.
//	@Tags			tasks
//	@Accept			json,plain
//	@Produce		json
//	@Param			request	body		SentimentRequest	true	"Texts and options"
//	@Success		200		{object}	Results[tasks.SentimentResult]
//	@Router			/sentiment [post]
func sentiment(ctx context.Context, t *Tasks, texts []tasks.Text, in *SentimentRequest) ([]tasks.SentimentResult, error) {
	return t.Sentiment(ctx, texts, tasks.SentimentOptions{
		Options: in.options(),
		Level:   in.Level,
		Aspects: in.Aspects,
	})
}
