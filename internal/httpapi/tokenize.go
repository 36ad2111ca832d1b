package httpapi

import (
	"context"

	"cloze/internal/tasks"
)

// TokenizeRequest is the body of POST /tokenize.
type TokenizeRequest struct {
	pairInput
	// Put [CLS] and [SEP] around the texts.
	AddSpecialTokens bool `json:"add_special_tokens" default:"true"`
} //	@name	TokenizeRequest

// tokenize answers POST /tokenize.
//
//	@ID				tokenizeTexts
//	@Summary		Split texts into word pieces
//	@Description	Shows each text as the model sees it. Needs no forward pass. Texts are not cut unless truncate is true.
//	@Tags			tasks
//	@Accept			json,plain
//	@Produce		json
//	@Param			request	body		TokenizeRequest	true	"Texts and options"
//	@Success		200		{object}	Results[tasks.Tokenization]
//	@Router			/tokenize [post]
func tokenize(ctx context.Context, t *Tasks, texts []tasks.Text, in *TokenizeRequest) ([]tasks.Tokenization, error) {
	return t.Tokenize(ctx, texts, tasks.TokenizeOptions{
		Options:          in.options(),
		AddSpecialTokens: &in.AddSpecialTokens,
	})
}
