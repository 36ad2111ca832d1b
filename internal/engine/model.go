package engine

import (
	"errors"
	"fmt"

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
	// NamelessIDs are the ids that Network scores and Tokenizer has no token for:
	// vocab_size may be larger than the vocabulary, often to be a multiple of
	// something. New sets them.
	NamelessIDs []int32
	// Card describes the model to people: what it was trained on and how
	// well it does. Markdown, may be empty.
	Card string
}

// checkIDs refuses ids by which no request could pick its model.
func checkIDs(models []*Model) error {
	seen := make(map[string]bool)
	for _, m := range models {
		switch {
		case m.ID == "":
			return errors.New("a model has no id")
		case m.ID == "auto":
			return errors.New(`model id "auto" is reserved: requests with it leave the choice to the server`)
		case seen[m.ID]:
			return fmt.Errorf("model id %q is used twice", m.ID)
		}
		seen[m.ID] = true
	}
	return nil
}

// namelessIDs are NamelessIDs.
func namelessIDs(m *Model) []int32 {
	var ids []int32
	for id := range int32(m.Network.Config.VocabSize) {
		if m.Tokenizer.Token(id) == "" {
			ids = append(ids, id)
		}
	}
	return ids
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
