package bert_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// someRows are every third token of a batch, and its last.
func someRows(in bert.Batch) []int32 {
	var chosen []int32
	for row := 1; row < in.Tokens()-1; row += 3 {
		chosen = append(chosen, int32(row))
	}
	return append(chosen, int32(in.Tokens()-1))
}

func TestOnlyRows(t *testing.T) {
	m, expected := newTiny(t, "gelu")
	in := bert.NewBatch(expected.batch(t))
	size := m.Config.HiddenSize
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("keep %t", keep), func(t *testing.T) {
			ws := m.NewWorkspace(newPool(t, 2))
			ws.KeepHidden(keep)
			want := slices.Clone(m.Encoder.Forward(ws, in))
			for _, chosen := range [][]int32{someRows(in), everyPosition(in), {}} {
				ws.OnlyRows(chosen)
				hidden := m.Encoder.Forward(ws, in)
				for row := range in.Tokens() {
					got, want := hidden[row*size:][:size], want[row*size:][:size]
					if slices.Contains(chosen, int32(row)) {
						if !slices.Equal(got, want) {
							t.Fatalf("row %d of %v is %v, want %v", row, chosen, got, want)
						}
					} else if !math.IsNaN(float64(got[0])) || !math.IsNaN(float64(got[size-1])) {
						t.Fatalf("row %d, not of %v, is %v", row, chosen, got)
					}
				}
			}
			ws.OnlyRows(nil)
			if got := m.Encoder.Forward(ws, in); !slices.Equal(got, want) {
				t.Error("all rows are other ones after some were computed")
			}
		})
	}
}

func TestOnlyRowsAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	m, expected := newTiny(t, "gelu")
	in := bert.NewBatch(expected.batch(t))
	ws := m.NewWorkspace(newPool(t, 2))
	ws.OnlyRows(in.Starts[:in.Sequences()])
	if n := testing.AllocsPerRun(20, func() { m.Pooler.Forward(ws, m.Encoder.Forward(ws, in), in) }); n != 0 {
		t.Errorf("a pass allocates %v times, want 0", n)
	}
}

// learnRows computes the gradients of pre-training, with the rows that it reads
// or with all, and returns the losses.
func learnRows(m *bert.Model, ws *bert.Workspace, pool *kernels.Pool, l *lesson, only bool) float64 {
	ws.OnlyRows(nil)
	if only {
		chosen := append(slices.Clone(l.positions), l.in.Starts[:l.in.Sequences()]...)
		slices.Sort(chosen)
		ws.OnlyRows(slices.Compact(chosen))
	}
	hidden := m.Encoder.Forward(ws, l.in)
	logits := m.MLM.Forward(ws, hidden, l.positions)
	loss := bert.CrossEntropy{Labels: l.labels["mlm"]}.Loss(pool, logits, logits)
	m.MLM.Backward(ws, logits, l.positions)
	logits = m.NSP.Forward(ws, m.Pooler.Forward(ws, hidden, l.in))
	loss += bert.CrossEntropy{Labels: l.labels["nsp"]}.Loss(pool, logits, logits)
	m.NSP.Backward(ws, logits)
	m.Pooler.Backward(ws, l.in)
	m.Encoder.Backward(ws, l.in)
	return loss
}

func TestOnlyRowsChangesNoGradient(t *testing.T) {
	weights, _, lesson := openLesson(t)
	pool := newPool(t, 2)
	for _, frozen := range []string{"", "bert.encoder.layer.1.output", "bert.encoder.layer.0"} {
		t.Run("frozen "+frozen, func(t *testing.T) {
			learn := func(only bool) (*bert.Model, float64) {
				m := newForTraining(t, weights.config(t), weights)
				for _, p := range m.Parameters() {
					if frozen != "" && strings.HasPrefix(p.Name, frozen) {
						p.Grad = nil
					}
				}
				ws := m.NewTrainingWorkspace(pool)
				learnRows(m, ws, pool, &lesson, !only) // what a pass leaves behind must not matter
				zeroGradients(m)
				return m, learnRows(m, ws, pool, &lesson, only)
			}
			all, want := learn(false)
			some, got := learn(true)
			if math.Abs(got-want) > 1e-5 {
				t.Errorf("loss %v, want %v", got, want)
			}
			for i, p := range some.Parameters() {
				if p.Grad != nil {
					compare(t, "gradient of "+p.Name, p.Grad, all.Parameters()[i].Grad)
				}
			}
		})
	}
}

// With dropout as well, the gradient is the one of the loss.
func TestOnlyRowsAgreesWithCentralDifferences(t *testing.T) {
	weights, _, lesson := openLesson(t)
	config := weights.config(t)
	config.HiddenDropoutProb, config.AttentionProbsDropoutProb = 0.3, 0.2
	m := newForTraining(t, config, weights)
	ws := m.NewTrainingWorkspace(nil)
	ws.SetDropout(7)
	learnRows(m, ws, nil, &lesson, true)
	// All parameters at once, along their gradient.
	length := 0.0
	gradients := map[*bert.Param][]float32{}
	for _, p := range m.Parameters() {
		gradients[p] = slices.Clone(p.Grad)
		for _, g := range p.Grad {
			length += float64(g) * float64(g)
		}
	}
	length = math.Sqrt(length)
	step := 5e-3 / length
	lossAt := func(by float64) float64 {
		before := map[*bert.Param][]float32{}
		for p, gradient := range gradients {
			before[p] = slices.Clone(p.Data)
			for i, g := range gradient {
				p.Data[i] += float32(by * float64(g))
			}
		}
		loss := learnRows(m, ws, nil, &lesson, true)
		for p, data := range before {
			copy(p.Data, data)
		}
		return loss
	}
	got := (lossAt(step/length) - lossAt(-step/length)) / (2 * step)
	if math.Abs(got-length) > 0.02*length {
		t.Errorf("along its gradient the loss rises by %v, want %v", got, length)
	}
}

func TestOnlyRowsPanicsOnRowsThatAreNotThere(t *testing.T) {
	m, expected := newTiny(t, "gelu")
	in := bert.NewBatch(expected.batch(t))
	for name, chosen := range map[string][]int32{
		"negative": {-1, 2}, "after the last": {0, int32(in.Tokens())}, "twice": {3, 3}, "descending": {4, 3},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			ws := m.NewWorkspace(nil)
			ws.OnlyRows(chosen)
			m.Encoder.Forward(ws, in)
		})
	}
}
