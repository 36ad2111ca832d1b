package engine

import (
	"slices"

	"cloze/internal/bert"
)

// mlmRows is how many rows of vocabulary logits are made at a time: enough
// for an efficient product, few enough that their memory (4 MB for 30,000
// pieces) does not depend on how many masks somebody sends.
const mlmRows = 32

// maskRow is a mask of a pass.
type maskRow struct {
	call           *call
	sequence, mask int
}

// pass runs the encoder once over the items' sequences and every head that
// some call wants once over its result, and gives each call its sequences'
// part: large outputs are lent, small ones copied.
func (e *Engine) pass(l *lane, items []item) error {
	l.load(items)
	ws := e.workspace(l)
	if l.keep == keepAttention {
		// Its size is that of the longest text so far, squared: not a thing
		// to hold on to.
		defer func() { l.workspace = nil }()
	}
	network := l.model.Network
	ws.OnlyRows(l.rowsRead(items))
	hidden := network.Encoder.Forward(ws, l.batch)
	if e.beforeHeads != nil {
		e.beforeHeads(items)
	}
	if l.wantsPooled(items) {
		pooled := network.Pooler.Forward(ws, hidden, l.batch)
		if err := l.copyPooled(items, pooled); err != nil {
			return err
		}
		for _, name := range l.heads {
			if head, ok := headOf(l.model, name).(*bert.SequenceHead); ok {
				if err := l.copyHead(items, name, head.Forward(ws, pooled), false); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range l.heads {
		if head, ok := headOf(l.model, name).(*bert.TokenHead); ok {
			if err := l.copyHead(items, name, head.Forward(ws, hidden), true); err != nil {
				return err
			}
		}
	}
	if err := e.lendMasks(l, ws, hidden); err != nil {
		return err
	}
	l.lendAttention(ws, items)
	return l.lendHidden(ws, items, hidden) // last: its takers may overwrite what the others read
}

// workspace is the lane's, made on first use and after a panic.
func (e *Engine) workspace(l *lane) *bert.Workspace {
	if l.workspace == nil {
		l.workspace = l.model.Network.NewWorkspace(e.options.Pool)
		l.workspace.KeepHidden(l.keep != keepNothing)
		l.workspace.KeepAttention(l.keep == keepAttention)
	}
	return l.workspace
}

// load makes the batch of the items, and lists the heads and masks wanted.
func (l *lane) load(items []item) {
	b := &l.batch
	b.InputIDs, b.TokenTypeIDs, b.Starts = b.InputIDs[:0], b.TokenTypeIDs[:0], append(b.Starts[:0], 0)
	l.heads, l.masks, l.positions = l.heads[:0], l.masks[:0], l.positions[:0]
	for _, it := range items {
		r := &it.call.request
		s := r.Sequences[it.sequence]
		start := int32(len(b.InputIDs))
		for mask, position := range r.masksOf(it.sequence) {
			l.masks = append(l.masks, maskRow{it.call, it.sequence, mask})
			l.positions = append(l.positions, start+position)
		}
		b.InputIDs = append(b.InputIDs, s.IDs...)
		b.TokenTypeIDs = append(b.TokenTypeIDs, s.TypeIDs...)
		b.Starts = append(b.Starts, int32(len(b.InputIDs)))
		for _, name := range r.Heads {
			if !slices.Contains(l.heads, name) {
				l.heads = append(l.heads, name)
			}
		}
	}
}

// rowsRead lists the tokens whose last hidden states somebody reads, or returns
// nil for all of them: of what is classified that is [CLS], of a masked text
// its masks.
func (l *lane) rowsRead(items []item) []int32 {
	if l.wantsEveryToken(items) {
		return nil
	}
	l.rows = append(l.rows[:0], l.positions...)
	if l.wantsPooled(items) {
		l.rows = append(l.rows, l.batch.Starts[:len(items)]...)
	}
	slices.Sort(l.rows)
	l.rows = slices.Compact(l.rows)
	return l.rows
}

// wantsEveryToken says whether a head has a result for each token, or somebody
// takes the last hidden states.
func (l *lane) wantsEveryToken(items []item) bool {
	for _, name := range l.heads {
		if _, ok := headOf(l.model, name).(*bert.TokenHead); ok {
			return true
		}
	}
	last := l.model.Network.Config.NumHiddenLayers
	return slices.ContainsFunc(items, func(it item) bool { return slices.Contains(it.call.request.Hidden, last) })
}

func (l *lane) wantsPooled(items []item) bool {
	for _, name := range l.heads {
		if _, ok := headOf(l.model, name).(*bert.SequenceHead); ok {
			return true
		}
	}
	return slices.ContainsFunc(items, func(it item) bool { return it.call.request.Pooled })
}

func (l *lane) copyPooled(items []item, pooled []float32) error {
	size := l.model.Network.Config.HiddenSize
	for k, it := range items {
		if !it.call.request.Pooled {
			continue
		}
		part := pooled[k*size : (k+1)*size]
		if !finite(part) {
			return ErrNotFinite
		}
		it.call.outputs[it.sequence].Pooled = slices.Clone(part)
	}
	return nil
}

// copyHead copies the logits of one head to the calls that want it.
func (l *lane) copyHead(items []item, name string, logits []float32, perToken bool) error {
	labels, _ := labelsOf(l.model, name)
	for k, it := range items {
		start, end := k*labels, (k+1)*labels
		if perToken {
			start, end = int(l.batch.Starts[k])*labels, int(l.batch.Starts[k+1])*labels
		}
		for i, wanted := range it.call.request.Heads {
			if wanted != name {
				continue
			}
			if !finite(logits[start:end]) {
				return ErrNotFinite
			}
			copy(it.call.outputs[it.sequence].Heads[i], logits[start:end])
		}
	}
	return nil
}

// lendMasks makes the vocabulary logits of all masks, some rows at a time,
// and lends each row to its call.
func (e *Engine) lendMasks(l *lane, ws *bert.Workspace, hidden []float32) error {
	for first := 0; first < len(l.masks); first += mlmRows {
		end := min(first+mlmRows, len(l.masks))
		logits := l.model.Network.MLM.Forward(ws, hidden, l.positions[first:end])
		if !finite(logits) {
			return ErrNotFinite
		}
		l.lent = lentRows{l.masks[first:end], logits}
		e.options.Pool.Run(end-first, &l.lent)
	}
	return nil
}

// lentRows is the kernels.Task that hands each mask its row, spread over the
// pool: reducing a whole vocabulary costs as much as some products.
type lentRows struct {
	masks  []maskRow
	logits []float32 // (masks, V)
}

func (t *lentRows) Do(_, i int) {
	vocabulary := len(t.logits) / len(t.masks)
	m := t.masks[i]
	m.call.request.MaskLogits(m.sequence, m.mask, t.logits[i*vocabulary:(i+1)*vocabulary])
}

// lendAttention lends the attention probabilities asked for.
func (l *lane) lendAttention(ws *bert.Workspace, items []item) {
	start := 0
	for k, it := range items {
		tokens := int(l.batch.Starts[k+1] - l.batch.Starts[k])
		end := start + l.model.Network.Config.NumAttentionHeads*tokens*tokens
		for _, layer := range it.call.request.Attention {
			it.call.request.AttentionProbs(it.sequence, layer, ws.Attention(layer)[start:end])
		}
		start = end
	}
}

// lendHidden lends the hidden states asked for.
func (l *lane) lendHidden(ws *bert.Workspace, items []item, last []float32) error {
	config := &l.model.Network.Config
	for k, it := range items {
		start, end := int(l.batch.Starts[k])*config.HiddenSize, int(l.batch.Starts[k+1])*config.HiddenSize
		for _, layer := range it.call.request.Hidden {
			states := last
			if layer < config.NumHiddenLayers {
				states = ws.Hidden(layer)
			}
			if !finite(states[start:end]) {
				return ErrNotFinite
			}
			it.call.request.HiddenStates(it.sequence, layer, states[start:end])
		}
	}
	return nil
}

// release forgets the calls of the last pass, which hold their callers' texts.
func (l *lane) release() {
	clear(l.items)
	clear(l.masks)
	l.items, l.masks, l.lent = l.items[:0], l.masks[:0], lentRows{}
}

// finite reports whether x holds neither NaN nor an infinity: 0·x is 0 for
// every other number.
func finite(x []float32) bool {
	var sum float32
	for _, v := range x {
		sum += 0 * v
	}
	return sum == 0
}
