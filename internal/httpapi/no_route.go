package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
)

// listRoutes is what a router serves: "POST /classify", …
func listRoutes(r chi.Routes) []string {
	var routes []string
	walk := func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		routes = append(routes, method+" "+route)
		return nil
	}
	if err := chi.Walk(r, walk); err != nil {
		panic(err) // walk returns none
	}
	slices.SortFunc(routes, func(a, b string) int {
		_, a, _ = strings.Cut(a, " ")
		_, b, _ = strings.Cut(b, " ")
		return strings.Compare(a, b)
	})
	return routes
}

// notFound answers with the routes there are.
func (a *API) notFound(w http.ResponseWriter, r *http.Request) {
	p := newProblem(notFound, "nothing is served at this path")
	p.Available = a.routes
	if near := a.nearestPath(strings.TrimPrefix(r.URL.Path, "/v1")); near != "" {
		p.Detail += "; did you mean " + near + "?"
	}
	a.writeError(w, r, p)
}

// nearestPath is the path that the caller probably meant, one that is served as
// it stands; "" if none is near.
func (a *API) nearestPath(wrong string) string {
	var paths []string
	for _, route := range a.routes {
		_, path, _ := strings.Cut(route, " ")
		if !strings.Contains(path, "{") { // what comes there only the caller knows
			paths = append(paths, strings.TrimSuffix(path, "/*"))
		}
	}
	near := nearest(wrong, paths)
	if near == "/web" { // a folder
		return "/web/index.html"
	}
	return near
}

// methodNotAllowed answers 405 with the methods that the path has, and
// OPTIONS with just those.
func (a *API) methodNotAllowed(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := routingPath(r) // without /v1, which is mounted for every method
		if inner, ok := strings.CutPrefix(path, "/v1"); ok {
			path = "/" + strings.TrimPrefix(inner, "/")
		}
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if routes.Match(chi.NewRouteContext(), method, path) {
				allowed = append(allowed, method)
				if method == http.MethodGet {
					allowed = append(allowed, http.MethodHead)
				}
			}
		}
		switch {
		case len(allowed) == 0: // an unknown method on an unknown path
			a.notFound(w, r)
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
			w.WriteHeader(http.StatusNoContent)
		default:
			p := newProblem(methodNotAllowed, "this path has %s", strings.Join(allowed, ", "))
			p.Example = a.exampleFor(methodNotAllowed, path, baseURL(r))
			p.allow = strings.Join(append(allowed, http.MethodOptions), ", ")
			a.writeError(w, r, p)
		}
	}
}
