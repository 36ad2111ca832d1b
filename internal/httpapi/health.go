package httpapi

import (
	"context"
	"net/http"
	"time"
)

// Health is the answer of GET /healthz and GET /readyz.
type Health struct {
	Status HealthStatus `json:"status"`
} //	@name	Health

// HealthStatus is ok where only the process was asked, ready where the models
// were.
type HealthStatus string //	@name	HealthStatus

// The statuses.
const (
	OK    HealthStatus = "ok"
	Ready HealthStatus = "ready"
)

// getHealth answers GET /healthz: the process is alive. It says nothing about
// the models, so that a restart is not the cure for a slow load.
//
//	@ID			getHealth
//	@Summary	Is the process alive
//	@Description	Says nothing about the models, so that a restart is not the cure for a slow load.
//	@Tags		service
//	@Produce	json
//	@Success	200	{object}	Health
//	@Router		/healthz [get]
func (a *API) getHealth(w http.ResponseWriter, r *http.Request) {
	a.writeJSON(w, r, Health{Status: OK})
}

// getReadiness answers GET /readyz: every model answers, tried with a real
// forward pass.
//
//	@ID			getReadiness
//	@Summary	Do the models answer
//	@Description	Runs a text through every model, at most once a second. 503 while starting and while stopping.
//	@Tags		service
//	@Produce	json
//	@Success	200	{object}	Health
//	@Failure	503	{object}	Problem
//	@Router		/readyz [get]
func (a *API) getReadiness(w http.ResponseWriter, r *http.Request) {
	t, err := a.ready()
	if err == nil && a.leaving.Load() {
		err = drainingProblem()
	}
	if err == nil {
		err = a.probe.run(r.Context(), t.Probe)
	}
	if err != nil {
		a.writeError(w, r, err)
		return
	}
	a.writeJSON(w, r, Health{Status: Ready})
}

const (
	probeAge     = time.Second     // how long a probe's answer holds
	probeTimeout = 2 * time.Second // a model that takes longer is not ready
)

// probe remembers the last forward pass that readiness asked for, so that
// asking often costs one pass a second.
type probe struct {
	turn chan struct{} // holds one token; who has it may read and write the rest
	at   time.Time
	err  error
}

func newProbe() *probe {
	p := &probe{turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

func (p *probe) run(ctx context.Context, pass func(context.Context) error) error {
	<-p.turn // those who ask during a pass share it
	defer func() { p.turn <- struct{}{} }()
	if time.Since(p.at) > probeAge {
		// Others wait for the same answer: it must not end with one caller.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
		defer cancel()
		p.err, p.at = pass(ctx), time.Now()
	}
	if p.err != nil {
		problem := newProblem(notReady, "a model does not answer")
		problem.retryAfter = soon()
		problem.cause = p.err
		return problem
	}
	return nil
}
