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
//	@Description	Shows the word pieces of each text, without a forward pass. Special tokens written in a text, such as [SEP] and [MASK], are shown as special tokens, which is how /attention reads them; to the other routes they are plain text, but for [MASK] to /fill-mask. A text of any length is shown in full. With truncate true one that is longer than the model reads is cut, of a pair the end of the longer text first; with false it is refused with 422.
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
