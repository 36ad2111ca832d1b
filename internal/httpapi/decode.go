package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// decode reads a body by its content type into the request struct that in
// points to, sets the defaults and validates.
func (a *API) decode(r *http.Request, body []byte, in request) error {
	setDefaults(reflect.ValueOf(in).Elem())
	if err := a.readQuery(r, in); err != nil {
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
		if err := decodeText(body, in); err != nil {
			return err
		}
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
		if err := decodeText(body, in); err != nil {
			return err
		}
	case "application/x-www-form-urlencoded", "multipart/form-data":
		p := newProblem(formEncoded, "the body is announced as %s; send application/json, or text/plain with the text itself", mediaType)
		if p.Example = corrected(r, formAsJSON(body)); p.Example != "" {
			p.Detail += "; the example is the corrected command"
		}
		return p
	default:
		return newProblem(unsupportedMedia, "content type %q is not supported; send application/json or text/plain", clip(mediaType))
	}
	return a.validateFields(in)
}

// decodeText takes the body as the text.
func decodeText(body []byte, in request) error {
	if at := invalidUTF8(body); at >= 0 {
		return newProblem(notUTF8, "byte %d of the body is not UTF-8", at)
	}
	in.setText(string(body))
	return nil
}

// charsets are the names of UTF-8 and of its part that clients send.
var charsets = []string{"utf-8", "utf8", "us-ascii"}

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
	if charset := parameters["charset"]; charset != "" && !slices.Contains(charsets, strings.ToLower(charset)) {
		return "", newProblem(unsupportedMedia, "charset %q is not supported; send UTF-8", clip(charset))
	}
	return media, nil
}

// formAsJSON makes JSON of a form that is a text, or a pair, which `curl -d text=…` sends.
// Of a form with options, whose types it does not say, nothing can be made; any other body
// is returned as it is.
func formAsJSON(body []byte) []byte {
	form, err := url.ParseQuery(string(body))
	if err != nil || !form.Has("text") && !form.Has("texts") {
		return body
	}
	fields := map[string]string{}
	for name, values := range form {
		if name != "text" && name != "text_pair" || len(values) > 1 {
			return nil
		}
		fields[name] = values[0]
	}
	var object bytes.Buffer
	encoder := json.NewEncoder(&object)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(fields); err != nil {
		return body
	}
	return object.Bytes()
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
