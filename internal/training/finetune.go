package training

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// HeadConfigs are the heads that a fine-tuning run needs, for the configuration
// of the model to be made. Labels that the run does not list are those of the
// head of that name in existing, if it is of the same kind, or else those of its
// training files. Defaults of the run must be set.
func (f *Finetuning) HeadConfigs(existing map[string]bert.HeadConfig) (map[string]bert.HeadConfig, error) {
	heads := map[string]bert.HeadConfig{}
	for _, name := range sortedKeys(f.Heads) {
		run := f.Heads[name]
		head := bert.HeadConfig{Type: run.Type, Labels: run.Labels, Pair: run.Pair, ProblemType: run.ProblemType, MaxTokens: run.MaxTokens}
		if head.Type == bert.SequenceHeadType && head.ProblemType == "" {
			head.ProblemType = bert.SingleLabel
		}
		old, known := existing[name]
		switch {
		case len(head.Labels) > 0:
		case known && SameKind(old, head):
			head.Labels = old.Labels
		case head.ProblemType == bert.Regression:
			head.Labels = []string{"score"}
		default:
			sets := make([]SetConfig, len(run.Sets))
			for i, set := range run.Sets {
				sets[i] = f.underData(set)
			}
			labels, err := DiscoverLabels(head.Type, sets, *f.BadLines)
			if err != nil {
				return nil, fmt.Errorf("head %s: %w", name, err)
			}
			head.Labels = labels
		}
		if head.Type == bert.TokenHeadType && !slices.Contains(head.Labels, "O") {
			return nil, fmt.Errorf("head %s tags tokens, but its labels have no \"O\": %q", name, head.Labels)
		}
		if head.Type == bert.TokenHeadType && len(head.Labels) == 1 {
			return nil, fmt.Errorf("head %s tags tokens, but has no label besides \"O\": give it \"labels\", or a training file in which words are tagged", name)
		}
		if head.ProblemType == bert.Regression && len(head.Labels) != 1 {
			return nil, fmt.Errorf("head %s is a regression, which gives one number, but has the labels %q: leave \"labels\" out, or name the number", name, head.Labels)
		}
		heads[name] = head
	}
	return heads, nil
}

// SameKind reports whether two heads answer in the same way about the same
// things, but for their labels: only then do the labels and the weights of one
// say anything about the other.
func SameKind(a, b bert.HeadConfig) bool {
	defaultTo(&a.ProblemType, bert.SingleLabel)
	defaultTo(&b.ProblemType, bert.SingleLabel)
	return a.Type == b.Type && a.ProblemType == b.ProblemType && a.Pair == b.Pair
}

// Finetune trains the heads of a run, all on one encoder, and yields reports as
// Pretrain does. The model is one made by bert.NewForTraining with the heads
// that HeadConfigs names.
//
// A report with Best says that the model's parameters are, at that moment,
// those to keep; they go on changing afterwards.
func Finetune(ctx context.Context, m *bert.Model, t *tokenizer.Tokenizer, run Finetuning, o Options) iter.Seq2[Report, error] {
	return func(yield func(Report, error) bool) {
		l, err := newFinetuning(m, t, run, o)
		if err != nil {
			yield(Report{}, err)
			return
		}
		l.reports(ctx, yield)
	}
}

func newFinetuning(m *bert.Model, t *tokenizer.Tokenizer, run Finetuning, o Options) (*loop, error) {
	if err := run.Validate(); err != nil {
		return nil, err
	}
	if err := checkVocabulary(m, t); err != nil {
		return nil, err
	}
	sets, err := loadSets(m, t, &run)
	if err != nil {
		return nil, err
	}
	goal := &objective{heads: map[string]headTask{}}
	for _, name := range sortedKeys(run.Heads) {
		goal.heads[name], err = newHeadTask(name, m.Heads[name].Describe(), run.Heads[name], sets.trainOf(name))
		if err != nil {
			return nil, err
		}
	}
	data := &finetuningData{run: &run, sampler: newSampler(sets.train, run.Seed)}
	var survey *Survey
	if run.MLM != nil {
		if data.text, survey, err = newAuxiliaryText(m, t, &run, o); err != nil {
			return nil, fmt.Errorf("mlm: %w", err)
		}
		goal.mlm = run.MLM.Weight
		if run.MLM.NextSentence {
			goal.next = run.MLM.Weight
		}
	}
	if err := run.checkHeldOut(survey, len(sets.dev)); err != nil {
		return nil, err
	}
	if rows := data.sampler.epochLen(); rows < 1 {
		return nil, fmt.Errorf("the sets' shares are %.2g rows an epoch in all: give larger ones", rows)
	}
	steps := run.Steps
	if steps == 0 {
		steps = max(1, int(math.Ceil(run.Epochs*data.sampler.epochLen()/float64(run.BatchSize))))
	}
	if run.EvaluateEvery == 0 {
		run.EvaluateEvery = max(1, steps/10)
	}
	trainer, err := newTrainer(m, &run.Settings, goal, steps, run.decisive(), o)
	if err != nil {
		return nil, err
	}
	if o.Dir != "" { // a checkpoint holds them
		trainer.sums = sets.dataSums(survey)
	}
	l := &loop{
		trainer: trainer,
		data:    data,
		start:   func(s *Start) { sets.describe(s, m, survey) },
		evaluate: func() (*Evaluation, error) {
			return evaluateSets(trainer.evaluator, sets.dev, survey, run.Best)
		},
	}
	if run.EarlyStopping != nil {
		l.patience, l.minDelta = run.EarlyStopping.Patience, run.EarlyStopping.MinDelta
	}
	return l, nil
}

// checkHeldOut refuses to choose by held-out text of which the corpus is too
// small to have any. A run that measures nothing else keeps its last weights.
func (f *Finetuning) checkHeldOut(survey *Survey, devSets int) error {
	if f.Best != BestMLM || len(survey.HeldOut) > 0 || devSets == 0 && f.EarlyStopping == nil {
		return nil
	}
	return fmt.Errorf("best is %q, but no text could be held out: the corpus of mlm has %d documents", f.Best, survey.Documents)
}

func (f Finetuning) decisive() Finetuning {
	f.Output = ""
	f.Settings = f.Settings.decisive()
	return f
}

// labelledSets are the sets of a run.
type labelledSets struct {
	train, dev []*Set
	parts      []string // what describe calls each of all
	all        []*Set
}

// loadSets reads the sets of a run, and notes in the model how long the rows of its
// token heads are.
func loadSets(m *bert.Model, t *tokenizer.Tokenizer, run *Finetuning) (*labelledSets, error) {
	sets := &labelledSets{}
	for _, name := range sortedKeys(run.Heads) {
		head, there := m.Heads[name]
		if !there {
			return nil, fmt.Errorf("the model has no head %q", name)
		}
		settings := run.Heads[name]
		if settings.MaxTokens > m.Config.MaxPositionEmbeddings {
			return nil, fmt.Errorf("head %s: max_tokens is %d, the model reads at most %d", name, settings.MaxTokens, m.Config.MaxPositionEmbeddings)
		}
		loader := newSetLoader(t, name, head.Describe(), settings.MaxTokens, run.Seed, *run.BadLines)
		for _, c := range settings.Sets {
			if err := sets.add(loader, run.underData(c), run.DevRows); err != nil {
				return nil, fmt.Errorf("head %s: %w", name, err)
			}
		}
		if head, ok := head.(*bert.TokenHead); ok {
			head.RowTokens = rowTokens(sets.trainOf(name))
			m.Config.Heads[name] = head.HeadConfig
		}
	}
	return sets, nil
}

// rowTokens is bert.HeadConfig.RowTokens of a head that learns from some sets.
func rowTokens(sets []*Set) int {
	var lengths []int
	for _, set := range sets {
		for i := range set.Examples {
			lengths = append(lengths, len(set.Examples[i].IDs))
		}
	}
	if len(lengths) == 0 {
		return 0
	}
	slices.Sort(lengths)
	return lengths[(len(lengths)-1)*9/10]
}

func (s *labelledSets) add(loader *setLoader, c SetConfig, devRows int) error {
	for _, path := range []string{c.Train, c.Dev} {
		if err := checkRegular(path); err != nil {
			return err
		}
	}
	train, dev, err := loader.loadParts(c, devRows)
	if err != nil {
		return err
	}
	if train != nil {
		s.train = append(s.train, train)
		s.all, s.parts = append(s.all, train), append(s.parts, "train")
	}
	if dev != nil {
		s.dev = append(s.dev, dev)
		s.all, s.parts = append(s.all, dev), append(s.parts, "dev")
	}
	return nil
}

func (s *labelledSets) trainOf(head string) []*Set {
	return slices.DeleteFunc(slices.Clone(s.train), func(set *Set) bool { return set.Head != head })
}

func (s *labelledSets) dataSums(survey *Survey) (sums []dataSum) {
	for i, set := range s.all {
		sums = append(sums, set.dataSum(s.parts[i]))
	}
	if survey != nil {
		sums = append(sums, survey.dataSum())
	}
	return sums
}

func (s *labelledSets) describe(start *Start, m *bert.Model, survey *Survey) {
	if survey != nil {
		survey.describe(start)
	}
	for i, set := range s.all {
		described := m.Heads[set.Head].Describe()
		r := SetReport{
			Name: set.Name, Head: set.Head, Part: s.parts[i],
			Rows: set.Rows, LeftOut: set.LeftOut, Truncated: set.Truncated,
			Lacks: set.lacking(described), Warnings: set.Warnings,
		}
		if s.parts[i] == "train" {
			r.Share = set.Share
		}
		if described.ProblemType != bert.Regression {
			r.Labels = map[string]int{}
			for k, n := range set.Counts {
				r.Labels[described.Labels[k]] = n
			}
		}
		start.Sets = append(start.Sets, r)
		start.addProblems(set.Problems)
	}
}

// finetuningData draws the samples of each step from the sets and, if asked,
// from running text.
type finetuningData struct {
	run     *Finetuning
	sampler *sampler
	text    *ExampleStream // nil without an auxiliary loss
}

func newAuxiliaryText(m *bert.Model, t *tokenizer.Tokenizer, run *Finetuning, o Options) (*ExampleStream, *Survey, error) {
	if m.MLM == nil || m.NSP == nil && run.MLM.NextSentence {
		return nil, nil, errors.New("the model lacks the heads of pre-training")
	}
	if run.MLM.MaxTokens > m.Config.MaxPositionEmbeddings {
		return nil, nil, fmt.Errorf("max_tokens is %d, the model reads at most %d", run.MLM.MaxTokens, m.Config.MaxPositionEmbeddings)
	}
	corpus, err := openFiles(under(run.Data, run.MLM.Corpus)...)
	if err != nil {
		return nil, nil, err
	}
	maker, err := NewExampleMaker(t, run.MLM.examples())
	if err != nil {
		return nil, nil, err
	}
	stream, err := NewExampleStream(corpus, t, maker, StreamOptions{
		Seed: run.Seed, HeldOut: orNone(run.MLM.HeldOut), ProblemLimit: *run.BadLines, Pool: o.Pool,
	})
	if err != nil {
		return nil, nil, err
	}
	survey, err := stream.Survey(run.MLM.HeldOutExamples)
	if !run.MLM.NextSentence {
		survey.measureMLMAlone()
	}
	return stream, &survey, err
}

func (d *finetuningData) next() ([]sample, error) {
	samples := make([]sample, 0, d.run.BatchSize)
	for range d.run.BatchSize {
		samples = append(samples, taskSample(d.sampler.next()))
	}
	if d.text != nil {
		for range d.run.MLM.BatchSize {
			example, err := d.text.Next()
			if err != nil {
				return nil, err
			}
			samples = append(samples, textSample(&example, d.run.MLM.NextSentence))
		}
	}
	return samples, nil
}

func (d *finetuningData) position(p *progress) {
	at := d.sampler.at
	p.Sampler = &at
	if d.text != nil {
		at := d.text.Position()
		p.Stream = &at
	}
}

func (d *finetuningData) seek(p *progress) error {
	if p.Sampler == nil || (d.text != nil) != (p.Stream != nil) {
		return errors.New("resume: the checkpoint does not say where the data stood")
	}
	d.sampler.seek(*p.Sampler)
	if d.text != nil {
		d.text.Seek(*p.Stream)
	}
	return nil
}

func (d *finetuningData) where(r *Report) {
	d.sampler.draw()
	r.Epoch = float64(d.sampler.at.Epoch)
	if n := len(d.sampler.order); n > 0 {
		r.Epoch += float64(d.sampler.at.Index) / float64(n)
	}
}

// evaluateSets measures all dev sets, and the held-out text if there is any; nil
// if there is neither. The score is that of best.
func evaluateSets(e *evaluator, dev []*Set, survey *Survey, best string) (*Evaluation, error) {
	result := &Evaluation{}
	if survey != nil && len(survey.HeldOut) > 0 {
		result.Text = e.text(survey.HeldOut)
	}
	for _, set := range dev {
		result.Sets = append(result.Sets, e.set(set))
	}
	if len(dev) == 0 && result.Text == nil {
		return nil, nil
	}
	result.Score = result.scoreOf(best)
	return result, nil
}

// String names the sets that an evaluation covers, with their main figures and
// losses: either may be what decides.
func (e *Evaluation) String() string {
	var parts []string
	if e.Text != nil {
		text := fmt.Sprintf("MLM loss %.3f accuracy %.3f", e.Text.MLMLoss, e.Text.MLMAccuracy)
		if e.Text.Pairs > 0 {
			text += fmt.Sprintf(", NSP accuracy %.3f", e.Text.NextAccuracy)
		}
		parts = append(parts, text)
	}
	for _, set := range e.Sets {
		parts = append(parts, fmt.Sprintf("%s %s %.4f loss %.4f", set.Set, set.Main, set.Value, set.Loss))
	}
	return strings.Join(parts, "; ")
}
