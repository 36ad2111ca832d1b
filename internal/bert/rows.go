package bert

import (
	"fmt"
	"math"
)

// rows are those tokens whose hidden states somebody reads. From its attention
// on, the last layer goes token by token, so that it need not compute the
// others: of pre-training, five in six.
type rows struct {
	chosen []int32 // nil for all
	// Of the chosen tokens, R of them: what the layer's second part reads, and
	// its result.
	context, x, y []float32 // (R, H)
	// The gradients on their way down.
	d, dContext []float32 // (R, H)
}

// OnlyRows makes the next passes compute the last layer's hidden states only
// for some tokens, given as rows of the batch in ascending order; nil makes
// them compute all again. Whoever reads the hidden states of other tokens
// finds NaN. With dropout, the masks are other ones than those of a pass that
// computes all.
func (ws *Workspace) OnlyRows(chosen []int32) { ws.rows.chosen = chosen }

// check panics unless the rows are ascending and of the batch.
func (r *rows) check(in Batch) {
	before := int32(-1)
	for _, row := range r.chosen {
		if row <= before || int(row) >= in.Tokens() {
			panic(fmt.Sprintf("bert: row %d after %d of a batch of %d tokens", row, before, in.Tokens()))
		}
		before = row
	}
}

// finishRows is finish of the chosen rows of y (ΣT, H).
func (l *layer) finishRows(ws *Workspace, acts *layerActivations, y, x []float32, in Batch) {
	r, size := &ws.rows, l.attention.output.dense.out
	r.check(in)
	r.context = gather(r.context, acts.attention.context, r.chosen, size)
	r.x = gather(r.x, x, r.chosen, size)
	acts.resize(ws.config, len(r.chosen), ws.gradients != nil)
	r.y = grow(r.y, len(r.chosen)*size)
	l.finish(ws, acts, r.y, r.context, r.x, len(r.chosen))
	scatter(y, r.y, r.chosen, size, float32(math.NaN()))
}

// backwardRows takes d = ∂loss/∂y (ΣT, H), of which only the chosen rows count,
// to ∂loss/∂x in place. x is finishRows's.
func (l *layer) backwardRows(ws *Workspace, acts *layerActivations, d, x []float32, in Batch) {
	r, g, size := &ws.rows, ws.gradients, l.attention.output.dense.out
	r.d = gather(r.d, d, r.chosen, size)
	l.feedForward.backward(ws, &acts.feedForward, r.d, acts.attention.y, len(r.chosen))
	r.dContext = grow(r.dContext, len(r.d))
	l.attention.output.backward(ws, r.d, r.dContext, nil, acts.attention.sum, r.context, len(r.chosen))
	g.context = grow(g.context, len(d))
	scatter(g.context, r.dContext, r.chosen, size, 0)
	scatter(d, r.d, r.chosen, size, 0)
	l.attention.attendBackward(ws, &acts.attention, d, g.context, x, in)
}

// gather copies the chosen rows of x, of size values each, to dst, which grows
// if need be.
func gather(dst, x []float32, chosen []int32, size int) []float32 {
	dst = grow(dst, len(chosen)*size)
	for i, row := range chosen {
		copy(dst[i*size:][:size], x[int(row)*size:])
	}
	return dst
}

// scatter is the reverse of gather; the other rows of x become other.
func scatter(x, src []float32, chosen []int32, size int, other float32) {
	next := 0
	for row := range len(x) / size {
		to := x[row*size:][:size]
		if next < len(chosen) && row == int(chosen[next]) {
			copy(to, src[next*size:])
			next++
			continue
		}
		for i := range to {
			to[i] = other
		}
	}
}
