package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"cloze/internal/training"
)

// progress shows a run: a bar with the time that is left on a terminal, plain
// lines elsewhere.
type progress struct {
	out  io.Writer
	tty  bool
	bar  *progressbar.ProgressBar // nil elsewhere
	from int                      // the step that this process began at
}

func newProgress(out *os.File) *progress {
	return &progress{out: out, tty: term.IsTerminal(int(out.Fd()))}
}

// columns is the width of the terminal, as it is now.
func (p *progress) columns() int {
	if file, ok := p.out.(*os.File); ok {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

func (p *progress) show(r training.Report) {
	if r.Kind == training.Started {
		p.from = r.Step
	}
	if r.Kind == training.Started && p.tty {
		p.bar = progressbar.NewOptions(r.Steps,
			progressbar.OptionSetWriter(p.out),
			progressbar.OptionShowCount(),
			// Its own times would count the steps of before a run was resumed.
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionFullWidth(),
			progressbar.OptionSetRenderBlankState(true),
		)
		p.bar.Set(r.Step) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	}
	if p.bar != nil && r.Kind == training.Stepped {
		p.bar.Describe(p.beside(r))
		p.bar.Set(r.Step) //nolint:errcheck // as above
		return
	}
	if p.bar != nil {
		p.bar.Clear() //nolint:errcheck // as above
	}
	for _, line := range describe(r, p.from) {
		fmt.Fprintln(p.out, line) //nolint:errcheck // a line that cannot be shown is no reason to stop
	}
}

// beside is what stands beside the bar: as much as leaves room for it, since a
// line that is too long is not drawn over, but leaves a line at each report.
func (p *progress) beside(r training.Report) string {
	const bar = 16
	room := p.columns() - len(fmt.Sprintf(" 100%% || (%d/%d) ", r.Steps, r.Steps)) - bar
	loss, speed, time := fmt.Sprintf("loss %.4f", r.Loss), thousands(int(r.TokensPerSecond))+" tokens/s", times(r, p.from)
	for _, parts := range [][]string{{losses(r), speed, time}, {loss, speed, time}, {loss, time}} {
		if text := strings.Join(parts, ", "); len(text) <= room {
			return text
		}
	}
	return loss
}

func (p *progress) close() {
	if p.bar != nil {
		p.bar.Exit()  //nolint:errcheck // as above
		p.bar.Clear() //nolint:errcheck // as above
	}
}

// times says how long a run has taken since its process began with step from,
// and how long it will take until the last step at that pace.
func times(r training.Report, from int) string {
	elapsed := time.Duration(r.Elapsed)
	if r.Step <= from {
		return seconds(elapsed)
	}
	left := time.Duration(float64(elapsed) / float64(r.Step-from) * float64(r.Steps-r.Step))
	return fmt.Sprintf("%s, %s left", seconds(elapsed), seconds(left))
}

// describe puts a report into lines; from is the step that the process began at.
func describe(r training.Report, from int) []string {
	at := fmt.Sprintf("step %d/%d", r.Step, r.Steps)
	switch r.Kind {
	case training.Started:
		return describeStart(r.Start)
	case training.Stepped:
		return []string{fmt.Sprintf("%s, epoch %.2f: %s, learning rate %.3g, gradient norm %.2f, %s tokens/s, %s",
			at, r.Epoch, losses(r), r.LearningRate, r.GradientNorm, thousands(int(r.TokensPerSecond)), times(r, from))}
	case training.Evaluated:
		best := ""
		if r.Best {
			best = " (best so far)"
		}
		return []string{fmt.Sprintf("%s, held out: %v%s", at, r.Evaluation, best)}
	case training.Saved:
		return []string{fmt.Sprintf("%s: wrote %s", at, r.Checkpoint)}
	case training.Stopped:
		return []string{at + ": stopped, since it no longer got better"}
	default:
		return []string{fmt.Sprintf("%s: done in %s", at, seconds(time.Duration(r.Elapsed)))}
	}
}

func describeStart(s *training.Start) []string {
	lines := []string{fmt.Sprintf("%s parameters, %s of them learn; %s, %d threads", thousands(s.Parameters), thousands(s.Learning), s.Precision, s.Threads)}
	if len(s.Fresh) > 0 && len(s.Fresh) <= 12 {
		lines = append(lines, "new, hence random: "+strings.Join(s.Fresh, ", "))
	} else if len(s.Fresh) > 0 {
		lines = append(lines, fmt.Sprintf("new, hence random: %d tensors", len(s.Fresh)))
	}
	if s.Documents > 0 {
		lines = append(lines, fmt.Sprintf("corpus: %d files, %s documents, %s sentences, %s bytes; %d examples held out",
			s.Files, thousands(s.Documents), thousands(s.Sentences), thousands(s.Bytes), s.HeldOut))
	}
	for _, set := range s.Sets {
		line := fmt.Sprintf("%s, %s of %s: %s rows", set.Name, set.Part, set.Head, thousands(set.Rows))
		if set.Share > 0 && set.Share != 1 {
			line += fmt.Sprintf(", share %v", set.Share)
		}
		if set.Truncated > 0 {
			line += fmt.Sprintf(", %d cut off", set.Truncated)
		}
		if set.LeftOut > 0 {
			line += fmt.Sprintf(", %d left out", set.LeftOut)
		}
		if len(set.Lacks) > 0 {
			line += ", lacks " + strings.Join(set.Lacks, " ")
		}
		lines = append(lines, line)
		for _, warning := range set.Warnings {
			lines = append(lines, "  warning: "+warning)
		}
	}
	if s.ProblemCount > 0 {
		lines = append(lines, fmt.Sprintf("%d lines could not be used:", s.ProblemCount))
		for _, problem := range s.Problems {
			lines = append(lines, "  "+problem)
		}
	}
	for _, skipped := range s.Skipped {
		lines = append(lines, "skipped "+skipped)
	}
	if s.ResumedFrom != "" {
		lines = append(lines, "resumed from "+s.ResumedFrom)
	}
	for _, changed := range s.Changed {
		lines = append(lines, "from here on another setting: "+changed)
	}
	if s.NoCheckpoint {
		lines = append(lines, "there is no checkpoint to resume from: beginning at step 0")
	}
	return lines
}

// losses lists a report's losses, the whole first.
func losses(r training.Report) string {
	line := fmt.Sprintf("loss %.4f", r.Loss)
	if len(r.Losses) < 2 {
		return line
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.Losses)) {
		parts = append(parts, fmt.Sprintf("%s %.4f", name, r.Losses[name]))
	}
	return line + " (" + strings.Join(parts, ", ") + ")"
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// seconds rounds a duration for people.
func seconds(d time.Duration) string { return d.Round(time.Second).String() }
