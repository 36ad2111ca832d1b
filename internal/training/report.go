package training

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Kind says what a report is about.
type Kind string

// The kinds of reports, in the order in which a run yields them.
const (
	Started   Kind = "start"      // once, before the first step
	Stepped   Kind = "step"       // every Settings.ReportEvery steps
	Evaluated Kind = "evaluation" // every Settings.EvaluateEvery steps and at the end
	Saved     Kind = "checkpoint"
	Stopped   Kind = "stop" // early, since it no longer got better
	Finished  Kind = "end"
)

// Report is what a run tells as it goes. Its JSON is a line of metrics.jsonl.
type Report struct {
	Kind  Kind `json:"kind"`
	Step  int  `json:"step"` // optimizer steps taken
	Steps int  `json:"steps"`
	// Epoch counts the passes over the data, with a fraction for the one at hand:
	// of the rows of labelled sets, of the text of a corpus.
	Epoch float64 `json:"epoch"`
	Phase int     `json:"phase,omitempty"` // of pre-training, from 1
	// Tokens counts what was read, of the whole run so far.
	Tokens int64 `json:"tokens,omitempty"`

	// Of Stepped: means over the steps since the last such report.
	Loss         float64            `json:"loss,omitempty"` // the weighted sum
	Losses       map[string]float64 `json:"losses,omitempty"`
	LearningRate float64            `json:"learning_rate,omitempty"`
	GradientNorm float64            `json:"gradient_norm,omitempty"` // before clipping

	// Elapsed is the time computed since this process began, and TokensPerSecond
	// the speed since the last report; they are not repeated by a second run.
	Elapsed         Seconds `json:"elapsed_seconds"`
	TokensPerSecond float64 `json:"tokens_per_second,omitempty"`

	Evaluation *Evaluation `json:"evaluation,omitempty"`
	// Best says that the evaluation is the best so far.
	Best       bool   `json:"best,omitempty"`
	Checkpoint string `json:"checkpoint,omitempty"`

	Start *Start `json:"start,omitempty"`
}

// Seconds is a duration that JSON shows in seconds.
type Seconds time.Duration

// MarshalJSON writes the seconds to three digits.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(s).Round(time.Millisecond).Seconds()), nil
}

// UnmarshalJSON reads seconds.
func (s *Seconds) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	*s = Seconds(seconds * float64(time.Second))
	return nil
}

// Start is what is known before the first step.
type Start struct {
	// Run tells runs with other settings apart, as far as they decide its numbers.
	Run        string   `json:"-"`
	Parameters int      `json:"parameters"`
	Learning   int      `json:"learning"`        // parameters that are not frozen
	Fresh      []string `json:"fresh,omitempty"` // parameters that begin at random
	Threads    int      `json:"threads"`
	Precision  string   `json:"precision"` // of the matrix products

	Files     int `json:"files,omitempty"` // of the corpus
	Documents int `json:"documents,omitempty"`
	Sentences int `json:"sentences,omitempty"`
	Bytes     int `json:"bytes,omitempty"`
	HeldOut   int `json:"held_out,omitempty"` // examples

	Sets []SetReport `json:"sets,omitempty"`

	// Problems are lines that could not be used: all of them counted, the
	// first named.
	ProblemCount int      `json:"problem_count"`
	Problems     []string `json:"problems,omitempty"`

	ResumedFrom string   `json:"resumed_from,omitempty"`
	Changed     []string `json:"changed,omitempty"` // settings that were others before
	Skipped     []string `json:"skipped,omitempty"` // broken checkpoints
	// NoCheckpoint says that the run was to be resumed, but had no checkpoint yet.
	NoCheckpoint bool `json:"no_checkpoint,omitempty"`
}

// SetReport describes a set as it was read.
type SetReport struct {
	Name      string         `json:"name"`
	Head      string         `json:"head"`
	Part      string         `json:"part"` // train or dev
	Rows      int            `json:"rows"`
	LeftOut   int            `json:"left_out,omitempty"`
	Truncated int            `json:"truncated,omitempty"`
	Share     float64        `json:"share,omitempty"`
	Labels    map[string]int `json:"labels,omitempty"`
	Lacks     []string       `json:"lacks,omitempty"`
	// Warnings say what the set may not be meant to be.
	Warnings []string `json:"warnings,omitempty"`
}

// Evaluation is what held-out data say.
type Evaluation struct {
	// Score is what decides which weights are the best: higher is better.
	Score float64    `json:"score"`
	Text  *TextScore `json:"text,omitempty"`
	Sets  []SetScore `json:"sets,omitempty"`
}

// TextScore measures the two pre-training tasks on held-out text.
type TextScore struct {
	Examples     int     `json:"examples"`
	Pieces       int     `json:"pieces"`   // chosen and guessed; 0 without the head
	MLMLoss      float64 `json:"mlm_loss"` // nats a chosen piece
	Perplexity   float64 `json:"perplexity"`
	MLMAccuracy  float64 `json:"mlm_accuracy"`
	Pairs        int     `json:"pairs"`
	NextLoss     float64 `json:"nsp_loss"`
	NextAccuracy float64 `json:"nsp_accuracy"`
}

// SetScore measures a head on the dev part of a set.
type SetScore struct {
	Set  string  `json:"set"`
	Head string  `json:"head"`
	Rows int     `json:"rows"`
	Loss float64 `json:"loss"`
	// Main is the metric that the field reports for the task, Value its value:
	// accuracy, micro_f1, entity_f1 or pearson.
	Main    string             `json:"main"`
	Value   float64            `json:"value"`
	Metrics map[string]float64 `json:"metrics"` // all of them
}

// DivergedError says that a loss, a gradient, a parameter or a figure of an
// evaluation is no longer a number.
type DivergedError struct {
	// Step is the one that failed, from 1; of an evaluation, and of parameters,
	// the one before it.
	Step int
	What string // is not a number, with its values
	// Checkpoint is the newest from which a later step was computed; resuming
	// goes on from it. "" if there is none.
	Checkpoint string
	// SetAside is where a checkpoint went that was written just before: resuming
	// from it would fail again at once. "" if there was none.
	SetAside string
}

func (e *DivergedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "step %d diverged: %s; ", e.Step, e.What)
	if e.SetAside != "" {
		fmt.Fprintf(&b, "the checkpoint of just before diverges, too, and is now %s; ", e.SetAside)
	}
	if e.Checkpoint == "" {
		b.WriteString("no good checkpoint was written before it: begin again with a lower learning rate or a longer warm-up")
	} else {
		fmt.Fprintf(&b, "the last good checkpoint is %s: go on from it with --resume and a lower --learning-rate (its warmup and decay may differ, too)", e.Checkpoint)
	}
	return b.String()
}

// notFinite are the figures of an evaluation that are not numbers.
func (e *Evaluation) notFinite() map[string]float64 {
	found := map[string]float64{}
	add := func(name string, value float64) {
		if !isFinite(value) {
			found[name] = value
		}
	}
	if text := e.Text; text != nil {
		add("mlm loss", text.MLMLoss)
		add("mlm perplexity", text.Perplexity)
		add("nsp loss", text.NextLoss)
	}
	for _, set := range e.Sets {
		add(set.Set+" loss", set.Loss)
		for name, value := range set.Metrics {
			add(set.Set+" "+name, value)
		}
	}
	return found
}

// InterruptedError says that the run's context was cancelled; Unwrap gives the
// cause.
type InterruptedError struct {
	Step       int    // steps taken
	Checkpoint string // where resuming goes on, "" if the run writes none
	Cause      error
}

func (e *InterruptedError) Error() string {
	if e.Checkpoint == "" {
		return fmt.Sprintf("interrupted after step %d", e.Step)
	}
	return fmt.Sprintf("interrupted after step %d; checkpoint %s is ready to resume from", e.Step, e.Checkpoint)
}

func (e *InterruptedError) Unwrap() error { return e.Cause }
