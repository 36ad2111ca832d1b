package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"

	"github.com/go-playground/validator/v10"
)

// wantsPretty reports whether ?pretty asks for indentation.
func wantsPretty(r *http.Request) bool {
	values, given := r.URL.Query()["pretty"]
	if !given {
		return false
	}
	indent, _ := parsePretty(values[0])
	return indent
}

// parsePretty reads a value of pretty: true or false, or none, which is true.
func parsePretty(value string) (indent, ok bool) {
	indent = value == "" || value == "true"
	return indent, indent || value == "false"
}

// checkQuery refuses query strings of which a part would be ignored because it
// cannot be parsed, and other values of pretty than those that
// parsePretty knows.
func (a *API) checkQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			a.writeError(w, r, newProblem(invalidQuery, "the query string cannot be parsed: %v", err))
			return
		}
		for _, value := range query["pretty"] {
			if _, ok := parsePretty(value); !ok {
				a.writeError(w, r, newProblem(invalidQuery, "pretty is %q; it may be true or false, or stand alone", clip(value)))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// readQuery refuses parameters that would be ignored, and reads those that the
// request struct names in `query` tags.
func (a *API) readQuery(r *http.Request, in request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	known := []string{"pretty"}
	fields := map[string]reflect.StructField{}
	v := reflect.ValueOf(in).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		if name := f.Tag.Get("query"); name != "" {
			known = append(known, name)
			fields[name] = f
		}
	}
	for name, values := range r.URL.Query() {
		field, ok := fields[name]
		switch {
		case ok:
			for _, value := range values {
				if err := a.validateParameter(name, value, field.Tag.Get("validate")); err != nil {
					return err
				}
				v.FieldByIndex(field.Index).SetString(value)
			}
		case name != "pretty":
			return newProblem(invalidQuery, "unknown parameter %q%s; options go into the JSON body", clip(name), didYouMean(name, known))
		}
	}
	return nil
}

// validateParameter holds a value of the query to the `validate` tag of its
// field. With the fields of the body it would be reported as one of them.
func (a *API) validateParameter(name, value, tag string) error {
	err := a.validate.Var(value, tag)
	if wrong, ok := errors.AsType[validator.ValidationErrors](err); ok {
		return newProblem(invalidQuery, "%s is %q; it %s", name, clip(value), rangeOf(wrong[0]))
	}
	return err
}
