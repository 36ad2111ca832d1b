package training

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runFiles is the document about run files, section by section: by heading, and
// by the one above it for those that both kinds of run have.
func runFiles(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "run-files.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	kind, heading := "", ""
	for line := range strings.Lines(string(data)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			kind = strings.TrimSpace(title)
			heading = kind
		} else if title, ok := strings.CutPrefix(line, "### "); ok {
			heading = kind + ": " + strings.TrimSpace(title)
		}
		sections[heading] += line
	}
	return sections
}

// documentedKey is a row of a table.
type documentedKey struct{ Key, Type, Default string }

var tableRow = regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| ([^|]*) \\|([^|]*)\\| [^|]+ \\|$")

func documentedKeys(section string) (keys []documentedKey) {
	for _, cells := range tableRow.FindAllStringSubmatch(section, -1) {
		keys = append(keys, documentedKey{cells[1], cells[2], strings.TrimSpace(cells[3])})
	}
	return keys
}

// jsonType is what the document calls a type.
func jsonType(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Pointer:
		return jsonType(kind.Elem())
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "number"
	case reflect.Int, reflect.Uint64:
		return "whole number"
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Slice:
		if kind.Elem().Kind() == reflect.Uint8 { // json.RawMessage
			return "object"
		}
		return "list of " + strings.Replace(jsonType(kind.Elem()), "object", "objects", 1)
	default:
		return kind.String()
	}
}

// inWords are the defaults that the document gives in words, or as the value 0,
// where 0 is more than the lack of one.
func inWords(pretraining *Pretraining, finetuning *Finetuning) map[string]string {
	decimal := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	return map[string]string{
		"seed":                            "`0`",
		"learning_rate":                   decimal(pretraining.LearningRate) + ", fine-tuning " + decimal(finetuning.LearningRate),
		"freeze_layers":                   "`0`",
		"dropout":                         "the model's",
		"evaluate_every":                  "a tenth of the run",
		"Pre-training: block_bytes":       fmt.Sprintf("%d MiB", defaultBlockBytes>>20),
		"Pre-training: max_predictions":   "no bound",
		"Fine-tuning: best":               "what there is",
		"Fine-tuning: early_stopping":     "never",
		"A head: labels":                  "the model's",
		"A head: problem_type":            "one label",
		"A head: max_tokens":              "the run's",
		"A set: name":                     "the folder's",
		"A set: share":                    "1",
		"A set: max_rows":                 "all",
		"A set: lacks":                    "what no training row has",
		"Early stopping: min_delta":       "`0`",
		"The masked language: max_tokens": "the run's",
	}
}

// jsonKeys are the keys of a struct whose defaults are set, with those defaults
// as the document should give them: in words, as a value, or not at all where
// there is none.
func jsonKeys(value reflect.Value, words func(key string) (string, bool)) (keys []documentedKey) {
	for i := range value.NumField() {
		field, value := value.Type().Field(i), value.Field(i)
		if field.Anonymous {
			continue // Settings, with a table of their own
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue // of no run's file
		}
		key := documentedKey{Key: name, Type: jsonType(field.Type)}
		isValue := !value.IsZero() || value.Kind() == reflect.Bool
		if value = reflect.Indirect(value); isValue {
			switch value.Kind() {
			case reflect.Struct, reflect.Map, reflect.Slice: // which the test has put there
				isValue = false
			}
		}
		if inWords, ok := words(name); ok {
			key.Default = inWords
		} else if isValue {
			key.Default = fmt.Sprintf("`%v`", value)
		}
		keys = append(keys, key)
	}
	return keys
}

// The document names every key of a run's file with its type and its default,
// in the order of the structs, and no other.
func TestRunFilesAreDocumented(t *testing.T) {
	sections := runFiles(t)
	pretraining := Pretraining{Phases: []Phase{{}}}
	pretraining.SetDefaults()
	finetuning := Finetuning{
		Heads: map[string]HeadRun{"head": {Sets: []SetConfig{{}}}},
		MLM:   &AuxiliaryMLM{}, EarlyStopping: &EarlyStopping{},
	}
	finetuning.SetDefaults()
	head := finetuning.Heads["head"]
	fields, _ := head.Sets[0].Fields.withDefaults()
	words := inWords(&pretraining, &finetuning)
	for _, test := range []struct {
		section, short string
		described      any
	}{
		{"Settings of both kinds", "", pretraining.Settings},
		{"Pre-training: The run", "Pre-training: ", pretraining},
		{"Pre-training: A phase", "A phase: ", pretraining.Phases[0]},
		{"Fine-tuning: The run", "Fine-tuning: ", finetuning},
		{"Fine-tuning: A head", "A head: ", head},
		{"Fine-tuning: A set", "A set: ", head.Sets[0]},
		{"Fine-tuning: Early stopping", "Early stopping: ", *finetuning.EarlyStopping},
		{"Fine-tuning: The fields of a set", "The fields: ", fields},
		{"Fine-tuning: The masked language model beside the heads", "The masked language: ", *finetuning.MLM},
	} {
		t.Run(test.section, func(t *testing.T) {
			want := jsonKeys(reflect.ValueOf(test.described), func(key string) (string, bool) {
				text, ok := words[test.short+key]
				delete(words, test.short+key)
				return text, ok
			})
			if diff := cmp.Diff(want, documentedKeys(sections[test.section])); diff != "" {
				t.Errorf("keys (-structs +document):\n%s", diff)
			}
		})
	}
	if len(words) > 0 {
		t.Errorf("words for defaults of no key: %q", words)
	}
	// What the words say of a number.
	long := Pretraining{Phases: []Phase{{Steps: 470}, {Steps: 30}}}
	long.SetDefaults()
	if long.EvaluateEvery != 50 {
		t.Errorf("a run of 500 steps is evaluated every %d, want a tenth of it", long.EvaluateEvery)
	}
}

func TestExamplesOfRunFilesLoad(t *testing.T) {
	sections := runFiles(t)
	example := func(section string) string {
		_, text, _ := strings.Cut(sections[section], "```json\n")
		text, _, found := strings.Cut(text, "```")
		if !found {
			t.Fatalf("no example in section %q", section)
		}
		return write(t, "run.json", text)
	}
	var pretraining Pretraining
	if err := ReadRun(example("Pre-training"), &pretraining); err != nil {
		t.Fatal(err)
	}
	pretraining.SetDefaults()
	if err := pretraining.Validate(); err != nil {
		t.Error(err)
	}
	var finetuning Finetuning
	if err := ReadRun(example("Fine-tuning"), &finetuning); err != nil {
		t.Fatal(err)
	}
	finetuning.SetDefaults()
	if err := finetuning.Validate(); err != nil {
		t.Error(err)
	}
}

func TestRecipesLoad(t *testing.T) {
	recipes := filepath.Join("..", "..", "models", "recipes")
	paths, err := filepath.Glob(filepath.Join(recipes, "*.json"))
	onOneSet, errSets := filepath.Glob(filepath.Join(recipes, "sets", "*.json"))
	if err != nil || errSets != nil || len(paths) == 0 || len(onOneSet) == 0 {
		t.Fatalf("recipes %q, error %v; on one set %q, error %v", paths, err, onOneSet, errSets)
	}
	paths = append(paths, onOneSet...)
	for _, path := range paths {
		var run interface {
			SetDefaults()
			Validate() error
		} = &Finetuning{}
		if strings.Contains(path, "pretrain") {
			run = &Pretraining{}
		}
		if err := ReadRun(path, run); err != nil {
			t.Error(err)
			continue
		}
		run.SetDefaults()
		if err := run.Validate(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
