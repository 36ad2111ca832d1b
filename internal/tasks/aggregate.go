package tasks

import (
	"cmp"
	"slices"
	"strings"

	"cloze/internal/tokenizer"
)

// Aggregation says how NER makes entities of the labels of word pieces. The
// strategies are those of transformers' TokenClassificationPipeline.
type Aggregation string

// The aggregation strategies.
//
// Labels are read as B-TYPE and I-TYPE. All strategies but NoAggregation then
// group neighbours: an I joins what stands before it if that is of the same
// type, whether B or I; a B never does. The score of a group is the mean of
// its members'.
const (
	// NoAggregation gives every piece that is not O by itself, with its label
	// as the type ("B-PER"). Of pieces that stand for parts of one character,
	// as in a decomposed Hangul syllable, it gives the one with the highest
	// score.
	NoAggregation Aggregation = "none"
	// Simple groups pieces. Where the pieces of one word have got different
	// labels, an entity can begin or end inside the word ("Micro" of
	// "Microsoft").
	Simple Aggregation = "simple"
	// First gives a whole word the label of its first piece, then groups
	// words. It is how training measures a model.
	First Aggregation = "first"
	// Average gives a whole word the best label by the mean of its pieces'
	// scores, then groups words.
	Average Aggregation = "average"
	// Max gives a whole word the label of its surest piece, then groups words.
	Max Aggregation = "max"
)

// outside is the label of what belongs to no entity.
const outside = "O"

// scoredPiece is a word piece as the token head sees it.
type scoredPiece struct {
	span   tokenizer.Span // bytes of the text
	word   int32          // index of its word; the special tokens of the template are left out
	scores []float32      // softmax over the head's labels
}

// labelled is a stretch of text with one label.
type labelled struct {
	label string // of a piece or word B-PER, I-PER, O …; of a group the type: PER, O …
	score float32
	span  tokenizer.Span
}

// aggregate makes entities of the pieces of one sequence, in order
// (TokenClassificationPipeline.aggregate). Three things differ from transformers
// 5: the words are those of the tokenizer, where transformers guesses that a
// piece continues a word if it is not as long as the text that it stands for,
// which joins all of a Korean sentence, or a decomposed é to the word before
// it; no character is in two entities; and no text is made of the pieces, since
// the caller cuts it from the original.
func (a Aggregation) aggregate(labels []string, pieces []scoredPiece) []labelled {
	var units []labelled
	switch a {
	case NoAggregation, Simple:
		for _, p := range pieces {
			units = append(units, labelPiece(labels, p))
		}
	default:
		for len(pieces) > 0 {
			n := 1
			for n < len(pieces) && pieces[n].word == pieces[0].word {
				n++
			}
			units = append(units, a.labelWord(labels, pieces[:n]))
			pieces = pieces[n:]
		}
	}
	if a != NoAggregation {
		// Before O is left out, because an O separates groups.
		units = groupNeighbours(units)
	}
	var entities []labelled
	for _, u := range units {
		if u.label != outside {
			entities = append(entities, u)
		}
	}
	return entities
}

func labelPiece(labels []string, p scoredPiece) labelled {
	best := argmax(p.scores)
	return labelled{label: labels[best], score: p.scores[best], span: p.span}
}

// labelWord gives the pieces of a word one label (aggregate_word).
func (a Aggregation) labelWord(labels []string, pieces []scoredPiece) labelled {
	deciding := pieces[0]
	switch a {
	case Max:
		for _, p := range pieces[1:] {
			if p.scores[argmax(p.scores)] > deciding.scores[argmax(deciding.scores)] {
				deciding = p
			}
		}
	case Average:
		deciding.scores = meanScores(pieces)
	}
	word := labelPiece(labels, deciding)
	word.span = tokenizer.Span{Start: pieces[0].span.Start, End: pieces[len(pieces)-1].span.End}
	return word
}

func meanScores(pieces []scoredPiece) []float32 {
	mean := make([]float32, len(pieces[0].scores))
	for _, p := range pieces {
		for i, s := range p.scores {
			mean[i] += s
		}
	}
	for i := range mean {
		mean[i] /= float32(len(pieces))
	}
	return mean
}

// groupNeighbours joins neighbours of one type (group_entities). Stretches of O are
// groups too. A character whose pieces are of two entities is the first one's.
func groupNeighbours(units []labelled) []labelled {
	var groups []labelled
	taken := 0 // where the last entity ends
	for len(units) > 0 {
		if first := &units[0]; first.label != outside && first.span.Start < taken {
			first.span.Start = taken
			if first.span.End <= taken {
				units = units[1:]
				continue
			}
		}
		_, kind := splitLabel(units[0].label)
		n := 1
		sum := units[0].score
		for ; n < len(units); n++ {
			begins, next := splitLabel(units[n].label)
			if begins || next != kind {
				break
			}
			sum += units[n].score
		}
		groups = append(groups, labelled{
			label: entityType(units[0].label),
			score: sum / float32(n),
			span:  tokenizer.Span{Start: units[0].span.Start, End: units[n-1].span.End},
		})
		if units[0].label != outside {
			taken = units[n-1].span.End
		}
		units = units[n:]
	}
	return groups
}

// splitLabel splits "B-PER" into whether it begins an entity, and "PER". What
// has no such prefix continues (get_tag).
func splitLabel(label string) (begins bool, kind string) {
	if kind, ok := strings.CutPrefix(label, "B-"); ok {
		return true, kind
	}
	return false, strings.TrimPrefix(label, "I-")
}

// entityType is what a group of such labels is called: what follows the first
// hyphen (group_sub_entities).
func entityType(label string) string {
	if _, kind, ok := strings.Cut(label, "-"); ok {
		return kind
	}
	return label
}

// argmax is the index of the highest score, the first of equal ones.
func argmax(scores []float32) int {
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	return best
}

// mergeOverlaps counts once what two windows of a text have both seen, or what
// several pieces say of one character: of entities that overlap it keeps the
// longer one and, of equally long ones, the one with the higher score
// (TokenClassificationPipeline's aggregate_overlapping_entities). What overlaps
// nothing stays.
//
// It takes the entities of all windows, window by window, and returns them by
// their place in the text.
func mergeOverlaps(entities []labelled) []labelled {
	if len(entities) == 0 {
		return nil
	}
	sorted := slices.Clone(entities)
	slices.SortStableFunc(sorted, func(a, b labelled) int { return cmp.Compare(a.span.Start, b.span.Start) })
	merged := sorted[:1]
	for _, e := range sorted[1:] {
		last := &merged[len(merged)-1]
		if e.span.Start >= last.span.End {
			merged = append(merged, e)
			continue
		}
		length, lastLength := e.span.End-e.span.Start, last.span.End-last.span.Start
		if length > lastLength || length == lastLength && e.score > last.score {
			*last = e
		}
	}
	return merged
}
