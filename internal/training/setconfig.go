package training

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"cloze/internal/bert"
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
	// out of the loss and of the score, mapped to "O" it is no entity. "*" stands
	// for every label that is neither named here nor one of the head's.
	Map map[string]*string `json:"map,omitempty"`
	// Lacks are the head's labels, or entity types, that the set does not
	// annotate: it takes part without teaching that they never occur, and dev
	// rows that have them all the same are not in its score. Absent means those
	// that no training row has, or, without Train, no dev row if these have
	// several labels; [] means none.
	Lacks *[]string `json:"lacks,omitempty"`
	// Fields say where a record's parts stand.
	Fields Fields `json:"fields,omitzero"`
	// Licence and Note are for the model's card.
	Licence string `json:"licence,omitempty"`
	Note    string `json:"note,omitempty"`
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
	case head.Type == bert.TokenHeadType && c.Fields.given() && c.Fields.ByFlags:
		return fmt.Errorf("%s: --text-field, --pair-field, --label-field, --columns and --separator are for texts with labels; a head that tags words reads CoNLL files", c.Dev)
	case head.Type == bert.TokenHeadType && c.Fields.given():
		return fmt.Errorf("set %s: fields, separator included, are those of texts with labels; a head that tags words reads CoNLL files", c.DisplayName())
	case head.ProblemType == bert.Regression && len(c.Map) > 0:
		return fmt.Errorf("set %s: map renames labels, and a regression has numbers", c.DisplayName())
	case head.ProblemType == bert.Regression && c.Lacks != nil && len(*c.Lacks) > 0:
		return fmt.Errorf("set %s: lacks names labels, and a regression has numbers", c.DisplayName())
	}
	for _, path := range []string{c.Train, c.Dev} {
		format, _ := FormatOf(path) // load refuses what is none
		if head.ProblemType == bert.MultiLabel && c.Fields.Separator == "" && (format == CSV || format == TSV) {
			say := `--separator "|"`
			if !c.Fields.ByFlags {
				say += `, or "fields": {"separator": "|"} in the run's file`
			}
			return fmt.Errorf("%s: say what stands between the labels of a text in its column: %s", path, say)
		}
	}
	return nil
}

// HasPairs reports whether the set holds pairs of texts: whether its first
// record is one.
func (c SetConfig) HasPairs() (bool, error) {
	path := orDefault(c.Train, c.Dev)
	if err := checkRegular(path); err != nil {
		return false, err
	}
	// A run counts the unusable lines; here none matters.
	for record, err := range ReadRecords(path, c.Fields, &Problems{Limit: -1}) {
		return record.HasPair, err
	}
	return false, nil
}
