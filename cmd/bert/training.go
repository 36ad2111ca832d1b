package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/kernels"
	"cloze/internal/training"
	"cloze/internal/wholefile"
)

// The files of a run beside the model's own, in its output directory.
const (
	runFile     = "run.json"
	metricsFile = "metrics.jsonl"
	cardFile    = "README.md"
)

// trainingFlags are those of pretrain and finetune that change nothing in what
// is computed.
type trainingFlags struct {
	Resume  bool `help:"Go on from the newest checkpoint in the output directory; without one, begin."`
	Threads int  `help:"Threads that compute; 0 is all processors." default:"0"`
	DryRun  bool `help:"Print the run's description with all its settings, and stop."`
}

// accept refuses a run that is not valid, or whose output is none or not for it,
// before anything is written.
func (f *trainingFlags) accept(run interface{ Validate() error }, model string, output *string) error {
	if err := run.Validate(); err != nil {
		return err
	}
	if err := checkThreads(f.Threads); err != nil {
		return err
	}
	if *output == "" {
		return errors.New("no output: give --output, or \"output\" in the run's file")
	}
	*output = outputPath(*output)
	release, err := lockOutput(*output)
	if err != nil {
		return err
	}
	release() // until begin: nothing is written before
	return checkOutput(*output, model, f.Resume)
}

// encodeRun writes a run's description.
func encodeRun(w io.Writer, run any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(run)
}

// session is a run as the command sees it: where it writes, what it shows, and
// what its card will say.
type session struct {
	output    string
	model     *bert.Model
	tokenizer fs.FS                 // the tokenizer's files
	kept      *training.KeptWeights // what an earlier part of the run left
	card      card

	metrics  *os.File
	release  func() // lets other runs have the output
	finished bool   // by an earlier part of the run: there is nothing left to do
	progress *progress
}

// consume runs the reports to their end: it shows them, writes them to
// metrics.jsonl, saves the model, and at the end draws the curves and writes
// the card.
func (s *session) consume(reports iter.Seq2[training.Report, error]) (err error) {
	s.progress = newProgress(os.Stderr)
	defer func() {
		s.progress.close()
		if s.metrics != nil {
			err = errors.Join(err, s.metrics.Close())
		}
		if s.release != nil {
			s.release()
		}
	}()
	for report, err := range reports {
		if err != nil {
			return errors.Join(err, s.conclude())
		}
		if err := s.handle(report); err != nil {
			return err
		}
	}
	return s.conclude()
}

func (s *session) handle(r training.Report) error {
	if r.Kind == training.Started {
		if err := s.begin(r); err != nil {
			return err
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := s.metrics.Write(append(line, '\n')); err != nil {
		return err
	}
	if r.Kind == training.Saved {
		// A run that goes on from this checkpoint does not write what came before
		// it again.
		if err := s.metrics.Sync(); err != nil {
			return err
		}
	}
	s.progress.show(r)
	s.card.note(r)
	switch {
	case r.Kind == training.Evaluated && s.card.keeps(r):
		return s.save(r)
	case r.Kind == training.Finished && (!s.card.keepBest || s.card.kept == nil):
		if kept := s.card.kept; kept != nil && kept.Step == r.Step {
			r = *kept // with what was measured of these weights
		}
		return s.save(r)
	}
	return nil
}

// begin makes the output directory ready. The run has been accepted by now, and
// so has the checkpoint that it goes on from: a refused one writes nothing.
func (s *session) begin(start training.Report) (err error) {
	if err := os.MkdirAll(s.output, 0o777); err != nil {
		return err
	}
	if s.release, err = lockOutput(s.output); err != nil {
		return err
	}
	if err := wholefile.RemoveLeftovers(s.output); err != nil {
		return err
	}
	if kept := s.kept; kept != nil && kept.Report.Kind != "" && kept.Run == start.Start.Run {
		if err := checkpoint.Complete(s.output, s.model.Config, s.model.Parameters(), s.tokenizer, kernels.Float32); err != nil {
			return err
		}
	}
	// Its metrics show from then on that the directory is a run's: see holdsRun.
	if err := s.openMetrics(start); err != nil {
		return err
	}
	return wholefile.Write(filepath.Join(s.output, runFile), func(w io.Writer) error {
		return encodeRun(w, s.card.run)
	})
}

// keptNote is what the metadata of the weights call the training.KeptWeights.
// It lies in their file, since after a crash any other might be about weights
// that were there before or never came.
const keptNote = "cloze.kept"

// save writes the model as it is now, after a report.
func (s *session) save(r training.Report) error {
	s.card.kept = &r
	kept := training.KeptWeights{Report: r, Run: s.card.start.Start.Run}
	kept.Report.Elapsed, kept.Report.TokensPerSecond = 0, 0 // the same run makes the same file
	note, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return checkpoint.SaveWithMetadata(s.output, s.model.Config, s.model.Parameters(), s.tokenizer, kernels.Float32, map[string]string{keptNote: string(note)})
}

// kept are the weights that an earlier part of a run that goes on left in its
// output directory; their report is empty if there are none.
func (f *trainingFlags) kept(output string) (*training.KeptWeights, error) {
	if !f.Resume {
		return &training.KeptWeights{}, nil
	}
	metadata, err := checkpoint.Metadata(output)
	if err != nil {
		return nil, fmt.Errorf("%w: remove the file to go on without these weights", err)
	}
	kept := &training.KeptWeights{}
	if note, noted := metadata[keptNote]; noted {
		if err := json.Unmarshal([]byte(note), kept); err != nil {
			return nil, fmt.Errorf("what the weights in %s say of themselves: %w", output, err)
		}
	}
	return kept, nil
}

// openMetrics begins metrics.jsonl. A run that goes on drops the lines that it
// will write again: those of steps after its checkpoint, and an end that was
// not.
func (s *session) openMetrics(start training.Report) error {
	path := filepath.Join(s.output, metricsFile)
	var kept []byte
	if start.Start.ResumedFrom != "" {
		lines, err := readMetrics(path)
		if err != nil {
			return err
		}
		for _, line := range lines {
			s.finished = s.finished || line.Kind == training.Finished && line.Step == start.Step
			if line.Step <= start.Step && line.Kind != training.Finished {
				kept = append(kept, line.text...)
				s.card.note(line.Report)
			}
		}
		// Which may be of a step that metrics.jsonl does not have any more.
		s.card.kept = nil
		if s.kept.Report.Kind != "" {
			s.card.kept = &s.kept.Report
		}
	}
	if err := wholefile.Write(path, func(w io.Writer) error { _, err := w.Write(kept); return err }); err != nil {
		return err
	}
	var err error
	s.metrics, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	return err
}

// metricsLine is a line of metrics.jsonl.
type metricsLine struct {
	training.Report
	text []byte
}

// readMetrics reads metrics.jsonl; nothing if it is not there. A line that a
// crash or a full disk cut off is passed over.
func readMetrics(path string) ([]metricsLine, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var lines []metricsLine
	for text := range bytes.Lines(data) {
		line := metricsLine{text: text}
		if bytes.HasSuffix(text, []byte("\n")) && json.Unmarshal(text, &line.Report) == nil {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// conclude draws the curves and writes the card of what there is, unless there are
// those of the part of the run that came to its end.
func (s *session) conclude() error {
	if s.metrics == nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(s.output, cardFile)); s.finished && err == nil {
		return nil
	}
	lines, err := readMetrics(filepath.Join(s.output, metricsFile))
	if err != nil {
		return err
	}
	reports := make([]training.Report, len(lines))
	for i, line := range lines {
		reports[i] = line.Report
	}
	drawn, err := drawCurves(s.output, reports)
	if err != nil {
		return fmt.Errorf("curves: %w", err)
	}
	s.card.curves = drawn
	return s.card.write(filepath.Join(s.output, cardFile))
}

// interruptible says at a signal what goes on after it, and that another one ends
// the process at once, in case saving hangs.
func interruptible(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		signal.Reset(os.Interrupt, syscall.SIGTERM) // as untilSignal will, but before it is said
		fmt.Fprintln(os.Stderr, "stopping after this pass; another signal stops at once")
	})
}

// boundMemory lets the garbage collector run when a fifth of the memory is
// garbage instead of half of it. A training run has a gigabyte of activations
// that live as long as it does, and little garbage. GOGC, if set, decides.
func boundMemory() {
	const percent = 20
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
