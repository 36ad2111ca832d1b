package main

import (
	"context"
	"io"
	"math"
	"slices"
	"time"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/internal/training"
)

// trainingSize is what bench --train measures if nothing else is named: an
// encoder that two cores can pre-train.
const trainingSize = "l6-h384"

// trainingConfig returns a preset, of which trainingSize is one here.
func trainingConfig(preset string) bert.Config {
	if preset != trainingSize {
		cfg, _ := bert.Preset(preset)
		return cfg
	}
	cfg := bert.Base()
	cfg.VocabSize, cfg.HiddenSize, cfg.NumHiddenLayers, cfg.NumAttentionHeads, cfg.IntermediateSize = 16384, 384, 6, 6, 1536
	return cfg
}

// predictedShare of the tokens of a sequence is predicted, rounded up: 20 of 128
// (Devlin et al. 2018, §3.1 and google-research/bert's max_predictions_per_seq).
const predictedShare = 0.15

// measureTraining measures steps of pre-training: masked language model and
// next sentence prediction, forward, backward and AdamW, with dropout.
func (c *benchCmd) measureTraining(ctx context.Context, s subject, prec kernels.Precision, pool *kernels.Pool, w io.Writer) error {
	start := time.Now()
	m, err := s.loadForTraining()
	if err != nil {
		return err
	}
	optimizer := training.NewAdamW(m.Parameters(), nil, training.DefaultAdamWOptions())
	startup := time.Since(start)
	if err := c.begin(w, &m.Config); err != nil {
		return err
	}
	peak := kernels.Peak(pool, prec)
	ws := m.NewTrainingWorkspace(pool)
	ws.SetPrecision(prec)
	for _, batch := range c.Batch {
		for _, length := range c.Length {
			p := newPretraining(&m.Config, batch, length)
			const steps = 5
			times, err := repeat(ctx, steps, c.Duration, func() { p.step(m, ws, pool, optimizer) })
			if err != nil {
				return err
			}
			peak = max(peak, kernels.Peak(pool, prec)) // a core may have been busy before
			row := s.row(pool, batch, length, times, p.flops(&m.Config), peak)
			row.Train = true
			if err := row.write(w, c.Format, startup); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadForTraining makes the model of a subject, with the pre-training heads.
func (s subject) loadForTraining() (*bert.Model, error) {
	o := bert.TrainingOptions{Pretraining: true}
	if s.model != "" {
		weights, err := openCheckpoint(s.model)
		if err != nil {
			return nil, err
		}
		defer func() { _ = weights.Close() }() // every value was read
		return bert.NewForTraining(weights.Config(), weights, o)
	}
	return bert.NewForTraining(trainingConfig(s.preset), nil, o)
}

// pretraining is the fixed batch of a step.
type pretraining struct {
	in                bert.Batch
	length            int
	positions, pieces []int32 // what is predicted, as rows of the batch
	rows              []int32 // whose hidden states are read: these and [CLS]
	next              []int32 // of each sequence
	taken             int     // steps
}

func newPretraining(cfg *bert.Config, batch, length int) *pretraining {
	p := &pretraining{in: randomBatch(cfg, batch, length), length: length, next: make([]int32, batch)}
	predictions := int(math.Ceil(predictedShare * float64(length)))
	for b := range batch {
		p.next[b] = int32(b % 2)
		for i := range predictions {
			row := b*length + (2*i+1)*length/(2*predictions)
			p.positions = append(p.positions, int32(row))
			p.pieces = append(p.pieces, p.in.InputIDs[row])
		}
	}
	p.rows = slices.Concat(p.positions, p.in.Starts[:batch])
	slices.Sort(p.rows)
	p.rows = slices.Compact(p.rows)
	return p
}

// step takes a training step and returns the loss before it.
func (p *pretraining) step(m *bert.Model, ws *bert.Workspace, pool *kernels.Pool, optimizer *training.AdamW) float64 {
	const learningRate = 1e-4
	optimizer.ZeroGrad(pool)
	p.taken++
	ws.SetDropout(uint64(p.taken))
	ws.OnlyRows(p.rows)
	hidden := m.Encoder.Forward(ws, p.in)
	logits := m.MLM.Forward(ws, hidden, p.positions)
	loss := bert.CrossEntropy{Labels: p.pieces}.Loss(pool, logits, logits)
	m.MLM.Backward(ws, logits, p.positions)
	logits = m.NSP.Forward(ws, m.Pooler.Forward(ws, hidden, p.in))
	loss += bert.CrossEntropy{Labels: p.next}.Loss(pool, logits, logits)
	m.NSP.Backward(ws, logits)
	m.Pooler.Backward(ws, p.in)
	m.Encoder.Backward(ws, p.in)
	optimizer.Step(pool, learningRate, 1)
	return loss
}

// flops is how many operations the matrix products of a step are: those of
// forward, and twice as many backward, for inputs and for weights. What the last
// layer does not compute does not count.
func (p *pretraining) flops(cfg *bert.Config) float64 {
	h, i, v := float64(cfg.HiddenSize), float64(cfg.IntermediateSize), float64(cfg.VocabSize)
	heads := 2 * float64(len(p.positions)) * (h*h + h*v)
	unread := 2 * float64(p.in.Tokens()-len(p.rows)) * (h*h + 2*h*i)
	return 3 * (passFlops(cfg, p.in.Sequences(), p.length) + heads - unread)
}
