package tasks

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// Sentiment judges how texts feel about what they speak of: as a whole,
// sentence by sentence, and about aspects that the caller names.
type Sentiment struct{ Engine *engine.Engine }

// Level says what is judged besides the aspects.
type Level string

// The levels. The zero value is Document.
const (
	// Document judges the text as a whole.
	Document Level = "document"
	// Sentences judges each sentence too.
	Sentences Level = "sentence"
)

// SentimentOptions are the options of Sentiment.Analyze. A text longer than
// the model is read in overlapping windows, whose scores are averaged by their
// length; Truncate false refuses it.
type SentimentOptions struct {
	Options
	Level Level
	// Aspects are what to judge by themselves, such as "battery life": names
	// as they stand in the text.
	Aspects []string
}

// Polarity is a label with the scores of all labels.
type Polarity struct {
	// Label is the label of the highest score.
	Label string  `json:"label"`
	Score float64 `json:"score"`
	// Scores are those of all the head's labels.
	Scores map[string]float64 `json:"scores"`
}

// SentimentResult is the result of Sentiment.Analyze.
type SentimentResult struct {
	// The text's own.
	Polarity
	// Sentences is empty unless the level is Sentences.
	Sentences []SentenceSentiment `json:"sentences"`
	// Aspects is in the order of SentimentOptions.Aspects.
	Aspects []AspectSentiment `json:"aspects"`
	Info
}

// SentenceSentiment is a sentence with its sentiment.
type SentenceSentiment struct {
	// Text is the text from Start to End, as it was given.
	Text  string `json:"text"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Polarity
}

// AspectSentiment is the sentiment of a text about one aspect.
type AspectSentiment struct {
	// Aspect is as the caller wrote it.
	Aspect string `json:"aspect"`
	Polarity
	// Mentions are the places where the text names it; none if it does not,
	// and the scores then say how the whole text sounds about it.
	Mentions []Mention `json:"mentions"`
}

// Mention is a place in a text.
type Mention struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

const (
	// maxAspects bounds the aspects of one request: each is a pass over the
	// text.
	maxAspects = 64
	// maxAspectLength bounds an aspect, in characters: it is a name.
	maxAspectLength = 200
)

// Analyze judges each text. Info counts the text itself; sentences and aspects
// are read besides.
func (s Sentiment) Analyze(ctx context.Context, texts []Text, o SentimentOptions) ([]SentimentResult, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := refusePairs(texts); err != nil {
		return nil, err
	}
	if err := requireText(texts); err != nil {
		return nil, err
	}
	models, err := route(s.Engine, texts, o.Model, func(m *engine.Model) bool {
		return polarityHead(m.Network.Heads) != nil && (len(o.Aspects) == 0 || aspectHead(m.Network.Heads) != nil)
	})
	if err != nil {
		return nil, err
	}
	heads, err := sentimentHeads(models, len(o.Aspects) > 0)
	if err != nil {
		return nil, err
	}
	documents, err := read(ctx, models, texts, o.Options, tokenizer.SpecialsNone, inWindows)
	if err != nil {
		return nil, err
	}
	plans, err := s.plan(ctx, texts, documents, o)
	if err != nil {
		return nil, err
	}
	var all []sequence
	for _, p := range plans {
		all = p.appendSequences(all)
	}
	outputs, err := run(ctx, s.Engine, all, func(m *engine.Model) engine.Request {
		return engine.Request{Heads: heads[m].names()}
	})
	if err != nil {
		return nil, err
	}

	defer timingFrom(ctx).phase(phasePost)()
	results := make([]SentimentResult, len(texts))
	for i, p := range plans {
		results[i], outputs = p.result(texts[i].Text, heads[p.document.model], outputs, o)
	}
	return results, nil
}

func (o SentimentOptions) check() error {
	switch o.Level {
	case "", Document, Sentences:
	default:
		return invalid("level", "level is %q, want %s or %s", o.Level, Document, Sentences)
	}
	if len(o.Aspects) > maxAspects {
		return &InputError{
			Code: CodeTooLarge, Index: -1, Field: "aspects",
			Detail: fmt.Sprintf("%d aspects are more than one request may have", len(o.Aspects)),
			Limit:  maxAspects, Actual: len(o.Aspects),
		}
	}
	for i, aspect := range o.Aspects {
		if strings.TrimSpace(aspect) == "" {
			return invalid("aspects", "aspect %d is empty", i)
		}
		if n := utf8.RuneCountInString(aspect); n > maxAspectLength {
			return &InputError{
				Code: CodeTooLong, Index: -1, Field: "aspects",
				Detail: fmt.Sprintf("aspect %d has %d characters: give it by the name that the text uses", i, n),
				Limit:  maxAspectLength, Actual: n,
			}
		}
	}
	return nil
}

// sentimentPlan is what is read of one text.
type sentimentPlan struct {
	document  reading
	sentences []sentencePlan
	aspects   []aspectPlan
}

type sentencePlan struct {
	span tokenizer.Span
	reading
}

// plan reads the sentences and aspects of the texts.
func (s Sentiment) plan(ctx context.Context, texts []Text, documents []reading, o SentimentOptions) ([]sentimentPlan, error) {
	defer timingFrom(ctx).phase(phaseTokenize)()
	plans := make([]sentimentPlan, len(texts))
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := documents[i].model
		plans[i].document = documents[i]
		var sentences []tokenizer.Span
		if o.Level == Sentences || len(o.Aspects) > 0 {
			sentences = SplitSentences(t.Text)
		}
		if o.Level == Sentences {
			for _, span := range sentences {
				r, err := readOne(m, i, Text{Text: t.Text[span.Start:span.End]}, o.Options, tokenizer.SpecialsNone, inWindows)
				if err != nil {
					return nil, err
				}
				if err := spendTokens(ctx, r.info().Tokens); err != nil {
					return nil, err
				}
				plans[i].sentences = append(plans[i].sentences, sentencePlan{span, r})
			}
		}
		if len(o.Aspects) > 0 {
			var err error
			if plans[i].aspects, err = planAspects(ctx, i, documents[i], t.Text, sentences, o.Aspects); err != nil {
				return nil, err
			}
		}
	}
	return plans, nil
}

// appendSequences lists what the model is to read, in the order in which
// result takes the outputs.
func (p sentimentPlan) appendSequences(all []sequence) []sequence {
	readings := []reading{p.document}
	for _, s := range p.sentences {
		readings = append(readings, s.reading)
	}
	for _, a := range p.aspects {
		readings = append(readings, a.reading)
	}
	return append(all, sequences(readings)...)
}

// result makes the answer for a text of the outputs of its sequences, and
// returns the outputs of the texts after it.
func (p sentimentPlan) result(text string, heads sentimentHead, outputs []engine.Output, o SentimentOptions) (SentimentResult, []engine.Output) {
	next := func(r reading, head *bert.SequenceHead, index int) Polarity {
		windows := outputs[:len(r.windows)]
		outputs = outputs[len(r.windows):]
		return newPolarity(head.Labels, windowAverage(r, windows, index, functionOf(head)))
	}
	result := SentimentResult{
		Polarity:  next(p.document, heads.sentiment, 0),
		Sentences: make([]SentenceSentiment, len(p.sentences)),
		Aspects:   make([]AspectSentiment, len(p.aspects)),
		Info:      p.document.info(),
	}
	spans := make([]tokenizer.Span, len(p.sentences))
	for i, s := range p.sentences {
		result.Sentences[i] = SentenceSentiment{Text: text[s.span.Start:s.span.End], Polarity: next(s.reading, heads.sentiment, 0)}
		spans[i] = s.span
	}
	convert(o.OffsetUnit, text, spans)
	for i, s := range spans {
		result.Sentences[i].Start, result.Sentences[i].End = s.Start, s.End
	}
	for i, a := range p.aspects {
		result.Aspects[i] = AspectSentiment{
			Aspect:   o.Aspects[i],
			Polarity: next(a.reading, heads.aspect, 1),
			Mentions: make([]Mention, len(a.mentions)),
		}
		convert(o.OffsetUnit, text, a.mentions)
		for k, m := range a.mentions {
			result.Aspects[i].Mentions[k] = Mention(m)
		}
	}
	return result, outputs
}

func newPolarity(labels []string, scores []float32) Polarity {
	best := argmax(scores)
	p := Polarity{Label: labels[best], Score: score(scores[best]), Scores: make(map[string]float64, len(labels))}
	for i, label := range labels {
		p.Scores[label] = score(scores[i])
	}
	return p
}

// sentimentHead is what answers /sentiment in a model.
type sentimentHead struct {
	sentiment, aspect *bert.SequenceHead // aspect is nil if none was asked for
}

// names are the heads to run, in the order in which result looks for them.
func (h sentimentHead) names() []string {
	if h.aspect == nil {
		return []string{h.sentiment.Name}
	}
	return []string{h.sentiment.Name, h.aspect.Name}
}

// sentimentHeads are the heads of the models of some texts.
func sentimentHeads(models []*engine.Model, aspects bool) (map[*engine.Model]sentimentHead, error) {
	heads := make(map[*engine.Model]sentimentHead)
	for i, m := range models {
		if heads[m].sentiment != nil {
			continue
		}
		h := sentimentHead{sentiment: polarityHead(m.Network.Heads)}
		if h.sentiment == nil {
			return nil, &InputError{
				Code: CodeNoHead, Index: i, Field: "model",
				Detail: fmt.Sprintf("model %s has no head that says how a text is liked; those for /classify are: %s", m.ID, strings.Join(sequenceHeads(m), ", ")),
			}
		}
		if aspects {
			if h.aspect = aspectHead(m.Network.Heads); h.aspect == nil {
				return nil, noAspectHead(m, i)
			}
		}
		heads[m] = h
	}
	return heads, nil
}

// polarityHead picks the head that answers /sentiment: the one of that name,
// else that of a model fine-tuned elsewhere, else the first by name, as long as
// it reads single texts and its labels say how something is liked. Nil if there
// is none: a head of topics would answer, but not the question.
func polarityHead(heads map[string]bert.Head) *bert.SequenceHead {
	if head, ok := heads[SentimentHead].(*bert.SequenceHead); ok && !head.Pair {
		return head
	}
	names := slices.Sorted(maps.Keys(heads))
	for _, name := range append([]string{bert.ClassifierName}, names...) {
		if head, ok := heads[name].(*bert.SequenceHead); ok && !head.Pair && arePolarities(head.Labels) {
			return head
		}
	}
	return nil
}

// arePolarities reports whether labels are those of a sentiment classifier:
// one says positive (POSITIVE, pos, 积极), or they are numbers of stars, or
// nameless (LABEL_0, 1), when only the caller knows.
func arePolarities(labels []string) bool {
	if len(labels) < 2 {
		return false
	}
	nameless, stars, positive := true, true, false
	for _, label := range labels {
		nameless = nameless && namelessLabel.MatchString(label)
		stars = stars && starsLabel.MatchString(label)
		positive = positive || positiveLabel.MatchString(label)
	}
	return nameless || stars || positive
}

var (
	namelessLabel = regexp.MustCompile(`^(?:LABEL_)?\d+$`)
	starsLabel    = regexp.MustCompile(`(?i)^\d+[ _-]?stars?$`)
	positiveLabel = regexp.MustCompile(`(?i)^(?:(?:very|strong|strongly)[ _-]?)?(?:pos|positive|positiv|positif|positivo|bullish|good|积极|正面|正向|好评)$`)
)
