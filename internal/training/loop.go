package training

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// data is where a run's samples come from.
type data interface {
	// next returns the samples of a step.
	next() ([]sample, error)
	// position notes where the data stand, and seek goes there.
	position(*progress)
	seek(*progress) error
	// where adds the epoch and the phase to a report.
	where(*Report)
}

// loop is the run: the same for pre-training and fine-tuning. evaluate returns
// what held-out data say, nil if there are none; patience is the number of
// evaluations without a better one that ends the run, 0 for none.
type loop struct {
	*trainer
	data     data
	start    func(*Start)
	evaluate func() (*Evaluation, error)
	patience int
	minDelta float64
}

// reports runs the loop and yields its reports; an error ends it.
func (l *loop) reports(ctx context.Context, yield func(Report, error) bool) {
	err := l.drive(ctx, func(r Report) bool {
		l.data.where(&r)
		return yield(r, nil)
	})
	if err != nil && !errors.Is(err, errEnough) {
		yield(Report{}, err)
	}
}

// errEnough ends a loop whose consumer has broken out.
var errEnough = errors.New("the consumer of the reports stopped")

func (l *loop) drive(ctx context.Context, yield func(Report) bool) error {
	tell := func(r Report) error {
		if !yield(r) {
			return errEnough
		}
		return nil
	}
	start := l.trainer.start()
	l.start(start)
	if l.options.Resume {
		r, err := l.restore()
		if err != nil {
			return err
		}
		start.Changed = r.changed
		start.ResumedFrom, start.Precision = r.path, l.progress.Precision
		start.NoCheckpoint = r.path == ""
		for _, skipped := range r.skipped {
			start.Skipped = append(start.Skipped, skipped.Error())
		}
		if r.path != "" {
			if err := l.data.seek(&l.progress); err != nil {
				return err
			}
			if step := l.optimizer.Steps(); len(r.changed) > 0 && (step == l.schedule.Steps || l.stale()) {
				return fmt.Errorf("resume: the run ended with step %d, so that no step would use what is to change (%s): leave that as it was, or begin a run of its own", step, strings.Join(r.changed, "; "))
			}
		}
	}
	l.begin()
	report := l.report(Started)
	report.Start = start
	if err := tell(report); err != nil {
		return err
	}
	stopped := l.stale()
	for l.optimizer.Steps() < l.schedule.Steps && !stopped {
		if err := l.advance(ctx); err != nil {
			return errors.Join(err, l.tellSaved(err, tell))
		}
		step, last := l.optimizer.Steps(), l.optimizer.Steps() == l.schedule.Steps
		if step%l.settings.ReportEvery == 0 || last {
			if err := tell(l.stepReport(l.report(Stepped))); err != nil {
				return err
			}
		}
		if step%l.settings.EvaluateEvery == 0 || last {
			if err := l.measure(tell); err != nil {
				return err
			}
			if stopped = l.stale(); stopped {
				if err := tell(l.report(Stopped)); err != nil {
					return err
				}
			}
		}
		if l.checkpointIsDue() || last || stopped {
			if err := l.checkpoint(tell); err != nil {
				return err
			}
		}
	}
	return tell(l.report(Finished))
}

// advance takes one step, or saves what there is if it may not.
func (l *loop) advance(ctx context.Context) error {
	l.data.position(&l.progress) // where to go on if the step is not finished
	if ctx.Err() != nil {
		return l.interrupted(context.Cause(ctx))
	}
	samples, err := l.data.next()
	if err != nil {
		return err
	}
	if err := l.step(ctx, samples); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return l.interrupted(context.Cause(ctx))
		}
		return err
	}
	l.data.position(&l.progress)
	return nil
}

func (l *loop) measure(tell func(Report) error) error {
	report := l.report(Evaluated)
	err := l.pause(func() (err error) {
		report.Evaluation, err = l.evaluate()
		if err != nil || report.Evaluation == nil {
			return err
		}
		if wrong := report.Evaluation.notFinite(); len(wrong) > 0 {
			return l.diverged(l.optimizer.Steps(), fmt.Sprintf("on held-out data %v", wrong))
		}
		return l.checkParameters() // the caller may keep them
	})
	if err != nil || report.Evaluation == nil {
		return err
	}
	report.Best = l.keep(report.Evaluation.Score, l.minDelta)
	return tell(report)
}

// stale says whether the run no longer gets better.
func (l *loop) stale() bool {
	return l.patience > 0 && l.progress.Best != nil && l.progress.Best.Since >= l.patience
}

// tellSaved reports the checkpoint of an interrupted run, so that its consumer
// knows how far it came.
func (l *loop) tellSaved(err error, tell func(Report) error) error {
	interrupted := (*InterruptedError)(nil)
	if !errors.As(err, &interrupted) || interrupted.Checkpoint == "" {
		return nil
	}
	report := l.report(Saved)
	report.Checkpoint = interrupted.Checkpoint
	return tell(report)
}

func (l *loop) checkpoint(tell func(Report) error) error {
	path, err := l.save()
	if err != nil || path == "" {
		return err
	}
	report := l.report(Saved)
	report.Checkpoint = path
	return tell(report)
}
