package httpapi

import (
	"errors"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(jsonName)
	return v
}

// validateFields holds the options to their `validate` tags.
func (a *API) validateFields(in request) error {
	err := a.validate.Struct(in)
	if err == nil {
		return nil
	}
	wrong, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return err
	}
	var p *problemError
	for _, field := range wrong {
		e := FieldError{Pointer: pointerOf(field), Detail: rangeOf(field)}
		if p == nil {
			p = newProblem(invalidParameter, "%s: %s", e.Pointer, e.Detail)
		}
		if len(p.Errors) < maxFieldErrors {
			p.Errors = append(p.Errors, e)
		}
	}
	return p
}

// pointerOf turns validator's "ClassifyRequest.textInput.offset_unit" and
// "SentimentRequest.aspects[2]" into JSON pointers: the struct's name goes, as
// do the embedded structs' (they have no name in JSON, so validator gives the
// Go one).
func pointerOf(field validator.FieldError) string {
	path := field.Namespace()
	for _, outer := range []string{"pairInput.", "textInput."} {
		path = strings.Replace(path, "."+outer, ".", 1)
	}
	_, path, _ = strings.Cut(path, ".")
	path = strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
	return "/" + path
}

// rangeOf says in words what a validate tag allows.
func rangeOf(field validator.FieldError) string {
	holds := "must be "
	unit := ""
	switch field.Kind() {
	case reflect.Slice:
		holds, unit = "must hold ", " elements"
	case reflect.String:
		holds, unit = "must hold ", " characters"
	}
	switch field.Tag() {
	case "oneof":
		return "must be one of " + strings.ReplaceAll(field.Param(), " ", ", ")
	case "min", "gte":
		return holds + "at least " + field.Param() + unit
	case "max", "lte":
		return holds + "at most " + field.Param() + unit
	default:
		return "must satisfy " + field.Tag() + " " + field.Param()
	}
}
