package training

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// TaskExample is one sequence with what its head should say.
type TaskExample struct {
	IDs, TypeIDs []int32 // TypeIDs nil: all 0
	Row          int     // of the set: a long sentence has several sequences
	// Labels are indices into the head's labels. For a sequence head: the right
	// one, or those that hold. For a token head: one a token, −1 for tokens
	// outside the loss.
	Labels []int32
	Value  float32 // what a regression head should say
	// Words, for a token head, says which words of the sentence a token answers
	// for.
	Words []WordRange
}

// Set is a labelled file made ready for a head.
type Set struct {
	Name     string
	Head     string
	Share    float64
	Rows     int
	Examples []TaskExample
	// absent says which labels the set does not annotate; nil means none.
	absent    []bool
	Truncated int        // rows that lost their end
	Cut       []int      // their lines
	lines     []int      // of each row of a set that LoadSet read; the first of a sentence's
	LeftOut   int        // rows whose label is mapped to null
	Counts    []int      // rows, or tokens, of each label
	Tags      [][]string // of each row of a token head's set, in the head's types, or notScored
	Warnings  []string   // of what may not be meant so
	Problems  *Problems

	found     map[string]bool // labels, or entity types, as the file has them
	occurring map[string]bool // these in the head's names, but for those that are left out
}

// setLoader makes the sets of one head.
type setLoader struct {
	tokenizer *tokenizer.Tokenizer
	name      string // of the head
	head      bert.HeadConfig
	maxTokens int
	seed      uint64
	limit     int // of problems

	index map[string]int32 // of labels
}

func newSetLoader(t *tokenizer.Tokenizer, name string, head bert.HeadConfig, maxTokens int, seed uint64, problemLimit int) *setLoader {
	l := &setLoader{tokenizer: t, name: name, head: head, maxTokens: maxTokens, seed: seed, limit: problemLimit, index: map[string]int32{}}
	for i, label := range head.Labels {
		l.index[label] = int32(i)
	}
	return l
}

// loadParts reads the files of a set; devRows bounds the rows of the dev file,
// 0 or less does not. A part without a file is nil.
func (l *setLoader) loadParts(c SetConfig, devRows int) (train, dev *Set, err error) {
	if c.Train != "" {
		if train, err = l.load(c, c.Train); err != nil {
			return nil, nil, err
		}
		train.warnOfOneLabel(l.head)
	}
	if c.Dev != "" {
		part := c
		part.Lacks = &[]string{} // this part is measured, and asked for no more
		if devRows > 0 && (c.MaxRows == 0 || c.MaxRows > devRows) {
			part.MaxRows = devRows
		}
		if dev, err = l.load(part, c.Dev); err != nil {
			return nil, nil, err
		}
	}
	if err := c.checkMap(train, dev); err != nil || dev == nil {
		return train, nil, err
	}
	lacker := "the set is said to lack"
	if train != nil {
		lacker = "the training part lacks"
		dev.absent = train.absent // not what this small one happens to lack
	} else if err := l.lacksAlone(dev, c); err != nil {
		return nil, nil, err
	}
	dev.leaveOutAbsent(l.head, lacker)
	if dev.Rows == 0 {
		return nil, nil, fmt.Errorf("%s: %s the labels of all its rows", c.Dev, lacker)
	}
	return train, dev, nil
}

// load reads one file of a set.
func (l *setLoader) load(c SetConfig, path string) (*Set, error) {
	format, err := FormatOf(path)
	if err != nil {
		return nil, err
	}
	set := &Set{
		Name: c.DisplayName(), Head: l.name, Share: 1, Problems: &Problems{Limit: l.limit},
		Counts: make([]int, len(l.head.Labels)), found: map[string]bool{},
	}
	if c.Share != nil {
		set.Share = *c.Share
	}
	switch {
	case l.head.Type == bert.TokenHeadType && format == CoNLL:
		err = l.loadTagged(set, c, path)
	case l.head.Type == bert.TokenHeadType:
		err = fmt.Errorf("%s: head %q tags tokens: give it a CoNLL file", path, l.name)
	default:
		err = l.loadRecords(set, c, path)
	}
	if err != nil {
		return nil, err
	}
	if len(set.Examples) == 0 {
		return nil, fmt.Errorf("%s: none of its rows has a label of head %q; theirs are %q", path, l.name, sortedKeys(set.found))
	}
	set.occurring = l.occurring(set, c)
	return set, l.lacks(set, c)
}

func (l *setLoader) loadRecords(set *Set, c SetConfig, path string) error {
	fields := c.Fields
	if l.head.Pair {
		fields.Pair = fields.pairName() // which must be there, then
	}
	var records []Record
	for record, err := range ReadRecords(path, fields, set.Problems) {
		if err != nil && l.head.Pair {
			return fmt.Errorf("head %q reads pairs of texts: %w", l.name, err)
		}
		if err != nil {
			return err
		}
		if record.HasPair && !l.head.Pair {
			return fmt.Errorf("%s:%d: the row has a second text, %q, but head %q reads single texts: %s makes it read pairs",
				record.Path, record.Line, fields.pairName(), l.name, fields.pairing())
		}
		for _, label := range record.Labels {
			set.found[label] = true
		}
		records = append(records, record)
	}
	for _, record := range sampleRows(records, c.MaxRows, l.seed) {
		example := TaskExample{Row: set.Rows}
		leftOut, err := l.target(&example, c, record)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", record.Path, record.Line, err)
		}
		if leftOut {
			set.LeftOut++
			continue
		}
		var encoding *tokenizer.Encoding
		o := tokenizer.Options{Specials: tokenizer.SpecialsNone, MaxTokens: l.maxTokens}
		if record.HasPair {
			encoding = l.tokenizer.EncodePair(record.Text, record.Pair, o)
			example.TypeIDs = encoding.TypeIDs
		} else {
			encoding = l.tokenizer.Encode(record.Text, o)
		}
		example.IDs = encoding.IDs
		if encoding.Truncated {
			set.Truncated++
			set.Cut = append(set.Cut, record.Line)
		}
		for _, label := range example.Labels {
			set.Counts[label]++
		}
		set.Examples = append(set.Examples, example)
		set.lines = append(set.lines, record.Line)
		set.Rows++
	}
	return nil
}

// target translates a record's labels.
func (l *setLoader) target(example *TaskExample, c SetConfig, record Record) (leftOut bool, err error) {
	if l.head.ProblemType == bert.Regression {
		if len(record.Labels) != 1 {
			return false, fmt.Errorf("%d values, want one number", len(record.Labels))
		}
		value, err := strconv.ParseFloat(record.Labels[0], 32)
		if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			return false, fmt.Errorf("%q is not a number for head %q", record.Labels[0], l.name)
		}
		example.Value = float32(value)
		return false, nil
	}
	if l.head.ProblemType != bert.MultiLabel && len(record.Labels) != 1 {
		return false, fmt.Errorf("%d labels for head %q, whose labels exclude each other", len(record.Labels), l.name)
	}
	for _, label := range record.Labels {
		mapped, keep := c.Mapped(label, l.index)
		if !keep {
			if l.head.ProblemType == bert.MultiLabel {
				continue
			}
			return true, nil
		}
		i, known := l.index[mapped]
		if !known {
			return false, l.unknownLabel(label, mapped)
		}
		if !slices.Contains(example.Labels, i) {
			example.Labels = append(example.Labels, i)
		}
	}
	return false, nil
}

// sampleRows draws n of the rows and keeps their order; 0 keeps all.
func sampleRows[T any](rows []T, n int, seed uint64) []T {
	if n == 0 || n >= len(rows) {
		return rows
	}
	order := NewRand(seed, uint64(len(rows))).Perm(len(rows))[:n]
	slices.Sort(order)
	sample := make([]T, n)
	for i, row := range order {
		sample[i] = rows[row]
	}
	return sample
}
