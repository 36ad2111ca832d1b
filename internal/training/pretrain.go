package training

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// Pretrain trains a model made by bert.NewForTraining on running text and
// yields reports as it goes; an error ends them. Defaults of run must be set.
// Breaking out of the loop ends the training at that point without another
// checkpoint.
//
// When ctx is cancelled it writes a checkpoint and yields an
// *InterruptedError; a loss that is not a number gives a *DivergedError.
func Pretrain(ctx context.Context, m *bert.Model, t *tokenizer.Tokenizer, run Pretraining, o Options) iter.Seq2[Report, error] {
	return func(yield func(Report, error) bool) {
		l, err := newPretraining(m, t, run, o)
		if err != nil {
			yield(Report{}, err)
			return
		}
		l.reports(ctx, yield)
	}
}

func newPretraining(m *bert.Model, t *tokenizer.Tokenizer, run Pretraining, o Options) (*loop, error) {
	if err := run.Validate(); err != nil {
		return nil, err
	}
	if m.MLM == nil || m.NSP == nil && !run.NoNextSentence {
		return nil, errors.New("the model lacks the heads of pre-training")
	}
	if err := checkVocabulary(m, t); err != nil {
		return nil, err
	}
	data, survey, err := newPretrainingData(m, t, &run, o)
	if err != nil {
		return nil, err
	}
	objective := &objective{mlm: 1, next: 1}
	if run.NoNextSentence {
		objective.next = 0
	}
	trainer, err := newTrainer(m, &run.Settings, objective, run.TotalSteps(), run.decisive(), o)
	if err != nil {
		return nil, err
	}
	data.steps = trainer.optimizer.Steps
	trainer.sums = []dataSum{survey.dataSum(), dataSumOf(t)}
	return &loop{
		trainer: trainer,
		data:    data,
		start:   survey.describe,
		evaluate: func() (*Evaluation, error) {
			if len(survey.HeldOut) == 0 {
				return nil, nil
			}
			text := trainer.evaluator.text(survey.HeldOut)
			return &Evaluation{Score: -(text.MLMLoss + objective.next*text.NextLoss), Text: text}, nil
		},
	}, nil
}

// decisive is the run without what does not change its numbers, so that it may
// differ when the run is resumed.
func (p Pretraining) decisive() Pretraining {
	p.Output = ""
	p.Settings = p.Settings.decisive()
	return p
}

func (s Settings) decisive() Settings {
	s.CheckpointMinutes = 0
	return s
}

// checkVocabulary refuses a tokenizer whose ids the model does not have.
func checkVocabulary(m *bert.Model, t *tokenizer.Tokenizer) error {
	if t.VocabSize() > m.Config.VocabSize {
		return fmt.Errorf("the tokenizer has %d tokens, the model only %d", t.VocabSize(), m.Config.VocabSize)
	}
	return nil
}

// pretrainingData draws the samples of each step from a stream of examples.
type pretrainingData struct {
	run    *Pretraining
	stream *ExampleStream
	makers []*ExampleMaker // by phase
	phase  int
	steps  func() int // taken so far
}

func newPretrainingData(m *bert.Model, t *tokenizer.Tokenizer, run *Pretraining, o Options) (*pretrainingData, *Survey, error) {
	corpus, err := openFiles(under(run.Data, run.Corpus)...)
	if err != nil {
		return nil, nil, fmt.Errorf("corpus: %w", err)
	}
	d := &pretrainingData{run: run}
	for i, phase := range run.Phases {
		if phase.MaxTokens > m.Config.MaxPositionEmbeddings {
			return nil, nil, fmt.Errorf("phase %d: examples of %d tokens, the model reads at most %d", i+1, phase.MaxTokens, m.Config.MaxPositionEmbeddings)
		}
		maker, err := NewExampleMaker(t, run.examples(phase.MaxTokens))
		if err != nil {
			return nil, nil, err
		}
		d.makers = append(d.makers, maker)
	}
	d.stream, err = NewExampleStream(corpus, t, d.makers[0], StreamOptions{
		Seed: run.Seed, BlockBytes: run.BlockBytes, HeldOut: orNone(run.HeldOut), ProblemLimit: *run.BadLines, Pool: o.Pool,
	})
	if err != nil {
		return nil, nil, err
	}
	survey, err := d.stream.Survey(run.HeldOutExamples)
	if err != nil {
		return nil, nil, err
	}
	if run.NoNextSentence {
		survey.measureMLMAlone()
	}
	return d, &survey, nil
}

// measureMLMAlone takes the question about the next sentence out of the held-out
// examples: what was not learnt is not measured.
func (s *Survey) measureMLMAlone() {
	for i := range s.HeldOut {
		s.HeldOut[i].Next = NoPair
	}
}

func (s *Survey) describe(start *Start) {
	start.Files, start.Documents, start.Sentences, start.Bytes = s.Files, s.Documents, s.Sentences, s.Bytes
	start.HeldOut = len(s.HeldOut)
	start.addProblems(s.Problems)
}

func (s *Start) addProblems(p *Problems) {
	s.ProblemCount += p.Total()
	for _, problem := range p.First() {
		s.Problems = append(s.Problems, problem.String())
	}
}

// phaseOf is the phase that a step belongs to.
func (d *pretrainingData) phaseOf(step int) int {
	for i, phase := range d.run.Phases {
		if step < phase.Steps {
			return i
		}
		step -= phase.Steps
	}
	return len(d.run.Phases) - 1
}

func (d *pretrainingData) next() ([]sample, error) {
	if phase := d.phaseOf(d.steps()); phase != d.phase {
		d.phase = phase
		if err := d.stream.Restart(d.makers[phase]); err != nil {
			return nil, err
		}
	}
	samples := make([]sample, d.run.Phases[d.phase].BatchSize)
	for i := range samples {
		example, err := d.stream.Next()
		if err != nil {
			return nil, err
		}
		samples[i] = textSample(&example, !d.run.NoNextSentence)
	}
	return samples, nil
}

func (d *pretrainingData) position(p *progress) {
	at := d.stream.Position()
	p.Stream, p.Phase = &at, d.phase
}

func (d *pretrainingData) seek(p *progress) error {
	if p.Stream == nil || p.Phase < 0 || p.Phase >= len(d.makers) {
		return errors.New("resume: the checkpoint does not say where the data stood")
	}
	d.phase = p.Phase
	d.stream.maker = d.makers[d.phase]
	d.stream.Seek(*p.Stream)
	return nil
}

func (d *pretrainingData) where(r *Report) {
	r.Epoch = float64(d.stream.Position().Epoch)
	if share, err := d.stream.Progress(); err == nil { // else the next step says it
		r.Epoch += share
	}
	r.Phase = 1 + d.phaseOf(max(0, r.Step-1))
}
