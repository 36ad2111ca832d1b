package tasks

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"cloze/internal/engine"
)

// Bounds of FillMaskOptions.Joint.
const (
	// minBeam is the least width of the beam search: with a narrower one the
	// best filling is often lost to a better first token.
	minBeam = 8
	// maxJointMasks bounds the passes that one text takes, one for each mask.
	maxJointMasks = 16
	// maxJointTokens bounds what the beam search of one request reads: every
	// hypothesis is read once for each mask.
	maxJointTokens = 50_000
)

// Filling is one way to fill all masks of a text together, found by beam
// search from left to right.
//
// Its score is the product over the masks, from left to right, of the
// probability of the token among the whole vocabulary, given the text with
// the masks before it filled and those after it still masked:
//
//	score = Π p(token_i | text, token_1 … token_i−1, [MASK] … [MASK])
//
// These are the model's own probabilities, chained in that order. A masked
// language model defines no joint distribution: filled in another order, the
// product would be another.
type Filling struct {
	// Score is the product of the tokens' scores. It can be as small as
	// 5e-324, which also stands for anything smaller; it is 0 only if a factor
	// is.
	Score  float64       `json:"score"`
	Tokens []FilledToken `json:"tokens"` // one for each mask, in order
	// Sequence is the text with all masks filled, as the model sees it.
	Sequence string `json:"sequence"`
}

// FilledToken is the token of one mask in a Filling.
type FilledToken struct {
	Token string `json:"token"`
	ID    int32  `json:"id"`
	// Score is the token's factor of the filling's score.
	Score float64 `json:"score"`
}

// checkBeam refuses a beam search that would take too long.
func checkBeam(all []masked, width int) error {
	tokens := 0
	for _, m := range all {
		tokens += (len(m.positions) - 1) * width * m.encoding().Len()
	}
	if tokens > maxJointTokens {
		return &InputError{
			Code: CodeTooLarge, Index: -1, Field: "joint",
			Detail: fmt.Sprintf("filling all masks together would read %d tokens, and may read %d: send fewer or shorter texts, or a lower top_k", tokens, maxJointTokens),
			Limit:  maxJointTokens, Actual: tokens,
		}
	}
	return nil
}

// hypothesis is a text with its first masks filled.
type hypothesis struct {
	filled   []guess
	logScore float64 // Σ log p of the filled tokens
}

// fillJointly runs the beam search of every text, all of them in step: in
// step n the n-th mask of every hypothesis of every text.
func (f FillMask) fillJointly(ctx context.Context, all []masked, width int) error {
	for i := range all {
		// The first step is what fillEach did: nothing was filled yet, and
		// the first mask saw the others masked.
		all[i].beam = extend([]hypothesis{{}}, [][]guess{all[i].best[0]}, width)
	}
	for step := 1; ; step++ {
		var todo []sequence
		var texts []int // of each sequence
		for i := range all {
			m := &all[i]
			if step >= len(m.positions) {
				continue
			}
			for _, h := range m.beam {
				todo = append(todo, sequence{
					model:    m.model,
					encoding: withTokens(m.encoding(), m.positions, h.filled),
					masks:    m.positions[step : step+1],
				})
				texts = append(texts, i)
			}
		}
		if len(todo) == 0 {
			return nil
		}
		guesses := make([][]guess, len(todo))
		_, err := run(ctx, f.Engine, todo, func(*engine.Model) engine.Request {
			return engine.Request{MaskLogits: func(i, _ int, logits []float32) {
				guesses[i] = all[texts[i]].mostProbable(logits, width)
			}}
		})
		if err != nil {
			return err
		}
		for first := 0; first < len(todo); {
			m := &all[texts[first]]
			n := len(m.beam)
			m.beam = extend(m.beam, guesses[first:first+n], width)
			first += n
		}
	}
}

// extend fills the next mask of every hypothesis with each of its guesses and
// keeps the best of them all.
func extend(beam []hypothesis, guesses [][]guess, width int) []hypothesis {
	var longer []hypothesis
	for i, h := range beam {
		for _, g := range guesses[i] {
			longer = append(longer, hypothesis{
				filled:   append(slices.Clip(h.filled), g),
				logScore: h.logScore + math.Log(float64(g.score)),
			})
		}
	}
	slices.SortStableFunc(longer, func(a, b hypothesis) int { return cmp.Compare(b.logScore, a.logScore) })
	return longer[:min(width, len(longer))]
}
