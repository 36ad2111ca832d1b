package tasks

import (
	"context"
	"strings"
	"testing"
)

// TestTokenLimit: every task that reads text stops at the limit, and what is
// just below it is answered.
func TestTokenLimit(t *testing.T) {
	e := embeddedEngine(t)
	texts := []Text{{Text: "one two three [MASK]"}, {Text: "four five six [MASK]"}}
	short := []Text{{Text: "one two three"}} // 5 tokens, and more with its sentence or its aspect
	pairs := []Text{{Text: "one two", Pair: "three four", HasPair: true}, {Text: "one two", Pair: "three four", HasPair: true}}
	for name, task := range map[string]func(context.Context) error{
		"classify": func(ctx context.Context) error {
			_, err := Classifier{e}.Classify(ctx, texts, ClassifyOptions{})
			return err
		},
		"sentiment": func(ctx context.Context) error {
			_, err := Sentiment{e}.Analyze(ctx, texts, SentimentOptions{})
			return err
		},
		"sentiment of sentences": func(ctx context.Context) error {
			_, err := Sentiment{e}.Analyze(ctx, short, SentimentOptions{Level: Sentences})
			return err
		},
		"sentiment of aspects": func(ctx context.Context) error {
			_, err := Sentiment{e}.Analyze(ctx, short, SentimentOptions{Aspects: []string{"one"}})
			return err
		},
		"ner":       func(ctx context.Context) error { _, err := NER{e}.Recognize(ctx, texts, NEROptions{}); return err },
		"fill-mask": func(ctx context.Context) error { _, err := FillMask{e}.Fill(ctx, texts, FillMaskOptions{}); return err },
		"nsp": func(ctx context.Context) error {
			_, err := NextSentence{e}.IsNext(ctx, pairs, NextSentenceOptions{})
			return err
		},
		"embed": func(ctx context.Context) error { _, err := Embedder{e}.Embed(ctx, texts, EmbedOptions{}); return err },
		"tokenize": func(ctx context.Context) error {
			_, err := Tokenizer{e}.Tokenize(ctx, texts, TokenizeOptions{})
			return err
		},
		"attention": func(ctx context.Context) error {
			_, err := Attention{e}.Attend(ctx, texts, AttendOptions{})
			return err
		},
		"pretraining": func(ctx context.Context) error {
			_, err := PretrainingExamples{e}.Make(ctx, texts, PretrainingOptions{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := wantInputError(t, task(WithTokenLimit(t.Context(), 7)), CodeTooLarge)
			if got.Limit != 7 || got.Actual <= 7 || !strings.Contains(got.Detail, "7") {
				t.Errorf("%+v, want limit 7 and what was counted", got)
			}
			if err := task(WithTokenLimit(t.Context(), 40)); err != nil {
				t.Errorf("below the limit: %v", err)
			}
		})
	}
}
