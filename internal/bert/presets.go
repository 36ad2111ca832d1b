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

// Base is BERT-base: L 12, H 768, A 12, 110 M parameters (Devlin et al. 2018, §3).
func Base() Config { return defaults() }
