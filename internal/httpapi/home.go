package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"cloze/web"
)

// getHome answers GET /: the playground for a browser, which asks for HTML by
// name, and for everything else a text with the commands to begin with.
func (a *API) getHome(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	accept := r.Header.Values("Accept")
	html := qualityOf(accept, "text/html")
	if html > 0 && html >= qualityOf(accept, "text/plain", "text/*", "*/*") {
		a.servePage(w, r, "index.html")
		return
	}
	greeting := &answer{status: http.StatusOK, contentType: "text/plain; charset=utf-8", body: []byte(a.greeting(baseURL(r)))}
	greeting.send(w)
}

// greeting is what curl shows at /.
func (a *API) greeting(base string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Cloze %s: BERT in one binary.\n\n", a.config.Build.Version)
	for _, example := range []string{exampleSentiment, exampleNER, exampleFillMask} {
		fmt.Fprintln(&text, atBase(example, base))
	}
	fmt.Fprintf(&text, "\nModels:         %s/models\nDocumentation:  %s/docs\nOpenAPI:        %s/openapi.json\n\nRoutes:\n", base, base, base)
	for _, route := range a.routes {
		fmt.Fprintln(&text, "  "+route)
	}
	return text.String()
}

// getPageFile answers GET /web/…: the playground's files.
func (a *API) getPageFile(w http.ResponseWriter, r *http.Request) {
	a.servePage(w, r, chi.URLParam(r, "*"))
}

func (a *API) servePage(w http.ResponseWriter, r *http.Request, name string) {
	file, ok := web.Open(name)
	if !ok {
		a.notFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	serveFile(w, r, file)
}
