package training

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
)

// ReadRun reads a run's description: JSON, in which lines that begin with //
// are comments. An unknown name is an error, and so is one that is given twice.
func ReadRun(path string, run any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var plain []byte
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\ufeff"))) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("//")) {
			line = []byte("\n") // so that errors name the right line
		}
		plain = append(plain, line...)
	}
	tokens := json.NewDecoder(bytes.NewReader(plain))
	err = checkKeys(tokens, reflect.TypeOf(run).Elem())
	if errors.Is(err, io.EOF) {
		err = errors.New("the description ends in the middle")
	}
	if err != nil {
		return fmt.Errorf("%s:%d: %w", path, lineOf(plain, tokens, err), err)
	}
	if _, err := tokens.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: something follows the run's description", path)
	}
	decoder := json.NewDecoder(bytes.NewReader(plain))
	if err := decoder.Decode(run); err != nil {
		return fmt.Errorf("%s:%d: %w", path, lineOf(plain, decoder, err), explainType(err))
	}
	return nil
}

// explainType says in words that a value is of a wrong type; encoding/json says it in
// terms of Go.
func explainType(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	want := "an object"
	switch wrong.Type.Kind() {
	case reflect.String:
		want = "a string"
	case reflect.Bool:
		want = "true or false"
	case reflect.Float32, reflect.Float64:
		want = "a number"
	case reflect.Slice:
		want = "an array"
	case reflect.Int, reflect.Int64:
		want = "a whole number, not too large"
	case reflect.Uint64:
		want = "a whole number of 0 or more, not too large"
	}
	place := cmp.Or(strings.TrimPrefix(wrong.Field, "Settings."), "the description") // without keys of maps
	return fmt.Errorf("%s is a JSON %s, want %s", place, wrong.Value, want)
}

// checkKeys reads a value that is meant for a type, and refuses what encoding/json
// takes without a word, or without its place: null for an object, and keys that are
// unknown, in another case or given twice. A type that is nil stands for any value.
func checkKeys(tokens *json.Decoder, t reflect.Type) error {
	token, err := tokens.Token()
	if err != nil || token == nil && t != nil && t.Kind() == reflect.Pointer { // which null leaves unset
		return err
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		t = nil // as json.RawMessage
	}
	switch {
	case token == json.Delim('{'):
		err = checkMembers(tokens, t)
	case token == json.Delim('['):
		var element reflect.Type
		if t != nil && t.Kind() == reflect.Slice {
			element = t.Elem()
		}
		for err == nil && tokens.More() {
			err = checkKeys(tokens, element)
		}
	case token == nil && t != nil && t.Kind() == reflect.Struct:
		return errors.New("null, want an object")
	default:
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tokens.Token() // the closing bracket
	return err
}

// checkMembers does the same with the members of an object.
func checkMembers(tokens *json.Decoder, t reflect.Type) error {
	fields := map[string]reflect.Type{}
	var member reflect.Type // of a map
	switch {
	case t == nil:
	case t.Kind() == reflect.Map:
		member = t.Elem()
	case t.Kind() == reflect.Struct:
		for _, field := range reflect.VisibleFields(t) {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
				fields[name] = field.Type
			}
		}
	}
	seen := map[string]bool{}
	for tokens.More() {
		token, err := tokens.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			return fmt.Errorf("%q is given twice", name)
		}
		seen[name] = true
		of, known := fields[name]
		if !known {
			of = member
			for field := range fields {
				if strings.EqualFold(name, field) {
					return fmt.Errorf("unknown field %q: it is called %q", name, field)
				}
			}
			if len(fields) > 0 {
				return fmt.Errorf("unknown field %q", name)
			}
		}
		if err := checkKeys(tokens, of); err != nil {
			return err
		}
	}
	return nil
}

// lineOf is the line that a decoder's error is about, or the last one it read.
func lineOf(data []byte, decoder *json.Decoder, err error) int {
	offset := decoder.InputOffset()
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		offset = syntax.Offset
	} else if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
		offset = kind.Offset
	}
	return 1 + bytes.Count(data[:min(len(data), int(offset))], []byte("\n"))
}
