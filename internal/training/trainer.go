package training

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// Options are what a run needs of the machine, and what does not change its
// numbers.
type Options struct {
	Pool *kernels.Pool // nil computes in the calling goroutine
	// Dir is where checkpoints are written; "" writes none.
	Dir string
	// Resume goes on from the newest whole checkpoint in Dir; a run that was
	// interrupted before its first one begins again.
	Resume bool
	// Kept are the weights that the caller holds of a run that is resumed; nil if
	// it keeps all that are the best. Those that the checkpoint calls the best may
	// have been replaced after it was written, by weights that the run, with
	// another learning rate, will not come to again: then it chooses anew.
	Kept *KeptWeights
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

// trainer is what pre-training and fine-tuning share: steps, reports,
// checkpoints.
type trainer struct {
	model     *bert.Model
	options   Options
	settings  *Settings
	objective *objective
	optimizer *AdamW
	schedule  Schedule
	ws        *bert.Workspace
	evaluator *evaluator
	run       json.RawMessage // the run's settings, as far as they decide its numbers
	sums      []dataSum       // of its data

	progress progress
	began    time.Time     // of this process's part of the run
	spent    time.Duration // of it, on evaluations and checkpoints
	speed    speedometer
	saved    time.Time // the last checkpoint
}

// progress is what a checkpoint keeps beside the values.
type progress struct {
	Tokens int64 `json:"tokens"`
	// Precision of the products, so that a run whose setting is auto stays what
	// it was on another processor. Checkpoints without it are float32's.
	Precision string `json:"precision,omitempty"`
	// Losses since the last report.
	Window window `json:"window"`
	Best   *best  `json:"best,omitempty"`
	// Phase, Stream and Sampler are where the data stand.
	Phase   int              `json:"phase,omitempty"`
	Stream  *StreamPosition  `json:"stream,omitempty"`
	Sampler *SamplerPosition `json:"sampler,omitempty"`
}

// window sums what Stepped reports.
type window struct {
	Steps  int                `json:"steps"`
	Loss   float64            `json:"loss"`
	Norm   float64            `json:"norm"`
	Losses map[string]float64 `json:"losses,omitempty"`
	Counts map[string]int     `json:"counts,omitempty"` // steps that had the loss
}

// best is the evaluation that decided which weights to keep.
type best struct {
	Step  int     `json:"step"`
	Score float64 `json:"score"`
	// Since counts the evaluations since then.
	Since int `json:"since"`
}

type speedometer struct {
	at     time.Time
	tokens int64
	spent  time.Duration
}

func newTrainer(m *bert.Model, s *Settings, o *objective, steps int, run any, options Options) (*trainer, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	description, err := json.Marshal(run)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	if s.FreezeLayers > m.Config.NumHiddenLayers {
		return nil, fmt.Errorf("freeze_layers is %d, the model has %d layers", s.FreezeLayers, m.Config.NumHiddenLayers)
	}
	params := m.Parameters()
	scale := learningRateScales(&m.Config, s, params)
	for i, p := range params {
		if scale[i] == 0 {
			p.Grad = nil // Backward does not compute it
		}
	}
	t := &trainer{
		model: m, options: options, settings: s, objective: o,
		optimizer: NewAdamW(params, scale, s.adamW()),
		schedule:  s.schedule(steps),
		ws:        m.NewTrainingWorkspace(options.Pool),
		run:       description,
	}
	t.computeIn(s.precision())
	t.evaluator = &evaluator{model: m, pool: options.Pool, ws: m.NewWorkspace(options.Pool), objective: o, passTokens: s.PassTokens}
	return t, nil
}

// computeIn chooses the precision of the products of all steps from now on. The
// evaluator stays in float32: it measures the weights that are kept.
func (t *trainer) computeIn(prec kernels.Precision) {
	t.ws.SetPrecision(prec)
	t.progress.Precision = prec.String()
}

// step takes an optimizer step on samples.
func (t *trainer) step(ctx context.Context, samples []sample) error {
	passes := cutPasses(t.model, samples, t.settings.PassTokens)
	norms := t.objective.norms(passes)
	losses := map[string]float64{}
	step := t.optimizer.Steps()
	t.optimizer.ZeroGrad(t.options.Pool)
	for i, p := range passes {
		if err := ctx.Err(); err != nil {
			return err // the step is taken whole or not at all
		}
		t.ws.SetDropout(dropoutStream(t.settings.Seed, step, i))
		t.objective.add(t.model, t.ws, t.options.Pool, p, norms, losses)
	}
	norm := t.optimizer.Norm(t.options.Pool)
	loss := t.objective.total(losses)
	if !isFinite(loss) || !isFinite(norm) {
		return t.diverged(step+1, fmt.Sprintf("losses %v, gradient norm %v", losses, norm))
	}
	t.optimizer.Step(t.options.Pool, t.schedule.At(step), clipFactor(norm, t.settings.ClipNorm))
	for _, p := range passes {
		t.progress.Tokens += int64(p.in.Tokens())
	}
	t.progress.Window.add(loss, norm, losses)
	return nil
}

// diverged is the error of something that the weights, as they are now, no
// longer give a number for. A checkpoint of them is set aside: the step after it
// would fail in the same way, whatever the learning rate.
func (t *trainer) diverged(step int, what string) error {
	e := &DivergedError{Step: step, What: what}
	if t.options.Dir == "" {
		return e
	}
	var err error
	if e.SetAside, e.Checkpoint, err = setAsideState(t.options.Dir, t.optimizer.Steps()); err != nil {
		return errors.Join(e, err)
	}
	return e
}

// checkParameters finds values that no loss has shown yet: those of rare words,
// or of the last step.
func (t *trainer) checkParameters() error {
	for _, p := range t.model.Parameters() {
		for _, value := range p.Data {
			if !isFinite(float64(value)) {
				return t.diverged(t.optimizer.Steps(), fmt.Sprintf("parameter %s has the value %v", p.Name, value))
			}
		}
	}
	return nil
}

// dropoutStream gives every pass of a run masks of its own.
func dropoutStream(seed uint64, step, pass int) uint64 {
	return NewRand(seed, uint64(step)<<16|uint64(pass)).Uint64()
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func (w *window) add(loss, norm float64, losses map[string]float64) {
	w.Steps++
	w.Loss += loss
	w.Norm += norm
	if w.Losses == nil {
		w.Losses, w.Counts = map[string]float64{}, map[string]int{}
	}
	for name, value := range losses {
		w.Losses[name] += value
		w.Counts[name]++
	}
}

// stepReport reports the window and starts a new one.
func (t *trainer) stepReport(r Report) Report {
	w := t.progress.Window
	t.progress.Window = window{}
	r.Kind = Stepped
	r.Loss = w.Loss / float64(w.Steps)
	r.GradientNorm = w.Norm / float64(w.Steps)
	r.Losses = map[string]float64{}
	for name, sum := range w.Losses {
		r.Losses[name] = sum / float64(w.Counts[name])
	}
	r.LearningRate = t.schedule.At(r.Step - 1)
	now := t.options.Now()
	if elapsed := now.Sub(t.speed.at) - (t.spent - t.speed.spent); elapsed > 0 {
		r.TokensPerSecond = float64(t.progress.Tokens-t.speed.tokens) / elapsed.Seconds()
	}
	t.speed = speedometer{now, t.progress.Tokens, t.spent}
	return r
}

// report is the common part of all reports.
func (t *trainer) report(kind Kind) Report {
	return Report{
		Kind: kind, Step: t.optimizer.Steps(), Steps: t.schedule.Steps, Tokens: t.progress.Tokens,
		Elapsed: Seconds(t.options.Now().Sub(t.began)),
	}
}

// start is what every run reports first.
func (t *trainer) start() *Start {
	s := &Start{Run: t.runID(), Fresh: slices.Clone(t.model.Fresh()), Threads: 1, Precision: t.progress.Precision}
	if t.options.Pool != nil {
		s.Threads = t.options.Pool.Threads()
	}
	for i, p := range t.model.Parameters() {
		s.Parameters += p.Len()
		if t.optimizer.m[i] != nil {
			s.Learning += p.Len()
		}
	}
	return s
}

// begin starts the clocks.
func (t *trainer) begin() {
	now := t.options.Now()
	t.began, t.saved = now, now
	t.speed = speedometer{now, t.progress.Tokens, 0}
}

// pause runs something that is not training and keeps its time out of the
// speed.
func (t *trainer) pause(f func() error) error {
	from := t.options.Now()
	err := f()
	t.spent += t.options.Now().Sub(from)
	return err
}

func (t *trainer) checkpointIsDue() bool {
	interval := orNone(t.settings.CheckpointMinutes)
	return t.options.Dir != "" && interval > 0 && t.options.Now().Sub(t.saved).Minutes() >= interval
}

// save writes a checkpoint; "" if the run writes none.
func (t *trainer) save() (string, error) {
	if t.options.Dir == "" {
		return "", nil
	}
	if err := t.checkParameters(); err != nil {
		return "", err
	}
	progress, err := json.Marshal(t.progress)
	if err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	var path string
	err = t.pause(func() error {
		path, err = saveState(t.options.Dir, stateHeader{Run: t.run, Progress: progress, Data: t.sums}, t.optimizer)
		return err
	})
	t.saved = t.options.Now()
	return path, err
}

// runID tells runs with other settings apart.
func (t *trainer) runID() string { return fmt.Sprintf("%x", sha256.Sum256(t.run))[:16] }

// interrupted saves what was done and says so.
func (t *trainer) interrupted(cause error) error {
	path, err := t.save()
	if err != nil {
		return errors.Join(&InterruptedError{Step: t.optimizer.Steps(), Cause: cause}, err)
	}
	return &InterruptedError{Step: t.optimizer.Steps(), Checkpoint: path, Cause: cause}
}

// keep notes an evaluation and says whether it is the best so far.
func (t *trainer) keep(score, minDelta float64) bool {
	b := t.progress.Best
	if b == nil || score > b.Score+minDelta {
		t.progress.Best = &best{Step: t.optimizer.Steps(), Score: score}
		return true
	}
	b.Since++
	return false
}
