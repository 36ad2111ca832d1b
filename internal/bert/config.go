package bert

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"cloze/internal/kernels"
)

// Config is Hugging Face's config.json, field for field, and the heads that
// Cloze adds to it. Decoding JSON into it starts from transformers' defaults
// (configuration_bert.py), so what a file leaves out means what it means there.
type Config struct {
	Architectures []string `json:"architectures,omitempty"`
	ModelType     string   `json:"model_type"`

	VocabSize             int `json:"vocab_size"`          // V
	HiddenSize            int `json:"hidden_size"`         // H
	NumHiddenLayers       int `json:"num_hidden_layers"`   // L
	NumAttentionHeads     int `json:"num_attention_heads"` // A
	IntermediateSize      int `json:"intermediate_size"`   // I
	MaxPositionEmbeddings int `json:"max_position_embeddings"`
	TypeVocabSize         int `json:"type_vocab_size"`

	HiddenAct             string  `json:"hidden_act"` // gelu, gelu_new, gelu_pytorch_tanh or relu
	LayerNormEps          float64 `json:"layer_norm_eps"`
	PositionEmbeddingType string  `json:"position_embedding_type"` // absolute
	PadTokenID            int     `json:"pad_token_id"`
	IsDecoder             bool    `json:"is_decoder,omitempty"`
	AddCrossAttention     bool    `json:"add_cross_attention,omitempty"`

	// Training only.
	HiddenDropoutProb         float64 `json:"hidden_dropout_prob"`
	AttentionProbsDropoutProb float64 `json:"attention_probs_dropout_prob"`
	// ClassifierDropout is the dropout before a head's linear layer; absent
	// means HiddenDropoutProb.
	ClassifierDropout *float64 `json:"classifier_dropout,omitempty"`
	InitializerRange  float64  `json:"initializer_range"` // σ of new weights

	TieWordEmbeddings bool   `json:"tie_word_embeddings"`
	TorchDtype        string `json:"torch_dtype,omitempty"`

	// The labels of a model fine-tuned elsewhere; Classifier reads them.
	ProblemType ProblemType    `json:"problem_type,omitempty"`
	NumLabels   int            `json:"num_labels,omitempty"`
	ID2Label    map[int]string `json:"id2label,omitempty"`
	Label2ID    map[string]int `json:"label2id,omitempty"`

	// Heads on the shared encoder by name: Cloze's addition. Their weights are
	// heads.NAME.weight (labels, H) and heads.NAME.bias (labels).
	Heads map[string]HeadConfig `json:"heads,omitempty"`
}

// HeadConfig describes one head.
type HeadConfig struct {
	Type   HeadType `json:"type"`
	Labels []string `json:"labels"`
	// Pair says that the head was trained on text pairs.
	Pair bool `json:"pair,omitempty"`
	// ProblemType says how a sequence head's logits become an answer; empty
	// means one of the labels.
	ProblemType ProblemType `json:"problem_type,omitempty"`
	// ProblemTypeImplied says that the checkpoint names none, and ProblemType is
	// what transformers trains such a head as (see Classifier).
	ProblemTypeImplied bool `json:"problem_type_implied,omitempty"`
	// MaxTokens is the longest row that the head was trained on, [CLS] and [SEP]
	// included; 0 is unknown.
	MaxTokens int `json:"max_tokens,omitempty"`
	// RowTokens is what nine of ten rows of a token head were no longer than,
	// counted likewise; 0 is unknown.
	RowTokens int `json:"row_tokens,omitempty"`
}

// HeadType says what a head reads.
type HeadType string

// The types of heads.
const (
	SequenceHeadType HeadType = "sequence" // the pooled [CLS]: one answer a sequence
	TokenHeadType    HeadType = "token"    // the hidden states: one answer a token
)

// ProblemType says how logits become an answer, in transformers' words.
type ProblemType string

// The problem types.
const (
	SingleLabel ProblemType = "single_label_classification" // softmax over the labels
	MultiLabel  ProblemType = "multi_label_classification"  // a sigmoid for each label
	Regression  ProblemType = "regression"                  // the logits are the answer
)

// ClassifierName is the name of the head of a model that was fine-tuned
// elsewhere, where it is classifier.weight and classifier.bias.
const ClassifierName = "classifier"

// The names of the heads of pre-training wherever heads are listed. None of
// Config.Heads is called so.
const (
	MLMName = "mlm"
	NSPName = "nsp"
)

// UnmarshalJSON fills what data leaves out with transformers' defaults.
func (c *Config) UnmarshalJSON(data []byte) error {
	type fields Config // without this method
	f := fields(defaults())
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	*c = Config(f)
	return nil
}

// HeadSize is D = H/A.
func (c *Config) HeadSize() int { return c.HiddenSize / c.NumAttentionHeads }

// HeadNames are the names of Heads, sorted.
func (c *Config) HeadNames() []string { return slices.Sorted(maps.Keys(c.Heads)) }

// Parameters is how many numbers the encoder and its pooler learn, the
// paper's "total parameters" (Devlin et al. 2018, §3): 110 M for BERT-base,
// 340 M for BERT-large.
//
//	(V + P + S + 2)·H + L·(4·(H+1)·H + 2·H·I + I + H + 4·H) + (H+1)·H
//
// P are the positions and S the token types.
func (c *Config) Parameters() int {
	h, i := c.HiddenSize, c.IntermediateSize
	embeddings := (c.VocabSize + c.MaxPositionEmbeddings + c.TypeVocabSize + 2) * h
	attention := 4*(h+1)*h + 2*h
	feedForward := (h+1)*i + (i+1)*h + 2*h
	pooler := (h + 1) * h
	return embeddings + c.NumHiddenLayers*(attention+feedForward) + pooler
}

// Classifier describes the one head of a model that was fine-tuned elsewhere
// (BertForSequenceClassification, BertForTokenClassification, …), whose
// weights have the given number of labels. ok is false for the architectures
// without such a head.
//
// Labels are id2label's, LABEL_0, LABEL_1, … where it has none. An absent
// problem type follows transformers: regression for a single label, else one
// of the labels.
func (c *Config) Classifier(labels int) (h HeadConfig, ok bool) {
	switch {
	case slices.Contains(c.Architectures, "BertForSequenceClassification"):
		h.Type = SequenceHeadType
		h.ProblemType = c.ProblemType
		if h.ProblemType == "" {
			h.ProblemType = SingleLabel
			if labels == 1 {
				h.ProblemType, h.ProblemTypeImplied = Regression, true
			}
		}
	case slices.Contains(c.Architectures, "BertForTokenClassification"):
		h.Type = TokenHeadType
	default:
		return HeadConfig{}, false
	}
	for id := range labels {
		label, named := c.ID2Label[id]
		if !named {
			label = fmt.Sprintf("LABEL_%d", id)
		}
		h.Labels = append(h.Labels, label)
	}
	return h, true
}

// maxSize bounds every size in a config.json, so that no product of two of
// them overflows and a broken file is refused before anything is allocated.
const maxSize = 1 << 24

// maxLayers bounds the layers, each of which is made before its weights are looked for.
const maxLayers = 1 << 10

// Validate returns what makes the configuration one that this package cannot
// compute, as "field is got, want …".
func (c *Config) Validate() error {
	for _, size := range []struct {
		field       string
		value, most int
	}{
		{"vocab_size", c.VocabSize, maxSize},
		{"hidden_size", c.HiddenSize, kernels.MaxInputs},
		{"num_hidden_layers", c.NumHiddenLayers, maxLayers},
		{"num_attention_heads", c.NumAttentionHeads, maxSize},
		{"intermediate_size", c.IntermediateSize, kernels.MaxInputs},
		{"max_position_embeddings", c.MaxPositionEmbeddings, maxSize},
		{"type_vocab_size", c.TypeVocabSize, maxSize},
	} {
		if size.value < 1 || size.value > size.most {
			return fmt.Errorf("%s is %d, want 1 to %d", size.field, size.value, size.most)
		}
	}
	for _, p := range []struct {
		field string
		value float64
	}{
		{"hidden_dropout_prob", c.HiddenDropoutProb},
		{"attention_probs_dropout_prob", c.AttentionProbsDropoutProb},
		{"classifier_dropout", c.classifierDropout()},
	} {
		if !(p.value >= 0 && p.value < 1) {
			return fmt.Errorf("%s is %v, want 0 or more and less than 1", p.field, p.value)
		}
	}
	switch {
	case c.ModelType != "" && c.ModelType != "bert":
		return fmt.Errorf("model_type is %q, want %q", c.ModelType, "bert")
	case c.IsDecoder || c.AddCrossAttention:
		return fmt.Errorf("is_decoder is %t and add_cross_attention %t, want an encoder", c.IsDecoder, c.AddCrossAttention)
	case c.HiddenSize%c.NumAttentionHeads != 0:
		return fmt.Errorf("hidden_size is %d, want a multiple of num_attention_heads, %d", c.HiddenSize, c.NumAttentionHeads)
	case c.PositionEmbeddingType != "absolute":
		return fmt.Errorf("position_embedding_type is %q, want %q", c.PositionEmbeddingType, "absolute")
	case !(c.LayerNormEps > 0 && c.LayerNormEps < 1):
		return fmt.Errorf("layer_norm_eps is %v, want more than 0 and less than 1", c.LayerNormEps)
	case !(c.InitializerRange > 0 && c.InitializerRange < 1):
		return fmt.Errorf("initializer_range is %v, want more than 0 and less than 1", c.InitializerRange)
	}
	if _, ok := activations[c.HiddenAct]; !ok {
		return fmt.Errorf("hidden_act is %q, want one of %q", c.HiddenAct, slices.Sorted(maps.Keys(activations)))
	}
	if err := c.ProblemType.validate(); err != nil {
		return err
	}
	for _, name := range c.HeadNames() {
		if err := c.Heads[name].validate(name); err != nil {
			return fmt.Errorf("heads.%s: %w", name, err)
		}
	}
	return nil
}

// activations are the values of hidden_act. transformers computes gelu_new and
// gelu_pytorch_tanh by the same formula.
var activations = map[string]kernels.Activation{
	"gelu":              kernels.GELU,
	"gelu_new":          kernels.GELUTanh,
	"gelu_pytorch_tanh": kernels.GELUTanh,
	"relu":              kernels.ReLU,
}

func (c *Config) activation() kernels.Activation { return activations[c.HiddenAct] }

func (c *Config) classifierDropout() float64 {
	if c.ClassifierDropout != nil {
		return *c.ClassifierDropout
	}
	return c.HiddenDropoutProb
}

func (h HeadConfig) validate(name string) error {
	switch {
	case !isHeadName(name):
		return fmt.Errorf("name is %q, want letters, digits, - and _", name)
	case name == MLMName || name == NSPName:
		return fmt.Errorf("name is %q, which is a head of pre-training", name)
	case h.Type != SequenceHeadType && h.Type != TokenHeadType:
		return fmt.Errorf("type is %q, want %q or %q", h.Type, SequenceHeadType, TokenHeadType)
	case len(h.Labels) == 0 || len(h.Labels) > maxSize:
		return fmt.Errorf("%d labels, want 1 to %d", len(h.Labels), maxSize)
	case h.Type == TokenHeadType && h.ProblemType != "" && h.ProblemType != SingleLabel:
		return fmt.Errorf("problem_type is %q, want %q for a token head", h.ProblemType, SingleLabel)
	case h.MaxTokens < 0 || h.RowTokens < 0:
		return fmt.Errorf("max_tokens is %d and row_tokens %d, want 0 or more", h.MaxTokens, h.RowTokens)
	}
	seen := make(map[string]bool, len(h.Labels))
	for _, label := range h.Labels {
		if seen[label] {
			return fmt.Errorf("label %q appears twice", label)
		}
		seen[label] = true
	}
	return h.ProblemType.validate()
}

func (p ProblemType) validate() error {
	switch p {
	case "", SingleLabel, MultiLabel, Regression:
		return nil
	}
	return fmt.Errorf("problem_type is %q, want %q, %q or %q", p, SingleLabel, MultiLabel, Regression)
}

// isHeadName reports whether heads.NAME.weight is unambiguous.
func isHeadName(name string) bool {
	for _, r := range name {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
		default:
			return false
		}
	}
	return name != ""
}
