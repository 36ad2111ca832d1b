package httpapi

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui/v5/static"

	"cloze/openapi"
	"cloze/web"
)

// Swagger UI's own index page has inline scripts, which docsPolicy forbids;
// these two files take its place.
var (
	//go:embed docs/index.html
	docsIndex []byte
	//go:embed docs/init.js
	docsInit []byte
)

var (
	docsPage    = web.NewFile("text/html; charset=utf-8", docsIndex)
	openAPIFile = web.NewFile("application/json", openapi.Document)
)

// docsFiles are the files that the page loads, made when first asked for.
var docsFiles = sync.OnceValues(func() (map[string]web.File, error) {
	files := map[string]web.File{"init.js": web.NewFile("text/javascript; charset=utf-8", docsInit)}
	for name, file := range swaggerFiles {
		data, err := readStored(file.stored)
		if err != nil {
			return nil, err
		}
		files[name] = web.NewFile(file.contentType, data)
	}
	return files, nil
})

// swaggerFiles are Swagger UI's, as the library stores them.
var swaggerFiles = map[string]struct{ stored, contentType string }{
	"swagger-ui-bundle.js": {"swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"},
	"swagger-ui.css":       {"swagger-ui.css.gz", "text/css; charset=utf-8"},
	"favicon-32x32.png":    {"favicon-32x32.png", "image/png"},
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

// getDocs answers GET /docs: Swagger UI on /openapi.json, from inside the
// binary.
func (a *API) getDocs(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", docsPolicy)
	serveFile(w, r, docsPage)
}

// getDocsFile answers GET /docs/{file}.
func (a *API) getDocsFile(w http.ResponseWriter, r *http.Request) {
	files, err := docsFiles()
	if err != nil {
		a.writeError(w, r, err)
		return
	}
	file, ok := files[chi.URLParam(r, "file")]
	if !ok {
		a.notFound(w, r)
		return
	}
	serveFile(w, r, file)
}

// getOpenAPI answers GET /openapi.json.
func (a *API) getOpenAPI(w http.ResponseWriter, r *http.Request) { serveFile(w, r, openAPIFile) }
