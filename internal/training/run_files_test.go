package training

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
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

// jsonKeys are the keys of a struct whose defaults are set. Defaults that the
// document does not give as a value, but in words, are taken from it.
func jsonKeys(value reflect.Value, documented []documentedKey) (keys []documentedKey) {
	inWords := map[string]string{}
	for _, key := range documented {
		if !strings.HasPrefix(key.Default, "`") {
			inWords[key.Key] = key.Default
		}
	}
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if field.Anonymous {
			continue // Settings, with a table of their own
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue // of no run's file
		}
		key := documentedKey{Key: name, Type: jsonType(field.Type)}
		if words, ok := inWords[name]; ok {
			key.Default = words
		} else {
			key.Default = fmt.Sprintf("`%v`", reflect.Indirect(value.Field(i)))
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
	for section, described := range map[string]any{
		"Settings of both kinds":                                  pretraining.Settings,
		"Pre-training: The run":                                   pretraining,
		"Pre-training: A phase":                                   pretraining.Phases[0],
		"Fine-tuning: The run":                                    finetuning,
		"Fine-tuning: A head":                                     head,
		"Fine-tuning: A set":                                      head.Sets[0],
		"Fine-tuning: Early stopping":                             *finetuning.EarlyStopping,
		"Fine-tuning: The fields of a set":                        head.Sets[0].Fields,
		"Fine-tuning: The masked language model beside the heads": *finetuning.MLM,
	} {
		t.Run(section, func(t *testing.T) {
			got := documentedKeys(sections[section])
			want := jsonKeys(reflect.ValueOf(described), got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("keys (-structs +document):\n%s", diff)
			}
		})
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
	paths, err := filepath.Glob(filepath.Join("..", "..", "models", "recipes", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("recipes %q, error %v", paths, err)
	}
	for _, path := range paths {
		var run interface {
			SetDefaults()
			Validate() error
		} = &Pretraining{}
		if strings.Contains(path, "finetune") {
			run = &Finetuning{}
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
