package training

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// SetConfig is one labelled set of a run.
type SetConfig struct {
	// Name stands in reports. Empty means the folder's of the training file, or
	// else of the dev file; the file's where the folder has no name, as ".", or
	// another set of the head has that one.
	Name string `json:"name,omitempty"`
	// Train and Dev are files in a format that FormatOf knows. A set without
	// Train only measures, one without Dev only trains.
	Train string `json:"train,omitempty"`
	Dev   string `json:"dev,omitempty"`
	// Share is how often an epoch takes each row: 0.5 takes half the rows, 2
	// takes all of them twice. Absent means 1.
	Share *float64 `json:"share,omitempty"`
	// MaxRows keeps that many rows of each file, drawn by the seed; 0 keeps all.
	MaxRows int `json:"max_rows,omitempty"`
	// Map renames labels, or entity types for a token head. A label mapped to
	// null leaves its rows out; an entity type mapped to null leaves its words
	// out of the loss, mapped to "O" it is no entity. "*" stands for every label
	// that is neither named here nor one of the head's.
	Map map[string]*string `json:"map,omitempty"`
	// Lacks are the head's labels, or entity types, that the set does not
	// annotate: it takes part without teaching that they never occur, and dev
	// rows that have them all the same are not in its score. Absent means those
	// that no training row has; [] means none.
	Lacks *[]string `json:"lacks,omitempty"`
	// Fields say where a record's parts stand.
	Fields Fields `json:"fields,omitzero"`
	// Licence and Note are for the model's card.
	Licence string `json:"licence,omitempty"`
	Note    string `json:"note,omitempty"`
}

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

// WordRange is the words Start to End−1 of a sentence; none if they are equal.
type WordRange struct {
	Start, End int32
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
	Tags      [][]string // of each row of a token head's set, in the head's types
	Warnings  []string   // of what may not be meant so
	Problems  *Problems

	found map[string]bool // labels, or entity types, as the file has them
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

// DisplayName is the name that reports use.
func (c SetConfig) DisplayName() string {
	if c.Name != "" {
		return c.Name
	}
	path := orDefault(c.Train, c.Dev)
	switch folder := filepath.Base(filepath.Dir(path)); folder {
	case ".", "..", string(filepath.Separator): // no name
		return stem(path)
	default:
		return folder
	}
}

// stem is a file's name without what says its format.
func stem(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), ".gz")
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// named gives names to the sets of a head that have none: their folders', or
// their files' where several sets would have the same.
func named(sets []SetConfig) []SetConfig {
	times := map[string]int{}
	for _, c := range sets {
		times[c.DisplayName()]++
	}
	sets = slices.Clone(sets)
	for i, c := range sets {
		if c.Name != "" || orDefault(c.Train, c.Dev) == "" {
			continue
		}
		sets[i].Name = c.DisplayName()
		if times[sets[i].Name] > 1 {
			sets[i].Name = stem(orDefault(c.Train, c.Dev))
		}
	}
	return sets
}

// validateNames refuses sets of a head that reports could not tell apart, and a
// name in best that a set of another head has, too.
func (f *Finetuning) validateNames(head string) error {
	paths := map[string]string{}
	for _, c := range f.Heads[head].Sets {
		name, path := c.DisplayName(), orDefault(c.Train, c.Dev)
		if other, taken := paths[name]; taken {
			return fmt.Errorf("the sets of %s and %s are both called %q: give one another name, such as \"name\": %q", other, path, name, name+"-2")
		}
		paths[name] = path
		if f.Best != name && !strings.HasPrefix(f.Best, name+"/") {
			continue
		}
		for _, other := range sortedKeys(f.Heads) {
			called := func(c SetConfig) bool { return c.DisplayName() == name }
			if other != head && slices.ContainsFunc(f.Heads[other].Sets, called) {
				return fmt.Errorf("best is %q, but head %s has a set called so, too: give one of them another \"name\"", f.Best, other)
			}
		}
	}
	return nil
}

// Validate says what is wrong with the settings of a set of the head, if
// anything is.
func (c SetConfig) Validate(head HeadRun) error {
	switch {
	case c.Train == "" && c.Dev == "":
		return errors.New("a set needs a train or a dev file")
	case c.Share != nil && !(*c.Share > 0 && *c.Share <= 1000):
		return fmt.Errorf("set %s: share is %v, want a number above 0", c.DisplayName(), *c.Share)
	case c.MaxRows < 0:
		return fmt.Errorf("set %s: max_rows is %d", c.DisplayName(), c.MaxRows)
	case head.Type == bert.TokenHeadType && head.Pair:
		return errors.New("a head that tags words reads no pairs")
	case head.Type == bert.TokenHeadType && c.Fields.given():
		return fmt.Errorf("set %s: fields, separator included, are those of texts with labels; a head that tags words reads CoNLL files", c.DisplayName())
	case head.ProblemType == bert.Regression && len(c.Map) > 0:
		return fmt.Errorf("set %s: map renames labels, and a regression has numbers", c.DisplayName())
	}
	for _, path := range []string{c.Train, c.Dev} {
		format, _ := FormatOf(path) // load refuses what is none
		if head.ProblemType == bert.MultiLabel && c.Fields.Separator == "" && (format == CSV || format == TSV) {
			return fmt.Errorf("%s: say what stands between the labels of a text in its column: --separator \"|\", or \"fields\": {\"separator\": \"|\"} in the run's file", path)
		}
	}
	return nil
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
		if train != nil {
			part.Lacks = &[]string{} // what the training part lacks, not what this small one happens to
		}
		if devRows > 0 && (c.MaxRows == 0 || c.MaxRows > devRows) {
			part.MaxRows = devRows
		}
		if dev, err = l.load(part, c.Dev); err != nil {
			return nil, nil, err
		}
	}
	if err := c.checkMap(train, dev); err != nil {
		return nil, nil, err
	}
	if train != nil && dev != nil {
		dev.absent = train.absent
		dev.leaveOutAbsent(l.head)
		if dev.Rows == 0 {
			return nil, nil, fmt.Errorf("%s: the training part lacks the labels of all its rows", c.Dev)
		}
	}
	return train, dev, nil
}

// leaveOutAbsent takes what the training part lacks out of the score of a dev
// part: rows whose label it is, or, where a row has several, that label. A
// model is not asked for what the set is said not to annotate, so that it would
// always be wrong there. Entities of such a type are in no score as it is.
func (s *Set) leaveOutAbsent(head bert.HeadConfig) {
	lost := map[string]int{}
	what := "rows"
	if head.Type == bert.TokenHeadType {
		what = "entities"
		scored := s.types(head)
		for _, tags := range s.Tags {
			for _, entity := range Entities(tags) {
				if !slices.Contains(scored, entity.Type) {
					lost[entity.Type]++
				}
			}
		}
	} else if s.absent != nil {
		examples := s.Examples[:0]
		for _, example := range s.Examples {
			wanted := len(example.Labels)
			example.Labels = slices.DeleteFunc(example.Labels, func(label int32) bool {
				if s.absent[label] {
					lost[head.Labels[label]]++
				}
				return s.absent[label]
			})
			if head.ProblemType != bert.MultiLabel && len(example.Labels) < wanted {
				continue
			}
			example.Row = len(examples)
			examples = append(examples, example)
		}
		s.Examples, s.Rows = examples, len(examples)
		for i, absent := range s.absent {
			if absent {
				s.Counts[i] = 0
			}
		}
	}
	for _, label := range sortedKeys(lost) {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s with the label %q, which the training part lacks: %d, not in the score (\"lacks\": [] puts them there)", what, label, lost[label]))
	}
}

// checkMap refuses names that no row has: a misspelt one would leave its rows
// to "*", or without a label of the head.
func (c SetConfig) checkMap(parts ...*Set) error {
	found := map[string]bool{}
	for _, part := range parts {
		if part != nil {
			maps.Copy(found, part.found)
		}
	}
	for _, label := range sortedKeys(c.Map) {
		if label != "*" && !found[label] {
			return fmt.Errorf("set %s: map names %q, which no row has; those that rows have are %q", c.DisplayName(), label, sortedKeys(found))
		}
	}
	return nil
}

// warnOfOneLabel warns of a training part that has nothing to tell apart.
func (s *Set) warnOfOneLabel(head bert.HeadConfig) {
	if head.Type != bert.SequenceHeadType || head.ProblemType != bert.SingleLabel {
		return
	}
	var occurring []string
	for i, n := range s.Counts {
		if n > 0 {
			occurring = append(occurring, head.Labels[i])
		}
	}
	if len(occurring) != 1 {
		return
	}
	warning := fmt.Sprintf("all rows have the label %q, so there is nothing to tell apart", occurring[0])
	if slices.Contains(s.absent, true) {
		warning += "; \"lacks\": [] sets them against the head's other labels"
	}
	s.Warnings = append(s.Warnings, warning)
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
			return fmt.Errorf("%s:%d: the row has a second text, %q, but head %q reads single texts: --pair-field %[3]s, or \"pair\": true for the head in the run's file, makes it read pairs",
				record.Path, record.Line, fields.pairName(), l.name)
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

// HasPairs reports whether the set holds pairs of texts: whether its first
// record is one.
func (c SetConfig) HasPairs() (bool, error) {
	// A run counts the unusable lines; here none matters.
	for record, err := range ReadRecords(orDefault(c.Train, c.Dev), c.Fields, &Problems{Limit: -1}) {
		return record.HasPair, err
	}
	return false, nil
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
		mapped, keep := c.mapped(label, l.index)
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

// mapped translates a label; keep is false if it is mapped to null.
func (c SetConfig) mapped(label string, known map[string]int32) (_ string, keep bool) {
	to, named := c.Map[label]
	if !named {
		if _, ours := known[label]; ours {
			return label, true
		}
		if to, named = c.Map["*"]; !named {
			return label, true
		}
	}
	if to == nil {
		return "", false
	}
	return *to, true
}

// UnknownLabelError says that a row has a label that the head does not know.
type UnknownLabelError struct {
	Label, Mapped string // as the row has it, and as the set's map has it
	Head          string
	Labels        []string // the head's
}

func (e *UnknownLabelError) Error() string {
	return fmt.Sprintf("%s: add it there, or map it: \"map\": {%q: null} leaves it out", e.Says(), e.Label)
}

// Says is the error without what to do about it in a run's file.
func (e *UnknownLabelError) Says() string {
	name := strconv.Quote(e.Label)
	if e.Mapped != e.Label {
		name += " (mapped to " + strconv.Quote(e.Mapped) + ")"
	}
	return fmt.Sprintf("label %s is none of head %q's, which are %q", name, e.Head, e.Labels)
}

func (l *setLoader) unknownLabel(label, mapped string) error {
	return &UnknownLabelError{Label: label, Mapped: mapped, Head: l.name, Labels: l.head.Labels}
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

// mapTag translates the type of a tag; keep is false if it is mapped to null.
func (l *setLoader) mapTag(c SetConfig, tag string, types map[string]int32) (_ string, keep bool) {
	if tag == "O" {
		return tag, true
	}
	_, kind := splitTag(tag)
	mapped, keep := c.mapped(kind, types)
	if !keep || mapped == "O" {
		return "O", keep
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

// lacks works out which labels the set does not annotate.
func (l *setLoader) lacks(set *Set, c SetConfig) error {
	if l.head.ProblemType == bert.Regression {
		return nil
	}
	lacking, err := l.missing(set, c)
	if err != nil || !slices.Contains(lacking, true) {
		return err
	}
	if _, hasOutside := l.index["O"]; l.head.Type == bert.TokenHeadType && !hasOutside {
		return fmt.Errorf("head %q has no label O, so a set cannot lack a type", l.name)
	}
	set.absent = lacking
	return nil
}

func (l *setLoader) missing(set *Set, c SetConfig) ([]bool, error) {
	lacking := make([]bool, len(l.head.Labels))
	typeOf := func(label string) string {
		if l.head.Type != bert.TokenHeadType || label == "O" {
			return label
		}
		_, kind := splitTag(label)
		return kind
	}
	if c.Lacks == nil {
		// What never occurs: a type counts as there if any of its tags is.
		occurs := map[string]bool{"O": l.head.Type == bert.TokenHeadType}
		for i, label := range l.head.Labels {
			if set.Counts[i] > 0 {
				occurs[typeOf(label)] = true
			}
		}
		for i, label := range l.head.Labels {
			lacking[i] = !occurs[typeOf(label)]
		}
		return lacking, nil
	}
	for _, name := range *c.Lacks {
		found := false
		for i, label := range l.head.Labels {
			if typeOf(label) == name && label != "O" {
				lacking[i], found = true, true
				if set.Counts[i] > 0 {
					return nil, fmt.Errorf("set %s is said to lack %q, but has it %d times", set.Name, name, set.Counts[i])
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("set %s is said to lack %q, which head %q does not have: %q", set.Name, name, l.name, l.head.Labels)
		}
	}
	return lacking, nil
}

// types are the entity types that the set annotates, for EntityCounts.
func (s *Set) types(head bert.HeadConfig) []string {
	types := map[string]bool{}
	for i, label := range head.Labels {
		if label != "O" && (s.absent == nil || !s.absent[i]) {
			_, kind := splitTag(label)
			types[kind] = true
		}
	}
	return sortedKeys(types)
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

// DiscoverLabels reads the labels of a head off its training files, for a run
// that does not list them: sorted, and for a token head O followed by B and I of
// each type.
func DiscoverLabels(kind bert.HeadType, sets []SetConfig, problemLimit int) ([]string, error) {
	found, written := map[string]bool{}, map[string]bool{} // in the head's names, and in the files
	for _, c := range sets {
		if c.Train == "" {
			continue // what is only measured teaches no label
		}
		path := c.Train
		add := func(label string) {
			written[label] = true
			if mapped, keep := c.mapped(label, nil); keep {
				found[mapped] = true
			}
		}
		problems := &Problems{Limit: problemLimit}
		if kind == bert.TokenHeadType {
			for sentence, err := range ReadTagged(path, problems) {
				if err != nil {
					return nil, err
				}
				for _, tag := range sentence.Tags {
					if tag != "O" {
						_, entity := splitTag(tag)
						add(entity)
					}
				}
			}
			continue
		}
		for record, err := range ReadRecords(path, c.Fields, problems) {
			if err != nil {
				return nil, err
			}
			for _, label := range record.Labels {
				add(label)
			}
		}
	}
	if kind != bert.TokenHeadType {
		if len(found) == 0 {
			return nil, fmt.Errorf("its training files have no label that the sets' maps keep; theirs are %q", sortedKeys(written))
		}
		return sortedKeys(found), nil
	}
	delete(found, "O")
	labels := []string{"O"}
	for _, entity := range slices.Sorted(maps.Keys(found)) {
		labels = append(labels, "B-"+entity, "I-"+entity)
	}
	return labels, nil
}

// lacking names what the set does not annotate.
func (s *Set) lacking(head bert.HeadConfig) []string {
	var names []string
	for i, label := range head.Labels {
		if s.absent != nil && s.absent[i] {
			names = append(names, label)
		}
	}
	return names
}
