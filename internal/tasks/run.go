package tasks

import (
	"context"
	"slices"
	"sync"
	"time"

	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// sequence is one encoding on its way through a model.
type sequence struct {
	model    *engine.Model
	encoding *tokenizer.Encoding
	masks    []int32 // positions whose vocabulary logits are wanted
}

// sequences lists the windows of all readings, in order.
func sequences(readings []reading) []sequence {
	var all []sequence
	for _, r := range readings {
		for _, w := range r.windows {
			all = append(all, sequence{model: r.model, encoding: w})
		}
	}
	return all
}

// run puts sequences through their models, one request for each model and all
// of them at the same time, and returns the outputs in the order of the
// sequences. Ask says what to ask of a model; run fills in the sequences and
// their masks, and the functions of the request see the numbers that the
// sequences have in all.
func run(ctx context.Context, e *engine.Engine, all []sequence, ask func(*engine.Model) engine.Request) ([]engine.Output, error) {
	groups := groupByModel(all)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outputs := make([]engine.Output, len(all))
	var (
		wait     sync.WaitGroup
		mu       sync.Mutex
		firstErr error
		queue    time.Duration
		model    time.Duration
	)
	for _, g := range groups {
		wait.Go(func() {
			response, err := e.Run(ctx, g.model, g.request(all, ask(g.model)))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				if firstErr == nil {
					firstErr = err
					cancel() // nobody will read what the others answer
				}
				return
			}
			queue, model = max(queue, response.Queue), max(model, response.Model)
			for k, i := range g.indices {
				outputs[i] = response.Outputs[k]
			}
		})
	}
	wait.Wait()
	if firstErr != nil {
		return nil, fromEngine(firstErr)
	}
	timingFrom(ctx).ran(groups, all, queue, model)
	return outputs, nil
}

// group is the sequences of one model.
type group struct {
	model   *engine.Model
	indices []int // into the sequences given to run
}

func groupByModel(all []sequence) []group {
	var groups []group
	for i, s := range all {
		g := slices.IndexFunc(groups, func(g group) bool { return g.model == s.model })
		if g < 0 {
			g = len(groups)
			groups = append(groups, group{model: s.model})
		}
		groups[g].indices = append(groups[g].indices, i)
	}
	return groups
}

// request completes what was asked of the model by the group's sequences.
func (g group) request(all []sequence, r engine.Request) engine.Request {
	r.Sequences = make([]*tokenizer.Encoding, len(g.indices))
	for k, i := range g.indices {
		r.Sequences[k] = all[i].encoding
	}
	if r.MaskLogits != nil {
		r.MaskPositions = make([][]int32, len(g.indices))
		for k, i := range g.indices {
			r.MaskPositions[k] = all[i].masks
		}
	}
	r.MaskLogits = g.renumber(r.MaskLogits)
	r.HiddenStates = g.renumber(r.HiddenStates)
	r.AttentionProbs = g.renumber(r.AttentionProbs)
	return r
}

// renumber calls take with the numbers that the group's sequences have among
// all.
func (g group) renumber(take func(sequence, which int, values []float32)) func(int, int, []float32) {
	if take == nil {
		return nil
	}
	return func(sequence, which int, values []float32) { take(g.indices[sequence], which, values) }
}
