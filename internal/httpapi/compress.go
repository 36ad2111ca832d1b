package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5/middleware"
)

// compress sends answers with gzip to clients that take it. chi's middleware
// does the work; it does not weigh q-values and says Vary only on what it
// compressed, so both happen here.
func compress(next http.Handler) http.Handler {
	const level = 2 // attention maps are megabytes of digits: fast matters more than small
	zipped := middleware.Compress(level, "application/json", "application/problem+json",
		"text/html", "text/css", "text/javascript", "text/plain", "image/svg+xml")(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if qualityOf(r.Header.Values("Accept-Encoding"), "gzip", "*") == 0 {
			w.Header().Add("Vary", "Accept-Encoding")
			next.ServeHTTP(w, r)
			return
		}
		r.Header.Set("Accept-Encoding", "gzip")
		zipped.ServeHTTP(w, r)
	})
}

// qualityOf is the weight that Accept-like header lines give to the first of
// names that they mention (RFC 9110 §12.4.2); 0 if they mention none.
func qualityOf(lines []string, names ...string) float64 {
	for _, name := range names {
		for _, line := range lines {
			for item := range strings.SplitSeq(line, ",") {
				value, parameters, _ := strings.Cut(item, ";")
				if !strings.EqualFold(strings.TrimSpace(value), name) {
					continue
				}
				for parameter := range strings.SplitSeq(parameters, ";") {
					if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); ok {
						weight, err := strconv.ParseFloat(q, 64)
						if err != nil {
							return 0
						}
						return weight
					}
				}
				return 1
			}
		}
	}
	return 0
}
