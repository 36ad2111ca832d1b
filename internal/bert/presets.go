package bert

// defaults is BertConfig() of transformers, which is BERT-base.
func defaults() Config {
	return Config{
		ModelType:                 "bert",
		VocabSize:                 30522, // google-research/bert's uncased English WordPieces
		HiddenSize:                768,
		NumHiddenLayers:           12,
		NumAttentionHeads:         12,
		IntermediateSize:          3072,
		MaxPositionEmbeddings:     512,
		TypeVocabSize:             2,
		HiddenAct:                 "gelu",
		LayerNormEps:              1e-12,
		PositionEmbeddingType:     "absolute",
		HiddenDropoutProb:         0.1,
		AttentionProbsDropoutProb: 0.1,
		InitializerRange:          0.02,
		TieWordEmbeddings:         true,
	}
}

// preset is a size of the literature: A = H/64 and I = 4·H in all of them.
type preset struct {
	name           string
	layers, hidden int
}

const presetHeadSize = 64

// The sizes of Devlin et al. 2018, §3 (base, large), of Turc et al. 2019
// (tiny to medium), and of the encoder in Vaswani et al. 2017, table 3.
var presets = []preset{
	{"tiny", 2, 128},
	{"mini", 4, 256},
	{"small", 4, 512},
	{"medium", 8, 512},
	{"base", 12, 768},
	{"large", 24, 1024},
	{"transformer-base", 6, 512},
	{"transformer-big", 6, 1024},
}

// PresetNames are the names that Preset knows, smallest BERT first.
func PresetNames() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// Preset returns the configuration of a size by name. The vocabulary is
// BERT's English one until the caller says otherwise.
func Preset(name string) (c Config, ok bool) {
	for _, p := range presets {
		if p.name == name {
			return p.config(), true
		}
	}
	return Config{}, false
}

func (p preset) config() Config {
	c := defaults()
	c.NumHiddenLayers = p.layers
	c.HiddenSize = p.hidden
	c.NumAttentionHeads = p.hidden / presetHeadSize
	c.IntermediateSize = 4 * p.hidden
	return c
}

func mustPreset(name string) Config {
	c, ok := Preset(name)
	if !ok {
		panic("bert: no preset " + name)
	}
	return c
}

// Tiny is L 2, H 128 (Turc et al. 2019).
func Tiny() Config { return mustPreset("tiny") }

// Mini is L 4, H 256 (Turc et al. 2019).
func Mini() Config { return mustPreset("mini") }

// Small is L 4, H 512 (Turc et al. 2019).
func Small() Config { return mustPreset("small") }

// Medium is L 8, H 512 (Turc et al. 2019).
func Medium() Config { return mustPreset("medium") }

// Base is BERT-base: L 12, H 768, A 12, 110 M parameters.
func Base() Config { return mustPreset("base") }

// Large is BERT-large: L 24, H 1024, A 16, 340 M parameters.
func Large() Config { return mustPreset("large") }

// TransformerBase is the encoder of Vaswani et al. 2017's base model: L 6,
// H 512, A 8.
func TransformerBase() Config { return mustPreset("transformer-base") }

// TransformerBig is the encoder of Vaswani et al. 2017's big model: L 6,
// H 1024, A 16.
func TransformerBig() Config { return mustPreset("transformer-big") }
