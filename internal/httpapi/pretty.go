package httpapi

import "net/http"

// wantsPretty reports whether ?pretty asks for indentation.
func wantsPretty(r *http.Request) bool {
	values, ok := r.URL.Query()["pretty"]
	return ok && (values[0] == "" || values[0] == "true")
}

// checkPretty refuses other values than those that wantsPretty knows.
func (a *API) checkPretty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, value := range r.URL.Query()["pretty"] {
			if value != "" && value != "true" && value != "false" {
				a.writeError(w, r, newProblem(invalidQuery, "pretty is %q; it may be true or false, or stand alone", clip(value)))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
