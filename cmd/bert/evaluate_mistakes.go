package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"

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

// checkMistakes refuses to write over the labelled file, before any work is
// done.
func (c *evaluateCmd) checkMistakes(data string) error {
	source, err := os.Stat(data)
	if err != nil {
		return err
	}
	if target, err := os.Stat(c.Mistakes); err == nil && os.SameFile(source, target) {
		return fmt.Errorf("--mistakes %s is the labelled file itself, and would be written over: choose another", c.Mistakes)
	}
	return nil
}

// writeMistakes writes the rows of a set that have wrong answers as JSON Lines.
// It reads their texts from the set's file again, since a set keeps only ids.
func writeMistakes(path string, set training.SetConfig, head bert.HeadType, mistakes []training.Mistake) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	at := make(map[int]training.Mistake, len(mistakes))
	for _, m := range mistakes {
		at[m.Line] = m
	}
	problems := &training.Problems{Limit: -1} // measuring has judged them
	if head == bert.TokenHeadType {
		err = writeWords(encoder, training.ReadTagged(set.Dev, problems), at)
	} else {
		err = writeTexts(encoder, training.ReadRecords(set.Dev, set.Fields, problems), at)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

func writeTexts(encoder *json.Encoder, records iter.Seq2[training.Record, error], at map[int]training.Mistake) error {
	for record, err := range records {
		if err != nil {
			return err
		}
		m, mistaken := at[record.Line]
		if !mistaken {
			continue
		}
		row := mistakenText{Line: m.Line, Text: record.Text, Label: m.Want, Answer: m.Got}
		if record.HasPair {
			row.TextPair = &record.Pair
		}
		if err := encoder.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

func writeWords(encoder *json.Encoder, sentences iter.Seq2[training.TaggedSentence, error], at map[int]training.Mistake) error {
	for sentence, err := range sentences {
		if err != nil {
			return err
		}
		m, mistaken := at[sentence.Line]
		if !mistaken {
			continue
		}
		row := mistakenWords{Line: m.Line, Tags: m.Want, Answer: m.Got}
		for _, word := range sentence.Words {
			row.Words = append(row.Words, sentence.Text[word.Start:word.End])
		}
		if err := encoder.Encode(row); err != nil {
			return err
		}
	}
	return nil
}
