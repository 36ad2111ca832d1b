package httpapi

import (
	"github.com/prometheus/client_golang/prometheus"

	"cloze/internal/engine"
)

// engineCollector shows the engine's own counters to Prometheus.
type engineCollector struct {
	stats func() (engine.Stats, bool)
}

// engineMetric is one of them.
type engineMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(engine.Stats) float64
}

func engineCounter(name, help string, value func(engine.Stats) float64) engineMetric {
	return engineMetric{prometheus.NewDesc("cloze_engine_"+name, help, nil, nil), prometheus.CounterValue, value}
}

func engineGauge(name, help string, value func(engine.Stats) float64) engineMetric {
	return engineMetric{prometheus.NewDesc("cloze_engine_"+name, help, nil, nil), prometheus.GaugeValue, value}
}

var engineMetrics = []engineMetric{
	engineGauge("queued_tokens", "Word pieces waiting.", func(s engine.Stats) float64 { return float64(s.QueuedTokens) }),
	engineGauge("queued_requests", "Requests waiting.", func(s engine.Stats) float64 { return float64(s.QueuedRequests) }),
	engineGauge("queue_limit_tokens", "Word pieces that may wait.", func(s engine.Stats) float64 { return float64(s.QueueLimit) }),
	engineCounter("requests_total", "Requests admitted.", func(s engine.Stats) float64 { return float64(s.Requests) }),
	engineCounter("refused_total", "Requests refused for want of room.", func(s engine.Stats) float64 { return float64(s.Refused) }),
	engineCounter("expired_total", "Requests whose deadline passed before they were answered.", func(s engine.Stats) float64 { return float64(s.Expired) }),
	engineCounter("cancelled_total", "Requests given up by their callers.", func(s engine.Stats) float64 { return float64(s.Cancelled) }),
	engineCounter("panics_total", "Passes that ended in a panic.", func(s engine.Stats) float64 { return float64(s.Panics) }),
}

// The counters of each model.
var (
	modelPasses    = prometheus.NewDesc("cloze_model_passes_total", "Forward passes.", []string{"model"}, nil)
	modelSequences = prometheus.NewDesc("cloze_model_sequences_total", "Sequences that went through.", []string{"model"}, nil)
	modelTokens    = prometheus.NewDesc("cloze_model_tokens_total", "Word pieces that went through.", []string{"model"}, nil)
	modelBusy      = prometheus.NewDesc("cloze_model_busy_seconds_total", "Time spent in passes.", []string{"model"}, nil)
)

// Describe implements prometheus.Collector.
func (c engineCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, m := range engineMetrics {
		descs <- m.desc
	}
	for _, d := range []*prometheus.Desc{modelPasses, modelSequences, modelTokens, modelBusy} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c engineCollector) Collect(values chan<- prometheus.Metric) {
	stats, ok := c.stats()
	if !ok {
		return
	}
	for _, m := range engineMetrics {
		values <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(stats))
	}
	for _, m := range stats.Models {
		for desc, value := range map[*prometheus.Desc]float64{
			modelPasses: float64(m.Passes), modelSequences: float64(m.Sequences),
			modelTokens: float64(m.Tokens), modelBusy: m.Busy.Seconds(),
		} {
			values <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, m.ID)
		}
	}
}
