package tasks

import (
	"context"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// NextSentence tells whether the second text of a pair follows the first one,
// as BERT was pre-trained to (Devlin et al. 2018, §3.1).
type NextSentence struct{ Engine *engine.Engine }

// NextSentenceOptions are the options of NextSentence.IsNext. A pair that is
// too long loses the ends of its texts, the longer one's first; Truncate
// false refuses it.
type NextSentenceOptions struct{ Options }

// NextSentenceResult is the result of NextSentence.IsNext.
type NextSentenceResult struct {
	// Label is IsNext or NotNext, whichever is more probable.
	Label string  `json:"label"`
	Score float64 `json:"score"`
	// Scores are the probabilities of both labels.
	Scores NextSentenceScores `json:"scores"`
	Info
}

// NextSentenceScores are the probabilities of the two labels; they add up to 1.
type NextSentenceScores struct {
	IsNext  float64 `json:"IsNext"`
	NotNext float64 `json:"NotNext"`
}

// IsNext answers for each pair.
func (n NextSentence) IsNext(ctx context.Context, pairs []Text, o NextSentenceOptions) ([]NextSentenceResult, error) {
	if err := requireText(pairs); err != nil {
		return nil, err
	}
	if err := requirePairs(pairs); err != nil {
		return nil, err
	}
	models, err := route(n.Engine, pairs, o.Model, func(m *engine.Model) bool { return m.Network.NSP != nil })
	if err != nil {
		return nil, err
	}
	for i, m := range models {
		if m.Network.NSP == nil {
			return nil, noHead(m, i, bert.NSPName, "model", nil)
		}
	}
	readings, err := read(ctx, models, pairs, o.Options, tokenizer.SpecialsNone, truncated)
	if err != nil {
		return nil, err
	}
	outputs, err := run(ctx, n.Engine, sequences(readings), func(*engine.Model) engine.Request {
		return engine.Request{Heads: []string{bert.NSPName}}
	})
	if err != nil {
		return nil, err
	}

	defer timingFrom(ctx).phase(phasePost)()
	results := make([]NextSentenceResult, len(pairs))
	for i, r := range readings {
		probs := Softmax.apply(outputs[i].Heads[0])
		scores := NextSentenceScores{IsNext: score(probs[training.IsNext]), NotNext: score(probs[training.NotNext])}
		results[i] = NextSentenceResult{Label: bert.IsNext, Score: scores.IsNext, Scores: scores, Info: r.info()}
		if scores.NotNext > scores.IsNext {
			results[i].Label, results[i].Score = bert.NotNext, scores.NotNext
		}
	}
	return results, nil
}
