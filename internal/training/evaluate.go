package training

import (
	"slices"

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

// text measures the pre-training tasks on held-out examples.
func (e *evaluator) text(examples []Example) *TextScore {
	score := scoreText(e.texts(examples))
	return &score
}

// textAnswers are what a model says of one example of running text.
type textAnswers struct {
	pieces, rightPieces int     // chosen, and guessed
	mlmLoss             float64 // sum over the pieces
	pair, isNext, right bool    // right: of the next sentence
	nextLoss            float64
}

// texts gives the model's answers to examples. A task whose head it lacks is
// left out.
func (e *evaluator) texts(examples []Example) []textAnswers {
	answers := make([]textAnswers, 0, len(examples))
	samples := make([]sample, len(examples))
	for i := range examples {
		samples[i] = textSample(&examples[i], e.model.NSP != nil)
	}
	one := bert.Mean{Norm: 1}
	for _, p := range cutPasses(e.model, samples, e.passTokens) {
		of := make([]textAnswers, len(p.samples))
		hidden := e.model.Encoder.Forward(e.ws, p.in)
		if len(p.positions) > 0 && e.model.MLM != nil {
			logits := e.model.MLM.Forward(e.ws, hidden, p.positions)
			vocabulary := len(logits) / len(p.pieces)
			from := 0
			for b, sample := range p.samples {
				to := from + len(sample.predictions)
				rows, pieces := logits[from*vocabulary:to*vocabulary], p.pieces[from:to]
				if from = to; len(pieces) > 0 {
					of[b].pieces, of[b].rightPieces = len(pieces), agreements(rows, pieces)
					of[b].mlmLoss = bert.CrossEntropy{Mean: one, Labels: pieces}.Loss(e.pool, rows, rows)
				}
			}
		}
		if slices.ContainsFunc(p.next, func(label int32) bool { return label != NoPair }) {
			logits := e.model.NSP.Forward(e.ws, e.model.Pooler.Forward(e.ws, hidden, p.in))
			for b, label := range p.next {
				if label != NoPair {
					row, label := logits[2*b:][:2], []int32{label}
					of[b].pair, of[b].isNext = true, label[0] == IsNext
					of[b].right = agreements(row, label) == 1
					of[b].nextLoss = bert.CrossEntropy{Mean: one, Labels: label}.Loss(e.pool, row, row)
				}
			}
		}
		answers = append(answers, of...)
	}
	return answers
}

// scoreText sums up the answers to examples.
func scoreText(answers []textAnswers) TextScore {
	score := TextScore{Examples: len(answers)}
	var rightPieces, rightPairs int
	for _, a := range answers {
		score.Pieces += a.pieces
		rightPieces += a.rightPieces
		score.MLMLoss += a.mlmLoss
		score.NextLoss += a.nextLoss
		if a.pair {
			score.Pairs++
		}
		if a.right {
			rightPairs++
		}
	}
	if score.Pieces > 0 {
		score.MLMLoss /= float64(score.Pieces)
		score.MLMAccuracy = float64(rightPieces) / float64(score.Pieces)
		score.Perplexity = Perplexity(score.MLMLoss)
	}
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
func (e *evaluator) set(s *Set) SetScore {
	score, _, _ := e.answer(s, func(int) error { return nil }) // nothing else errs
	return score
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
	return score, got, nil
}
