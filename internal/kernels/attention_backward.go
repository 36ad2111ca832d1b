package kernels

import (
	"fmt"
	"math"
	"sync"
)

// Backward differentiates Run: it computes dQKV = ∂loss/∂QKV (ΣT, 3H) from
// dContext = ∂loss/∂Context (ΣT, H). Probs are those that Run kept. With
// dropped = dropout(probs), for every head of every sequence:
//
//	dValue  = droppedᵀ·dContext
//	dProbs  = dropout(dContext·valueᵀ)
//	dScores = probs·(dProbs − Σ probs·dProbs)/√D     Σ over a query's keys
//	dQuery  = dScores·key
//	dKey    = dScoresᵀ·query
func (a *Attention) Backward(pool *Pool, dQKV, dContext []float32) {
	sequences := len(a.Starts) - 1
	if sequences < 1 || a.Heads < 1 || a.HeadSize < 1 {
		return
	}
	a.check()
	if a.Probs == nil || len(dQKV) != len(a.QKV) || len(dContext) != len(a.Context) {
		panic(fmt.Sprintf("kernels: Attention.Backward of %d probabilities, %d gradients for %d contexts, %d for %d queries, keys and values",
			len(a.Probs), len(dContext), len(a.Context), len(dQKV), len(a.QKV)))
	}
	t := attentionBackwards.Get().(*attentionBackward)
	t.Attention, t.dQKV, t.dContext = *a, dQKV, dContext
	pool.Run(sequences*a.Heads, t)
	t.Attention, t.dQKV, t.dContext = Attention{}, nil, nil
	attentionBackwards.Put(t)
}

var attentionBackwards = sync.Pool{New: func() any { return new(attentionBackward) }}

// attentionBackward is Attention.Backward as a Task.
type attentionBackward struct {
	Attention
	dQKV, dContext []float32
}

// blockQueries is how many queries are differentiated at a time: what they need
// of memory grows with the length of the sequence, not with its square.
const blockQueries = 128

// Do implements Task; a part is one head of one sequence.
func (t *attentionBackward) Do(_, i int) {
	sequence, head := i/t.Heads, i%t.Heads
	start, end := int(t.Starts[sequence]), int(t.Starts[sequence+1])
	if start == end {
		return
	}
	s := attentionBackwardScratches.Get().(*attentionBackwardScratch)
	hidden := t.Heads * t.HeadSize
	s.begin(t, start, end-start, head*t.HeadSize, hidden, t.probsAt(sequence, head))
	blocks := (s.length + blockQueries - 1) / blockQueries
	for block := range blocks {
		first, end := evenly(s.length, blocks).part(block)
		s.block(first, end-first)
	}
	s.end()
	attentionBackwardScratches.Put(s)
}

var attentionBackwardScratches = sync.Pool{New: func() any { return new(attentionBackwardScratch) }}

// attentionBackwardScratch is what one head of one sequence needs.
type attentionBackwardScratch struct {
	task         *attentionBackward
	length, size int // T, D
	row          int // between the rows of query, key and value, and of their gradients
	contextRow   int // between the rows of dContext
	probsAt      int

	// Of the sequence's first token on.
	query, key, value    []float32
	dQuery, dKey, dValue []float32
	dContext             []float32

	keys   []float32 // panels of 32 of the D values of keys: (⌈D/32⌉, T, 32)
	values []float32 // panels of 32 values: (⌈T/32⌉, D, 32)
	// Of a block of queries:
	columns    []float32 // panels of 32 of the D values of queries or of dContext
	dropped    []float32 // (queries, T)
	dScores    []float32 // (queries, T), with room for whole panels in a row
	transposed []float32 // (T, queries) of dropped or of dScores
}

// begin finds a head's matrices and packs its keys and values.
func (s *attentionBackwardScratch) begin(t *attentionBackward, start, length, column, hidden, probsAt int) {
	s.task, s.length, s.size, s.row, s.contextRow, s.probsAt = t, length, t.HeadSize, 3*hidden, hidden, probsAt
	s.query, s.dQuery = t.QKV[start*s.row+column:], t.dQKV[start*s.row+column:]
	s.key, s.dKey = s.query[hidden:], s.dQuery[hidden:]
	s.value, s.dValue = s.key[hidden:], s.dKey[hidden:]
	s.dContext = t.dContext[start*hidden+column:]
	s.keys = packMatrix(s.keys, s.key, length, s.size, s.row)
	s.values = packTransposed(s.values, s.value, length, s.size, s.row)
}

// end drops what belongs to the caller.
func (s *attentionBackwardScratch) end() {
	s.task = nil
	s.query, s.key, s.value, s.dQuery, s.dKey, s.dValue, s.dContext = nil, nil, nil, nil, nil, nil, nil
}

// block differentiates some queries, and adds to the keys' and values'
// gradients what they contribute.
func (s *attentionBackwardScratch) block(first, queries int) {
	length, size := s.length, s.size
	at := s.probsAt + first*length
	probs := s.task.Probs[at:][:queries*length]
	dContext := s.dContext[first*s.contextRow:]
	drop := s.task.Dropout

	// dProbs, in the place of dScores
	wide := panelCount(length) * panelColumns
	ld := oddLines[float32](wide)
	s.dScores = resize(s.dScores, queries*ld)
	multiplyPanels(s.dScores, ld, dContext, s.contextRow, s.values, queries, wide, size, false)
	dropped := probs
	if drop.Active() {
		s.dropped = resize(s.dropped, queries*length)
		dropped = s.dropped
		drop.Apply(dropped, probs, at)
		for q := range queries {
			row := s.dScores[q*ld:][:length]
			drop.Apply(row, row, at+q*length)
		}
	}
	softmaxBackward(&s.dScores[0], ld, &probs[0], length, queries, length, float32(1/math.Sqrt(float64(size))))

	multiplyPanels(s.dQuery[first*s.row:], s.row, s.dScores, ld, s.keys, queries, size, length, false)
	s.columns = packMatrix(s.columns, dContext, queries, size, s.contextRow)
	s.addTransposed(s.dValue, dropped, length, queries, first > 0)
	s.columns = packMatrix(s.columns, s.query[first*s.row:], queries, size, s.row)
	s.addTransposed(s.dKey, s.dScores, ld, queries, first > 0)
}

// addTransposed computes y = xᵀ·columns or, with add, y += xᵀ·columns, for x
// (queries, T) with rows ldx apart.
func (s *attentionBackwardScratch) addTransposed(y, x []float32, ldx, queries int, add bool) {
	ld := oddLines[float32](queries)
	s.transposed = resize(s.transposed, s.length*ld)
	transposeRows(s.transposed, ld, x, ldx, queries, s.length)
	multiplyPanels(y, s.row, s.transposed, ld, s.columns, s.length, s.size, queries, add)
}

// multiplyPanels computes y = x·panels, or y += x·panels with add, for rows of x
// that have depth values and are ldx apart, and rows of y that have columns
// values and are ldy apart.
func multiplyPanels(y []float32, ldy int, x []float32, ldx int, panels []float32, rows, columns, depth int, add bool) {
	var edge [maxTileRows * panelColumns]float32
	most := tileRows()
	tiles := (rows + most - 1) / most
	for p := range panelCount(columns) {
		panel := &panels[p*depth*panelColumns]
		column := p * panelColumns
		width := min(panelColumns, columns-column)
		for i := range tiles {
			row, end := evenly(rows, tiles).part(i)
			n := end - row
			y := y[row*ldy+column:]
			if width == panelColumns {
				var last *float32
				if add {
					last = &y[0]
				}
				tile(&y[0], ldy, &x[row*ldx], ldx, panel, n, depth, &zeros[0], 0, last, ldy, panel, 0)
				continue
			}
			tile(&edge[0], panelColumns, &x[row*ldx], ldx, panel, n, depth, &zeros[0], 0, nil, 0, panel, 0)
			for r := range n {
				to, from := y[r*ldy:][:width], edge[r*panelColumns:][:width]
				if !add {
					copy(to, from)
					continue
				}
				for j, v := range from {
					to[j] += v
				}
			}
		}
	}
}

// softmaxBackwardGo takes d from the gradient of softmax's result to that of
// what it read, times scale, for rows that are ldd and ldprobs apart:
//
//	d[i] = probs[i]·(d[i] − Σ probs[j]·d[j])·scale
func softmaxBackwardGo(d *float32, ldd int, probs *float32, ldprobs, rows, columns int, scale float32) {
	for r := range rows {
		gradient, p := floats(d, r*ldd, columns), floats(probs, r*ldprobs, columns)
		var sum float32
		for i, v := range p {
			sum += v * gradient[i]
		}
		for i, v := range p {
			gradient[i] = v * (gradient[i] - sum) * scale
		}
	}
}
