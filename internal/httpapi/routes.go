package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// register is every route. Each is served at its plain path and under /v1.
func (a *API) register(r chi.Router) {
	// The tasks, one file each.
	r.Post("/classify", handle(a, classify))
	r.Post("/sentiment", handle(a, sentiment))
	r.Post("/ner", handle(a, ner))
	r.Post("/fill-mask", handle(a, fillMask))
	r.Post("/nsp", handle(a, nextSentence))
	r.Post("/embed", handle(a, embed))
	r.Post("/tokenize", handle(a, tokenize))
	r.Post("/attention", handleAs(a, attention, attentionEncoder))
	r.Post("/pretraining-examples", handle(a, pretrainingExamples))

	// What is loaded, and how it is doing.
	r.Get("/models", a.getModels)
	r.Get("/models/{id}", a.getModel)
	r.Get("/healthz", a.getHealth)
	r.Get("/readyz", a.getReadiness)
	r.Get("/metrics", a.getMetrics)
	r.Get("/version", a.getVersion)

	// For people.
	r.Get("/", a.getHome)
	r.Get("/web/*", a.getPageFile)
	r.Get("/docs", a.getDocs)
	r.Get("/docs/{file}", a.getDocsFile)
	r.Get("/openapi.json", a.getOpenAPI)
	r.Get("/problems/{type}", a.getProblem)
}

// newRouter puts the routes behind what every request passes: from the outside
// in, so that an answer is observed last.
func (a *API) newRouter() http.Handler {
	r := chi.NewRouter()
	r.Use(
		decodePath,
		a.observe,
		secureHeaders,
		allowOrigins(a.config.CORSOrigins),
		compress,
		a.recoverPanics,
		a.checkQuery,
		middleware.GetHead,
	)
	r.NotFound(a.notFound)
	r.MethodNotAllowed(a.methodNotAllowed(r))
	a.register(r)
	a.routes = listRoutes(r)
	r.Route("/v1", a.register)
	return r
}
