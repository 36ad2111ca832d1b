package tasks

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// NER finds the names and dates in texts.
type NER struct{ Engine *engine.Engine }

// NEROptions are the options of NER.Recognize. A text is always read to its end,
// whatever Truncate says: in sentences and overlapping windows, as readSentences
// tells.
type NEROptions struct {
	Options
	// Aggregation makes entities of word pieces; "" is Simple.
	Aggregation Aggregation
	// Types keeps only entities of these types; none keeps all.
	Types []string
	// MinScore keeps only entities with at least this score, 0 to 1.
	MinScore float64
}

// defaultAggregation is the strategy of NEROptions that name none: the one that
// POST /ner documents. It may end an entity inside a word; First never does.
const defaultAggregation = Simple

// Entity is a stretch of text with a type.
type Entity struct {
	// Type is the entity's type, such as PER; with NoAggregation the whole
	// label, such as B-PER.
	Type string `json:"type"`
	// Text is the text from Start to End, as it was given.
	Text  string `json:"text"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	// Score is the mean probability of the labels that the entity is made of.
	Score float64 `json:"score"`
}

// NERResult is the result of NER.Recognize.
type NERResult struct {
	// Entities are in the order of the text and do not overlap.
	Entities []Entity `json:"entities"`
	Info
}

// Recognize finds the entities of each text.
func (n NER) Recognize(ctx context.Context, texts []Text, o NEROptions) ([]NERResult, error) {
	if o.Aggregation == "" {
		o.Aggregation = defaultAggregation
	}
	if err := n.check(o); err != nil {
		return nil, err
	}
	if err := refusePairs(texts); err != nil {
		return nil, err
	}
	if err := requireText(texts); err != nil {
		return nil, err
	}
	models, err := route(n.Engine, texts, o.Model, func(m *engine.Model) bool { return tokenHead(m) != nil })
	if err != nil {
		return nil, err
	}
	heads, err := tokenHeads(models)
	if err != nil {
		return nil, err
	}
	readings, err := readSentences(ctx, models, texts, heads)
	if err != nil {
		return nil, err
	}
	outputs, err := run(ctx, n.Engine, sequences(readings), func(m *engine.Model) engine.Request {
		return engine.Request{Heads: []string{heads[m].Name}}
	})
	if err != nil {
		return nil, err
	}

	defer timingFrom(ctx).phase(phasePost)()
	results := make([]NERResult, len(texts))
	for i, r := range readings {
		labels := heads[r.model].Labels
		var found []labelled
		for w, encoding := range r.windows {
			found = append(found, o.Aggregation.aggregate(labels, scorePieces(encoding, outputs[w].Heads[0], len(labels)))...)
		}
		outputs = outputs[len(r.windows):]
		results[i] = NERResult{Entities: o.entities(texts[i].Text, mergeOverlaps(found)), Info: r.info()}
	}
	return results, nil
}

// readSentences reads texts as the heads were trained: a sentence or a few short
// ones at a time, as long together as their rows were, and a longer one in windows.
// A head that does not say how long they were reads as much at a time as its model
// can, as transformers' pipeline does.
//
// On text of twenty sentences from wikigold-dates, gum-free and gsdsimp_dates the
// heads inside have an entity F1 of 75, 68 and 76 % like that; 54, 56 and 65 % if
// they read as much as they can. Very short sentences need their neighbours: one by
// one, wnut17's posts have 45 %, together 57.
func readSentences(ctx context.Context, models []*engine.Model, texts []Text, heads map[*engine.Model]*bert.TokenHead) ([]reading, error) {
	defer timingFrom(ctx).phase(phaseTokenize)()
	readings := make([]reading, len(texts))
	for i, t := range texts {
		m, maxTokens := models[i], models[i].MaxTokens
		if trained := heads[m].MaxTokens; trained > 0 {
			maxTokens = min(maxTokens, trained)
		}
		readings[i].model = m
		for span := range groupSentences(m.Tokenizer, t.Text, min(heads[m].RowTokens, maxTokens)) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			part := reading{model: m, windows: windows(m, t.Text[span.Start:span.End], tokenizer.SpecialsNone, maxTokens)}
			if err := spendTokens(ctx, part.info().Tokens); err != nil {
				return nil, err
			}
			for _, w := range part.windows {
				for k := range w.Offsets {
					w.Offsets[k].Start += span.Start
					w.Offsets[k].End += span.Start
				}
			}
			readings[i].windows = append(readings[i].windows, part.windows...)
		}
	}
	return readings, nil
}

// groupSentences are the sentences of a text, neighbours together while they have
// at most so many tokens, [CLS] and [SEP] included. Without a limit, or a sentence,
// it is the text.
func groupSentences(t *tokenizer.Tokenizer, text string, limit int) iter.Seq[tokenizer.Span] {
	return func(yield func(tokenizer.Span) bool) {
		group, room := tokenizer.Span{End: len(text)}, 0
		if limit > 0 {
			for i, s := range SplitSentences(text) {
				pieces := t.Encode(text[s.Start:s.End], tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true}).Len()
				if i > 0 && pieces <= room {
					group.End = s.End
					room -= pieces
					continue
				}
				if i > 0 && !yield(group) {
					return
				}
				group, room = s, limit-2-pieces
			}
		}
		yield(group)
	}
}

// check refuses options out of their range, and types that no loaded model
// knows: they are misspelt more often than meant.
func (n NER) check(o NEROptions) error {
	switch o.Aggregation {
	case NoAggregation, Simple, First, Average, Max:
	default:
		return invalid("aggregation", "aggregation is %q, want %s, %s, %s, %s or %s",
			o.Aggregation, Simple, First, Average, Max, NoAggregation)
	}
	if !(o.MinScore >= 0 && o.MinScore <= 1) { // written so that it refuses NaN
		return invalid("min_score", "min_score is %v, want 0 to 1", o.MinScore)
	}
	var known []string
	for _, m := range n.Engine.Models() {
		if head := tokenHead(m); head != nil {
			known = append(known, EntityTypes(head.Labels)...)
		}
	}
	for _, kind := range o.Types {
		if len(known) > 0 && !slices.Contains(known, kind) {
			slices.Sort(known)
			return invalid("types", "no loaded model knows the entity type %q; there are: %s", kind, strings.Join(slices.Compact(known), ", "))
		}
	}
	return nil
}

// EntityTypes are the types among a token head's labels, each once, in the order
// of the labels.
func EntityTypes(labels []string) []string {
	var types []string
	for _, label := range labels {
		if kind := entityType(label); label != outside && !slices.Contains(types, kind) {
			types = append(types, kind)
		}
	}
	return types
}

// scorePieces are the pieces of an encoding, the special tokens of the
// template left out, with the probabilities of the labels.
func scorePieces(e *tokenizer.Encoding, logits []float32, labels int) []scoredPiece {
	scores := make([]float32, len(logits))
	kernels.Softmax(scores, logits, labels)
	pieces := make([]scoredPiece, 0, e.Len())
	for i, word := range e.Words {
		if word >= 0 {
			pieces = append(pieces, scoredPiece{span: e.Offsets[i], word: word, scores: scores[i*labels : (i+1)*labels]})
		}
	}
	return pieces
}

// entities are those found that the options keep, cut from the text and
// counted in the options' unit.
func (o NEROptions) entities(text string, found []labelled) []Entity {
	entities := make([]Entity, 0, len(found))
	spans := make([]tokenizer.Span, 0, len(found))
	for _, f := range found {
		probability, kind := score(f.score), f.label
		if o.Aggregation == NoAggregation {
			kind = entityType(f.label)
		}
		if probability < o.MinScore || len(o.Types) > 0 && !slices.Contains(o.Types, kind) {
			continue
		}
		entities = append(entities, Entity{Type: f.label, Text: text[f.span.Start:f.span.End], Score: probability})
		spans = append(spans, f.span)
	}
	convert(o.OffsetUnit, text, spans)
	for i, s := range spans {
		entities[i].Start, entities[i].End = s.Start, s.End
	}
	return entities
}

// tokenHead is the token head that answers /ner: the one of that name, else
// that of a model fine-tuned elsewhere, else the first by name; nil if the
// model has none.
func tokenHead(m *engine.Model) *bert.TokenHead {
	names := slices.Sorted(maps.Keys(m.Network.Heads))
	for _, name := range append([]string{NERHead, bert.ClassifierName}, names...) {
		if head, ok := m.Network.Heads[name].(*bert.TokenHead); ok {
			return head
		}
	}
	return nil
}

// tokenHeads are the token heads of the models of some texts.
func tokenHeads(models []*engine.Model) (map[*engine.Model]*bert.TokenHead, error) {
	heads := make(map[*engine.Model]*bert.TokenHead)
	for i, m := range models {
		if heads[m] != nil {
			continue
		}
		if heads[m] = tokenHead(m); heads[m] == nil {
			return nil, &InputError{
				Code: CodeNoHead, Index: i, Field: "model",
				Detail: fmt.Sprintf("model %s has no token head, so it cannot find entities", m.ID),
			}
		}
	}
	return heads, nil
}
