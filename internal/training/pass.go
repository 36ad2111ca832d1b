package training

import (
	"fmt"
	"math"
	"slices"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// sample is one sequence of a step with everything that is asked of it.
type sample struct {
	ids, typeIDs []int32
	predictions  []Prediction // of the masked language model
	next         int32        // or NoPair
	set          *Set         // nil for running text
	task         *TaskExample // of set
}

func textSample(e *Example, nextSentence bool) sample {
	s := sample{ids: e.IDs, typeIDs: e.TypeIDs, predictions: e.Predictions, next: NoPair}
	if nextSentence {
		s.next = e.Next
	}
	return s
}

func taskSample(set *Set, e *TaskExample) sample {
	return sample{ids: e.IDs, typeIDs: e.TypeIDs, next: NoPair, set: set, task: e}
}

// pass is what is computed at a time: a ragged batch and the labels of its
// losses.
type pass struct {
	in      bert.Batch
	samples []sample

	positions, pieces []int32 // (P): rows of the hidden states, and what stood there
	next              []int32 // (B): IsNext, NotNext, or −1
	heads             map[string]*headLabels
}

// headLabels are one head's labels for the rows of a pass: its sequences or
// its tokens.
type headLabels struct {
	labels  []int32   // of a classification; −1 leaves the row out
	targets []float32 // of several labels (rows, labels) or a regression (rows)
	absent  [][]bool  // by row: what its set lacks
}

// cutPasses cuts samples into passes of at most maxTokens tokens, in order; a
// longer sample is a pass of its own.
func cutPasses(m *bert.Model, samples []sample, maxTokens int) []*pass {
	var passes []*pass
	for len(samples) > 0 {
		n, tokens := 0, 0
		for n < len(samples) && (n == 0 || tokens+len(samples[n].ids) <= maxTokens) {
			tokens += len(samples[n].ids)
			n++
		}
		passes = append(passes, newPass(m, samples[:n]))
		samples = samples[n:]
	}
	return passes
}

func newPass(m *bert.Model, samples []sample) *pass {
	ids, typeIDs := make([][]int32, len(samples)), make([][]int32, len(samples))
	for i, s := range samples {
		ids[i], typeIDs[i] = s.ids, s.typeIDs
	}
	p := &pass{in: bert.NewBatch(ids, typeIDs), samples: samples, heads: map[string]*headLabels{}}
	for b, s := range samples {
		start := p.in.Starts[b]
		for _, prediction := range s.predictions {
			p.positions = append(p.positions, start+prediction.Position)
			p.pieces = append(p.pieces, prediction.Label)
		}
		p.next = append(p.next, s.next)
		if s.set != nil {
			p.addTask(m.Heads[s.set.Head], b, s)
		}
	}
	return p
}

// addTask writes the labels of sequence b into those of its head.
func (p *pass) addTask(head bert.Head, b int, s sample) {
	described := head.Describe()
	labels := p.heads[s.set.Head]
	if labels == nil {
		labels = newHeadLabels(described, p.in)
		p.heads[s.set.Head] = labels
	}
	classes := len(described.Labels)
	switch {
	case described.Type == bert.TokenHeadType:
		start := int(p.in.Starts[b])
		copy(labels.labels[start:], s.task.Labels)
		if s.set.absent != nil {
			for row := range s.task.Labels {
				labels.absent[start+row] = s.set.absent
			}
		}
	case described.ProblemType == bert.Regression:
		labels.targets[b] = s.task.Value
	case described.ProblemType == bert.MultiLabel:
		targets := labels.targets[b*classes:][:classes]
		for k := range targets {
			targets[k] = 0
			if s.set.absent != nil && s.set.absent[k] {
				targets[k] = -1
			}
		}
		for _, k := range s.task.Labels {
			targets[k] = 1
		}
	default:
		labels.labels[b] = s.task.Labels[0]
		labels.absent[b] = s.set.absent
	}
}

// newHeadLabels leaves every row out.
func newHeadLabels(described bert.HeadConfig, in bert.Batch) *headLabels {
	rows := in.Sequences()
	if described.Type == bert.TokenHeadType {
		rows = in.Tokens()
	}
	switch described.ProblemType {
	case bert.Regression:
		return &headLabels{targets: filled(rows, float32(math.NaN()))}
	case bert.MultiLabel:
		return &headLabels{targets: filled[float32](rows*len(described.Labels), -1)}
	default:
		return &headLabels{labels: filled[int32](rows, -1), absent: make([][]bool, rows)}
	}
}

func filled[T any](n int, value T) []T {
	values := make([]T, n)
	for i := range values {
		values[i] = value
	}
	return values
}

// headTask is how a head learns.
type headTask struct {
	described bert.HeadConfig
	weight    float64   // of its loss
	classes   []float32 // weights of its labels; nil for 1
	outside   int32     // index of O, for a token head
}

// objective is what a run minimises: the sum of its losses, each a mean times
// its weight.
type objective struct {
	mlm, next float64 // weights of the pre-training losses
	heads     map[string]headTask
}

// norms are what the sums of the losses' terms are divided by, over all passes
// of a step, so that it makes no difference how the step is cut.
type norms map[string]float64

func (o *objective) norms(passes []*pass) norms {
	n := norms{}
	for _, p := range passes {
		n[bert.MLMName] += float64(len(p.positions))
		for _, label := range p.next {
			if label != NoPair {
				n[bert.NSPName]++
			}
		}
		for name, labels := range p.heads {
			n[name] += o.heads[name].count(labels)
		}
	}
	return n
}

// count is the number of a head's terms, or the sum of their weights, as
// bert's losses count them.
func (t headTask) count(labels *headLabels) float64 {
	n := 0.0
	for _, label := range labels.labels {
		switch {
		case label < 0:
		case t.classes == nil:
			n++
		default:
			n += float64(t.classes[label])
		}
	}
	for _, target := range labels.targets {
		if t.described.ProblemType == bert.Regression && target == target || target >= 0 {
			n++
		}
	}
	return n
}

// add adds a pass's losses and gradients: forward through the encoder and the
// heads that it has labels for, and back. A name is missing from losses where
// no row of the step has such a label.
func (o *objective) add(m *bert.Model, ws *bert.Workspace, pool *kernels.Pool, p *pass, n norms, losses map[string]float64) {
	mean := func(name string, weight float64) bert.Mean { return bert.Mean{Norm: n[name], Scale: weight} }
	ws.OnlyRows(p.rows(m))
	hidden := m.Encoder.Forward(ws, p.in)
	if len(p.positions) > 0 && o.mlm > 0 {
		logits := m.MLM.Forward(ws, hidden, p.positions)
		losses[bert.MLMName] += bert.CrossEntropy{Mean: mean(bert.MLMName, o.mlm), Labels: p.pieces}.Loss(pool, logits, logits)
		m.MLM.Backward(ws, logits, p.positions)
	}
	var pooled []float32
	shared := func() []float32 { // computed once, for the first head that reads it
		if pooled == nil {
			pooled = m.Pooler.Forward(ws, hidden, p.in)
		}
		return pooled
	}
	if n[bert.NSPName] > 0 && o.next > 0 {
		logits := m.NSP.Forward(ws, shared())
		losses[bert.NSPName] += bert.CrossEntropy{Mean: mean(bert.NSPName, o.next), Labels: p.next}.Loss(pool, logits, logits)
		m.NSP.Backward(ws, logits)
	}
	for _, name := range sortedKeys(p.heads) {
		if n[name] == 0 {
			continue // no row has a label: words whose type is mapped to null
		}
		task, labels := o.heads[name], p.heads[name]
		switch head := m.Heads[name].(type) {
		case *bert.SequenceHead:
			logits := head.Forward(ws, shared())
			losses[name] += task.loss(pool, logits, labels, mean(name, task.weight))
			head.Backward(ws, logits)
		case *bert.TokenHead:
			logits := head.Forward(ws, hidden)
			losses[name] += task.loss(pool, logits, labels, mean(name, task.weight))
			head.Backward(ws, logits)
		}
	}
	if pooled != nil {
		m.Pooler.Backward(ws, p.in)
	}
	m.Encoder.Backward(ws, p.in)
}

// rows are the tokens whose hidden states the losses can read, nil for all.
func (p *pass) rows(m *bert.Model) []int32 {
	for name := range p.heads {
		if _, ok := m.Heads[name].(*bert.TokenHead); ok {
			return nil
		}
	}
	chosen := slices.Concat(p.positions, p.in.Starts[:p.in.Sequences()]) // [CLS] is first
	slices.Sort(chosen)
	return slices.Compact(chosen)
}

// loss computes the head's loss and turns its logits into their gradient.
func (t headTask) loss(pool *kernels.Pool, logits []float32, labels *headLabels, mean bert.Mean) float64 {
	switch t.described.ProblemType {
	case bert.Regression:
		return bert.SquaredError{Mean: mean, Targets: labels.targets}.Loss(logits, logits)
	case bert.MultiLabel:
		return bert.BinaryCrossEntropy{Mean: mean, Targets: labels.targets, Weights: t.classes}.Loss(logits, logits)
	default:
		return bert.CrossEntropy{
			Mean: mean, Labels: labels.labels, Weights: t.classes, Absent: labels.absent,
			MergeAbsent: t.described.Type == bert.TokenHeadType, Outside: t.outside,
		}.Loss(pool, logits, logits)
	}
}

// total is the weighted sum of losses.
func (o *objective) total(losses map[string]float64) float64 {
	sum := 0.0
	for _, name := range sortedKeys(losses) {
		switch name {
		case bert.MLMName:
			sum += o.mlm * losses[name]
		case bert.NSPName:
			sum += o.next * losses[name]
		default:
			sum += o.heads[name].weight * losses[name]
		}
	}
	return sum
}

// newHeadTask checks a head's settings against its labels.
func newHeadTask(name string, described bert.HeadConfig, run HeadRun, train []*Set) (headTask, error) {
	t := headTask{described: described, weight: run.Weight}
	index := map[string]int{}
	for i, label := range described.Labels {
		index[label] = i
		if label == "O" {
			t.outside = int32(i)
		}
	}
	if !run.Balanced && len(run.ClassWeights) == 0 {
		return t, nil
	}
	if described.ProblemType == bert.Regression {
		return t, fmt.Errorf("head %s: a regression has no class weights", name)
	}
	t.classes = filled[float32](len(described.Labels), 1)
	for _, label := range sortedKeys(run.ClassWeights) {
		i, known := index[label]
		if !known {
			return t, fmt.Errorf("head %s: class weight of %q, which is none of its labels %q", name, label, described.Labels)
		}
		t.classes[i] = float32(run.ClassWeights[label])
	}
	if run.Balanced {
		counts, rows := make([]float64, len(described.Labels)), 0.0
		for _, set := range train {
			for i, n := range set.Counts {
				counts[i] += set.Share * float64(n)
				rows += set.Share * float64(n)
			}
		}
		for i, n := range counts {
			if n > 0 {
				t.classes[i] = float32(rows / (float64(len(counts)) * n))
			}
		}
	}
	return t, nil
}
