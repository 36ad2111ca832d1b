package tasks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// autoModel is the Options.Model that picks a model for each text; "" is the
// same.
const autoModel = "auto"

// route returns the model of each text: the named one for all, or for each
// text the one for the script it is written in.
func route(e *engine.Engine, texts []Text, id string) ([]*engine.Model, error) {
	models := make([]*engine.Model, len(texts))
	for i, t := range texts {
		if id == "" || id == autoModel {
			models[i] = e.ForText(t.Text)
			continue
		}
		m, ok := e.Model(id)
		if !ok {
			return nil, unknownModel(e, id)
		}
		models[i] = m
	}
	return models, nil
}

func unknownModel(e *engine.Engine, id string) *InputError {
	ids := make([]string, 0, len(e.Models()))
	for _, m := range e.Models() {
		ids = append(ids, m.ID)
	}
	return &InputError{
		Code: CodeUnknownModel, Index: -1, Field: "model",
		Detail: fmt.Sprintf("no model %q is loaded; there are: %s", id, strings.Join(ids, ", ")),
	}
}

// policy is what a task does with a text longer than its model reads, unless
// Options.Truncate is false.
type policy uint8

const (
	inWindows policy = iota // read it all, in overlapping windows; pairs are truncated
	truncated               // read its beginning, and say so
	refused                 // not without the caller's leave (Options.Truncate is true)
)

// windowOverlap is how many pieces neighbouring windows share: a quarter of
// the longest sequence, as in BERT's SQuAD code (doc_stride 128 of
// max_seq_length 384 leaves a third; a quarter is enough context on a border
// and costs less).
func windowOverlap(m *engine.Model) int { return m.MaxTokens / 4 }

// reading is a text as its model reads it.
type reading struct {
	model     *engine.Model
	windows   []*tokenizer.Encoding // at least one
	truncated bool
}

// info is what the result says of the reading.
func (r reading) info() Info {
	info := Info{Model: r.model.ID, Truncated: r.truncated, Windows: len(r.windows)}
	for _, w := range r.windows {
		info.Tokens += w.Len()
	}
	return info
}

// read turns texts into what their models read. Specials says which special
// tokens written in a text count as such.
func read(ctx context.Context, models []*engine.Model, texts []Text, o Options, specials tokenizer.Specials, long policy) ([]reading, error) {
	defer timingFrom(ctx).phase(phaseTokenize)()
	readings := make([]reading, len(texts))
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if readings[i], err = readOne(models[i], i, t, o, specials, long); err != nil {
			return nil, err
		}
		if err := spendTokens(ctx, readings[i].info().Tokens); err != nil {
			return nil, err
		}
	}
	return readings, nil
}

func readOne(m *engine.Model, index int, t Text, o Options, specials tokenizer.Specials, long policy) (reading, error) {
	encode := func(maxTokens int) *tokenizer.Encoding {
		o := tokenizer.Options{Specials: specials, MaxTokens: maxTokens}
		if t.HasPair {
			return m.Tokenizer.EncodePair(t.Text, t.Pair, o)
		}
		return m.Tokenizer.Encode(t.Text, o)
	}
	r := reading{model: m}
	if t.HasPair && m.Network.Config.TypeVocabSize < 2 {
		return r, &InputError{
			Code: CodeUnsupportedFeature, Index: index, Field: "text_pair",
			Detail: fmt.Sprintf("model %s was not trained on pairs: it knows one token type", m.ID),
		}
	}
	whole := encode(0)
	if whole.Len() <= m.MaxTokens {
		r.windows = []*tokenizer.Encoding{whole}
		return r, nil
	}
	if refusesLong(o, long) {
		return r, tooLong(m, index, whole.Len())
	}
	if long == inWindows && !t.HasPair {
		r.windows = m.Tokenizer.Windows(t.Text, tokenizer.Options{Specials: specials, MaxTokens: m.MaxTokens}, windowOverlap(m))
		return r, nil
	}
	r.windows = []*tokenizer.Encoding{encode(m.MaxTokens)}
	r.truncated = true
	return r, nil
}

// refusesLong reports whether a text over the model's limit is an error.
func refusesLong(o Options, long policy) bool {
	if o.Truncate != nil {
		return !*o.Truncate
	}
	return long == refused
}

func tooLong(m *engine.Model, index, tokens int) *InputError {
	return &InputError{
		Code: CodeTooLong, Index: index, Field: "text",
		Detail: fmt.Sprintf("the text makes %d tokens, and model %s reads %d: shorten it, or allow truncation with \"truncate\": true", tokens, m.ID, m.MaxTokens),
		Limit:  m.MaxTokens, Actual: tokens,
	}
}

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
