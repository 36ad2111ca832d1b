package training

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Next-sentence labels, as in google-research/bert and transformers: class 0
// says that the second segment follows the first.
const (
	IsNext  int32 = 0
	NotNext int32 = 1
	NoPair  int32 = -1 // one segment only: the example has no next-sentence label
)

// Treatment is what became of a piece that was chosen for prediction.
type Treatment uint8

// The three treatments of a chosen piece (Devlin et al. 2018, §3.1).
const (
	Masked     Treatment = iota // replaced by [MASK]
	Randomized                  // replaced by a piece drawn from the whole vocabulary
	Kept                        // left as it was, but predicted all the same
)

// String gives "mask", "random" or "keep".
func (t Treatment) String() string {
	switch t {
	case Masked:
		return "mask"
	case Randomized:
		return "random"
	default:
		return "keep"
	}
}

// MarshalText writes the treatment as String gives it.
func (t Treatment) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// The shares of the treatments (Devlin et al. 2018, §3.1): 80 % [MASK]; half of
// the rest a random piece, half kept.
const (
	maskedShare     = 0.8
	keptOfTheOthers = 0.5
)

// Prediction is one chosen piece.
type Prediction struct {
	Position  int32 // in the example, [CLS] being 0
	Label     int32 // id of the piece that stood there
	Treatment Treatment
}

// Example is one pre-training example: [CLS] a [SEP] b [SEP] with some pieces
// chosen for the masked language model. With NoPair it is [CLS] a [SEP].
type Example struct {
	IDs, TypeIDs []int32
	Predictions  []Prediction // ordered by position
	Next         int32        // IsNext, NotNext or NoPair
}

// Original returns the ids as they were before masking.
func (e *Example) Original() []int32 {
	ids := slices.Clone(e.IDs)
	for _, p := range e.Predictions {
		ids[p.Position] = p.Label
	}
	return ids
}

// Document is a document of a corpus: its sentences, each the ids of its
// pieces without special tokens.
type Document [][]int32

// Vocabulary is what example making asks of a tokenizer.
type Vocabulary interface {
	VocabSize() int
	Token(id int32) string
	IsSpecial(id int32) bool
	CLS() int32
	SEP() int32
	Mask() int32
}

// ExampleOptions are the settings of google-research/bert's
// create_pretraining_data.py.
type ExampleOptions struct {
	// MaxTokens is the longest example, [CLS] and [SEP] included.
	MaxTokens int
	// MaskProbability is the share of the pieces to predict.
	MaskProbability float64
	// MaxPredictions bounds the predictions of an example; 0 is no bound.
	MaxPredictions int
	// WholeWord chooses the pieces of a word together: a piece and the ##
	// pieces after it. Chinese characters are words of their own, so for them
	// it changes nothing.
	WholeWord bool
	// ShortProbability is the share of documents cut into examples of a random
	// shorter length, so that the model also meets short inputs.
	ShortProbability float64
	// RandomNextProbability is the share of pairs whose second segment comes
	// from another document.
	RandomNextProbability float64
}

// DefaultExampleOptions returns the paper's settings for examples of at most
// maxTokens pieces.
func DefaultExampleOptions(maxTokens int) ExampleOptions {
	return ExampleOptions{
		MaxTokens:             maxTokens,
		MaskProbability:       0.15,
		ShortProbability:      0.1,
		RandomNextProbability: 0.5,
	}
}

const (
	// MinTokens is the shortest example with two segments of one piece each.
	MinTokens = 5
	// DefaultMaxTokens is the length of nine in ten steps of BERT's pre-training (Devlin
	// et al. 2018, appendix A.2).
	DefaultMaxTokens = 128
)

// Validate says what is wrong with the options, if anything is.
func (o ExampleOptions) Validate() error {
	if o.MaxTokens < MinTokens {
		return fmt.Errorf("examples of at most %d tokens hold no pair: the least is %d ([CLS] a [SEP] b [SEP])", o.MaxTokens, MinTokens)
	}
	if o.MaxPredictions < 0 {
		return fmt.Errorf("max predictions is %d, want 0 (no bound) or more", o.MaxPredictions)
	}
	for _, p := range []struct {
		name  string
		value float64
	}{
		{"mask probability", o.MaskProbability},
		{"short probability", o.ShortProbability},
		{"random next probability", o.RandomNextProbability},
	} {
		if !(p.value >= 0 && p.value <= 1) { // also refuses NaN
			return fmt.Errorf("%s is %v, want a share between 0 and 1", p.name, p.value)
		}
	}
	return nil
}

// ExampleMaker makes pre-training examples. It is immutable and may be shared;
// all chance comes from the generator that its methods are given, so that the
// same seed makes the same examples.
type ExampleMaker struct {
	options       ExampleOptions
	cls, sep      int32
	mask          int32
	vocabSize     int
	special       []bool // by id: never chosen
	continuesWord []bool // by id: a ## piece
}

// ErrNoMask says that a vocabulary cannot hide a piece.
var ErrNoMask = errors.New(`the vocabulary has no "[MASK]"`)

// NewExampleMaker returns a maker for the vocabulary, or an error if the
// options make no sense, or ErrNoMask if they choose pieces and it has no
// [MASK].
func NewExampleMaker(v Vocabulary, o ExampleOptions) (*ExampleMaker, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if v.Mask() < 0 && o.MaskProbability > 0 {
		return nil, ErrNoMask
	}
	m := &ExampleMaker{
		options:       o,
		cls:           v.CLS(),
		sep:           v.SEP(),
		mask:          v.Mask(),
		vocabSize:     v.VocabSize(),
		special:       make([]bool, v.VocabSize()),
		continuesWord: make([]bool, v.VocabSize()),
	}
	for id := range m.special {
		m.special[id] = v.IsSpecial(int32(id))
		m.continuesWord[id] = strings.HasPrefix(v.Token(int32(id)), "##")
	}
	return m, nil
}

// NewRand returns the generator that a seed and a stream name. Streams of one
// seed are independent: one per epoch and block of a corpus, for example.
func NewRand(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream))
}

// FromDocument cuts docs[index] into pairs of segments and masks them
// (create_instances_from_document). A segment is one sentence or several, so
// that most pairs fill MaxTokens. Half the second segments come from another
// of the docs, as do those of chunks with a single sentence, which is why
// slightly more than half the pairs are NotNext.
//
// Where there is no other document, or random nexts are not wanted, it makes
// only what it can label truly: pairs that are IsNext, and single segments from
// single sentences. Google's code would label a passage of the same document
// NotNext.
func (m *ExampleMaker) FromDocument(rng *rand.Rand, docs []Document, index int) []Example {
	const pairSpecials = 3 // [CLS], [SEP], [SEP]
	maxPieces := m.options.MaxTokens - pairSpecials
	target := maxPieces
	if rng.Float64() < m.options.ShortProbability {
		target = 2 + rng.IntN(maxPieces-1) // 2…maxPieces
	}

	var examples []Example
	document := docs[index]
	first, length := 0, 0 // the chunk is document[first : i+1], of so many pieces
	for i := 0; i < len(document); i++ {
		length += len(document[i])
		if i < len(document)-1 && length < target {
			continue
		}
		chunk := document[first : i+1]
		aSentences := 1
		if len(chunk) >= 2 {
			aSentences = 1 + rng.IntN(len(chunk)-1)
		}
		a := slices.Concat(chunk[:aSentences]...)
		var b []int32
		next := IsNext
		switch {
		case (len(docs) < 2 || m.options.RandomNextProbability == 0) && len(chunk) == 1:
			next = NoPair
		case len(docs) >= 2 && (len(chunk) == 1 || rng.Float64() < m.options.RandomNextProbability):
			next = NotNext
			b = randomSegment(rng, docs, index, target-len(a))
			// The sentences that b would have taken are used again.
			i -= len(chunk) - aSentences
		default:
			b = slices.Concat(chunk[aSentences:]...)
		}
		first, length = i+1, 0
		switch {
		case next == NoPair && len(a) > 0:
			examples = append(examples, m.FromText(rng, a))
		case len(a) > 0 && len(b) > 0: // empty sentences make no example
			a, b = truncatePair(rng, a, b, maxPieces)
			examples = append(examples, m.assemble(rng, a, b, next))
		}
	}
	return examples
}

// FromText makes the example of a single segment, [CLS] text [SEP], which has
// no next-sentence label. A text that is too long loses its end.
func (m *ExampleMaker) FromText(rng *rand.Rand, ids []int32) Example {
	ids = ids[:min(len(ids), m.options.MaxTokens-2)]
	return m.assemble(rng, ids, nil, NoPair)
}

// FromPair makes the example of two segments whose label is known. A pair that
// is too long is truncated as in FromDocument.
func (m *ExampleMaker) FromPair(rng *rand.Rand, a, b []int32, next int32) Example {
	a, b = truncatePair(rng, a, b, m.options.MaxTokens-3)
	return m.assemble(rng, a, b, next)
}

func (m *ExampleMaker) assemble(rng *rand.Rand, a, b []int32, next int32) Example {
	ids := make([]int32, 0, len(a)+len(b)+3)
	ids = append(ids, m.cls)
	ids = append(ids, a...)
	ids = append(ids, m.sep)
	typeIDs := make([]int32, len(ids), cap(ids))
	if next != NoPair {
		ids = append(ids, b...)
		ids = append(ids, m.sep)
		for len(typeIDs) < len(ids) {
			typeIDs = append(typeIDs, 1)
		}
	}
	return Example{IDs: ids, TypeIDs: typeIDs, Predictions: m.Mask(rng, ids), Next: next}
}

// randomSegment returns sentences in a row from another document than
// docs[index], until they have the wanted number of pieces or the document
// ends.
func randomSegment(rng *rand.Rand, docs []Document, index, pieces int) []int32 {
	// Google draws up to ten times until it hits another document; drawing
	// among the others is the same without the remaining failures.
	other := rng.IntN(len(docs) - 1)
	if other >= index {
		other++
	}
	document := docs[other]
	if len(document) == 0 {
		return nil
	}
	var segment []int32
	for _, sentence := range document[rng.IntN(len(document)):] {
		segment = append(segment, sentence...)
		if len(segment) >= pieces {
			break
		}
	}
	return segment
}

// truncatePair drops pieces of the longer segment, each from its front or its
// back with equal chance, until both have maxPieces together
// (truncate_seq_pair: "to add more randomness and avoid biases").
func truncatePair(rng *rand.Rand, a, b []int32, maxPieces int) (aCut, bCut []int32) {
	for len(a)+len(b) > maxPieces {
		longer := &b
		if len(a) > len(b) {
			longer = &a
		}
		if rng.Float64() < 0.5 {
			*longer = (*longer)[1:]
		} else {
			*longer = (*longer)[:len(*longer)-1]
		}
	}
	return a, b
}

// Mask chooses pieces of an example, changes ids in place and returns what it
// did, ordered by position (create_masked_lm_predictions).
//
// It chooses the share MaskProbability of all the tokens, special tokens
// counted, rounded half to even as Python does; at least one, at most
// MaxPredictions. Special tokens are never chosen; [UNK] is one of them here,
// unlike in Google's code, since learning to predict it helps nobody. With
// WholeWord a word that would exceed the number is skipped, so there may be
// fewer.
func (m *ExampleMaker) Mask(rng *rand.Rand, ids []int32) []Prediction {
	wanted := max(1, int(math.RoundToEven(float64(len(ids))*m.options.MaskProbability)))
	if m.options.MaxPredictions > 0 {
		wanted = min(wanted, m.options.MaxPredictions)
	}
	if m.options.MaskProbability == 0 {
		return nil
	}

	// A candidate is the half-open range of positions that are chosen together.
	type candidate struct{ start, end int32 }
	candidates := make([]candidate, 0, len(ids))
	for i, id := range ids {
		position := int32(i)
		if m.special[id] {
			continue
		}
		if last := len(candidates) - 1; m.options.WholeWord && m.continuesWord[id] && last >= 0 && candidates[last].end == position {
			candidates[last].end++
			continue
		}
		candidates = append(candidates, candidate{position, position + 1})
	}
	rng.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })

	predictions := make([]Prediction, 0, wanted)
	for _, c := range candidates {
		if len(predictions) >= wanted {
			break
		}
		if len(predictions)+int(c.end-c.start) > wanted {
			continue
		}
		for position := c.start; position < c.end; position++ {
			p := Prediction{Position: position, Label: ids[position]}
			ids[position], p.Treatment = m.treat(rng, p.Label)
			predictions = append(predictions, p)
		}
	}
	slices.SortFunc(predictions, func(a, b Prediction) int { return int(a.Position - b.Position) })
	return predictions
}

// treat returns what stands in the place of a chosen piece.
func (m *ExampleMaker) treat(rng *rand.Rand, id int32) (int32, Treatment) {
	if rng.Float64() < maskedShare {
		return m.mask, Masked
	}
	if rng.Float64() < keptOfTheOthers {
		return id, Kept
	}
	return int32(rng.IntN(m.vocabSize)), Randomized
}
