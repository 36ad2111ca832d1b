package tasks

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestTimingCountsEveryPhase(t *testing.T) {
	ctx, timing := WithTiming(t.Context())
	results, err := FillMask{embeddedEngine(t)}.Fill(ctx, []Text{{Text: "我今天要[MASK]课。"}, {Text: "my dog is [MASK]."}, {Text: "a [MASK]"}}, FillMaskOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if timing.Tokenize <= 0 || timing.Model <= 0 || timing.Post <= 0 || timing.Queue < 0 {
		t.Errorf("tokenize %v, queue %v, model %v, post %v; want all measured", timing.Tokenize, timing.Queue, timing.Model, timing.Post)
	}
	tokens := 0
	for _, r := range results {
		tokens += r.Tokens
	}
	if timing.Tokens != tokens || !slices.Equal(timing.Models, []string{"en", "zh"}) {
		t.Errorf("%d tokens by %v, want %d by en and zh", timing.Tokens, timing.Models, tokens)
	}
}

func TestCancelledContextStopsATask(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Classifier{embeddedEngine(t)}).Classify(ctx, []Text{{Text: "a"}}, ClassifyOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
