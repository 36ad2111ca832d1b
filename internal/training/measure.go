package training

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// Measuring says how a model that is done is measured.
type Measuring struct {
	Pool *kernels.Pool // computes; may be nil
	// PassTokens bounds the tokens computed at a time; 0 is 4096.
	PassTokens int
	// Rounds of the bootstrap that the 95 % intervals come from; 0 is none.
	Rounds int
	// Seed decides the bootstrap's draws.
	Seed uint64
	// Done is told how many of the rows or examples are computed; may be nil.
	Done func(done, of int)
}

// confidence of the intervals.
const confidence = 0.95

// HeadScore is all that a set says of a head.
type HeadScore struct {
	SetScore
	// Intervals hold the metrics with 95 % confidence, as far as the choice of
	// the rows goes. Those of single entity types have none.
	Intervals map[string]Interval `json:"intervals,omitempty"`
	// Undefined names metrics that these rows do not define, such as the
	// correlation with a constant; they stand as 0.
	Undefined []string `json:"undefined,omitempty"`
	// Labels are the labels or entity types, each by itself.
	Labels []LabelScore `json:"labels,omitempty"`
	// Confusion counts, for labels that exclude each other, how often each
	// (rows, as Labels) was taken for each (columns).
	Confusion [][]int `json:"confusion,omitempty"`
	// Mistakes are the rows whose answer is not what is right, in order.
	Mistakes []Mistake `json:"-"`
}

// Mistake is a row with a wrong answer: a label, labels, a number, or the tags
// of the words.
type Mistake struct {
	Line      int // of the file, from 1
	Want, Got any
}

// LoadSet reads the dev file of a set for a head of the model, to measure it.
// A label that the head does not know is an *UnknownLabelError. problemLimit is
// that of Problems.
func LoadSet(m *bert.Model, t *tokenizer.Tokenizer, head string, c SetConfig, maxTokens int, seed uint64, problemLimit int) (*Set, error) {
	described, there := m.Heads[head]
	if !there {
		return nil, fmt.Errorf("the model has no head %q", head)
	}
	if err := checkVocabulary(m, t); err != nil {
		return nil, err
	}
	if err := checkLength(m, maxTokens); err != nil {
		return nil, err
	}
	config := described.Describe()
	// A head that was fine-tuned elsewhere does not say that it reads pairs; a
	// set that names where its second texts stand does.
	config.Pair = config.Pair || c.Fields.Pair != ""
	if err := c.Validate(HeadRun{Type: config.Type, ProblemType: config.ProblemType}); err != nil {
		return nil, err
	}
	set, err := newSetLoader(t, head, config, maxTokens, seed, problemLimit).load(c, c.Dev)
	if err != nil {
		return nil, err
	}
	return set, c.checkMap(set)
}

// Lines are where the rows begin, in a set that LoadSet read: those of the file
// that were taken, in its order.
func (s *Set) Lines() []int { return s.lines }

func checkLength(m *bert.Model, maxTokens int) error {
	if most := m.Config.MaxPositionEmbeddings; maxTokens < MinTokens || maxTokens > most {
		return fmt.Errorf("texts of %d tokens: want %d to %d, the longest that the model reads", maxTokens, MinTokens, most)
	}
	return nil
}

func (o Measuring) evaluator(m *bert.Model) *evaluator {
	defaultTo(&o.PassTokens, 4096)
	return &evaluator{model: m, pool: o.Pool, ws: m.NewWorkspace(o.Pool), passTokens: o.PassTokens}
}

// MeasureSet measures a head of a model on a set that LoadSet read.
func MeasureSet(ctx context.Context, m *bert.Model, s *Set, o Measuring) (*HeadScore, error) {
	task, err := newHeadTask(s.Head, m.Heads[s.Head].Describe(), HeadRun{Weight: 1}, nil)
	if err != nil {
		return nil, err
	}
	e := o.evaluator(m)
	e.objective = &objective{heads: map[string]headTask{s.Head: task}}
	done := 0
	base, answers, err := e.answer(s, func(sequences int) error {
		done += sequences
		o.done(done, len(s.Examples))
		return context.Cause(ctx)
	})
	if err != nil {
		return nil, err
	}
	if err := finite(&Evaluation{Sets: []SetScore{base}}); err != nil {
		return nil, err
	}
	score := &HeadScore{SetScore: base, Labels: answers.labels()}
	all, _ := answers.metrics(allRows(s.Rows))
	score.Undefined = numbersOrZero(all)
	if single, ok := answers.(*labelAnswers); ok {
		score.Confusion = single.confusion(allRows(s.Rows)).Counts
	}
	score.Mistakes = mistakes(s, answers)
	score.Intervals, err = o.intervals(ctx, s.Rows, func(rows []int) map[string]float64 {
		drawn, _ := answers.metrics(rows)
		maps.DeleteFunc(drawn, func(name string, _ float64) bool { return strings.Contains(name, "/") })
		return drawn
	})
	return score, err
}

// finite refuses figures that are no numbers, which JSON has no name for.
func finite(e *Evaluation) error {
	for _, name := range sortedKeys(e.notFinite()) {
		return fmt.Errorf("%s is not a finite number: the model's weights are of no use", name)
	}
	return nil
}

func mistakes(s *Set, a answers) []Mistake {
	var found []Mistake
	for row, line := range s.lines {
		if want, got := a.of(row); !reflect.DeepEqual(want, got) {
			found = append(found, Mistake{Line: line, Want: want, Got: got})
		}
	}
	return found
}

func (o Measuring) done(done, of int) {
	if o.Done != nil {
		o.Done(done, of)
	}
}

// intervals are those of the metrics of n rows, nil without rounds.
func (o Measuring) intervals(ctx context.Context, n int, metrics func(rows []int) map[string]float64) (map[string]Interval, error) {
	if o.Rounds == 0 || n == 0 {
		return nil, nil
	}
	intervals, err := bootstrap(n, o.Rounds, confidence, o.Seed, func(rows []int) map[string]float64 {
		if ctx.Err() != nil {
			return nil // ends soon
		}
		return metrics(rows)
	})
	if err != nil {
		return nil, err
	}
	return intervals, context.Cause(ctx)
}

// TextMeasurement is all that running text says of a model.
type TextMeasurement struct {
	TextScore
	IsNextPairs int `json:"nsp_is_next_pairs"` // of Pairs
	// IsNext and NotNext are the accuracies of next sentence prediction on the
	// pairs of either kind.
	IsNext    float64             `json:"nsp_is_next"`
	NotNext   float64             `json:"nsp_not_next"`
	Intervals map[string]Interval `json:"intervals,omitempty"` // as HeadScore's, examples being drawn
}

// MeasureText measures the two pre-training tasks on examples: loss,
// pseudo-perplexity and accuracy of the masked language model, loss and
// accuracy of next sentence prediction. A task whose head the model lacks is
// left out. expected is how many examples there may be, for Done.
func MeasureText(ctx context.Context, m *bert.Model, examples iter.Seq2[Example, error], expected int, o Measuring) (*TextMeasurement, error) {
	e := o.evaluator(m)
	const together = 64 // few enough to hear of an interruption soon
	var answers []textAnswers
	var chunk []Example
	measure := func() error {
		answers = append(answers, e.texts(chunk)...)
		chunk = chunk[:0]
		o.done(len(answers), expected)
		return context.Cause(ctx)
	}
	for example, err := range examples {
		if err != nil {
			return nil, err
		}
		if chunk = append(chunk, example); len(chunk) == together {
			if err := measure(); err != nil {
				return nil, err
			}
		}
	}
	if err := measure(); err != nil {
		return nil, err
	}
	if len(answers) == 0 {
		return nil, errors.New("the corpus holds no sentence that an example could be made of")
	}
	result := &TextMeasurement{TextScore: scoreText(answers)}
	if err := finite(&Evaluation{Text: &result.TextScore}); err != nil {
		return nil, err
	}
	var kinds [2]struct{ pairs, right float64 } // IsNext, NotNext
	for _, a := range answers {
		if a.pair {
			kind := &kinds[NotNext]
			if a.isNext {
				kind = &kinds[IsNext]
			}
			kind.pairs++
			if a.right {
				kind.right++
			}
		}
	}
	result.IsNextPairs = int(kinds[IsNext].pairs)
	result.IsNext, result.NotNext = ratio(kinds[IsNext].right, kinds[IsNext].pairs), ratio(kinds[NotNext].right, kinds[NotNext].pairs)
	var err error
	result.Intervals, err = o.intervals(ctx, len(answers), func(rows []int) map[string]float64 {
		drawn := make([]textAnswers, len(rows))
		for i, row := range rows {
			drawn[i] = answers[row]
		}
		return scoreText(drawn).Figures()
	})
	return result, err
}

// Figures are the metrics by their names in JSON, without those of a task that
// nothing was asked of.
func (s TextScore) Figures() map[string]float64 {
	all := map[string]float64{}
	if s.Pieces > 0 {
		all["mlm_loss"], all["perplexity"], all["mlm_accuracy"] = s.MLMLoss, s.Perplexity, s.MLMAccuracy
	}
	if s.Pairs > 0 {
		all["nsp_loss"], all["nsp_accuracy"] = s.NextLoss, s.NextAccuracy
	}
	return all
}

// TextExamples makes examples of running text, as pre-training does, to measure
// a model on: those of one epoch, or, if most is not 0, at most so many, drawn
// from documents all over the corpus. Lines that could not be used are in
// problems once the examples are read. The cause of a context that is cancelled
// ends the reading.
func TextExamples(ctx context.Context, c *Corpus, t *tokenizer.Tokenizer, maker *ExampleMaker, most int, o StreamOptions) (_ iter.Seq2[Example, error], problems *Problems, _ error) {
	o.HeldOut = 0
	c = &Corpus{Paths: c.Paths, stop: func() error { return context.Cause(ctx) }}
	stream, err := NewExampleStream(c, t, maker, o)
	if err != nil {
		return nil, nil, err
	}
	if most == 0 {
		return stream.epoch(), stream.problems, nil
	}
	stream.options.HeldOut, stream.heldOut = 1, math.MaxUint64 // every document
	survey, err := stream.Survey(most)
	if err != nil {
		return nil, nil, err
	}
	return func(yield func(Example, error) bool) {
		for _, example := range survey.HeldOut {
			if !yield(example, nil) {
				return
			}
		}
	}, survey.Problems, nil
}

// epoch yields the examples that are left of the epoch.
func (s *ExampleStream) epoch() iter.Seq2[Example, error] {
	return func(yield func(Example, error) bool) {
		for {
			if err := s.load(); err != nil {
				yield(Example{}, err)
				return
			}
			for ; s.position.Index < len(s.examples); s.position.Index++ {
				if !yield(s.examples[s.position.Index], nil) {
					return
				}
			}
			if s.reader.at.File >= len(s.corpus.Paths) {
				return
			}
			s.skipBlock()
		}
	}
}
