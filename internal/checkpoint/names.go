package checkpoint

import (
	"strings"

	"cloze/internal/bert"
)

// canonical returns what BertForPreTraining of today's transformers calls a
// tensor, with Cloze's heads.NAME for what has no name there:
//
//	LayerNorm.gamma, .beta          weight, bias: google-research/bert's names
//	module.…                        …: saved from PyTorch's DataParallel
//	embeddings.…, encoder.…         bert.…: a BertModel alone has no prefix
//	cls.predictions.decoder.bias    cls.predictions.bias: the same values
//	classifier.…                    heads.classifier.…: fine-tuned elsewhere
func canonical(name string) string {
	name = strings.TrimPrefix(name, "module.")
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
