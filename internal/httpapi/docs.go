package httpapi

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui/v5/static"

	"cloze/openapi"
)

// Swagger UI's own index page has inline scripts, which docsPolicy forbids;
// these two files take its place.
var (
	//go:embed docs/index.html
	docsIndex []byte
	//go:embed docs/init.js
	docsInit []byte
)

// docsFiles are Swagger UI's files that the page loads, as the library stores
// them.
var docsFiles = map[string]struct{ stored, contentType string }{
	"swagger-ui-bundle.js": {"swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"},
	"swagger-ui.css":       {"swagger-ui.css.gz", "text/css; charset=utf-8"},
	"favicon-32x32.png":    {"favicon-32x32.png", "image/png"},
}

// getDocs answers GET /docs: Swagger UI on /openapi.json, from inside the
// binary.
func (a *API) getDocs(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Security-Policy", docsPolicy)
	writeBody(w, http.StatusOK, "text/html; charset=utf-8", docsIndex)
}

// getDocsFile answers GET /docs/{file}.
func (a *API) getDocsFile(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "file")
	if name == "init.js" {
		writeBody(w, http.StatusOK, "text/javascript; charset=utf-8", docsInit)
		return
	}
	file, ok := docsFiles[name]
	if !ok {
		a.notFound(w, r)
		return
	}
	body, err := readStored(file.stored)
	if err != nil {
		a.writeError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	writeBody(w, http.StatusOK, file.contentType, body)
}

func readStored(name string) ([]byte, error) {
	data, err := static.FS.ReadFile(name)
	if err != nil || !strings.HasSuffix(name, ".gz") {
		return data, err
	}
	unzip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(unzip)
}

// getOpenAPI answers GET /openapi.json.
func (a *API) getOpenAPI(w http.ResponseWriter, _ *http.Request) {
	writeBody(w, http.StatusOK, "application/json", openapi.Document)
}
