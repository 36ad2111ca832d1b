package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cloze/internal/engine"
)

// metrics are the counters of one API, on a registry of their own: two APIs in
// one test do not share them.
type metrics struct {
	handler  http.Handler
	inFlight prometheus.Gauge
	requests *prometheus.CounterVec   // route, method, status
	duration *prometheus.HistogramVec // route
	phases   *prometheus.CounterVec   // phase: tokenize, queue, model, post
	texts    *prometheus.CounterVec   // route
	tokens   *prometheus.CounterVec   // route
	problems *prometheus.CounterVec   // type
	memory   *prometheus.GaugeVec     // model
}

// newMetrics also counts what the engine does, read from stats when somebody
// asks; stats is false while there is no engine.
func newMetrics(build Build, stats func() (engine.Stats, bool)) *metrics {
	m := &metrics{
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cloze_http_requests_in_flight", Help: "Requests being answered now.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cloze_http_requests_total", Help: "Requests answered.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cloze_http_request_duration_seconds", Help: "Time from a request's first line to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route"}),
		phases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cloze_task_seconds_total", Help: "Where the time of the tasks went.",
		}, []string{"phase"}),
		texts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cloze_texts_total", Help: "Texts in requests to the tasks.",
		}, []string{"route"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cloze_tokens_total", Help: "Word pieces that went through a model.",
		}, []string{"route"}),
		problems: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cloze_problems_total", Help: "Error answers by problem type.",
		}, []string{"type"}),
		memory: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "cloze_model_bytes", Help: "Memory that a loaded model's weights take.",
		}, []string{"model"}),
	}
	buildInfo := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "cloze_build_info", Help: "1, labelled with what program this is.",
		ConstLabels: prometheus.Labels{"version": build.Version, "revision": build.Revision, "go": build.Go},
	})
	buildInfo.Set(1)
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		m.inFlight, m.requests, m.duration, m.phases, m.texts, m.tokens, m.problems, m.memory, buildInfo,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		engineCollector{stats},
	)
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}) // compress does it
	return m
}

func (m *metrics) setModels(models []*engine.Model) {
	for _, model := range models {
		m.memory.WithLabelValues(model.ID).Set(float64(model.Network.Bytes()))
	}
}

func (m *metrics) observe(method string, o *observation, status int, took time.Duration) {
	m.requests.WithLabelValues(o.route, knownMethod(method), strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(o.route).Observe(took.Seconds())
	if o.problem != "" {
		m.problems.WithLabelValues(o.problem).Inc()
	}
	if t := o.timing; t != nil {
		m.texts.WithLabelValues(o.route).Add(float64(o.texts))
		m.tokens.WithLabelValues(o.route).Add(float64(t.Tokens))
		m.phases.WithLabelValues("tokenize").Add(t.Tokenize.Seconds())
		m.phases.WithLabelValues("queue").Add(t.Queue.Seconds())
		m.phases.WithLabelValues("model").Add(t.Model.Seconds())
		m.phases.WithLabelValues("post").Add(t.Post.Seconds())
	}
}

// getMetrics answers GET /metrics.
//
//	@ID			getMetrics
//	@Summary	Counters for Prometheus
//	@Description	Requests, problems, tokens, times and the queue, in the Prometheus text format.
//	@Tags		service
//	@Produce	plain
//	@Success	200	{string}	string	"Metrics in the Prometheus text format"
//	@Router		/metrics [get]
func (a *API) getMetrics(w http.ResponseWriter, r *http.Request) {
	a.metrics.handler.ServeHTTP(w, r)
}
