package kernels

import (
	"fmt"
	"math"
	"sync"
)

// Attention is what every token gathers from the tokens of its sequence, for
// every head apart (Vaswani et al. 2017, eq. 1):
//
//	probs   = softmax(query·keyᵀ/√D)
//	context = dropout(probs)·value
//
// There are A heads of D values each, and H = A·D.
type Attention struct {
	// QKV is (ΣT, 3H): query, key and value of each token.
	QKV []float32
	// Context is (ΣT, H), the result.
	Context []float32
	// Starts has B+1 entries: sequence b is tokens Starts[b] to Starts[b+1].
	Starts          []int32
	Heads, HeadSize int
	// Probs, unless it is nil, gets the probabilities: for each sequence (A, T, T),
	// query and key, end to end. They are those before dropout.
	Probs []float32
	// Dropout, if it is active, needs Probs. A probability's number is its place
	// there.
	Dropout Dropout
	// Precision is that of the two products; sums, and all of softmax, are float32.
	// Int8 is BFloat16 here: a step for each token, of keys or probabilities, would
	// not be exact enough, and the products are small. Float16 is Float32: bfloat16
	// would take away what it is more exact. So is BFloat16 where the processor does
	// not multiply it faster, or with a dropout.
	Precision Precision
}

// pairs says whether the products multiply pairs of bfloat16.
func (a *Attention) pairs() bool {
	return (a.Precision == BFloat16 || a.Precision == Int8) && roundsRows() && a.HeadSize%panelColumns == 0 && !a.Dropout.Active()
}

// Run computes Context, and Probs if it is not nil.
func (a *Attention) Run(pool *Pool) {
	sequences := len(a.Starts) - 1
	if sequences < 1 || a.Heads < 1 || a.HeadSize < 1 {
		return
	}
	a.check()
	t := attentions.Get().(*attentionTask)
	t.Attention = *a
	// A part is one head of one sequence, or some of its queries if there are too
	// few heads for the threads: each of them packs all keys and values.
	threads := pool.Threads()
	t.cuts = chunksFor(threads, sequences*a.Heads, 1, threads)
	pool.Run(sequences*a.Heads*t.cuts, t)
	t.Attention = Attention{}
	attentions.Put(t)
}

func (a *Attention) check() {
	tokens, squares := int(a.Starts[len(a.Starts)-1]), 0
	for b, start := range a.Starts[:len(a.Starts)-1] {
		length := int(a.Starts[b+1] - start)
		if length < 0 {
			panic(fmt.Sprintf("kernels: attention within %v", a.Starts))
		}
		squares += length * length
	}
	size := a.Heads * a.HeadSize
	if a.Starts[0] != 0 || len(a.QKV) != tokens*3*size || len(a.Context) != tokens*size ||
		(a.Probs != nil || a.Dropout.Active()) && len(a.Probs) != squares*a.Heads {
		panic(fmt.Sprintf("kernels: attention of %d heads of %d over %d tokens with %d values, %d results and %d probabilities",
			a.Heads, a.HeadSize, tokens, len(a.QKV), len(a.Context), len(a.Probs)))
	}
}

var attentions = sync.Pool{New: func() any { return new(attentionTask) }}

// attentionTask is Attention as a Task.
type attentionTask struct {
	Attention
	cuts int // of a sequence's queries
}

// Do implements Task.
func (t *attentionTask) Do(_, i int) {
	cut, i := i%t.cuts, i/t.cuts
	head, sequence := i%t.Heads, i/t.Heads
	start, end := int(t.Starts[sequence]), int(t.Starts[sequence+1])
	length := end - start
	first, last := evenly(length, t.cuts).part(cut)
	if first == last {
		return
	}
	s := attentionScratches.Get().(*attentionScratch)
	size, row := t.HeadSize, 3*t.Heads*t.HeadSize
	qkv := t.QKV[start*row+head*size:]
	s.begin(t.pairs())
	s.pack(qkv[t.Heads*size:], qkv[2*t.Heads*size:], length, size, row)

	probsAt := 0
	if t.Probs != nil {
		probsAt = t.probsAt(sequence, head)
	}
	tiles := (last - first + s.most - 1) / s.most
	for tile := range tiles {
		query, after := evenly(last-first, tiles).part(tile)
		query, queries := first+query, after-query
		s.score(qkv[query*row:], queries, length, size, row)
		if t.Probs != nil {
			at := probsAt + query*length
			s.keep(t.Probs[at:], queries, length)
			if t.Dropout.Active() {
				s.drop(t.Dropout, t.Probs[at:], at, queries, length)
			}
		}
		s.gather(t.Context[(start+query)*t.Heads*size+head*size:], queries, length, size, t.Heads*size)
	}
	attentionScratches.Put(s)
}

// probsAt is where the probabilities of a head of a sequence begin.
func (a *Attention) probsAt(sequence, head int) int {
	squares := 0
	for b := range sequence {
		length := int(a.Starts[b+1] - a.Starts[b])
		squares += length * length
	}
	length := int(a.Starts[sequence+1] - a.Starts[sequence])
	return a.Heads*squares + head*length*length
}

var attentionScratches = sync.Pool{New: func() any { return new(attentionScratch) }}

// attentionScratch is what one head of one sequence needs for a tile of
// queries: T×T is never in memory.
type attentionScratch struct {
	keys   []float32 // panels of 32 keys: (⌈T/32⌉, D, 32)
	values []float32 // panels of 32 of the D values: (⌈D/32⌉, T, 32)
	probs  []float32 // (queries, T), with rows of a whole number of panels
	sums   []float32 // (queries)
	edge   [maxTileRows * panelColumns]float32

	most  int  // queries in a tile
	pairs bool // keys and values are in bfloat16:
	of    attentionPairs
}

// begin prepares for a head.
func (s *attentionScratch) begin(pairs bool) {
	s.pairs, s.most = pairs, tileRows()
	if pairs {
		s.most = s.of.most()
	}
	s.sums = resize(s.sums, s.most)
}

// pack reads the keys and values of a head, whose rows are row apart.
func (s *attentionScratch) pack(keys, values []float32, length, size, row int) {
	s.probs = resize(s.probs, s.most*panelCount(length)*panelColumns)
	if s.pairs {
		s.of.pack(keys, values, length, size, row)
		return
	}
	s.keys = packTransposed(s.keys, keys, length, size, row)
	s.values = packMatrix(s.values, values, length, size, row)
}

// score computes exp((query·keyᵀ − max)/√D) and its sums.
func (s *attentionScratch) score(query []float32, queries, length, size, row int) {
	panels := panelCount(length)
	ld := panels * panelColumns
	if s.pairs {
		s.of.multiply(s.probs, ld, query, row, queries, size, &s.of.keys, panels)
	} else {
		for p := range panels {
			panel := &s.keys[p*size*panelColumns]
			tile(&s.probs[p*panelColumns], ld, &query[0], row, panel, queries, size, &zeros[0], 0, nil, 0, panel, 0)
		}
	}
	scale := float32(1 / math.Sqrt(float64(size)))
	exponentials(&s.probs[0], &s.probs[0], ld, queries, length, scale, &s.sums[0])
}

// keep copies the probabilities.
func (s *attentionScratch) keep(probs []float32, queries, length int) {
	ld := panelCount(length) * panelColumns
	for q := range queries {
		copy(probs[q*length:][:length], s.probs[q*ld:])
	}
	divideRows(&probs[0], length, queries, length, &s.sums[0])
}

// drop replaces the scratch's exponentials by kept probabilities after dropout,
// of which the first is number first.
func (s *attentionScratch) drop(d Dropout, probs []float32, first, queries, length int) {
	ld := panelCount(length) * panelColumns
	for q := range queries {
		at := q * length
		d.Apply(s.probs[q*ld:][:length], probs[at:][:length], first+at)
		s.sums[q] = 1
	}
}

// gather computes the context of the queries, whose rows are ld apart.
func (s *attentionScratch) gather(context []float32, queries, length, size, ld int) {
	ldProbs := panelCount(length) * panelColumns
	if s.pairs {
		s.of.multiply(context, ld, s.probs, ldProbs, queries, length, &s.of.values, panelCount(size))
		divideRows(&context[0], ld, queries, size, &s.sums[0])
		return
	}
	for first := 0; first < size; first += panelColumns {
		panel := &s.values[first*length]
		if columns := size - first; columns < panelColumns {
			tile(&s.edge[0], panelColumns, &s.probs[0], ldProbs, panel, queries, length, &zeros[0], 0, nil, 0, panel, 0)
			for q := range queries {
				copy(context[q*ld+first:][:columns], s.edge[q*panelColumns:])
			}
			continue
		}
		tile(&context[first], ld, &s.probs[0], ldProbs, panel, queries, length, &zeros[0], 0, nil, 0, panel, 0)
	}
	divideRows(&context[0], ld, queries, size, &s.sums[0])
}
