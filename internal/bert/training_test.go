package bert_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// lesson is a batch with labels for every head of the training fixture.
type lesson struct {
	in        bert.Batch
	positions []int32
	labels    map[string][]int32   // of cross entropies
	targets   map[string][]float32 // of the others
}

func openLesson(t testing.TB) (weights, expected *fixture, l lesson) {
	t.Helper()
	weights = openFixture(t, "testdata/train.safetensors")
	expected = openFixture(t, "testdata/train.expected.safetensors")
	l = lesson{
		in:        bert.NewBatch(expected.batch(t)),
		positions: expected.ints(t, "positions"),
		labels:    map[string][]int32{},
		targets:   map[string][]float32{},
	}
	for _, name := range []string{"mlm", "nsp", "mood", "ner"} {
		l.labels[name] = expected.ints(t, name+".labels")
	}
	for _, name := range []string{"tags", "stars"} {
		l.targets[name] = expected.floats(t, name+".labels")
	}
	return weights, expected, l
}

func newForTraining(t testing.TB, config bert.Config, w bert.Weights) *bert.Model {
	t.Helper()
	m, err := bert.NewForTraining(config, w, bert.TrainingOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// step computes the losses of all heads, and with backward adds the gradients
// of their sum.
func (l *lesson) step(m *bert.Model, ws *bert.Workspace, pool *kernels.Pool, backward bool) map[string]float64 {
	hidden := m.Encoder.Forward(ws, l.in)
	pooled := m.Pooler.Forward(ws, hidden, l.in)
	losses := map[string]float64{}
	d := make([]float32, len(l.positions)*m.Config.VocabSize)
	losses["mlm"] = bert.CrossEntropy{Labels: l.labels["mlm"]}.Loss(pool, d, m.MLM.Forward(ws, hidden, l.positions))
	if backward {
		m.MLM.Backward(ws, d, l.positions)
	}
	heads := map[string]bert.Head{"nsp": m.NSP}
	for name, head := range m.Heads {
		heads[name] = head
	}
	// In a fixed order, because sums of gradients depend on it.
	for _, name := range slices.Sorted(maps.Keys(heads)) {
		switch h := heads[name].(type) {
		case *bert.SequenceHead:
			logits := h.Forward(ws, pooled)
			d := make([]float32, len(logits))
			switch h.ProblemType {
			case bert.SingleLabel:
				losses[name] = bert.CrossEntropy{Labels: l.labels[name]}.Loss(pool, d, logits)
			case bert.MultiLabel:
				losses[name] = bert.BinaryCrossEntropy{Targets: l.targets[name]}.Loss(d, logits)
			case bert.Regression:
				losses[name] = bert.SquaredError{Targets: l.targets[name]}.Loss(d, logits)
			}
			if backward {
				h.Backward(ws, d)
			}
		case *bert.TokenHead:
			logits := h.Forward(ws, hidden)
			d := make([]float32, len(logits))
			losses[name] = bert.CrossEntropy{Labels: l.labels[name]}.Loss(pool, d, logits)
			if backward {
				h.Backward(ws, d)
			}
		}
	}
	if backward {
		m.Pooler.Backward(ws, l.in)
		m.Encoder.Backward(ws, l.in)
	}
	return losses
}

func total(losses map[string]float64) float64 {
	sum := 0.0
	for _, loss := range losses {
		sum += loss
	}
	return sum
}

func TestGradientsAgreeWithPyTorch(t *testing.T) {
	weights, expected, lesson := openLesson(t)
	pool := newPool(t, 2)
	m := newForTraining(t, weights.config(t), weights)
	if fresh := m.Fresh(); len(fresh) > 0 {
		t.Errorf("parameters %q were drawn, want all read", fresh)
	}
	ws := m.NewTrainingWorkspace(pool)
	losses := lesson.step(m, ws, pool, true)
	for name, loss := range losses {
		compare(t, "loss "+name, []float32{float32(loss)}, expected.floats(t, "loss."+name))
	}
	for _, p := range m.Parameters() {
		compare(t, "gradient of "+p.Name, p.Grad, expected.floats(t, "grad."+p.Name))
	}
}

// Rounding operands to 8 bits moves the gradients by some parts in a thousand at
// the heads and by 1 to 5 % of their length further down. Dropout is on, with the
// same masks.
func TestBFloat16GradientsFollowFloat32(t *testing.T) {
	weights, _, lesson := openLesson(t)
	config := weights.config(t)
	config.HiddenDropoutProb, config.AttentionProbsDropoutProb = 0.3, 0.2
	step := func(threads int, prec kernels.Precision) (*bert.Model, float64) {
		pool := newPool(t, threads)
		m := newForTraining(t, config, weights)
		ws := m.NewTrainingWorkspace(pool)
		ws.SetPrecision(prec)
		ws.SetDropout(5)
		return m, total(lesson.step(m, ws, pool, true))
	}
	exact, exactLoss := step(1, kernels.Float32)
	rounded, loss := step(1, kernels.BFloat16)
	again, _ := step(3, kernels.BFloat16)
	if diff := math.Abs(loss - exactLoss); diff == 0 || diff > 2e-3*exactLoss {
		t.Errorf("loss %v in bfloat16, %v in float32", loss, exactLoss)
	}
	for i, p := range exact.Parameters() {
		got := rounded.Parameters()[i].Grad
		length, diff := 0.0, 0.0
		for j, want := range p.Grad {
			length += float64(want) * float64(want)
			diff += (float64(got[j]) - float64(want)) * (float64(got[j]) - float64(want))
		}
		length, diff = math.Sqrt(length), math.Sqrt(diff)
		if strings.HasSuffix(p.Name, "key.bias") {
			length = 1 // it is zero but for rounding
		}
		if diff > 0.06*length {
			t.Errorf("gradient of %s differs by %.4f of its length", p.Name, diff/length)
		}
		if diff == 0 {
			t.Errorf("gradient of %s is float32's", p.Name)
		}
		if !slices.Equal(got, again.Parameters()[i].Grad) {
			t.Errorf("gradient of %s changes with the threads", p.Name)
		}
	}
}

// A training model computes with its float32 values what a serving one does.
func TestTrainingModelServes(t *testing.T) {
	weights, expected := openTiny(t, "gelu")
	m := newForTraining(t, weights.config(t), weights)
	ws := m.NewWorkspace(nil)
	ws.KeepHidden(true)
	ws.KeepAttention(true)
	compareAll(t, m, ws, bert.NewBatch(expected.batch(t)), expected)
}

// The derivative along a direction u is ⟨gradient, u⟩, and nearly
// (loss(θ + εu) − loss(θ − εu))/2ε. With the direction of the gradient itself,
// that is the gradient's length. Dropout is on: its masks stay while θ moves.
func TestGradientsAgreeWithCentralDifferences(t *testing.T) {
	weights, _, lesson := openLesson(t)
	for _, act := range []string{"gelu", "gelu_new", "relu"} {
		t.Run(act, func(t *testing.T) {
			config := weights.config(t)
			config.HiddenAct = act
			config.HiddenDropoutProb = 0.3
			config.AttentionProbsDropoutProb = 0.2
			m := newForTraining(t, config, weights)
			ws := m.NewTrainingWorkspace(nil)
			ws.SetDropout(7)
			lesson.step(m, ws, nil, true)
			for _, p := range m.Parameters() {
				length := 0.0
				for _, g := range p.Grad {
					length += float64(g) * float64(g)
				}
				length = math.Sqrt(length)
				if strings.HasSuffix(p.Name, "key.bias") {
					// It adds the same to all scores of a query, which the
					// softmax does not see.
					if length > 1e-5 {
						t.Errorf("gradient of %s is %v long, want 0", p.Name, length)
					}
					continue
				}
				if length < 1e-3 {
					t.Errorf("gradient of %s is %v long", p.Name, length)
					continue
				}
				// The step moves the loss by about 0.01, far above float32's
				// rounding, and far below its curvature.
				step := 5e-3 / length
				got := (lossAt(m, ws, &lesson, p, step/length) - lossAt(m, ws, &lesson, p, -step/length)) / (2 * step)
				if math.Abs(got-length) > 0.02*length {
					t.Errorf("along the gradient of %s the loss rises by %v, want %v", p.Name, got, length)
				}
			}
		})
	}
}

// lossAt is the loss with p moved along its gradient.
func lossAt(m *bert.Model, ws *bert.Workspace, l *lesson, p *bert.Param, by float64) float64 {
	before := append([]float32(nil), p.Data...)
	defer copy(p.Data, before)
	for i := range p.Data {
		p.Data[i] += float32(by * float64(p.Grad[i]))
	}
	return total(l.step(m, ws, nil, false))
}

// Neither the number of threads nor what a workspace was used for before
// changes a bit of the gradients, dropout included.
func TestGradientsAreReproducible(t *testing.T) {
	weights, _, lesson := openLesson(t)
	config := weights.config(t)
	config.HiddenDropoutProb, config.AttentionProbsDropoutProb = 0.3, 0.2
	gradients := func(threads int, stream uint64, warm bool) map[string][]float32 {
		pool := newPool(t, threads)
		m := newForTraining(t, config, weights)
		ws := m.NewTrainingWorkspace(pool)
		if warm {
			ws.SetDropout(99)
			lesson.step(m, ws, pool, true)
			zeroGradients(m)
		}
		ws.SetDropout(stream)
		lesson.step(m, ws, pool, true)
		all := map[string][]float32{}
		for _, p := range m.Parameters() {
			all[p.Name] = p.Grad
		}
		return all
	}
	want := gradients(1, 5, false)
	for name, got := range gradients(3, 5, true) {
		if !slices.Equal(got, want[name]) {
			t.Errorf("gradient of %s changes with the threads", name)
		}
	}
	for name, got := range gradients(1, 6, false) {
		if slices.Equal(got, want[name]) {
			t.Errorf("gradient of %s is the same with other dropout masks", name)
		}
	}
}

func zeroGradients(m *bert.Model) {
	for _, p := range m.Parameters() {
		clear(p.Grad)
	}
}

// Frozen parameters have no gradient, and the others have the one that they
// have beside learning ones.
func TestFrozenParameters(t *testing.T) {
	weights, _, lesson := openLesson(t)
	whole := newForTraining(t, weights.config(t), weights)
	lesson.step(whole, whole.NewTrainingWorkspace(nil), nil, true)
	for _, prefix := range []string{
		"bert.embeddings.",
		"bert.embeddings.word_embeddings", // while the tied decoder's bias learns
		"bert.encoder.layer.0.attention",
		"bert.e", // the encoder, so that only the pooler and the heads learn
		"bert.",
	} {
		t.Run(prefix, func(t *testing.T) {
			m := newForTraining(t, weights.config(t), weights)
			for _, p := range m.Parameters() {
				if strings.HasPrefix(p.Name, prefix) {
					p.Grad = nil
				}
			}
			lesson.step(m, m.NewTrainingWorkspace(nil), nil, true)
			for i, p := range m.Parameters() {
				if p.Grad != nil && !slices.Equal(p.Grad, whole.Parameters()[i].Grad) {
					t.Errorf("gradient of %s is another one", p.Name)
				}
			}
		})
	}
}

// Gradients add up: those of a batch are those of its sequences.
func TestGradientsOfSequencesAddUp(t *testing.T) {
	weights, expected, _ := openLesson(t)
	ids, types := expected.batch(t)
	together, alone := newForTraining(t, weights.config(t), weights), newForTraining(t, weights.config(t), weights)
	learn := func(m *bert.Model, ids, types [][]int32) {
		in := bert.NewBatch(ids, types)
		ws := m.NewTrainingWorkspace(nil)
		head := m.Heads["mood"].(*bert.SequenceHead)
		logits := head.Forward(ws, m.Pooler.Forward(ws, m.Encoder.Forward(ws, in), in))
		d := make([]float32, len(logits))
		labels := make([]int32, in.Sequences())
		bert.CrossEntropy{Mean: bert.Mean{Norm: float64(len(expected.ints(t, "lengths")))}, Labels: labels}.Loss(nil, d, logits)
		head.Backward(ws, d)
		m.Pooler.Backward(ws, in)
		m.Encoder.Backward(ws, in)
	}
	learn(together, ids, types)
	for b := range ids {
		learn(alone, ids[b:b+1], types[b:b+1])
	}
	for i, p := range together.Parameters() {
		compare(t, "gradient of "+p.Name, alone.Parameters()[i].Grad, p.Grad)
	}
}
