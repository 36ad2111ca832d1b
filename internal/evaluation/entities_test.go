package evaluation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// constantTagger is a model that gives every word the same logits for its tags.
func constantTagger(t *testing.T, tags []string, logits []float32) *engine.Model {
	t.Helper()
	tok, err := tokenizer.Load(fstest.MapFS{"vocab.txt": {Data: []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\naa\nba\n")}})
	if err != nil {
		t.Fatal(err)
	}
	config, _ := bert.Preset("tiny")
	config.VocabSize, config.HiddenSize, config.NumAttentionHeads, config.IntermediateSize = tok.VocabSize(), 16, 2, 32
	config.Heads = map[string]bert.HeadConfig{"ner": {Type: bert.TokenHeadType, Labels: tags}}
	network, err := bert.NewForTraining(config, nil, bert.TrainingOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range network.Parameters() {
		switch p.Name {
		case "heads.ner.weight":
			clear(p.Data)
		case "heads.ner.bias":
			copy(p.Data, logits)
		}
	}
	return &engine.Model{ID: "constant", Network: network, Tokenizer: tok}
}

// What is served is measured on the rows, and of the types, that the figure
// beside it is of, however few of them are taken.
func TestServedEntitiesAreOfTheSameRows(t *testing.T) {
	// Every word is a person, or else a place.
	e, m := startEngine(t, constantTagger(t, []string{"O", "B-PER", "I-PER", "B-LOC", "I-LOC"}, []float32{0, 3, 0, 2, 0}))
	measure := func(name, content string, rows int) *CardScore {
		t.Helper()
		path := filepath.Join(t.TempDir(), name+".conll")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c := &Comparison{Engine: e, Model: m, Rows: rows, Pieces: -1, Served: true}
		score, err := c.score(t.Context(), LabelledSet{Task: "ner", Name: name, Path: path}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return score
	}
	// Every other sentence is right, which an even draw would not show.
	if got := measure("people", strings.Repeat("aa B-PER\n\nba O\n\n", 20), 20); got.Figure != *got.Served || got.Rows != 20 || got.Figure == 100 {
		t.Errorf("figure %v, as served %v of %d rows; want one figure of 20", got.Figure, *got.Served, got.Rows)
	}
	// The only person is in one of many sentences, so that the set does annotate
	// persons, though not those sentences that are drawn.
	if got := measure("places", strings.Repeat("aa B-LOC\n\n", 40)+"ba B-PER\n", 3); got.Figure != 0 || *got.Served != 0 {
		t.Errorf("figure %v, as served %v; want 0, since every place is taken for a person", got.Figure, *got.Served)
	}
}
