package evaluation

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

func TestSentencePairs(t *testing.T) {
	var documents [][]string
	for d := range 6 {
		var sentences []string
		for s := range 20 {
			sentences = append(sentences, string(rune('a'+d))+string(rune('a'+s)))
		}
		documents = append(documents, sentences)
	}
	pairs := sentencePairs(documents, 100, rand.New(rand.NewPCG(1, 1)))
	next := 0
	for _, p := range pairs {
		distance := abs(int(p.first[0]) - int(p.second[0]))
		if p.isNext {
			next++
			if distance != 0 || p.second[1] != p.first[1]+1 {
				t.Errorf("%s does not follow %s", p.second, p.first)
			}
		} else if distance < apart {
			t.Errorf("%s is of a document near that of %s", p.second, p.first)
		}
	}
	if len(pairs) != 100 || next != 50 {
		t.Errorf("%d of %d pairs follow each other, want 50 of 100", next, len(pairs))
	}
	again := sentencePairs(documents, 100, rand.New(rand.NewPCG(1, 1)))
	if !slices.Equal(pairs, again) {
		t.Error("the same seed makes other pairs")
	}
	if all := sentencePairs(documents, 0, rand.New(rand.NewPCG(1, 1))); len(all) != 6*19 {
		t.Errorf("%d pairs, want all %d", len(all), 6*19)
	}
}

func TestMaskPieces(t *testing.T) {
	_, m := startEmbedded(t, "en")
	for _, test := range []struct {
		text string
		want int
	}{{strings.Repeat("word ", 100), 15}, {"word", 1}, {"", 0}} {
		e := m.Tokenizer.Encode(test.text, tokenizer.Options{})
		original := slices.Clone(e.IDs)
		x := maskPieces(e, m.Tokenizer.Mask(), rand.New(rand.NewPCG(1, 1)))
		if len(x.positions) != test.want {
			t.Errorf("%d masks in %d pieces, want %d", len(x.positions), e.Len(), test.want)
		}
		for i, p := range x.positions {
			if e.IDs[p] != m.Tokenizer.Mask() || x.pieces[i] != original[p] || e.Words[p] < 0 {
				t.Errorf("mask %d at %d: id %d, behind it %d, word %d", i, p, e.IDs[p], x.pieces[i], e.Words[p])
			}
		}
	}
}

// Documents that a model has not seen: labelled ones as they are, tagged
// sentences in blocks.
func TestReadDocuments(t *testing.T) {
	documents, err := readDocuments("testdata/sets/sentiment/rooms", &training.Problems{})
	if err != nil || len(documents) != 5 {
		t.Errorf("%d documents, %v; want 5", len(documents), err)
	}
	documents, err = readDocuments("testdata/sets/ner/people", &training.Problems{})
	if err != nil || len(documents) != 1 || len(documents[0]) != 2 {
		t.Errorf("documents %v, %v; want one of two sentences", documents, err)
	}
	if documents, err := readDocuments("testdata/none", &training.Problems{}); err != nil || documents != nil {
		t.Errorf("documents %v, %v; want none", documents, err)
	}
}

func TestHeldOut(t *testing.T) {
	e, m := startEmbedded(t, "en")
	dir := t.TempDir()
	set := filepath.Join(dir, "sentiment", "stories")
	if err := os.MkdirAll(set, 0o777); err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, text := range []string{
		"The ship left the harbour. The sailors waved. The sea was calm.",
		"Interest rates rose in March. Banks lent less. House prices fell.",
		"Boil the water. Add the pasta. Stir the pasta in the water.",
		"The striker scored. The fans cheered the striker. The match was over.",
	} {
		if err := json.NewEncoder(&rows).Encode(map[string]string{"text": text, "label": "neutral"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(set, "dev.jsonl"), []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &Comparison{
		Engine: e, Model: m, Rows: 100, Pieces: -1,
		Card: Card{NSP: 91.7, MLM: 38.6, HeldOut: []string{"sentiment/stories", "topic/none"}},
	}
	scores, err := c.heldOut(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(scores) != 3 || scores[0].Examples != 8 || scores[1].Card != 91.7 || scores[2].Task != MLM || scores[2].Examples < 4 {
		for _, s := range scores {
			t.Errorf("got %+v", *s)
		}
		t.FailNow()
	}
	if scores[0].Figure < 50 {
		t.Errorf("%+v: worse than guessing on plain examples", *scores[0])
	}
	// A quarter of few rows is still some, not all.
	c.Rows = 3
	if scores, err = c.heldOut(t.Context(), dir); err != nil || scores[0].Examples != 1 || scores[1].Examples != 3 {
		t.Errorf("of 3 rows: error %v, got %+v and %+v", err, *scores[0], *scores[1])
	}
}
