package checkpoint

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"cloze/internal/bert"
)

// canonical returns what BertForPreTraining of today's transformers calls a
// tensor, with Cloze's heads.NAME for what has no name there:
//
//	LayerNorm.gamma, .beta          weight, bias: google-research/bert's names
//	embeddings.…, encoder.…         bert.…: a BertModel alone has no prefix
//	cls.predictions.decoder.bias    cls.predictions.bias: the same values
//	classifier.…                    heads.classifier.…: fine-tuned elsewhere
func canonical(name string) string {
	if base, ok := strings.CutSuffix(name, ".gamma"); ok {
		name = base + ".weight"
	}
	if base, ok := strings.CutSuffix(name, ".beta"); ok {
		name = base + ".bias"
	}
	for _, part := range []string{"embeddings.", "encoder.", "pooler."} {
		if strings.HasPrefix(name, part) {
			return "bert." + name
		}
	}
	switch {
	case name == decoderBias:
		return mlmBias
	case strings.HasPrefix(name, "classifier."):
		return "heads." + name
	}
	return name
}

// The tensors that this package knows by name.
const (
	wordEmbeddings   = "bert.embeddings.word_embeddings.weight"
	mlmTransform     = "cls.predictions.transform.dense.weight"
	mlmBias          = "cls.predictions.bias"
	decoderWeight    = "cls.predictions.decoder.weight"
	decoderBias      = "cls.predictions.decoder.bias"
	nextSentence     = "cls.seq_relationship.weight"
	classifierWeight = "heads." + bert.ClassifierName + ".weight"
	classifierBias   = "heads." + bert.ClassifierName + ".bias"
)

// isBuffer reports whether a tensor is one of the constants that older
// versions of transformers saved along with the weights.
func isBuffer(name string) bool {
	return name == "bert.embeddings.position_ids" || name == "bert.embeddings.token_type_ids"
}

// adopt gives the tensors of all files their canonical names, and holds them
// to what config.json says they are.
func (c *Checkpoint) adopt() error {
	for _, t := range c.stored {
		name := canonical(t.name)
		switch other := c.tensors[name]; {
		case isBuffer(name):
		case other == nil || t.name == decoderBias:
			c.tensors[name] = t // where both are, transformers computes with the decoder's own bias
		case other.name != decoderBias:
			return t.errorf("and tensor %q are both %q, want one of them", other.name, name)
		}
	}
	for _, architecture := range c.config.Architectures {
		if name := lacks(architecture, c.Has); name != "" {
			return about(c.source, fmt.Errorf("tensor %q is missing, want it for %s", name, architecture))
		}
	}
	return c.tie()
}

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
