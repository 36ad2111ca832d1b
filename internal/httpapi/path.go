package httpapi

import (
	"cmp"
	"net/http"
	"regexp"
)

var encodedSlash = regexp.MustCompile(`(?i)%2f`)

// decodePath has paths routed by what they say and not by how they are spelled:
// /models/%65n is /models/en (RFC 3986 §6.2.2.2). A path with an encoded slash
// is left as it is written, because that slash separates nothing.
func decodePath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawPath != "" && !encodedSlash.MatchString(r.URL.RawPath) {
			decoded, address := *r, *r.URL
			address.RawPath = ""
			decoded.URL = &address
			r = &decoded
		}
		next.ServeHTTP(w, r)
	})
}

// routingPath is the path that chi goes by.
func routingPath(r *http.Request) string { return cmp.Or(r.URL.RawPath, r.URL.Path) }
