package httpapi

import (
	"cloze/internal/tasks"
	"cloze/internal/tokenizer"
)

// textInput is what the requests of all tasks share.
type textInput struct {
	// The text. Give either text or texts.
	Text *string `json:"text"`
	// Several texts, answered in their order.
	Texts []string `json:"texts"`
	// The model to ask, one of GET /models; auto picks one for each text: for the script it is written in, the first that can answer.
	Model string `json:"model" default:"auto"`
	// What becomes of a text that is longer than the model reads: what each route does with true, with false and without it stands in its description.
	Truncate *bool `json:"truncate"`
	// What start and end count: Unicode code points, UTF-16 units (as in JavaScript and Java) or bytes of UTF-8.
	OffsetUnit OffsetUnit `json:"offset_unit" default:"codepoint" validate:"oneof=codepoint utf16 byte"`
}

// OffsetUnit names a tokenizer.OffsetUnit.
type OffsetUnit string //	@name	OffsetUnit

// The offset units.
const (
	Codepoint OffsetUnit = "codepoint"
	UTF16     OffsetUnit = "utf16"
	Byte      OffsetUnit = "byte"
)

func (in *textInput) setText(text string) { in.Text = &text }

func (in *textInput) isBatch() bool { return in.Texts != nil }

func (in *textInput) texts(limit int) ([]tasks.Text, error) {
	if in.Text != nil && in.Texts != nil {
		return nil, newProblem(textAndTexts, "give text or texts, not both").at("/texts")
	}
	if in.Text != nil {
		return []tasks.Text{{Text: *in.Text}}, nil
	}
	if len(in.Texts) == 0 {
		return nil, newProblem(noText, "give text or texts").at("")
	}
	if len(in.Texts) > limit {
		return nil, newProblem(batchTooLarge, "%d texts are more than one request may hold", len(in.Texts)).
			at("/texts").limits(int64(limit), int64(len(in.Texts)))
	}
	texts := make([]tasks.Text, len(in.Texts))
	for i, text := range in.Texts {
		texts[i].Text = text
	}
	return texts, nil
}

// options are the shared options in the tasks' terms. The unit has been
// validated.
func (in *textInput) options() tasks.Options {
	unit, _ := tokenizer.ParseOffsetUnit(string(in.OffsetUnit))
	return tasks.Options{Model: in.Model, Truncate: in.Truncate, OffsetUnit: unit}
}

// pairInput is textInput for tasks that read pairs too.
type pairInput struct {
	textInput
	// The second text of a pair, read together with text.
	TextPair *string `json:"text_pair"`
	// The second texts, one for each of texts.
	TextPairs []string `json:"text_pairs"`
}

func (in *pairInput) texts(limit int) ([]tasks.Text, error) {
	texts, err := in.textInput.texts(limit)
	if err != nil {
		return nil, err
	}
	switch {
	case in.isBatch() && in.TextPair != nil:
		return nil, newProblem(textAndTexts, "text_pair goes with text; beside texts give text_pairs").at("/text_pair")
	case !in.isBatch() && in.TextPairs != nil:
		return nil, newProblem(textAndTexts, "text_pairs goes with texts; beside text give text_pair").at("/text_pairs")
	case in.TextPair != nil:
		texts[0].Pair, texts[0].HasPair = *in.TextPair, true
	case in.TextPairs != nil && len(in.TextPairs) != len(in.Texts):
		return nil, newProblem(pairCount, "there are %d texts and %d text_pairs", len(in.Texts), len(in.TextPairs)).
			at("/text_pairs").limits(int64(len(in.Texts)), int64(len(in.TextPairs)))
	}
	for i, pair := range in.TextPairs {
		texts[i].Pair, texts[i].HasPair = pair, true
	}
	return texts, nil
}
