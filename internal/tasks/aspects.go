package tasks

import (
	"fmt"
	"sort"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// aspectHeadName is the head that judges aspects: a sequence head that reads
// pairs of a text and an aspect.
const aspectHeadName = "aspect"

// aspectHead is the model's head for aspects, nil if it has none.
func aspectHead(heads map[string]bert.Head) *bert.SequenceHead {
	head, _ := heads[aspectHeadName].(*bert.SequenceHead)
	return head
}

func noAspectHead(m *engine.Model, index int) *InputError {
	return &InputError{
		Code: CodeNoHead, Index: index, Field: "aspects",
		Detail: fmt.Sprintf("model %s does not have a head %q, so it cannot judge aspects: leave them out, or ask another model", m.ID, aspectHeadName),
	}
}

// aspectContext is the longest text, in pieces, that is read whole with an
// aspect: as long as in the training of our aspect heads.
const aspectContext = 80

// aspectPlan is what is read for one aspect of a text.
type aspectPlan struct {
	mentions []tokenizer.Span // bytes of the text
	// reading is of pairs: a part of the text, and the aspect. Its windows
	// are averaged by their length like those of a long text.
	reading
}

// planAspects finds the aspects in a text and decides what the aspect head is
// to see of it.
//
// A text of up to aspectContext pieces is read whole. Of a longer one the head
// sees, for each mention, the sentence that holds it with as many sentences
// around it as fit: from the whole text an aspect would get the mood of
// everything else. An aspect that the text does not name is judged by all of
// the text, part by part.
func planAspects(index int, document reading, text string, sentences []tokenizer.Span, aspects []string) ([]aspectPlan, error) {
	m := document.model
	parts := newTextParts(document, text, sentences, min(aspectContext, m.MaxTokens/2))
	comparable := fold(text)
	plans := make([]aspectPlan, len(aspects))
	for i, aspect := range aspects {
		plan := &plans[i]
		plan.model = m
		plan.mentions = findMentions(comparable, aspect)
		for _, part := range parts.around(plan.mentions) {
			o := tokenizer.Options{Specials: tokenizer.SpecialsNone, MaxTokens: m.MaxTokens}
			pair := m.Tokenizer.EncodePair(text[part.Start:part.End], aspect, o)
			if pair.Truncated {
				// The part fills at most half of the sequence.
				return nil, &InputError{
					Code: CodeTooLong, Index: index, Field: "aspects",
					Detail: fmt.Sprintf("aspect %d is too long: model %s reads %d tokens, the text's among them", i, m.ID, m.MaxTokens),
					Limit:  m.MaxTokens,
				}
			}
			plan.windows = append(plan.windows, pair)
		}
	}
	return plans, nil
}

// textParts cuts a text into parts of a bounded number of pieces.
type textParts struct {
	text     string
	limit    int   // pieces of a part
	pieces   []int // byte at which each piece begins, ascending
	segments []tokenizer.Span
}

// newTextParts takes the sentences as segments, and cuts those over the limit
// at word borders.
func newTextParts(document reading, text string, sentences []tokenizer.Span, limit int) *textParts {
	p := &textParts{text: text, limit: limit}
	var words []int // indices of pieces that begin a word
	word := int32(-1)
	for _, window := range document.windows {
		for i, w := range window.Words {
			start := window.Offsets[i].Start
			if n := len(p.pieces); w < 0 || n > 0 && start <= p.pieces[n-1] {
				continue // of the template, or seen in the window before
			}
			if w != word {
				words = append(words, len(p.pieces))
				word = w
			}
			p.pieces = append(p.pieces, start)
		}
	}
	for _, s := range sentences {
		p.appendSegments(s, words)
	}
	return p
}

func (p *textParts) appendSegments(sentence tokenizer.Span, words []int) {
	for p.count(sentence) > p.limit {
		first := sort.SearchInts(p.pieces, sentence.Start)
		// The last word that begins within the limit, and is not the first.
		w := sort.SearchInts(words, first+p.limit+1) - 1
		cut := first + p.limit // a word of more pieces than the limit is cut anywhere
		if w >= 0 && words[w] > first {
			cut = words[w]
		}
		at := p.pieces[cut]
		p.segments = append(p.segments, tokenizer.Span{Start: sentence.Start, End: at})
		sentence.Start = at
	}
	p.segments = append(p.segments, sentence)
}

// count is how many pieces begin in a span.
func (p *textParts) count(s tokenizer.Span) int {
	return sort.SearchInts(p.pieces, s.End) - sort.SearchInts(p.pieces, s.Start)
}

// around are the parts to read for some mentions; without any, parts that
// together are the whole text. Each part is there once.
func (p *textParts) around(mentions []tokenizer.Span) []tokenizer.Span {
	whole := tokenizer.Span{Start: 0, End: len(p.text)}
	if len(p.pieces) <= p.limit || len(p.segments) == 0 {
		return []tokenizer.Span{whole}
	}
	var parts []tokenizer.Span
	if len(mentions) == 0 {
		for i := 0; i < len(p.segments); {
			j := i + 1
			for j < len(p.segments) && p.count(p.join(i, j)) <= p.limit {
				j++
			}
			parts = append(parts, p.join(i, j-1))
			i = j
		}
		return parts
	}
	for _, m := range mentions {
		part := p.aroundMention(m)
		if n := len(parts); n == 0 || parts[n-1] != part {
			parts = append(parts, part)
		}
	}
	return parts
}

// aroundMention is the segments that a mention touches with as many around
// them as fit, one before and one after in turn.
func (p *textParts) aroundMention(m tokenizer.Span) tokenizer.Span {
	i := max(0, sort.Search(len(p.segments), func(i int) bool { return p.segments[i].Start > m.Start })-1)
	j := i
	for j+1 < len(p.segments) && p.segments[j+1].Start < m.End {
		j++
	}
	for {
		before := i > 0 && p.count(p.join(i-1, j)) <= p.limit
		if before {
			i--
		}
		after := j+1 < len(p.segments) && p.count(p.join(i, j+1)) <= p.limit
		if after {
			j++
		}
		if !before && !after {
			return p.join(i, j)
		}
	}
}

// join is the text from segment i up to segment j, what stands between them
// included.
func (p *textParts) join(i, j int) tokenizer.Span {
	return tokenizer.Span{Start: p.segments[i].Start, End: p.segments[j].End}
}
