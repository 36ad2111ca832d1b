package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/kernels"
	"cloze/models"
)

// benchCmd measures how fast models run on this processor.
type benchCmd struct {
	Preset    []string      `help:"Sizes with random weights, of ${presets}; with --train also l6-h384." placeholder:"NAME"`
	Model     []string      `help:"Model directories, or models inside this program (en or zh)." placeholder:"DIR"`
	Precision []string      `default:"float32" help:"Precisions of the weights: ${precisions}; with --train of the matrix products: float32, bfloat16."`
	Threads   []int         `default:"0" help:"Numbers of threads; 0 is as many as the program may use."`
	Train     bool          `help:"Measure training steps instead of passes: forward, backward and AdamW."`
	Batch     []int         `help:"Numbers of sequences in a pass: 1 and 8, or 32 with --train, if not given."`
	Length    []int         `help:"Numbers of tokens in a sequence: 16 and 128, or 128 with --train, if not given."`
	Duration  time.Duration `default:"1s" help:"How long to repeat each pass."`
	Format    string        `default:"table" enum:"table,json" help:"A table, or one JSON object for each row of it."`
}

// benchRow is one measurement.
type benchRow struct {
	Preset    string `json:"preset,omitempty"`
	Model     string `json:"model,omitempty"`
	Precision string `json:"precision"`
	Threads   int    `json:"threads"`
	Batch     int    `json:"batch"`
	Length    int    `json:"length"`
	Train     bool   `json:"train,omitempty"`
	// The time of a pass: encoder and pooler, from ids to the pooled output; or
	// of a training step.
	MedianMS        float64 `json:"median_ms"`
	P99MS           float64 `json:"p99_ms"`
	TokensPerSecond float64 `json:"tokens_per_second"`
	GFLOPS          float64 `json:"gflops"`
	// PeakShare is GFLOPS as a share of what the same threads do in a loop of
	// multiply-adds of this precision that touches registers only; 0 where that
	// cannot be measured.
	PeakShare    float64 `json:"peak_share"`
	PeakRSSBytes int64   `json:"peak_rss_bytes"`
}

// subject is what one process measures: peak memory and start-up time belong to
// a process.
type subject struct {
	preset, model string
	precision     string
	threads       int
}

// Run measures every combination, each model, precision and number of threads
// in a process of its own.
func (c *benchCmd) Run(ctx context.Context) error {
	c.setDefaults()
	if err := c.check(); err != nil {
		return err
	}
	subjects := c.subjects()
	if len(subjects) == 1 {
		return c.measure(ctx, subjects[0], os.Stdout)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	for i, s := range subjects {
		if err := c.child(ctx, self, s, i == 0); err != nil {
			return err
		}
	}
	return nil
}

// setDefaults fills in the shapes that were not given.
func (c *benchCmd) setDefaults() {
	batch, length := []int{1, 8}, []int{16, 128}
	if c.Train {
		batch, length = []int{32}, []int{128}
	}
	if c.Batch == nil {
		c.Batch = batch
	}
	if c.Length == nil {
		c.Length = length
	}
}

func (c *benchCmd) check() error {
	for _, name := range c.Preset {
		if _, ok := bert.Preset(name); !ok && (!c.Train || name != trainingSize) {
			return fmt.Errorf("unknown preset %q, want one of %s", name, strings.Join(bert.PresetNames(), ", "))
		}
	}
	for _, name := range c.Model {
		if _, _, err := models.Find(name); err != nil {
			return fmt.Errorf("--model %s: %w", name, err)
		}
	}
	for _, name := range c.Precision {
		prec, err := kernels.ParsePrecision(name)
		if err != nil {
			return err
		}
		if !kernels.Supported(prec) {
			return fmt.Errorf("this processor does not compute in %s", prec)
		}
		if c.Train && prec != kernels.Float32 && prec != kernels.BFloat16 {
			return fmt.Errorf("training computes in %s or %s, not in %s", kernels.Float32, kernels.BFloat16, prec)
		}
	}
	for _, n := range slices.Concat(c.Batch, c.Length) {
		if n < 1 {
			return fmt.Errorf("batch and length must be at least 1, not %d", n)
		}
	}
	for _, n := range c.Threads {
		if err := checkThreads(n); err != nil {
			return err
		}
	}
	return nil
}

// subjects lists what to measure: BERT-base if nothing else is named, or the
// size that the comparison of training uses.
func (c *benchCmd) subjects() []subject {
	var models []subject
	for _, name := range c.Preset {
		models = append(models, subject{preset: name})
	}
	for _, dir := range c.Model {
		models = append(models, subject{model: dir})
	}
	if len(models) == 0 {
		models = []subject{{preset: "base"}}
		if c.Train {
			models = []subject{{preset: trainingSize}}
		}
	}
	var all []subject
	for _, s := range models {
		for _, s.precision = range c.Precision {
			for _, s.threads = range c.Threads {
				all = append(all, s)
			}
		}
	}
	return all
}

// child measures a subject in a process of its own and passes its rows on, those
// of the first one with the header of the table.
func (c *benchCmd) child(ctx context.Context, self string, s subject, first bool) error {
	args := []string{
		"bench", "--format", c.Format, "--duration", c.Duration.String(),
		"--precision", s.precision, "--threads", strconv.Itoa(s.threads),
	}
	if s.preset != "" {
		args = append(args, "--preset", s.preset)
	} else {
		args = append(args, "--model", s.model)
	}
	if c.Train {
		args = append(args, "--train")
	}
	for _, n := range c.Batch {
		args = append(args, "--batch", strconv.Itoa(n))
	}
	for _, n := range c.Length {
		args = append(args, "--length", strconv.Itoa(n))
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("measure %s%s: %w", s.preset, s.model, err)
	}
	text := string(out)
	if c.Format == "table" && !first {
		_, text, _ = strings.Cut(text, "\n") // its header
	}
	_, err = io.WriteString(os.Stdout, text)
	return err
}

const benchHeader = "model            precision  threads  batch  length  median ms     p99 ms  tokens/s   GFLOP/s  of peak  peak MB  start-up ms"

// measure measures a subject in this process.
func (c *benchCmd) measure(ctx context.Context, s subject, w io.Writer) error {
	prec, err := kernels.ParsePrecision(s.precision)
	if err != nil {
		return err
	}
	pool := kernels.NewPool(s.threads)
	defer pool.Close()
	if c.Train {
		return c.measureTraining(ctx, s, prec, pool, w)
	}
	start := time.Now()
	m, err := s.load(bert.Options{Precision: prec, Pool: pool})
	if err != nil {
		return err
	}
	startup := time.Since(start)
	if err := c.begin(w, &m.Config); err != nil {
		return err
	}
	peak := kernels.Peak(pool, prec)
	ws := m.NewWorkspace(pool)
	for _, batch := range c.Batch {
		for _, length := range c.Length {
			in := randomBatch(&m.Config, batch, length)
			const passes = 10
			times, err := repeat(ctx, passes, c.Duration, func() {
				hidden := m.Encoder.Forward(ws, in)
				if m.Pooler != nil {
					m.Pooler.Forward(ws, hidden, in)
				}
			})
			if err != nil {
				return err
			}
			peak = max(peak, kernels.Peak(pool, prec)) // a core may have been busy before
			row := s.row(pool, batch, length, times, passFlops(&m.Config, batch, length), peak)
			if err := row.write(w, c.Format, startup); err != nil {
				return err
			}
		}
	}
	return nil
}

// begin refuses lengths that the model does not read, and writes the header of a
// table.
func (c *benchCmd) begin(w io.Writer, cfg *bert.Config) error {
	for _, length := range c.Length {
		if length > cfg.MaxPositionEmbeddings {
			return fmt.Errorf("length %d: the model reads at most %d tokens", length, cfg.MaxPositionEmbeddings)
		}
	}
	if c.Format != "table" {
		return nil
	}
	_, err := fmt.Fprintln(w, benchHeader)
	return err
}

// row relates sorted times of a pass to its operations, and those to the peak.
func (s subject) row(pool *kernels.Pool, batch, length int, times []time.Duration, flops, peak float64) benchRow {
	median, p99 := quantile(times, 0.5), quantile(times, 0.99)
	row := benchRow{
		Preset: s.preset, Model: s.model, Precision: s.precision, Threads: pool.Threads(), Batch: batch, Length: length,
		MedianMS: milliseconds(median), P99MS: milliseconds(p99),
		TokensPerSecond: float64(batch*length) / median.Seconds(),
		GFLOPS:          flops / median.Seconds() / 1e9,
		PeakRSSBytes:    peakResident(),
	}
	if peak > 0 {
		row.PeakShare = row.GFLOPS * 1e9 / peak
	}
	return row
}

func (r *benchRow) write(w io.Writer, format string, startup time.Duration) error {
	if format == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	name := r.Preset
	if r.Model != "" {
		name = filepath.Base(r.Model)
	}
	_, err := fmt.Fprintf(w, "%-16s %-9s  %7d  %5d  %6d  %9.3f  %9.3f  %8.0f  %8.1f  %6.1f%%  %7.0f  %11.0f\n",
		name, r.Precision, r.Threads, r.Batch, r.Length, r.MedianMS, r.P99MS, r.TokensPerSecond, r.GFLOPS,
		100*r.PeakShare, float64(r.PeakRSSBytes)/1e6, milliseconds(startup))
	return err
}

// load makes the model of a subject.
func (s subject) load(o bert.Options) (*bert.Model, error) {
	if inside := models.FS(s.model); inside != nil {
		m, _, err := checkpoint.Load(inside, o)
		return m, err
	}
	if s.model != "" {
		m, _, err := checkpoint.LoadDir(s.model, o)
		return m, err
	}
	cfg, _ := bert.Preset(s.preset)
	return bert.New(cfg, randomWeights{&cfg}, o)
}

// passFlops is how many floating-point operations the matrix products of a
// pass are, attention's and the pooler's among them.
func passFlops(cfg *bert.Config, batch, length int) float64 {
	h, i, t := float64(cfg.HiddenSize), float64(cfg.IntermediateSize), float64(length)
	layer := 2*t*(4*h*h+2*h*i) + 4*t*t*h
	return float64(batch) * (float64(cfg.NumHiddenLayers)*layer + 2*h*h)
}

// repeat calls pass, after two calls to warm up, for a time and at least a
// number of times, and returns how long each took, sorted.
func repeat(ctx context.Context, atLeast int, duration time.Duration, pass func()) ([]time.Duration, error) {
	pass() // workspaces grow
	pass()
	var times []time.Duration
	for start := time.Now(); len(times) < atLeast || time.Since(start) < duration; {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		before := time.Now()
		pass()
		times = append(times, time.Since(before))
	}
	slices.Sort(times)
	return times, nil
}

// quantile is the smallest of sorted times that a share of them does not exceed.
func quantile(times []time.Duration, share float64) time.Duration {
	return times[max(0, int(math.Ceil(share*float64(len(times))))-1)]
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }
