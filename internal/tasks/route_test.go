package tasks

import (
	"path/filepath"
	"strings"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/engine"
)

// Where a request names no model, one that cannot answer it is passed over.
func TestRoutePassesOverModelsThatCannot(t *testing.T) {
	var loaded []*engine.Model
	for _, id := range []string{"base-without-pooler", "next-sentence", "masked-lm", "token-labels", "several-heads"} {
		network, tok, err := checkpoint.LoadDir(filepath.Join("..", "checkpoint", "testdata", id), bert.Options{})
		if err != nil {
			t.Fatal(err)
		}
		loaded = append(loaded, &engine.Model{ID: id, Network: network, Tokenizer: tok})
	}
	e, err := engine.New(engine.Options{Threads: 1}, loaded...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	text, pair := []Text{{Text: "a text"}}, []Text{{Text: "a text", Pair: "and another", HasPair: true}}
	for _, test := range []struct {
		task, want string
		ask        func() (string, error)
	}{
		{"tokenize", "base-without-pooler", func() (string, error) {
			return answeredBy(func(r Tokenization) string { return r.Model })(Tokenizer{e}.Tokenize(t.Context(), text, TokenizeOptions{}))
		}},
		{"embed", "base-without-pooler", func() (string, error) {
			return answeredBy(func(r Embedding) string { return r.Model })(Embedder{e}.Embed(t.Context(), text, EmbedOptions{}))
		}},
		{"embed by the pooler", "next-sentence", func() (string, error) {
			return answeredBy(func(r Embedding) string { return r.Model })(Embedder{e}.Embed(t.Context(), text, EmbedOptions{Pooling: PoolerPooling}))
		}},
		{"nsp", "next-sentence", func() (string, error) {
			return answeredBy(func(r NextSentenceResult) string { return r.Model })(NextSentence{e}.IsNext(t.Context(), pair, NextSentenceOptions{}))
		}},
		{"fill-mask", "masked-lm", func() (string, error) {
			return answeredBy(func(r FillMaskResult) string { return r.Model })(FillMask{e}.Fill(t.Context(), []Text{{Text: "a [MASK]"}}, FillMaskOptions{TopK: 1}))
		}},
		{"ner", "token-labels", func() (string, error) {
			return answeredBy(func(r NERResult) string { return r.Model })(NER{e}.Recognize(t.Context(), text, NEROptions{}))
		}},
		{"classify", "several-heads", func() (string, error) {
			return answeredBy(func(r Classification) string { return r.Model })(Classifier{e}.Classify(t.Context(), text, ClassifyOptions{Head: "mood"}))
		}},
	} {
		t.Run(test.task, func(t *testing.T) {
			model, err := test.ask()
			if err != nil {
				t.Fatal(err)
			}
			if model != test.want {
				t.Errorf("answered by %s, want %s", model, test.want)
			}
		})
	}
	// An option out of range is a mistake, and no reason to ask a model of another script.
	layer := 5
	_, err = Embedder{embeddedEngine(t)}.Embed(t.Context(), []Text{{Text: "我喜欢这部电影"}}, EmbedOptions{Layer: &layer})
	if got := wantInputError(t, err, CodeInvalidParameter); got.Field != "layer" || !strings.Contains(got.Detail, "model zh") {
		t.Errorf("a layer that the model for the script has not: %+v", got)
	}
	// Nor is a head that the model for the script has not.
	en, _ := engineWithHeads(t, "en", func(heads map[string]bert.Head) { delete(heads, "ner") }).Model("en")
	zh, _ := embeddedEngine(t).Model("zh")
	both, err := engine.New(engine.Options{Threads: 1},
		&engine.Model{ID: "en", Network: en.Network, Tokenizer: en.Tokenizer}, &engine.Model{ID: "zh", Network: zh.Network, Tokenizer: zh.Tokenizer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(both.Close)
	_, err = NER{both}.Recognize(t.Context(), []Text{{Text: "Ada Lovelace met Charles Babbage."}}, NEROptions{})
	if got := wantInputError(t, err, CodeNoHead); !strings.Contains(got.Detail, "model en") {
		t.Errorf("a head that only a model for another script has: %+v", got)
	}
	_, err = Classifier{e}.Classify(t.Context(), text, ClassifyOptions{Head: "none"})
	if got := wantInputError(t, err, CodeNoHead); got.Field != "head" {
		t.Errorf("a head that no model has: %+v", got)
	}
}

// answeredBy takes the model out of the first result.
func answeredBy[R any](model func(R) string) func([]R, error) (string, error) {
	return func(results []R, err error) (string, error) {
		if err != nil {
			return "", err
		}
		return model(results[0]), nil
	}
}
