package checkpoint

import (
	"bytes"
	"fmt"
	"slices"
)

// tie forgets a stored decoder that is the word embeddings over again. As in
// transformers (modeling_utils.py, tie_weights), the values decide: a decoder
// of other values is one of its own whatever tie_word_embeddings says, and
// either stands in for the other where it is missing.
func (c *Checkpoint) tie() error {
	word, decoder := c.tensors[wordEmbeddings], c.tensors[decoderWeight]
	switch {
	case decoder == nil && c.Has(mlmTransform) && !c.config.TieWordEmbeddings:
		return about(c.source, fmt.Errorf("tensor %q is missing, want it because tie_word_embeddings is false", decoderWeight))
	case decoder == nil:
		return nil
	case word == nil && c.config.TieWordEmbeddings:
		c.tensors[wordEmbeddings] = decoder
		delete(c.tensors, decoderWeight)
		return nil
	case word == nil:
		return nil // bert.New says that it is missing
	}
	same, err := equal(word, decoder)
	if same {
		delete(c.tensors, decoderWeight)
	}
	return err
}

// equal reports whether two tensors have the same values, stored alike.
func equal(a, b *tensor) (bool, error) {
	if a.dtype != b.dtype || !slices.Equal(a.shape, b.shape) {
		return false, nil
	}
	x, err := a.bytes()
	if err != nil {
		return false, err
	}
	y, err := b.bytes()
	return bytes.Equal(x, y), err
}
