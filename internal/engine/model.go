package engine

import (
	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// Model is one loaded model: an encoder with its heads, and the tokenizer
// whose pieces it was trained on. It is read-only once given to New.
type Model struct {
	// ID is the name by which requests pick the model.
	ID string
	// Network is the encoder and its heads.
	Network *bert.Model
	// Tokenizer makes the sequences that Network reads.
	Tokenizer *tokenizer.Tokenizer
	// MaxTokens is the longest sequence Network reads, special tokens
	// included: the smaller of max_position_embeddings and the tokenizer's
	// model_max_length. New sets it.
	MaxTokens int
	// Han says whether the model is one for Chinese writing; ForText prefers
	// it for such texts. New sets it from the vocabulary.
	Han bool
	// Card describes the model to people: what it was trained on and how
	// well it does. Markdown, may be empty.
	Card string
}

// maxTokens is the longest sequence, special tokens included, that both the
// position embeddings and the tokenizer's settings allow.
func maxTokens(m *Model) int {
	limit := m.Network.Config.MaxPositionEmbeddings
	if stated := m.Tokenizer.MaxLength(); stated > 0 {
		limit = min(limit, stated)
	}
	return limit
}
