package bert_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
)

func TestConfigParameters(t *testing.T) {
	multilingual := bert.Base()
	multilingual.VocabSize = 119547
	for _, tt := range []struct {
		name   string
		config bert.Config
		want   int
	}{
		// BertModel(config).num_parameters() of transformers. The paper's
		// 110 M and 340 M are these, rounded up.
		{"base", preset(t, "base"), 109_482_240},
		{"large", preset(t, "large"), 335_141_888},
		{"base multilingual cased", multilingual, 177_853_440},
		{"tiny", preset(t, "tiny"), 4_385_920},
		{"mini", preset(t, "mini"), 11_170_560},
		{"small", preset(t, "small"), 28_763_648},
		{"medium", preset(t, "medium"), 41_373_184},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.config.Parameters(); got != tt.want {
				t.Errorf("Parameters() = %d, want %d", got, tt.want)
			}
		})
	}
}

func preset(t *testing.T, name string) bert.Config {
	t.Helper()
	c, ok := bert.Preset(name)
	if !ok {
		t.Fatalf("no preset %q", name)
	}
	return c
}

func TestPresetsAreValid(t *testing.T) {
	for _, name := range bert.PresetNames() {
		c, ok := bert.Preset(name)
		if !ok {
			t.Errorf("Preset(%q) is unknown", name)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("Preset(%q): %v", name, err)
		}
		if c.HeadSize() != 64 || c.IntermediateSize != 4*c.HiddenSize {
			t.Errorf("Preset(%q) has head size %d and intermediate size %d", name, c.HeadSize(), c.IntermediateSize)
		}
	}
	if _, ok := bert.Preset("huge"); ok {
		t.Error(`Preset("huge") is known`)
	}
}

func TestConfigDefaultsAreTransformers(t *testing.T) {
	// google-research/bert's bert_config.json has neither layer_norm_eps nor
	// position_embedding_type; transformers writes null for what is not set.
	const google = `{
		"attention_probs_dropout_prob": 0.1, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
		"hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072,
		"max_position_embeddings": 512, "num_attention_heads": 12, "num_hidden_layers": 12,
		"type_vocab_size": 2, "vocab_size": 30522, "classifier_dropout": null, "problem_type": null,
		"unknown_field": [1, 2]
	}`
	var got bert.Config
	if err := json.Unmarshal([]byte(google), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bert.Base(), got); diff != "" {
		t.Errorf("config differs from Base (-want +got):\n%s", diff)
	}
}

func TestConfigRoundTrip(t *testing.T) {
	const file = `{
		"architectures": ["BertForTokenClassification"], "model_type": "bert", "vocab_size": 7, "hidden_size": 8,
		"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 9, "tie_word_embeddings": false,
		"classifier_dropout": 0, "id2label": {"0": "O", "1": "B-X"}, "label2id": {"O": 0, "B-X": 1},
		"heads": {"mood": {"type": "sequence", "labels": ["a", "b"], "problem_type": "multi_label_classification"}}
	}`
	var first, second bert.Config
	if err := json.Unmarshal([]byte(file), &first); err != nil {
		t.Fatal(err)
	}
	if first.TieWordEmbeddings || first.ClassifierDropout == nil || first.ID2Label[1] != "B-X" {
		t.Errorf("config = %+v", first)
	}
	again, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again, &second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("config changes when it is written and read (-first +second):\n%s", diff)
	}
}

func TestConfigValidate(t *testing.T) {
	label := func(labels ...string) map[string]bert.HeadConfig {
		return map[string]bert.HeadConfig{"x": {Type: bert.SequenceHeadType, Labels: labels}}
	}
	half := 0.5
	negative := -0.5
	for _, tt := range []struct {
		name   string
		change func(c *bert.Config)
		want   string // in the error; empty if valid
	}{
		{"base", func(*bert.Config) {}, ""},
		{"no model type", func(c *bert.Config) { c.ModelType = "" }, ""},
		{"gelu_new", func(c *bert.Config) { c.HiddenAct = "gelu_new" }, ""},
		{"classifier dropout", func(c *bert.Config) { c.ClassifierDropout = &half }, ""},
		{"other model", func(c *bert.Config) { c.ModelType = "roberta" }, `model_type is "roberta", want "bert"`},
		{"more layers than any model", func(c *bert.Config) { c.NumHiddenLayers = 1 << 20 }, "num_hidden_layers is 1048576, want 1 to 1024"},
		{"no layers", func(c *bert.Config) { c.NumHiddenLayers = 0 }, "num_hidden_layers is 0"},
		{"negative vocabulary", func(c *bert.Config) { c.VocabSize = -1 }, "vocab_size is -1"},
		{"absurd hidden size", func(c *bert.Config) { c.HiddenSize = 1 << 40 }, "hidden_size is 1099511627776"},
		{"absurd intermediate size", func(c *bert.Config) { c.IntermediateSize = 1 << 18 }, "intermediate_size is 262144, want 1 to 131072"},
		{"heads do not divide", func(c *bert.Config) { c.NumAttentionHeads = 7 }, "hidden_size is 768, want a multiple of num_attention_heads, 7"},
		{"unknown activation", func(c *bert.Config) { c.HiddenAct = "swish" }, `hidden_act is "swish", want one of ["gelu" "gelu_new" "gelu_pytorch_tanh" "relu"]`},
		{"relative positions", func(c *bert.Config) { c.PositionEmbeddingType = "relative_key" }, `position_embedding_type is "relative_key"`},
		{"no epsilon", func(c *bert.Config) { c.LayerNormEps = 0 }, "layer_norm_eps is 0"},
		{"certain dropout", func(c *bert.Config) { c.HiddenDropoutProb = 1 }, "hidden_dropout_prob is 1"},
		{"negative dropout", func(c *bert.Config) { c.ClassifierDropout = &negative }, "classifier_dropout is -0.5"},
		{"decoder", func(c *bert.Config) { c.IsDecoder = true }, "is_decoder is true"},
		{"problem type", func(c *bert.Config) { c.ProblemType = "ranking" }, `problem_type is "ranking"`},
		{"head", func(c *bert.Config) { c.Heads = label("a") }, ""},
		{"head without labels", func(c *bert.Config) { c.Heads = label() }, "heads.x: 0 labels"},
		{"label twice", func(c *bert.Config) { c.Heads = label("a", "b", "a") }, `heads.x: label "a" appears twice`},
		{"head type", func(c *bert.Config) {
			c.Heads = map[string]bert.HeadConfig{"x": {Type: "span", Labels: []string{"a"}}}
		}, `heads.x: type is "span"`},
		{"head name", func(c *bert.Config) {
			c.Heads = map[string]bert.HeadConfig{"x.y": {Type: bert.TokenHeadType, Labels: []string{"a"}}}
		}, `heads.x.y: name is "x.y"`},
		{"head called like one of pre-training", func(c *bert.Config) {
			c.Heads = map[string]bert.HeadConfig{bert.NSPName: {Type: bert.TokenHeadType, Labels: []string{"a"}}}
		}, `heads.nsp: name is "nsp", which is a head of pre-training`},
		{"token head of several labels", func(c *bert.Config) {
			c.Heads = map[string]bert.HeadConfig{"x": {Type: bert.TokenHeadType, Labels: []string{"a"}, ProblemType: bert.MultiLabel}}
		}, "heads.x: problem_type is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := bert.Base()
			tt.change(&c)
			err := c.Validate()
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Validate() = %v, want nil", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("Validate() = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestClassifier(t *testing.T) {
	labels := map[int]string{0: "no", 1: "yes"}
	sequence, token := []string{"BertForSequenceClassification"}, []string{"BertForTokenClassification"}
	for _, tt := range []struct {
		name   string
		config bert.Config
		labels int
		want   bert.HeadConfig
		wantOK bool
	}{
		{
			"sequence",
			bert.Config{Architectures: sequence, ID2Label: labels},
			2,
			bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"no", "yes"}, ProblemType: bert.SingleLabel},
			true,
		},
		{
			"regression by one label",
			bert.Config{Architectures: sequence},
			1,
			bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"LABEL_0"}, ProblemType: bert.Regression, ProblemTypeImplied: true},
			true,
		},
		{
			"regression by its name",
			bert.Config{Architectures: sequence, ProblemType: bert.Regression},
			1,
			bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"LABEL_0"}, ProblemType: bert.Regression},
			true,
		},
		{
			"multi label",
			bert.Config{Architectures: sequence, ID2Label: labels, ProblemType: bert.MultiLabel},
			3,
			bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"no", "yes", "LABEL_2"}, ProblemType: bert.MultiLabel},
			true,
		},
		{
			"token",
			bert.Config{Architectures: token, ID2Label: labels},
			2,
			bert.HeadConfig{Type: bert.TokenHeadType, Labels: []string{"no", "yes"}},
			true,
		},
		{"pre-training", bert.Config{Architectures: []string{"BertForPreTraining"}}, 2, bert.HeadConfig{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.config.Classifier(tt.labels)
			if ok != tt.wantOK || !cmp.Equal(got, tt.want) {
				t.Errorf("Classifier(%d) = %+v, %t, want %+v, %t", tt.labels, got, ok, tt.want, tt.wantOK)
			}
		})
	}
}
