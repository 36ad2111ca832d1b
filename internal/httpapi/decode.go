package httpapi

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
)

// readBody reads the whole body, decompressed, within the byte limit.
func (a *API) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := a.config.MaxBodyBytes
	compressed := false
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		compressed = true
	default:
		return nil, newProblem(unsupportedMedia, "Content-Encoding %q is not supported; gzip is", clip(encoding))
	}
	if r.ContentLength > limit {
		p := newProblem(bodyTooLarge, "the body is over the limit").limits(limit, r.ContentLength)
		p.closeConn = true
		return nil, p
	}

	var source io.Reader = http.MaxBytesReader(w, r.Body, limit)
	if compressed {
		unzip, err := gzip.NewReader(source)
		if err != nil {
			return nil, bodyError(err, newProblem(badCompression, "the body does not begin as gzip does"))
		}
		source = unzip
	}
	var body bytes.Buffer
	body.Grow(int(min(max(0, r.ContentLength), slotBytes))) // not on the word of a client who may never send it
	read, err := body.ReadFrom(io.LimitReader(source, limit+1))
	if err != nil {
		return nil, bodyError(err, newProblem(badCompression, "the compressed body is damaged or cut short"))
	}
	if read > limit {
		p := newProblem(bodyTooLarge, "the body decompresses to more than the limit; reading stopped there").limits(limit, read)
		p.closeConn = true
		return nil, p
	}
	observationOf(r).bytesIn = read
	return body.Bytes(), nil
}

// bodyError tells apart why reading a body failed: it was too large, too slow,
// the client went away, or (otherwise) it was not what it said.
func bodyError(err error, damaged *problemError) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return newProblem(bodyTooLarge, "the body is over the limit; reading stopped there").limits(tooLarge.Limit, tooLarge.Limit+1)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		p := newProblem(bodyTimeout, "the body did not arrive in time")
		p.closeConn = true
		return p
	}
	if _, corrupt := errors.AsType[flate.CorruptInputError](err); corrupt ||
		errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged
	}
	return err
}

// decode reads a body by its content type into the request struct that in
// points to, sets the defaults and validates.
func (a *API) decode(r *http.Request, body []byte, in request) error {
	setDefaults(reflect.ValueOf(in).Elem())
	if err := checkQuery(r, in); err != nil {
		return err
	}
	mediaType, err := mediaType(r)
	if err != nil {
		return err
	}
	switch mediaType {
	case "application/json":
		if err := decodeJSON(body, in); err != nil {
			return err
		}
	case "text/plain":
		if at := invalidUTF8(body); at >= 0 {
			return newProblem(notUTF8, "byte %d of the body is not UTF-8", at)
		}
		in.setText(string(body))
	case "":
		if len(body) == 0 {
			return newProblem(noText, "there is no body").at("")
		}
		// Somebody's text, unless it is JSON whose sender forgot to say so:
		// answering about braces and quotes would hide that mistake.
		if trimmed := bytes.TrimSpace(body); bytes.HasPrefix(trimmed, []byte("{")) && json.Valid(trimmed) {
			p := newProblem(unsupportedMedia, "the body is JSON but no Content-Type says so; send application/json, or text/plain if this is the text")
			p.Example = corrected(r, body)
			return p
		}
		if at := invalidUTF8(body); at >= 0 {
			return newProblem(notUTF8, "byte %d of the body is not UTF-8", at)
		}
		in.setText(string(body))
	case "application/x-www-form-urlencoded", "multipart/form-data":
		p := newProblem(formEncoded, "the body is announced as %s; the example is the corrected command", mediaType)
		p.Example = corrected(r, body)
		return p
	default:
		return newProblem(unsupportedMedia, "content type %q is not supported; send application/json or text/plain", clip(mediaType))
	}
	return a.validateFields(in)
}

// mediaType is the body's type without parameters; "" if none is given.
func mediaType(r *http.Request) (string, error) {
	header := r.Header.Get("Content-Type")
	if header == "" {
		return "", nil
	}
	media, parameters, err := mime.ParseMediaType(header)
	if err != nil && media == "" {
		return "", newProblem(unsupportedMedia, "the Content-Type header cannot be parsed")
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return "", newProblem(unsupportedMedia, "charset %q is not supported; send UTF-8", clip(charset))
	}
	return media, nil
}

// checkQuery refuses parameters that would be ignored, and reads those that
// the request struct names in `query` tags.
func checkQuery(r *http.Request, in request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	known := []string{"pretty"}
	fields := map[string]reflect.Value{}
	v := reflect.ValueOf(in).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		if name := f.Tag.Get("query"); name != "" {
			known = append(known, name)
			fields[name] = v.FieldByIndex(f.Index)
		}
	}
	for name, values := range r.URL.Query() {
		field, ok := fields[name]
		switch {
		case ok:
			field.SetString(values[len(values)-1])
		case name != "pretty":
			return newProblem(invalidQuery, "unknown parameter %q%s; options go into the JSON body", clip(name), didYouMean(name, known))
		}
	}
	return nil
}

// corrected is the curl command that the caller of `curl -d` meant.
func corrected(r *http.Request, body []byte) string {
	const longest = 1000 // longer bodies would bury the point
	contentType, trimmed := "text/plain", bytes.TrimSpace(body)
	if json.Valid(trimmed) {
		contentType = "application/json"
	}
	if len(trimmed) == 0 || len(trimmed) > longest || invalidUTF8(trimmed) >= 0 || strings.ContainsFunc(string(trimmed), isControl) {
		return "" // the type's own example
	}
	quoted := strings.ReplaceAll(string(trimmed), `'`, `'\''`)
	return fmt.Sprintf("curl %s%s -H 'Content-Type: %s' -d '%s'", baseURL(r), routeOf(r), contentType, quoted)
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// setDefaults gives every field with a `default` tag that value.
func setDefaults(v reflect.Value) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		value, ok := f.Tag.Lookup("default")
		if !ok {
			continue
		}
		field := v.FieldByIndex(f.Index)
		var err error
		switch {
		case field.Kind() == reflect.String:
			field.SetString(value)
		case field.Kind() == reflect.Bool:
			var b bool
			b, err = strconv.ParseBool(value)
			field.SetBool(b)
		case field.CanInt():
			var n int64
			n, err = strconv.ParseInt(value, 10, 64)
			field.SetInt(n)
		case field.CanFloat():
			var x float64
			x, err = strconv.ParseFloat(value, 64)
			field.SetFloat(x)
		default:
			err = errors.ErrUnsupported
		}
		if err != nil {
			panic(fmt.Sprintf("%s.%s: default %q: %v", v.Type(), f.Name, value, err))
		}
	}
}

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
