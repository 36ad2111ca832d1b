package training

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"cloze/internal/bert"
)

// Mapped translates a label of the set to the head's, whose own are known; keep
// is false if it is mapped to null.
func (c SetConfig) Mapped(label string, known map[string]int32) (_ string, keep bool) {
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

// lacks works out which labels the set does not annotate.
func (l *setLoader) lacks(set *Set, c SetConfig) error {
	if l.head.ProblemType == bert.Regression {
		return nil
	}
	lacking, err := l.missing(set, c)
	if err != nil {
		return err
	}
	for i, label := range l.head.Labels {
		if c.Lacks == nil || !lacking[i] || set.Counts[i] == 0 {
			continue
		}
		if l.head.Type == bert.TokenHeadType {
			_, label = splitTag(label)
		}
		return fmt.Errorf("set %s is said to lack %q, but has it %d times", set.Name, label, set.Counts[i])
	}
	return l.setAbsent(set, lacking)
}

// lacksAlone works out what a dev part without a training part does not
// annotate: what it is said to lack, whether rows have it or not, or else what no
// row has. Rows that all have one label leave out none: with nothing else to
// answer, everybody would be right.
func (l *setLoader) lacksAlone(set *Set, c SetConfig) error {
	if l.head.ProblemType == bert.Regression {
		return nil
	}
	lacking, err := l.missing(set, c)
	if err != nil {
		return err
	}
	answers := 0
	for _, absent := range lacking {
		if !absent {
			answers++
		}
	}
	if c.Lacks == nil && (answers == 0 || answers == 1 && l.head.ProblemType != bert.MultiLabel) {
		return nil
	}
	return l.setAbsent(set, lacking)
}

func (l *setLoader) setAbsent(set *Set, lacking []bool) error {
	if !slices.Contains(lacking, true) {
		return nil
	}
	if _, hasOutside := l.index["O"]; l.head.Type == bert.TokenHeadType && !hasOutside {
		return fmt.Errorf("head %q has no label O, so a set cannot lack a type", l.name)
	}
	set.absent = lacking
	return nil
}

// missing are the labels that the set is said to lack, or else those that no row
// has.
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
		for i, label := range l.head.Labels {
			lacking[i] = !set.occurring[typeOf(label)]
		}
		return lacking, nil
	}
	for _, name := range *c.Lacks {
		found := false
		for i, label := range l.head.Labels {
			if typeOf(label) == name && label != "O" {
				lacking[i], found = true, true
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

// leaveOutAbsent takes what the set lacks out of the score of a dev part: rows
// whose label it is, or, where a row has several, that label. A model is not asked
// for what the set is said not to annotate, so that it would always be wrong
// there. Entities of such a type are in no score as it is. who, for the warning,
// ends in "lacks" or "is said to lack".
func (s *Set) leaveOutAbsent(head bert.HeadConfig, who string) {
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
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s with the label %q, which %s: %d, not in the score (\"lacks\": [] puts them there)", what, label, who, lost[label]))
	}
}

// occurring are the head's labels, or entity types, that any row of the file
// has, be it taken or not: what a file annotates does not depend on the draw.
func (l *setLoader) occurring(set *Set, c SetConfig) map[string]bool {
	occurring, known := map[string]bool{}, l.index
	if l.head.Type == bert.TokenHeadType {
		occurring["O"], known = true, l.entityTypes()
	}
	for label := range set.found {
		if mapped, keep := c.Mapped(label, known); keep {
			occurring[mapped] = true
		}
	}
	return occurring
}

// Has reports whether any row of the file has the label, or entity type, by that
// name or by one that is mapped to it: a row that was not drawn, or was left out,
// too.
func (s *Set) Has(label string) bool { return s.occurring[label] || s.found[label] }

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
		if err := checkRegular(path); err != nil {
			return nil, err
		}
		add := func(label string) {
			written[label] = true
			if mapped, keep := c.Mapped(label, nil); keep {
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
