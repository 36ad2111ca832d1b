package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"cloze/internal/surrogates"
)

// maxFieldErrors bounds the list in one answer: a batch of a thousand numbers
// where strings belong is one mistake, not a thousand.
const maxFieldErrors = 8

// decodeJSON reads the one JSON object in body into the struct that v points
// to. It refuses what encoding/json lets through in silence: names that v does
// not have or has in another case, names given twice, null, invalid UTF-8 and
// escaped lone surrogates (which encoding/json would turn into U+FFFD, so that
// offsets in the answer would no longer be those of the caller's text).
//
// The error is a *problemError that names each place by its JSON pointer.
func decodeJSON(body []byte, v any) error {
	if at := invalidUTF8(body); at >= 0 {
		return newProblem(notUTF8, "byte %d of the body is not UTF-8", at)
	}
	first, err := firstValue(bytes.TrimPrefix(body, []byte("\ufeff"))) // RFC 8259 §8.1 lets a parser ignore it
	if err != nil {
		return err
	}
	if half, at := surrogates.Half(body); at >= 0 { // around the value is white space
		return newProblem(notUTF8, "the escape %s at byte %d is half of a surrogate pair, which is no character", half, at)
	}

	tokens := json.NewDecoder(bytes.NewReader(first))
	tokens.UseNumber()
	d := strictDecoder{tokens: tokens}
	d.value(reflect.ValueOf(v).Elem(), "")
	return d.problem()
}

func invalidUTF8(body []byte) int {
	if utf8.Valid(body) {
		return -1
	}
	at := 0
	for at < len(body) {
		r, size := utf8.DecodeRune(body[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// firstValue returns the one JSON value that body holds.
func firstValue(body []byte) (json.RawMessage, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, newProblem(invalidJSON, "the body is empty; expected a JSON object")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	var first json.RawMessage
	if err := dec.Decode(&first); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line, column := position(body, syntax.Offset)
			return nil, newProblem(invalidJSON, "line %d, column %d: %s", line, column, syntax.Error())
		}
		return nil, newProblem(invalidJSON, "the body ends in the middle of a JSON value")
	}
	if rest := bytes.TrimSpace(body[dec.InputOffset():]); len(rest) > 0 {
		line, column := position(body, int64(len(body)-len(rest))+1)
		return nil, newProblem(trailingData, "line %d, column %d: something follows the JSON value", line, column)
	}
	return first, nil
}

// position turns the number of bytes read so far into line and column, both
// from 1, the column in characters.
func position(body []byte, read int64) (line, column int) {
	seen := body[:max(0, min(int(read)-1, len(body)))]
	line = 1 + bytes.Count(seen, []byte("\n"))
	column = 1 + utf8.RuneCount(seen[bytes.LastIndexByte(seen, '\n')+1:])
	return line, column
}

// strictDecoder walks the tokens of one valid JSON value and the Go value that
// it is read into side by side.
type strictDecoder struct {
	tokens *json.Decoder
	kind   *problemType // of the first mistake: it gives the answer its type
	errors []FieldError
	more   bool // mistakes were left out
}

func (d *strictDecoder) problem() error {
	if d.kind == nil {
		return nil
	}
	p := newProblem(d.kind, "%s", d.errors[0].Detail)
	p.Errors = d.errors
	if d.more {
		p.Detail += fmt.Sprintf("; the first %d mistakes are listed", maxFieldErrors)
	}
	return p
}

func (d *strictDecoder) mistake(kind *problemType, pointer, format string, args ...any) {
	if len(d.errors) == maxFieldErrors {
		d.more = true
		return
	}
	if d.kind == nil {
		d.kind = kind
	}
	d.errors = append(d.errors, FieldError{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
}

// value reads the next JSON value into dst, or notes why it cannot.
func (d *strictDecoder) value(dst reflect.Value, pointer string) {
	token, err := d.tokens.Token()
	if err != nil {
		return // the value is valid JSON: it has been read before
	}
	if dst.Kind() == reflect.Pointer {
		target := reflect.New(dst.Type().Elem())
		dst.Set(target)
		dst = target.Elem()
	}
	if d.assign(dst, token, pointer) {
		return
	}
	d.skip(token)
	place := pointer
	if place == "" {
		place = "the body"
	}
	d.mistake(wrongType, pointer, "%s is %s; expected %s", place, describeToken(token), describeKind(dst.Type()))
}

// assign stores the value that begins with token, and reports whether dst is
// of its kind.
func (d *strictDecoder) assign(dst reflect.Value, token json.Token, pointer string) bool {
	switch t := token.(type) {
	case json.Delim:
		switch {
		case t == '{' && dst.Kind() == reflect.Struct:
			d.object(dst, pointer)
			return true
		case t == '[' && dst.Kind() == reflect.Slice:
			d.array(dst, pointer)
			return true
		}
	case string:
		if dst.Kind() == reflect.String {
			dst.SetString(t)
			return true
		}
	case bool:
		if dst.Kind() == reflect.Bool {
			dst.SetBool(t)
			return true
		}
	case json.Number:
		if dst.CanInt() {
			n, err := strconv.ParseInt(t.String(), 10, dst.Type().Bits())
			dst.SetInt(n)
			return err == nil
		}
		if dst.CanFloat() {
			f, err := strconv.ParseFloat(t.String(), dst.Type().Bits())
			dst.SetFloat(f)
			return err == nil
		}
	}
	return false
}

func (d *strictDecoder) object(dst reflect.Value, pointer string) {
	fields := jsonFields(dst.Type())
	seen := make(map[string]bool, len(fields.names))
	for d.tokens.More() {
		token, err := d.tokens.Token()
		if err != nil {
			return
		}
		name, _ := token.(string) // a member's name is always a string
		place := pointer + "/" + pointerEscapes.Replace(clip(name))
		index, known := fields.index[name]
		switch {
		case !known:
			d.skipValue()
			d.mistake(unknownField, place, "unknown field %q%s", clip(name), didYouMean(name, fields.names))
		case seen[name]:
			d.skipValue()
			d.mistake(duplicateField, place, "field %q is given twice", name)
		default:
			d.value(dst.FieldByIndex(index), place)
		}
		seen[name] = true
	}
	_, _ = d.tokens.Token() // the closing brace
}

func (d *strictDecoder) array(dst reflect.Value, pointer string) {
	dst.Set(reflect.MakeSlice(dst.Type(), 0, 0)) // [] is not the same as absent
	for i := 0; d.tokens.More(); i++ {
		element := reflect.New(dst.Type().Elem()).Elem()
		d.value(element, pointer+"/"+strconv.Itoa(i))
		dst.Set(reflect.Append(dst, element))
	}
	_, _ = d.tokens.Token() // the closing bracket
}

func (d *strictDecoder) skipValue() {
	if token, err := d.tokens.Token(); err == nil {
		d.skip(token)
	}
}

// skip reads past the value that begins with token.
func (d *strictDecoder) skip(token json.Token) {
	depth := 0
	for {
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return
		}
		var err error
		if token, err = d.tokens.Token(); err != nil {
			return
		}
	}
}

// pointerEscapes are those of RFC 6901 §3.
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// clip keeps a name that the caller made up from filling the answer.
func clip(name string) string {
	const most = 64
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most]) + "…"
}

func describeToken(token json.Token) string {
	switch t := token.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Number:
		return "the number " + clip(t.String())
	case json.Delim:
		if t == '[' {
			return "an array"
		}
	}
	return "an object"
}

func describeKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array, each element " + describeKind(t.Elem())
	case reflect.Struct:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return fmt.Sprintf("an integer of %d bits", t.Bits())
	}
}

// fieldSet is what a struct is called in JSON.
type fieldSet struct {
	names []string // in the order of the struct, for messages
	index map[string][]int
}

var fieldSets sync.Map // reflect.Type → *fieldSet

// jsonFields lists the JSON names of a struct's fields, those of embedded
// structs included.
func jsonFields(t reflect.Type) *fieldSet {
	if known, ok := fieldSets.Load(t); ok {
		return known.(*fieldSet)
	}
	set := &fieldSet{index: map[string][]int{}}
	for _, f := range reflect.VisibleFields(t) {
		name := jsonName(f)
		if f.Anonymous || name == "" {
			continue
		}
		set.names = append(set.names, name)
		set.index[name] = f.Index
	}
	known, _ := fieldSets.LoadOrStore(t, set)
	return known.(*fieldSet)
}

// jsonName is the name of a field in JSON, "" if it has none.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}
