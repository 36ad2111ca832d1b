package training

import (
	"fmt"
	"math"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// evaluator measures a model while it learns: without dropout, in a workspace
// that keeps no gradients.
type evaluator struct {
	model      *bert.Model
	pool       *kernels.Pool
	ws         *bert.Workspace
	objective  *objective
	passTokens int
}

// MeasureText measures the two pre-training tasks on examples: loss, perplexity
// and accuracy of the masked language model, loss and accuracy of next sentence
// prediction. The model may be one that serves; a task whose head it lacks is
// left out. passTokens bounds the tokens computed at a time.
func MeasureText(m *bert.Model, pool *kernels.Pool, examples []Example, passTokens int) *TextScore {
	e := &evaluator{model: m, pool: pool, ws: m.NewWorkspace(pool), passTokens: passTokens}
	return e.text(examples)
}

// text measures the pre-training tasks on held-out examples.
func (e *evaluator) text(examples []Example) *TextScore {
	score := &TextScore{Examples: len(examples)}
	samples := make([]sample, len(examples))
	for i := range examples {
		samples[i] = textSample(&examples[i], e.model.NSP != nil)
	}
	var pieces, rightPieces, rightPairs int
	for _, p := range cutPasses(e.model, samples, e.passTokens) {
		hidden := e.model.Encoder.Forward(e.ws, p.in)
		if len(p.positions) > 0 && e.model.MLM != nil {
			logits := e.model.MLM.Forward(e.ws, hidden, p.positions)
			rightPieces += agreements(logits, p.pieces)
			pieces += len(p.pieces)
			score.MLMLoss += bert.CrossEntropy{Mean: bert.Mean{Norm: 1}, Labels: p.pieces}.Loss(e.pool, logits, logits)
		}
		pairs := 0
		for _, label := range p.next {
			if label != NoPair {
				pairs++
			}
		}
		if pairs > 0 {
			logits := e.model.NSP.Forward(e.ws, e.model.Pooler.Forward(e.ws, hidden, p.in))
			rightPairs += agreements(logits, p.next)
			score.Pairs += pairs
			score.NextLoss += bert.CrossEntropy{Mean: bert.Mean{Norm: 1}, Labels: p.next}.Loss(e.pool, logits, logits)
		}
	}
	score.MLMLoss = ratio(score.MLMLoss, float64(pieces))
	score.MLMAccuracy = ratio(float64(rightPieces), float64(pieces))
	score.Perplexity = Perplexity(score.MLMLoss)
	score.NextLoss = ratio(score.NextLoss, float64(score.Pairs))
	score.NextAccuracy = ratio(float64(rightPairs), float64(score.Pairs))
	return score
}

// agreements counts the rows whose highest logit is their label's; negative
// labels do not count.
func agreements(logits []float32, labels []int32) int {
	n := 0
	classes := len(logits) / len(labels)
	for row, label := range labels {
		if label >= 0 && highest(logits[row*classes:][:classes], nil) == int(label) {
			n++
		}
	}
	return n
}

// highest is the index of the highest logit among the labels that are not
// absent; the lowest of equals.
func highest(logits []float32, absent []bool) int {
	best := -1
	for k, logit := range logits {
		if absent != nil && absent[k] {
			continue
		}
		if best < 0 || logit > logits[best] {
			best = k
		}
	}
	return best
}

// set measures a head on a set. Labels that the set lacks are not among the
// answers and do not count.
func (e *evaluator) set(s *Set) (SetScore, error) {
	score, _, err := e.answer(s, func(int) error { return nil })
	return score, err
}

// answer measures a head on a set and returns its answers, too. It calls after
// with the number of sequences of each pass; an error from it ends the
// measurement.
func (e *evaluator) answer(s *Set, after func(sequences int) error) (SetScore, answers, error) {
	task := e.objective.heads[s.Head]
	task.classes = nil // the loss of an evaluation weighs its rows alike
	samples := make([]sample, len(s.Examples))
	for i := range s.Examples {
		samples[i] = taskSample(s, &s.Examples[i])
	}
	passes := cutPasses(e.model, samples, e.passTokens)
	counted := 0.0
	for _, p := range passes {
		counted += task.count(p.heads[s.Head])
	}
	got := newAnswers(s, task.described)
	score := SetScore{Set: s.Name, Head: s.Head, Rows: s.Rows}
	for _, p := range passes {
		hidden := e.model.Encoder.Forward(e.ws, p.in)
		var logits []float32
		switch head := e.model.Heads[s.Head].(type) {
		case *bert.SequenceHead:
			logits = head.Forward(e.ws, e.model.Pooler.Forward(e.ws, hidden, p.in))
		case *bert.TokenHead:
			logits = head.Forward(e.ws, hidden)
		}
		got.read(p, logits)
		if counted > 0 {
			score.Loss += task.loss(e.pool, logits, p.heads[s.Head], bert.Mean{Norm: counted})
		}
		if err := after(len(p.samples)); err != nil {
			return score, nil, err
		}
	}
	score.Metrics, score.Main = got.metrics(allRows(s.Rows))
	numbersOrZero(score.Metrics)
	score.Value = score.Metrics[score.Main]
	if math.IsNaN(score.Loss) {
		return score, nil, fmt.Errorf("set %s: its loss is not a number", s.Name)
	}
	return score, got, nil
}
