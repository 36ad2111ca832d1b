package tasks

import (
	"bytes"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
	"cloze/models"
)

const story = "The door opened slowly. A man stood outside in the rain. He asked for the way to the station. " +
	"Nobody answered him. The clock struck nine. At last a child pointed down the road. He thanked her and went on."

func makeExamples(t *testing.T, o PretrainingOptions, texts ...string) []PretrainingResult {
	t.Helper()
	var documents []Text
	for _, text := range texts {
		documents = append(documents, Text{Text: text})
	}
	results, err := PretrainingExamples{embeddedEngine(t)}.Make(t.Context(), documents, o)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// Undoing what was done to the chosen pieces gives the document back.
func TestPretrainingExamplesAreTheDocument(t *testing.T) {
	e := embeddedEngine(t)
	all := 0.9 // many predictions
	r := makeExamples(t, PretrainingOptions{MaskedLMProb: &all, MaxTokens: 40}, story)[0]
	if len(r.Examples) < 2 {
		t.Fatalf("%d examples, want several", len(r.Examples))
	}
	var words []string
	tokens := 0
	for _, example := range r.Examples {
		if example.NextSentence == bert.NotNext {
			t.Error("a document alone has a NotNext")
		}
		for _, p := range example.Predictions {
			shown := example.Pieces[p.Position].Token
			switch p.Treatment {
			case "mask":
				if shown != "[MASK]" {
					t.Errorf("masked piece is shown as %q", shown)
				}
			case "keep":
				if shown != p.Label {
					t.Errorf("kept piece %q is shown as %q", p.Label, shown)
				}
			case "random":
			default:
				t.Errorf("treatment %q", p.Treatment)
			}
			example.Pieces[p.Position].Token = p.Label
		}
		for _, p := range example.Pieces {
			if p.Token != "[CLS]" && p.Token != "[SEP]" {
				words = append(words, p.Token)
			}
		}
		if len(example.Pieces) > 40 {
			t.Errorf("%d pieces, want 40 at most", len(example.Pieces))
		}
		tokens += len(example.Pieces)
	}
	m, _ := e.Model("en")
	var want []string
	for _, p := range newDocument(m.Tokenizer, story) {
		for _, id := range p {
			want = append(want, m.Tokenizer.Token(id))
		}
	}
	if diff := cmp.Diff(want, words); diff != "" && !r.Truncated {
		t.Errorf("(-document +examples):\n%s", diff)
	}
	if r.Tokens != tokens || r.Windows != len(r.Examples) {
		t.Errorf("%+v, want %d tokens and %d windows", r.Info, tokens, len(r.Examples))
	}
}

func TestPretrainingTruncationIsReported(t *testing.T) {
	one := strings.TrimSuffix(strings.Repeat("word ", 100), " ") + "."
	if r := makeExamples(t, PretrainingOptions{MaxTokens: 20}, one)[0]; !r.Truncated {
		t.Errorf("%+v, want a sentence of 101 pieces truncated to 20", r.Info)
	}
	for seed := range uint64(20) {
		for i, r := range makeExamples(t, PretrainingOptions{Seed: seed}, story, "Some other text. It is short.") {
			if r.Truncated {
				t.Errorf("seed %d, text %d: truncated, although all of it fits", seed, i)
			}
		}
	}
}

func TestPretrainingSeed(t *testing.T) {
	a := makeExamples(t, PretrainingOptions{Seed: 1}, story)
	if diff := cmp.Diff(a, makeExamples(t, PretrainingOptions{Seed: 1}, story)); diff != "" {
		t.Errorf("the same seed made something else:\n%s", diff)
	}
	if cmp.Equal(a, makeExamples(t, PretrainingOptions{Seed: 2}, story)) {
		t.Error("another seed made the same")
	}
}

func TestPretrainingNotNextComesFromAnotherText(t *testing.T) {
	labels := make(map[string]int)
	for seed := range uint64(40) {
		results := makeExamples(t, PretrainingOptions{Seed: seed, MaxTokens: 30}, story, strings.ToUpper(story), "门开了。外面下着雨。")
		for _, r := range results[:2] {
			for _, e := range r.Examples {
				labels[e.NextSentence]++
			}
		}
		for _, e := range results[2].Examples { // the only Chinese text
			if e.NextSentence == bert.NotNext {
				t.Fatal("a NotNext across two vocabularies")
			}
		}
	}
	share := float64(labels[bert.NotNext]) / float64(labels[bert.NotNext]+labels[bert.IsNext])
	if share < 0.4 || share > 0.75 || labels[""] > 0 {
		t.Errorf("%v of the pairs are NotNext, labels %v; want about a half or a little more", share, labels)
	}
}

func TestPretrainingMaskedShare(t *testing.T) {
	var chosen, pieces float64
	for seed := range uint64(30) {
		for _, e := range makeExamples(t, PretrainingOptions{Seed: seed}, story)[0].Examples {
			chosen += float64(len(e.Predictions))
			pieces += float64(len(e.Pieces))
		}
	}
	if share := chosen / pieces; math.Abs(share-0.15) > 0.02 {
		t.Errorf("%v of the pieces were chosen, want 0.15", share)
	}
}

func TestPretrainingRefuses(t *testing.T) {
	task := PretrainingExamples{embeddedEngine(t)}
	two, nan := 2.0, math.NaN()
	for _, test := range []struct {
		name, code, field string
		text              Text
		o                 PretrainingOptions
	}{
		{"probability", CodeInvalidParameter, "masked_lm_prob", Text{Text: "a"}, PretrainingOptions{MaskedLMProb: &two}},
		{"probability that is no number", CodeInvalidParameter, "masked_lm_prob", Text{Text: "a"}, PretrainingOptions{MaskedLMProb: &nan}},
		{"too short examples", CodeInvalidParameter, "max_tokens", Text{Text: "a"}, PretrainingOptions{MaxTokens: 4}},
		{"too long examples", CodeInvalidParameter, "max_tokens", Text{Text: "a"}, PretrainingOptions{MaxTokens: 513}},
		{"blank", CodeEmptyText, "text", Text{}, PretrainingOptions{}},
		{"pair", CodeUnexpectedPair, "text_pair", Text{Text: "a", HasPair: true, Pair: "b"}, PretrainingOptions{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := task.Make(t.Context(), []Text{test.text}, test.o)
			if e := wantInputError(t, err, test.code); e.Field != test.field {
				t.Errorf("field %s, want %s", e.Field, test.field)
			}
		})
	}
}

// A vocabulary without [MASK] makes examples only where nothing is chosen.
func TestPretrainingNeedsAMask(t *testing.T) {
	original, _ := embeddedEngine(t).Model("en")
	vocabulary, err := fs.ReadFile(models.FS("en"), "vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(fstest.MapFS{"vocab.txt": {Data: bytes.Replace(vocabulary, []byte("[MASK]\n"), nil, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Options{Threads: 1}, &engine.Model{ID: "en", Network: original.Network, Tokenizer: tok})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	_, err = PretrainingExamples{e}.Make(t.Context(), []Text{{Text: story}}, PretrainingOptions{})
	if got := wantInputError(t, err, CodeNoHead); got.Index != 0 || got.Field != "model" || !strings.Contains(got.Detail, "no [MASK]") {
		t.Errorf("got %+v", got)
	}
	none := 0.0
	if _, err := (PretrainingExamples{e}).Make(t.Context(), []Text{{Text: story}}, PretrainingOptions{MaskedLMProb: &none}); err != nil {
		t.Error(err)
	}
}
