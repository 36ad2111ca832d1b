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

// answers are what a head says of the rows of a set.
type answers struct {
	labels []int32    // of single labels
	holds  [][]bool   // of several labels
	values []float64  // of a regression
	tags   [][]string // of the words
}

// set measures a head on a set. Labels that the set lacks are not among the
// answers, and for named entities they do not count.
func (e *evaluator) set(s *Set) (SetScore, error) {
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
	score := SetScore{Set: s.Name, Head: s.Head, Rows: s.Rows, Metrics: map[string]float64{}}
	for _, p := range passes {
		hidden := e.model.Encoder.Forward(e.ws, p.in)
		var logits []float32
		switch head := e.model.Heads[s.Head].(type) {
		case *bert.SequenceHead:
			logits = head.Forward(e.ws, e.model.Pooler.Forward(e.ws, hidden, p.in))
		case *bert.TokenHead:
			logits = head.Forward(e.ws, hidden)
		}
		got.read(s, task.described, p, logits)
		if counted > 0 {
			score.Loss += task.loss(e.pool, logits, p.heads[s.Head], bert.Mean{Norm: counted})
		}
	}
	score.Main = got.measure(s, task.described, score.Metrics)
	score.Value = score.Metrics[score.Main]
	if math.IsNaN(score.Loss) {
		return score, fmt.Errorf("set %s: its loss is not a number", s.Name)
	}
	return score, nil
}

func newAnswers(s *Set, described bert.HeadConfig) *answers {
	switch {
	case described.Type == bert.TokenHeadType:
		a := &answers{tags: make([][]string, s.Rows)}
		for row, tags := range s.Tags {
			// A word that the tokenizer leaves nothing of gets no answer, which is O.
			a.tags[row] = filled(len(tags), "O")
		}
		return a
	case described.ProblemType == bert.Regression:
		return &answers{values: make([]float64, s.Rows)}
	case described.ProblemType == bert.MultiLabel:
		return &answers{holds: make([][]bool, s.Rows)}
	default:
		return &answers{labels: make([]int32, s.Rows)}
	}
}

// read takes the answers from the logits of a pass.
func (a *answers) read(s *Set, described bert.HeadConfig, p *pass, logits []float32) {
	classes := len(described.Labels)
	for b, sample := range p.samples {
		row := sample.task.Row
		if described.Type == bert.TokenHeadType {
			for i, words := range sample.task.Words {
				if words.Start == words.End {
					continue
				}
				label := int32(highest(logits[(int(p.in.Starts[b])+i)*classes:][:classes], s.absent))
				for word := words.Start; word < words.End; word++ {
					a.tags[row][word] = described.Labels[label]
					label = inside(described.Labels, label)
				}
			}
			continue
		}
		sequence := logits[b*classes:][:classes]
		switch described.ProblemType {
		case bert.Regression:
			a.values[row] = float64(sequence[0])
		case bert.MultiLabel:
			a.holds[row] = make([]bool, classes)
			for k, logit := range sequence {
				a.holds[row][k] = logit > 0 && (s.absent == nil || !s.absent[k])
			}
		default:
			a.labels[row] = int32(highest(sequence, s.absent))
		}
	}
}

// measure fills in the metrics and names the main one.
func (a *answers) measure(s *Set, described bert.HeadConfig, metrics map[string]float64) (main string) {
	switch {
	case described.Type == bert.TokenHeadType:
		counts := NewEntityCounts(s.types(described)...)
		for row, want := range s.Tags {
			counts.AddTags(want, a.tags[row])
		}
		micro := counts.Micro()
		metrics["entity_precision"], metrics["entity_recall"], metrics["entity_f1"] = micro.Precision(), micro.Recall(), micro.F1()
		for _, kind := range counts.Types() {
			metrics["entity_f1/"+kind] = counts.Type(kind).F1()
		}
		return "entity_f1"
	case described.ProblemType == bert.Regression:
		want := make([]float64, s.Rows)
		for _, example := range s.Examples {
			want[example.Row] = float64(example.Value)
		}
		metrics["pearson"], metrics["spearman"] = Pearson(want, a.values), Spearman(want, a.values)
		metrics["mean_squared_error"] = MeanSquaredError(want, a.values)
		return numberOrZero(metrics, "pearson", "spearman")
	case described.ProblemType == bert.MultiLabel:
		counts := NewMultiLabel(described.Labels)
		for _, example := range s.Examples {
			want := make([]bool, len(described.Labels))
			for _, k := range example.Labels {
				want[k] = true
			}
			counts.Add(want, a.holds[example.Row])
		}
		metrics["accuracy"], metrics["micro_f1"], metrics["macro_f1"] = counts.Accuracy(), counts.MicroF1(), counts.MacroF1()
		return "micro_f1"
	default:
		counts := NewConfusion(described.Labels)
		for _, example := range s.Examples {
			counts.Add(int(example.Labels[0]), int(a.labels[example.Row]))
		}
		metrics["accuracy"], metrics["macro_f1"], metrics["matthews"] = counts.Accuracy(), counts.MacroF1(), counts.Matthews()
		return "accuracy"
	}
}

// numberOrZero replaces what is undefined, as the correlation with a constant
// is, and returns the first name: JSON has no NaN.
func numberOrZero(metrics map[string]float64, names ...string) string {
	for _, name := range names {
		if math.IsNaN(metrics[name]) {
			metrics[name] = 0
		}
	}
	return names[0]
}
