package training

import (
	"fmt"
	"slices"

	"cloze/internal/tokenizer"
)

// WordRange is the words Start to End−1 of a sentence; none if they are equal.
type WordRange struct {
	Start, End int32
}

func (l *setLoader) loadTagged(set *Set, c SetConfig, path string) error {
	var sentences []TaggedSentence
	for sentence, err := range ReadTagged(path, set.Problems) {
		if err != nil {
			return err
		}
		for _, tag := range sentence.Tags {
			if tag != "O" {
				_, kind := splitTag(tag)
				set.found[kind] = true
			}
		}
		sentences = append(sentences, sentence)
	}
	types := l.entityTypes()
	for _, sentence := range sampleRows(sentences, c.MaxRows, l.seed) {
		labels := make([]int32, len(sentence.Tags)) // of each word
		tags := make([]string, len(sentence.Tags))
		for i, tag := range sentence.Tags {
			mapped, keep := l.mapTag(c, tag, types)
			tags[i] = mapped
			labels[i] = -1
			if keep {
				index, known := l.index[mapped]
				if !known {
					return fmt.Errorf("%s, sentence at line %d: %w", sentence.Path, sentence.Line, l.unknownLabel(tag, mapped))
				}
				labels[i] = index
			}
		}
		encoding := l.tokenizer.Encode(sentence.Text, tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true})
		set.Examples = append(set.Examples, l.taggedExamples(set, encoding, sentence.Words, labels)...)
		set.Tags = append(set.Tags, tags)
		set.lines = append(set.lines, sentence.Line)
		set.Rows++
	}
	return nil
}

// entityTypes are the types among a token head's labels, as a set.
func (l *setLoader) entityTypes() map[string]int32 {
	types := map[string]int32{}
	for _, label := range l.head.Labels {
		if label != "O" {
			_, kind := splitTag(label)
			types[kind] = 0
		}
	}
	return types
}

// notScored is the tag of a word that is in no loss and no score. Entities reads
// it as O.
const notScored = ""

// mapTag translates the type of a tag; keep is false if it is mapped to null.
func (l *setLoader) mapTag(c SetConfig, tag string, types map[string]int32) (_ string, keep bool) {
	if tag == "O" {
		return tag, true
	}
	_, kind := splitTag(tag)
	mapped, keep := c.Mapped(kind, types)
	switch {
	case !keep:
		return notScored, false
	case mapped == "O":
		return "O", true
	}
	return tag[:2] + mapped, true
}

// taggedExamples gives each piece the label of the word that it begins in: the
// word's own for the first piece of a word, the I tag of its type for the
// others, since serving, too, looks at every piece. A sentence longer than the
// limit becomes several sequences, cut before a word.
func (l *setLoader) taggedExamples(set *Set, encoding *tokenizer.Encoding, words []tokenizer.Span, labels []int32) []TaskExample {
	n := len(encoding.IDs)
	pieceLabels, begins := make([]int32, n), make([]int32, n)
	word, begun := 0, -1
	for i := range n {
		pieceLabels[i], begins[i] = -1, -1
		at := encoding.Offsets[i].Start
		for word < len(words)-1 && at >= words[word].End {
			word++
		}
		if at < words[word].Start || at >= words[word].End {
			continue // between the words: the text holds more than they do
		}
		if begun != word {
			begun = word
			begins[i], pieceLabels[i] = int32(word), labels[word]
		} else if labels[word] >= 0 {
			pieceLabels[i] = inside(l.head.Labels, labels[word])
		}
	}
	answers := answeredWords(encoding.Offsets, words, begins)
	var examples []TaskExample
	room := l.maxTokens - 2
	for start := 0; start < n || start == 0; {
		end := min(start+room, n)
		if end < n {
			cut := end
			for cut > start && begins[cut] < 0 {
				cut--
			}
			if cut > start {
				end = cut
			}
		}
		example := TaskExample{Row: set.Rows}
		example.IDs = slices.Concat([]int32{l.tokenizer.CLS()}, encoding.IDs[start:end], []int32{l.tokenizer.SEP()})
		example.Labels = slices.Concat([]int32{-1}, pieceLabels[start:end], []int32{-1})
		example.Words = slices.Concat([]WordRange{{}}, answers[start:end], []WordRange{{}})
		for _, label := range pieceLabels[start:end] {
			if label >= 0 {
				set.Counts[label]++
			}
		}
		examples = append(examples, example)
		if start = end; start >= n {
			break
		}
	}
	return examples
}

// answeredWords says of every piece which words it answers for: the word whose
// first piece it is (begins, −1 for none), and those after it that lie in the
// piece and have none of their own. In Chinese sets every character is a word,
// and 1998 is one piece of four.
func answeredWords(pieces, words []tokenizer.Span, begins []int32) []WordRange {
	hasPiece := make([]bool, len(words))
	for _, word := range begins {
		if word >= 0 {
			hasPiece[word] = true
		}
	}
	answers := make([]WordRange, len(pieces))
	next := 0 // the first word that may lie in this piece or a later one
	for i, piece := range pieces {
		for next < len(words) && words[next].Start < piece.Start && !hasPiece[next] {
			next++
		}
		if begins[i] >= 0 {
			next = int(begins[i]) + 1
			answers[i] = WordRange{begins[i], begins[i] + 1}
		}
		for next < len(words) && words[next].Start < piece.End && !hasPiece[next] {
			if answers[i].End == 0 {
				answers[i].Start = int32(next)
			}
			next++
			answers[i].End = int32(next)
		}
	}
	return answers
}

// inside is the label that continues an entity: I-PER for B-PER. A head
// without I tags repeats the label.
func inside(labels []string, label int32) int32 {
	if labels[label] == "O" {
		return label
	}
	_, kind := splitTag(labels[label])
	if i := slices.Index(labels, "I-"+kind); i >= 0 {
		return int32(i)
	}
	return label
}
