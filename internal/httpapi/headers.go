package httpapi

import (
	"net/http"
	"regexp"
	"time"

	"github.com/go-chi/cors"
)

// docsPolicy lets a page load what we serve, and nothing else: no inline script,
// no other host, no frame around it. Swagger UI makes markup of strings, so that
// it cannot have more.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pagePolicy is the playground's: no string ever becomes markup or code there
// (Trusted Types), and no script can allow itself to make one.
const pagePolicy = docsPolicy + "; require-trusted-types-for 'script'; trusted-types 'none'"

// secureHeaders are right for every answer; a page replaces the policy by
// its own.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// allowOrigins is CORS for the pages that the operator lists.
func allowOrigins(origins []string) func(http.Handler) http.Handler {
	if len(origins) == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	return cors.Handler(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions},
		AllowedHeaders: []string{"Accept", "Content-Type", "Content-Encoding", "X-Request-Id"},
		ExposedHeaders: []string{
			"X-Request-Id", "Server-Timing", "Retry-After",
			"X-Attention-Shape", "X-Attention-Type", "X-Attention-Layers", "X-Attention-Heads", "X-Attention-Model",
		},
		MaxAge: int(time.Hour / time.Second),
	})
}

var hostPattern = regexp.MustCompile(`^(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+)(:[0-9]+)?$`)

// baseURL is how the caller reached us, for the curl commands in answers. A
// Host header that a shell could trip over is not repeated.
func baseURL(r *http.Request) string {
	if !hostPattern.MatchString(r.Host) {
		return exampleBase
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
