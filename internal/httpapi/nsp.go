package httpapi

import (
	"context"

	"cloze/internal/tasks"
)

// NSPRequest is the body of POST /nsp.
type NSPRequest struct {
	pairInput
} //	@name	NSPRequest

// nextSentence answers POST /nsp.
//
//	@ID				predictNextSentence
//	@Summary		Does the second text follow the first
//	@Description	BERT's next sentence prediction. IsNext: text_pair is what comes after text in the same document. NotNext: it is from elsewhere. A pair longer than the model reads is cut, the end of its longer text first; truncate false refuses it with 422, true changes nothing.
//	@Tags			tasks
//	@Accept			json
//	@Produce		json
//	@Param			request	body		NSPRequest	true	"Pairs of texts and options"
//	@Success		200		{object}	Results[tasks.NextSentenceResult]
//	@Router			/nsp [post]
func nextSentence(ctx context.Context, t *Tasks, texts []tasks.Text, in *NSPRequest) ([]tasks.NextSentenceResult, error) {
	return t.NSP(ctx, texts, tasks.NextSentenceOptions{Options: in.options()})
}
