package evaluation

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"iter"
	"math"
	"slices"

	"cloze/internal/bert"
	"cloze/internal/training"
)

// mistakenText is a row with a wrong answer, as JSON has it: a labelled record
// that can be read again, and the answer beside it.
type mistakenText struct {
	Line     int     `json:"line"`
	Text     string  `json:"text"`
	TextPair *string `json:"text_pair,omitempty"`
	Label    any     `json:"label"`
	Answer   any     `json:"answer"`
}

// mistakenWords is a sentence with wrong tags.
type mistakenWords struct {
	Line   int      `json:"line"`
	Words  []string `json:"words"`
	Tags   any      `json:"tags"`
	Answer any      `json:"answer"`
}

// WriteMistakes writes the rows of a set that have wrong answers as JSON Lines:
// in the order of the file, or, of a regression, which is never quite right,
// those first that are furthest off. It reads their texts from the set's file
// again, since a set keeps only ids.
func WriteMistakes(w io.Writer, set training.SetConfig, head bert.HeadConfig, mistakes []training.Mistake) error {
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	at := make(map[int]training.Mistake, len(mistakes))
	for _, m := range mistakes {
		at[m.Line] = m
	}
	problems := &training.Problems{Limit: -1} // measuring has judged them
	var err error
	switch records := training.ReadRecords(set.Dev, set.Fields, problems); {
	case head.Type == bert.TokenHeadType:
		err = writeWords(encoder, training.ReadTagged(set.Dev, problems), at)
	case head.ProblemType == bert.Regression:
		err = writeNumbers(encoder, records, at)
	default:
		err = writeTexts(encoder, records, at)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// mistakenTextOf is a record with a wrong answer.
func mistakenTextOf(record training.Record, m training.Mistake) mistakenText {
	row := mistakenText{Line: m.Line, Text: record.Text, Label: m.Want, Answer: m.Got}
	if record.HasPair {
		row.TextPair = &record.Pair
	}
	return row
}

func writeNumbers(encoder *json.Encoder, records iter.Seq2[training.Record, error], at map[int]training.Mistake) error {
	type number struct {
		row mistakenText
		off float64
	}
	var all []number
	err := eachMistake(records, recordLine, at, func(record training.Record, m training.Mistake) error {
		want, got := m.Want.(float64), m.Got.(float64)
		n := number{mistakenTextOf(record, m), math.Abs(want - got)}
		n.row.Answer = float32(got) // with the digits that it has
		n.row.Label = record.Labels[0]
		if json.Valid([]byte(record.Labels[0])) {
			n.row.Label = json.Number(record.Labels[0])
		}
		all = append(all, n)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b number) int { return cmp.Compare(b.off, a.off) })
	for _, n := range all {
		if err := encoder.Encode(n.row); err != nil {
			return err
		}
	}
	return nil
}

func writeTexts(encoder *json.Encoder, records iter.Seq2[training.Record, error], at map[int]training.Mistake) error {
	return eachMistake(records, recordLine, at, func(record training.Record, m training.Mistake) error {
		return encoder.Encode(mistakenTextOf(record, m))
	})
}

func writeWords(encoder *json.Encoder, sentences iter.Seq2[training.TaggedSentence, error], at map[int]training.Mistake) error {
	line := func(sentence training.TaggedSentence) int { return sentence.Line }
	return eachMistake(sentences, line, at, func(sentence training.TaggedSentence, m training.Mistake) error {
		row := mistakenWords{Line: m.Line, Tags: m.Want, Answer: m.Got}
		for _, word := range sentence.Words {
			row.Words = append(row.Words, sentence.Text[word.Start:word.End])
		}
		return encoder.Encode(row)
	})
}

func recordLine(record training.Record) int { return record.Line }

// eachMistake calls do with the rows that have a wrong answer, by their lines,
// until it fails.
func eachMistake[R any](rows iter.Seq2[R, error], line func(R) int, at map[int]training.Mistake, do func(R, training.Mistake) error) error {
	for row, err := range rows {
		if err != nil {
			return err
		}
		if m, mistaken := at[line(row)]; mistaken {
			if err := do(row, m); err != nil {
				return err
			}
		}
	}
	return nil
}
