// Package httpapi serves the tasks over HTTP: JSON in, JSON out.
//
//	routes.go        every route: the table of contents
//	handle.go        what all task routes do: decode, limit, validate, call, encode
//	classify.go …    one file per route: its request, its answer, its documentation
//	problem_types.go every kind of error answer, one row each
//	errors.go        the one place where errors become answers
//
// An API is an http.Handler from the moment it is made; until Serve hands it
// the tasks it answers "starting", and from Drain on "draining". The caller's
// text appears in answers only, never in logs or metrics.
package httpapi

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"

	"cloze/internal/engine"
	"cloze/internal/tasks"
)

// Config is what an operator decides.
type Config struct {
	// MaxBodyBytes bounds a request body, counted after decompression.
	MaxBodyBytes int64
	// MaxTexts bounds the texts of one request.
	MaxTexts int
	// MaxTokensPerRequest bounds the word pieces of one request.
	MaxTokensPerRequest int
	// MaxInFlight bounds the task requests that are worked on or wait, one
	// with a long body counting once more for every 4 KiB of it.
	MaxInFlight int
	// MaxAnswerBytes bounds the memory of answers that are being made or sent.
	MaxAnswerBytes int64
	// RequestTimeout bounds the time from a request's body to its answer.
	RequestTimeout time.Duration
	// CORSOrigins may call the API from a page of another origin; "*" is any.
	// Empty turns CORS off.
	CORSOrigins []string
	// Build says what program this is.
	Build Build
	// Log receives one line per request.
	Log zerolog.Logger
}

// Tasks is what the API serves: the methods of package tasks, as functions so
// that a test can put one of its own in any place.
type Tasks struct {
	Classify  func(context.Context, []tasks.Text, tasks.ClassifyOptions) ([]tasks.Classification, error)
	Sentiment func(context.Context, []tasks.Text, tasks.SentimentOptions) ([]tasks.SentimentResult, error)
	NER       func(context.Context, []tasks.Text, tasks.NEROptions) ([]tasks.NERResult, error)
	FillMask  func(context.Context, []tasks.Text, tasks.FillMaskOptions) ([]tasks.FillMaskResult, error)
	NSP       func(context.Context, []tasks.Text, tasks.NextSentenceOptions) ([]tasks.NextSentenceResult, error)
	Embed     func(context.Context, []tasks.Text, tasks.EmbedOptions) ([]tasks.Embedding, error)
	Tokenize  func(context.Context, []tasks.Text, tasks.TokenizeOptions) ([]tasks.Tokenization, error)
	Attention func(context.Context, []tasks.Text, tasks.AttendOptions) ([]tasks.AttentionResult, error)
	// PretrainingExamples is POST /pretraining-examples.
	PretrainingExamples func(context.Context, []tasks.Text, tasks.PretrainingOptions) ([]tasks.PretrainingResult, error)

	// Models are those loaded, the preferred one first.
	Models []*engine.Model
	// Probe runs a text through every model: readiness.
	Probe func(context.Context) error
	// Stats are the engine's counters.
	Stats func() engine.Stats
}

// NewTasks are the real tasks on an engine.
func NewTasks(e *engine.Engine) *Tasks {
	return &Tasks{
		Classify:  tasks.Classifier{Engine: e}.Classify,
		Sentiment: tasks.Sentiment{Engine: e}.Analyze,
		NER:       tasks.NER{Engine: e}.Recognize,
		FillMask:  tasks.FillMask{Engine: e}.Fill,
		NSP:       tasks.NextSentence{Engine: e}.IsNext,
		Embed:     tasks.Embedder{Engine: e}.Embed,
		Tokenize:  tasks.Tokenizer{Engine: e}.Tokenize,
		Attention: tasks.Attention{Engine: e}.Attend,

		PretrainingExamples: tasks.PretrainingExamples{Engine: e}.Make,

		Models: e.Models(),
		Probe:  e.Probe,
		Stats:  e.Stats,
	}
}

// API is the HTTP interface.
type API struct {
	config   Config
	handler  http.Handler
	routes   []string // "POST /classify", … for the answer 404
	validate *validator.Validate
	metrics  *metrics
	slots    *semaphore.Weighted // MaxInFlight of them
	answers  *semaphore.Weighted // MaxAnswerBytes of them
	arriving *semaphore.Weighted // bytes of bodies that are being read
	inFlight atomic.Int64        // task requests
	probe    *probe

	tasks    atomic.Pointer[Tasks] // nil while starting
	leaving  atomic.Bool           // it says that it is not ready
	draining atomic.Bool           // it refuses new work
}

// New makes an API that answers "starting" until Serve.
func New(config Config) *API {
	a := &API{
		config:   config,
		validate: newValidator(),
		slots:    semaphore.NewWeighted(int64(config.MaxInFlight)),
		answers:  semaphore.NewWeighted(config.MaxAnswerBytes),
		arriving: semaphore.NewWeighted(arrivingBodies * config.MaxBodyBytes),
		probe:    newProbe(),
	}
	a.metrics = newMetrics(config.Build, a.engineStats)
	a.handler = a.newRouter()
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.leaving.Load() {
		w.Header().Set("Connection", "close") // the next request goes to another instance
	}
	a.handler.ServeHTTP(w, r)
}

// Serve makes the API ready: from here on the tasks answer.
func (a *API) Serve(t *Tasks) {
	a.metrics.setModels(t.Models)
	a.tasks.Store(t)
}

// Leave makes the API say that it is not ready, and let go of connections with their
// next answer. It answers as before: what sends it requests may take a while to notice.
func (a *API) Leave() { a.leaving.Store(true) }

// Drain makes the API refuse new work, too. Requests in flight go on.
func (a *API) Drain() { a.draining.Store(true) }

// InFlight counts the task requests being worked on.
func (a *API) InFlight() int { return int(a.inFlight.Load()) }

// ready returns the tasks, or the problem that says why there are none.
func (a *API) ready() (*Tasks, error) {
	if a.draining.Load() {
		return nil, drainingProblem()
	}
	t := a.tasks.Load()
	if t == nil {
		return nil, startingProblem()
	}
	return t, nil
}

// engineStats are the engine's counters, if there is an engine yet.
func (a *API) engineStats() (engine.Stats, bool) {
	t := a.tasks.Load()
	if t == nil || t.Stats == nil {
		return engine.Stats{}, false
	}
	return t.Stats(), true
}

// modelIDs lists the loaded models by their ids.
func (a *API) modelIDs() []string {
	t := a.tasks.Load()
	if t == nil {
		return nil
	}
	ids := make([]string, len(t.Models))
	for i, m := range t.Models {
		ids[i] = m.ID
	}
	return ids
}
