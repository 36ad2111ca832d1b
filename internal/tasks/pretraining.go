package tasks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// PretrainingExamples shows what pre-training makes of a document: it runs
// the code that pre-training runs, and no model.
type PretrainingExamples struct{ Engine *engine.Engine }

// PretrainingOptions are the options of PretrainingExamples.Make. The rest is
// as in the paper: half the second segments come from another document, a
// tenth of the documents make short examples.
type PretrainingOptions struct {
	Options
	// Seed of all chance: the same texts, options and seed make the same
	// examples.
	Seed uint64
	// MaskedLMProb is the share of the pieces to predict; nil is 0.15.
	MaskedLMProb *float64
	// WholeWord chooses the pieces of a word together.
	WholeWord bool
	// MaxTokens is the longest example; 0 is 128, the length of most of
	// BERT's pre-training (Devlin et al. 2018, appendix A.2), or what the
	// model reads if that is less.
	MaxTokens int
}

// PretrainingResult is the result of PretrainingExamples.Make.
type PretrainingResult struct {
	// Examples are those made of the document, in its order; none if it
	// makes no word piece.
	Examples []PretrainingExample `json:"examples"`
	// Info's windows are the examples, and it says truncated if some pieces
	// of the document found no room in them.
	Info
}

// PretrainingExample is one pair of segments, some of its pieces chosen for
// the masked language model.
type PretrainingExample struct {
	// Pieces are what the model is shown.
	Pieces []ExamplePiece `json:"pieces"`
	// Predictions are the chosen pieces, by position.
	Predictions []ExamplePrediction `json:"predictions"`
	// IsNext or NotNext; "" for a single segment, which the next-sentence task
	// leaves out.
	NextSentence string `json:"next_sentence"`
}

// ExamplePiece is one piece of an example.
type ExamplePiece struct {
	Token   string `json:"token"`
	ID      int32  `json:"id"`
	Type    int32  `json:"type"` // 0 in the first segment, 1 in the second
	Special bool   `json:"special"`
}

// ExamplePrediction is one piece that the model must predict.
type ExamplePrediction struct {
	// Position among the example's pieces.
	Position int `json:"position"`
	// Treatment is what happened to the piece: mask, random or keep.
	Treatment string `json:"treatment"`
	// Label is the piece that stood there.
	Label   string `json:"label"`
	LabelID int32  `json:"label_id"`
}

// Make makes the examples of each text, which is taken as one document. Its
// sentences are what pairs are made of. The other texts of the same model are
// the documents that unrelated second segments come from; a document alone
// makes no NotNext.
func (p PretrainingExamples) Make(ctx context.Context, texts []Text, o PretrainingOptions) ([]PretrainingResult, error) {
	if err := requireText(texts); err != nil {
		return nil, err
	}
	if err := refusePairs(texts); err != nil {
		return nil, err
	}
	models, err := route(p.Engine, texts, o.Model, func(m *engine.Model) bool {
		_, err := o.maker(m)
		return !errors.Is(err, training.ErrNoMask)
	})
	if err != nil {
		return nil, err
	}
	makers := make(map[*engine.Model]*training.ExampleMaker)
	for i, m := range models {
		if makers[m] != nil {
			continue
		}
		makers[m], err = o.maker(m)
		if errors.Is(err, training.ErrNoMask) {
			return nil, &InputError{
				Code: CodeNoHead, Index: i, Field: "model",
				Detail: fmt.Sprintf("model %s has no [MASK] in its vocabulary, so it cannot learn from masks", m.ID),
			}
		}
		if err != nil {
			return nil, err
		}
	}
	documents, places, err := documentsByModel(ctx, texts, models)
	if err != nil {
		return nil, err
	}

	defer timingFrom(ctx).phase(phasePost)()
	results := make([]PretrainingResult, len(texts))
	for i, m := range models {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		examples := makers[m].FromDocument(training.NewRand(o.Seed, uint64(i)), documents[m], places[i])
		results[i] = newPretrainingResult(m, documents[m][places[i]], examples)
	}
	return results, nil
}

func (o PretrainingOptions) maker(m *engine.Model) (*training.ExampleMaker, error) {
	maxTokens := o.MaxTokens
	if maxTokens == 0 {
		maxTokens = min(training.DefaultMaxTokens, m.MaxTokens)
	}
	if maxTokens < training.MinTokens || maxTokens > m.MaxTokens {
		return nil, invalid("max_tokens", "max_tokens is %d, and an example of model %s has %d to %d", maxTokens, m.ID, training.MinTokens, m.MaxTokens)
	}
	settings := training.DefaultExampleOptions(maxTokens)
	settings.WholeWord = o.WholeWord
	if o.MaskedLMProb != nil {
		if !(*o.MaskedLMProb >= 0 && *o.MaskedLMProb <= 1) { // also refuses NaN
			return nil, invalid("masked_lm_prob", "masked_lm_prob is %v, want 0 to 1", *o.MaskedLMProb)
		}
		settings.MaskProbability = *o.MaskedLMProb
	}
	return training.NewExampleMaker(m.Tokenizer, settings)
}

// documentsByModel makes the documents of each model, and says where among
// them each text is.
func documentsByModel(ctx context.Context, texts []Text, models []*engine.Model) (map[*engine.Model][]training.Document, []int, error) {
	defer timingFrom(ctx).phase(phaseTokenize)()
	documents := make(map[*engine.Model][]training.Document)
	places := make([]int, len(texts))
	for i, m := range models {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		places[i] = len(documents[m])
		document := newDocument(m.Tokenizer, texts[i].Text)
		documents[m] = append(documents[m], document)
		tokens := len(slices.Concat(document...))
		if err := spendTokens(ctx, tokens); err != nil {
			return nil, nil, err
		}
		if err := takeRoom(ctx, AnswerSize{Text: tokens * pieceBytes}); err != nil {
			return nil, nil, err
		}
	}
	return documents, places, nil
}

// newDocument splits a text into sentences, and those into pieces.
func newDocument(t *tokenizer.Tokenizer, text string) training.Document {
	var document training.Document
	for _, s := range SplitSentences(text) {
		pieces := t.Encode(text[s.Start:s.End], tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true})
		if pieces.Len() > 0 {
			document = append(document, pieces.IDs)
		}
	}
	return document
}

func newPretrainingResult(m *engine.Model, document training.Document, examples []training.Example) PretrainingResult {
	result := PretrainingResult{Examples: make([]PretrainingExample, len(examples)), Info: Info{Model: m.ID, Windows: len(examples)}}
	unseen := len(slices.Concat(document...))
	for i, example := range examples {
		result.Examples[i] = NewPretrainingExample(m.Tokenizer, example)
		result.Tokens += len(example.IDs)
		unseen -= ownPieces(m.Tokenizer, example)
	}
	result.Truncated = unseen > 0
	return result
}

// ownPieces is how many pieces of an example come from its own document: all
// but the special tokens, and but the second segment of a NotNext.
func ownPieces(t *tokenizer.Tokenizer, example training.Example) int {
	n := 0
	original := example.Original()
	for i, typeID := range example.TypeIDs {
		template := original[i] == t.CLS() || original[i] == t.SEP()
		if !template && (typeID == 0 || example.Next == training.IsNext) {
			n++
		}
	}
	return n
}

// NewPretrainingExample puts an example into the shape of the answer.
func NewPretrainingExample(t *tokenizer.Tokenizer, example training.Example) PretrainingExample {
	out := PretrainingExample{
		Pieces:      make([]ExamplePiece, len(example.IDs)),
		Predictions: make([]ExamplePrediction, len(example.Predictions)),
	}
	for i, id := range example.IDs {
		out.Pieces[i] = ExamplePiece{Token: t.Token(id), ID: id, Type: example.TypeIDs[i], Special: special(t, id)}
	}
	for i, p := range example.Predictions {
		out.Predictions[i] = ExamplePrediction{
			Position: int(p.Position), Treatment: p.Treatment.String(), Label: t.Token(p.Label), LabelID: p.Label,
		}
	}
	switch example.Next {
	case training.IsNext:
		out.NextSentence = bert.IsNext
	case training.NotNext:
		out.NextSentence = bert.NotNext
	}
	return out
}
