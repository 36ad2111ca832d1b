package checkpoint

import (
	"testing"

	"cloze/internal/bert"
)

func TestCanonical(t *testing.T) {
	for name, want := range map[string]string{
		"bert.embeddings.word_embeddings.weight":    "bert.embeddings.word_embeddings.weight",
		"embeddings.word_embeddings.weight":         "bert.embeddings.word_embeddings.weight",
		"encoder.layer.3.output.LayerNorm.gamma":    "bert.encoder.layer.3.output.LayerNorm.weight",
		"bert.embeddings.LayerNorm.beta":            "bert.embeddings.LayerNorm.bias",
		"pooler.dense.bias":                         "bert.pooler.dense.bias",
		"cls.predictions.transform.LayerNorm.gamma": "cls.predictions.transform.LayerNorm.weight",
		"cls.predictions.decoder.weight":            "cls.predictions.decoder.weight",
		"cls.predictions.decoder.bias":              "cls.predictions.bias",
		"cls.predictions.bias":                      "cls.predictions.bias",
		"cls.seq_relationship.weight":               "cls.seq_relationship.weight",
		"classifier.weight":                         "heads.classifier.weight",
		"heads.sentiment.bias":                      "heads.sentiment.bias",
		"module.bert.pooler.dense.bias":             "bert.pooler.dense.bias",
		"module.classifier.bias":                    "heads.classifier.bias",
		"something.else":                            "something.else",
	} {
		if got := canonical(name); got != want {
			t.Errorf("canonical(%q) = %q, want %q", name, got, want)
		}
	}
}

// Constants that were saved along with the weights are passed over, even where
// somebody converted them to floats.
func TestBuffersArePassedOver(t *testing.T) {
	ids := make([]float32, 24)
	_, _, err := Load(withTensors(t, "masked-lm",
		&bert.Param{Name: "bert.embeddings.position_ids", Shape: []int{1, 24}, Data: ids},
		&bert.Param{Name: "bert.embeddings.token_type_ids", Shape: []int{1, 24}, Data: ids},
	), bert.Options{})
	if err != nil {
		t.Error(err)
	}
}
