package evaluation

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tasks"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// HeldOutScore is how a model does at one of its pre-training tasks, on
// documents that it has not seen.
type HeldOutScore struct {
	Task     string  `json:"task"` // MLM or NSP
	Sets     string  `json:"sets"`
	Examples int     `json:"examples"`
	Figure   float64 `json:"figure"` // accuracy, per cent
	// IsNext and NotNext are NSP's accuracy on pairs of either kind.
	IsNext  float64 `json:"is_next,omitempty"`
	NotNext float64 `json:"not_next,omitempty"`
	// Card is what the card says of documents of its own; 0 where that is
	// another question.
	Card float64 `json:"card,omitempty"`
}

const (
	// heldOutSeed makes the choice of pairs and masks the same every time.
	heldOutSeed = 1
	// allTogether names the documents of all held-out sets.
	allTogether = "documents of all sets"
)

// heldOut measures MLM and NSP on the sets of documents that the card names,
// as far as they are there: NSP with sentences of other documents of the same
// set, where the subject tells little, and with those of all sets, as in
// pre-training.
//
// These are the questions of /nsp and /fill-mask: one sentence and another, and
// pieces that are all masked. TextReport's examples are those of pre-training:
// segments of any number of sentences, and pieces of which some are kept or
// replaced.
func (c *Comparison) heldOut(ctx context.Context, data string) ([]*HeldOutScore, error) {
	var scores []*HeldOutScore
	var all [][]string
	each := c.Rows / 4
	if c.Rows > 0 {
		each = max(1, each) // since 0 would be all
	}
	for _, name := range c.Card.HeldOut {
		documents, err := readDocuments(filepath.Join(data, filepath.FromSlash(name)), c.problems())
		if err != nil {
			return nil, err
		}
		if len(documents) < 2*apart || c.Model.Network.NSP == nil {
			continue
		}
		score, err := c.nextSentences(ctx, documents, each)
		if err != nil {
			return nil, err
		}
		score.Sets = name
		scores = append(scores, score)
		all = append(all, documents...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	score, err := c.nextSentences(ctx, all, c.Rows)
	if err != nil {
		return nil, err
	}
	score.Sets, score.Card = allTogether, c.Card.NSP
	scores = append(scores, score)
	if c.Model.Network.MLM != nil {
		score, err := c.maskedPieces(ctx, all)
		if err != nil {
			return nil, err
		}
		score.Sets, score.Card = allTogether, c.Card.MLM
		scores = append(scores, score)
	}
	return scores, nil
}

// runningText is how many sentences of a set without marked documents stand
// for one.
const runningText = 100

// readDocuments reads a set of labelled documents, or of tagged sentences in
// the order of their texts, as documents of sentences. A set that is not there
// has none.
func readDocuments(directory string, problems *training.Problems) ([][]string, error) {
	path, err := DevFile(directory)
	if err != nil || path == "" {
		return nil, err
	}
	var documents [][]string
	if format, _ := training.FormatOf(path); format == training.CoNLL {
		var block []string
		for sentence, err := range training.ReadTagged(path, problems) {
			if err != nil {
				return nil, err
			}
			block = append(block, sentencesOf(sentence.Text)...)
			if len(block) >= runningText {
				documents, block = append(documents, block), nil
			}
		}
		if len(block) > 0 {
			documents = append(documents, block)
		}
		return documents, nil
	}
	for row, err := range training.ReadRecords(path, training.Fields{ByFlags: true}, problems) {
		if err != nil {
			return nil, err
		}
		if sentences := sentencesOf(row.Text); len(sentences) > 0 {
			documents = append(documents, sentences)
		}
	}
	return documents, nil
}

func sentencesOf(text string) []string {
	var sentences []string
	for _, s := range tasks.SplitSentences(text) {
		sentences = append(sentences, text[s.Start:s.End])
	}
	return sentences
}

// sentencePair is an example of the next-sentence task.
type sentencePair struct {
	first, second string
	isNext        bool
}

// apart is how many places two documents must be apart to be unrelated:
// neighbours may be parts of one, where a set does not mark their borders.
const apart = 2

// sentencePairs makes at most n pairs: by turns a sentence with the one behind
// it, and a sentence with any of another document, every document as likely.
// There must be 2·apart documents, none of them empty.
func sentencePairs(documents [][]string, n int, rng *rand.Rand) []sentencePair {
	type place struct{ document, sentence int }
	var places []place
	for d, sentences := range documents {
		for s := range len(sentences) - 1 {
			places = append(places, place{d, s})
		}
	}
	rng.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
	if n > 0 && len(places) > n {
		places = places[:n]
	}
	pairs := make([]sentencePair, len(places))
	for i, p := range places {
		pairs[i] = sentencePair{first: documents[p.document][p.sentence], second: documents[p.document][p.sentence+1], isNext: i%2 == 0}
		if !pairs[i].isNext {
			other := p.document
			for abs(other-p.document) < apart {
				other = rng.IntN(len(documents))
			}
			pairs[i].second = documents[other][rng.IntN(len(documents[other]))]
		}
	}
	return pairs
}

func abs(n int) int { return max(n, -n) }

// nextSentences measures NSP.
func (c *Comparison) nextSentences(ctx context.Context, documents [][]string, n int) (*HeldOutScore, error) {
	pairs := sentencePairs(documents, n, rand.New(rand.NewPCG(heldOutSeed, 0)))
	results, err := inChunks(ctx, pairs, func(ctx context.Context, pairs []sentencePair) ([]tasks.NextSentenceResult, error) {
		texts := make([]tasks.Text, len(pairs))
		for i, p := range pairs {
			texts[i] = tasks.Text{Text: p.first, Pair: p.second, HasPair: true}
		}
		return tasks.NextSentence{Engine: c.Engine}.IsNext(ctx, texts, tasks.NextSentenceOptions{Options: c.options()})
	})
	if err != nil {
		return nil, err
	}
	confusion := training.NewConfusion([]string{bert.IsNext, bert.NotNext})
	for i, r := range results {
		want, got := 1, 1
		if pairs[i].isNext {
			want = 0
		}
		if r.Label == bert.IsNext {
			got = 0
		}
		confusion.Add(want, got)
	}
	return &HeldOutScore{
		Task: NSP, Examples: len(pairs), Figure: 100 * confusion.Accuracy(),
		IsNext: 100 * confusion.Class(0).Recall(), NotNext: 100 * confusion.Class(1).Recall(),
	}, nil
}

// trainedTokens is the longest sequence that the embedded models were trained
// on.
const trainedTokens = 128

// maskedShare of a text's pieces are masked at once, as in pre-training.
const maskedShare = 0.15

// maskedPieces measures MLM on the beginning of each document: how often the
// piece behind a [MASK] is the model's first guess. All chosen pieces are
// masked, none kept or swapped.
func (c *Comparison) maskedPieces(ctx context.Context, documents [][]string) (*HeldOutScore, error) {
	if c.Model.Tokenizer.Mask() < 0 {
		return nil, training.ErrNoMask
	}
	rng := rand.New(rand.NewPCG(heldOutSeed, 1))
	var examples []maskedText
	for _, sentences := range sample(documents, c.Rows) {
		e := c.Model.Tokenizer.Encode(strings.Join(sentences, " "), tokenizer.Options{
			Specials: tokenizer.SpecialsNone, MaxTokens: min(c.Model.MaxTokens, trainedTokens),
		})
		if x := maskPieces(e, c.Model.Tokenizer.Mask(), rng); len(x.positions) > 0 {
			examples = append(examples, x)
		}
	}
	right, err := inChunks(ctx, examples, c.countRight)
	if err != nil {
		return nil, err
	}
	score := &HeldOutScore{Task: MLM}
	sum := 0
	for i, n := range right {
		sum += n
		score.Examples += len(examples[i].positions)
	}
	score.Figure = 100 * float64(sum) / float64(max(1, score.Examples))
	return score, nil
}

// maskedText is a text with masks, and what was behind them.
type maskedText struct {
	encoding  *tokenizer.Encoding
	positions []int32
	pieces    []int32
}

// maskPieces masks pieces of an encoding, at least one if there are any.
func maskPieces(e *tokenizer.Encoding, mask int32, rng *rand.Rand) maskedText {
	x := maskedText{encoding: e}
	var candidates []int32
	for i, word := range e.Words {
		if word >= 0 {
			candidates = append(candidates, int32(i))
		}
	}
	rng.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
	n := int(maskedShare*float64(len(candidates)) + 0.5)
	x.positions = candidates[:min(len(candidates), max(1, n))]
	for _, p := range x.positions {
		x.pieces = append(x.pieces, e.IDs[p])
		e.IDs[p] = mask
	}
	return x
}

// countRight counts, for each text, the masks whose first guess is right.
func (c *Comparison) countRight(ctx context.Context, examples []maskedText) ([]int, error) {
	right := make([][]bool, len(examples))
	request := engine.Request{MaskLogits: func(sequence, mask int, logits []float32) {
		best := 0
		for id, x := range logits {
			if x > logits[best] {
				best = id
			}
		}
		right[sequence][mask] = int32(best) == examples[sequence].pieces[mask]
	}}
	for i, x := range examples {
		right[i] = make([]bool, len(x.positions))
		request.Sequences = append(request.Sequences, x.encoding)
		request.MaskPositions = append(request.MaskPositions, x.positions)
	}
	if _, err := c.Engine.Run(ctx, c.Model, request); err != nil {
		return nil, err
	}
	counts := make([]int, len(examples))
	for i, masks := range right {
		for _, ok := range masks {
			if ok {
				counts[i]++
			}
		}
	}
	return counts, nil
}
