package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// sameNumbers compares float32 up to the rounding that another batch, and so
// another order of the products, may bring.
var sameNumbers = cmpopts.EquateApprox(1e-4, 1e-5)

// randomTexts are texts of 1 to 60 pieces of the latin vocabulary.
func randomTexts(rng *rand.Rand, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		var b strings.Builder
		for range 1 + rng.IntN(60) {
			b.WriteByte("abcdefg"[rng.IntN(7)])
			b.WriteByte(' ')
		}
		texts[i] = b.String()
	}
	return texts
}

// lent are copies of what a request was lent, by sequence.
type lent struct {
	Hidden, Attention map[int][]float32 // by layer
	Masks             [][]float32
}

// everything asks for all outputs of the texts, vocabulary logits at every
// second token.
func everything(t testing.TB, m *Model, texts ...string) (r Request, got []lent) {
	t.Helper()
	got = make([]lent, len(texts))
	r = Request{
		Heads:     []string{"topic", bert.NSPName, "ner"},
		Pooled:    true,
		Hidden:    []int{0, 2, 3},
		Attention: []int{1},
		HiddenStates: func(sequence, layer int, states []float32) {
			got[sequence].Hidden[layer] = slices.Clone(states)
			clear(states) // what is lent may be overwritten
		},
		AttentionProbs: func(sequence, layer int, probs []float32) {
			got[sequence].Attention[layer] = slices.Clone(probs)
			clear(probs)
		},
		MaskLogits: func(sequence, mask int, logits []float32) {
			got[sequence].Masks[mask] = slices.Clone(logits)
			clear(logits)
		},
	}
	for i, text := range texts {
		s := encode(t, m, text)
		r.Sequences = append(r.Sequences, s)
		var positions []int32
		for p := 0; p < s.Len(); p += 2 {
			positions = append(positions, int32(p))
		}
		r.MaskPositions = append(r.MaskPositions, positions)
		got[i] = lent{make(map[int][]float32), make(map[int][]float32), make([][]float32, len(positions))}
	}
	return r, got
}

func TestBatchAnswersAsEachSequenceAlone(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	texts := randomTexts(rand.New(rand.NewPCG(1, 1)), 15)
	for _, batchTokens := range []int{1, 100, 10_000} {
		t.Run(fmt.Sprintf("batches of %d tokens", batchTokens), func(t *testing.T) {
			e := newTestEngine(t, Options{BatchTokens: batchTokens}, nil, m)
			r, lentTogether := everything(t, m, texts...)
			together, err := e.Run(t.Context(), m, r)
			if err != nil {
				t.Fatal(err)
			}
			for i, text := range texts {
				r, lentAlone := everything(t, m, text)
				alone, err := e.Run(t.Context(), m, r)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(alone.Outputs[0], together.Outputs[i], sameNumbers); diff != "" {
					t.Fatalf("outputs of sequence %d differ (-alone +together):\n%s", i, diff)
				}
				if diff := cmp.Diff(lentAlone[0], lentTogether[i], sameNumbers); diff != "" {
					t.Fatalf("what is lent of sequence %d differs (-alone +together):\n%s", i, diff)
				}
			}
		})
	}
}

// TestOutputsDoNotDependOnWhatElseIsWanted asks for the outputs one by one: what
// nobody reads of the last layer is then not computed.
func TestOutputsDoNotDependOnWhatElseIsWanted(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	texts := randomTexts(rand.New(rand.NewPCG(1, 2)), 7)
	e := newTestEngine(t, Options{}, nil, m)
	all, lentOfAll := everything(t, m, texts...)
	want, err := e.Run(t.Context(), m, all)
	if err != nil {
		t.Fatal(err)
	}
	for head, name := range all.Heads {
		got, err := e.Run(t.Context(), m, Request{Sequences: all.Sequences, Heads: []string{name}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range texts {
			if diff := cmp.Diff(want.Outputs[i].Heads[head], got.Outputs[i].Heads[0], sameNumbers); diff != "" {
				t.Fatalf("%s of sequence %d differs (-among all +alone):\n%s", name, i, diff)
			}
		}
	}
	pooled, err := e.Run(t.Context(), m, Request{Sequences: all.Sequences, Pooled: true})
	if err != nil {
		t.Fatal(err)
	}
	l := e.lanes[laneKey{m, keepNothing}]
	size := m.Network.Config.HiddenSize
	for i, v := range l.workspace.Hidden(m.Network.Config.NumHiddenLayers) {
		if read := slices.Contains(l.batch.Starts, int32(i/size)); read != (v == v) {
			t.Fatalf("value %d of the last hidden states is %v, and it is %t that somebody reads it", i, v, read)
		}
	}
	// Masks in any order, one of them twice and, at 0, where [CLS] is read too.
	masks, lentMasks := everything(t, m, texts...)
	masks.Heads, masks.Hidden, masks.Attention = []string{"topic"}, nil, nil
	for i, positions := range masks.MaskPositions {
		slices.Reverse(positions)
		masks.MaskPositions[i] = append(positions, 0)
		lentMasks[i].Masks = append(lentMasks[i].Masks, nil)
	}
	if _, err := e.Run(t.Context(), m, masks); err != nil {
		t.Fatal(err)
	}
	attention, lentAttention := everything(t, m, texts...)
	attention.Heads, attention.Hidden, attention.Pooled, attention.MaskPositions, attention.MaskLogits = nil, nil, false, nil, nil
	if _, err := e.Run(t.Context(), m, attention); err != nil {
		t.Fatal(err)
	}
	for i := range texts {
		if diff := cmp.Diff(want.Outputs[i].Pooled, pooled.Outputs[i].Pooled, sameNumbers); diff != "" {
			t.Fatalf("pooled output of sequence %d differs (-among all +alone):\n%s", i, diff)
		}
		wantMasks := slices.Clone(lentOfAll[i].Masks)
		slices.Reverse(wantMasks)
		wantMasks = append(wantMasks, lentOfAll[i].Masks[0])
		if diff := cmp.Diff(wantMasks, lentMasks[i].Masks, sameNumbers); diff != "" {
			t.Fatalf("masks of sequence %d differ (-among all +alone):\n%s", i, diff)
		}
		if diff := cmp.Diff(lentOfAll[i].Attention, lentAttention[i].Attention, sameNumbers); diff != "" {
			t.Fatalf("attention of sequence %d differs (-among all +alone):\n%s", i, diff)
		}
	}
}

func TestOutputShapes(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	e := newTestEngine(t, Options{}, nil, m)
	r, got := everything(t, m, "a b c")
	const tokens, hidden, heads, vocabulary = 5, 16, 2, 15
	response, err := e.Run(t.Context(), m, r)
	if err != nil {
		t.Fatal(err)
	}
	out := response.Outputs[0]
	for _, test := range []struct {
		name string
		x    []float32
		want int
	}{
		{"topic", out.Heads[0], 3},
		{"next sentence", out.Heads[1], 2},
		{"ner", out.Heads[2], tokens * 2},
		{"pooled", out.Pooled, hidden},
		{"embedding output", got[0].Hidden[0], tokens * hidden},
		{"layer 2", got[0].Hidden[2], tokens * hidden},
		{"last layer", got[0].Hidden[3], tokens * hidden},
		{"attention", got[0].Attention[1], heads * tokens * tokens},
		{"third mask", got[0].Masks[2], vocabulary},
	} {
		if len(test.x) != test.want {
			t.Errorf("%s: %d numbers, want %d", test.name, len(test.x), test.want)
		}
	}
	if slices.Equal(got[0].Hidden[0], got[0].Hidden[3]) {
		t.Error("the embedding output and the last layer are the same")
	}
}

func TestConcurrentRequestsGetTheirOwnAnswers(t *testing.T) {
	latin, han := newTestModel(t, "latin", latinVocabulary), newTestModel(t, "han", hanVocabulary)
	e := newTestEngine(t, Options{BatchTokens: 300}, nil, latin, han)
	texts := randomTexts(rand.New(rand.NewPCG(2, 2)), 20)
	want := make(map[*Model][][]float32)
	for _, m := range e.Models() {
		for _, text := range texts {
			response, err := e.Run(t.Context(), m, Request{Sequences: []*tokenizer.Encoding{encode(t, m, text)}, Heads: []string{"topic"}})
			if err != nil {
				t.Fatal(err)
			}
			want[m] = append(want[m], response.Outputs[0].Heads[0])
		}
	}
	var wait sync.WaitGroup
	for worker := range 16 {
		wait.Go(func() {
			rng := rand.New(rand.NewPCG(3, uint64(worker)))
			for range 20 {
				m := e.Models()[rng.IntN(2)]
				var r Request
				r.Heads = []string{"topic", "ner"}
				var picked []int
				for range 1 + rng.IntN(5) {
					i := rng.IntN(len(texts))
					picked = append(picked, i)
					r.Sequences = append(r.Sequences, encode(t, m, texts[i]))
				}
				ctx, cancel := context.WithCancel(t.Context())
				if rng.IntN(4) == 0 {
					time.AfterFunc(time.Duration(rng.IntN(1000))*time.Microsecond, cancel)
				}
				response, err := e.Run(ctx, m, r)
				cancelled := ctx.Err() != nil
				cancel()
				if err != nil {
					if !cancelled || !errors.Is(err, context.Canceled) {
						t.Errorf("Run: %v", err)
					}
					continue
				}
				for k, i := range picked {
					if diff := cmp.Diff(want[m][i], response.Outputs[k].Heads[0], sameNumbers); diff != "" {
						t.Errorf("%s, text %d (-want +got):\n%s", m.ID, i, diff)
					}
				}
			}
		})
	}
	wait.Wait()
	if s := e.Stats(); s.QueuedTokens != 0 || s.QueuedRequests != 0 {
		t.Errorf("%d tokens of %d requests still wait, want none", s.QueuedTokens, s.QueuedRequests)
	}
}

// gate holds the first pass until it is opened, so that requests pile up
// behind it.
type gate struct {
	held   chan struct{} // closed once the first pass is held
	opened chan struct{}
	once   sync.Once
}

func newGate() *gate { return &gate{held: make(chan struct{}), opened: make(chan struct{})} }

func (g *gate) hold([]item) {
	g.once.Do(func() { close(g.held) })
	<-g.opened
}

func (g *gate) open() { close(g.opened) }

// start runs a request of the texts in the background and waits until its
// tokens are in the queue, or in the held pass.
func start(t *testing.T, e *Engine, m *Model, ctx context.Context, texts ...string) (result chan error) {
	t.Helper()
	r := Request{Heads: []string{"topic"}}
	for _, text := range texts {
		r.Sequences = append(r.Sequences, encode(t, m, text))
	}
	before := e.Stats().Requests
	result = make(chan error, 1)
	go func() {
		_, err := e.Run(ctx, m, r)
		result <- err
	}()
	waitUntil(t, func() bool { return e.Stats().Requests > before })
	return result
}

func waitUntil(t *testing.T, condition func() bool) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("waited for 10 s")
		}
	}
}

func TestCancelledRequestLeavesTheQueue(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	g := newGate()
	e := newTestEngine(t, Options{}, g.hold, m)
	first := start(t, e, m, t.Context(), "a")
	<-g.held
	ctx, cancel := context.WithCancel(t.Context())
	second := start(t, e, m, ctx, "a b c", "d e f")
	if got, want := e.Stats().QueuedTokens, 10; got != want {
		t.Errorf("%d tokens wait, want %d", got, want)
	}
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled request: %v, want %v", err, context.Canceled)
	}
	if s := e.Stats(); s.QueuedTokens != 0 || s.QueuedRequests != 0 || s.Cancelled != 1 {
		t.Errorf("%d tokens of %d requests wait, %d cancelled; want 0, 0, 1", s.QueuedTokens, s.QueuedRequests, s.Cancelled)
	}
	g.open()
	if err := <-first; err != nil {
		t.Errorf("the request before it: %v", err)
	}
	if s := e.Stats(); s.Passes != 1 {
		t.Errorf("%d passes, want 1: the cancelled request was run", s.Passes)
	}
}

func TestCancelledRequestInAPassIsDiscarded(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	g := newGate()
	e := newTestEngine(t, Options{}, g.hold, m)
	ctx, cancel := context.WithCancel(t.Context())
	first := start(t, e, m, ctx, "a b")
	<-g.held
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled request: %v, want %v", err, context.Canceled)
	}
	g.open()
	if err := <-start(t, e, m, t.Context(), "a b"); err != nil {
		t.Errorf("the next request: %v", err)
	}
}

func TestFullQueueRefuses(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	g := newGate()
	e := newTestEngine(t, Options{QueueTokens: 12}, g.hold, m)
	first := start(t, e, m, t.Context(), "a") // runs, so it does not count
	<-g.held
	second := start(t, e, m, t.Context(), "a b c d e f") // 8 tokens
	_, err := e.Run(t.Context(), m, Request{Sequences: []*tokenizer.Encoding{encode(t, m, "a b c")}})
	full, ok := errors.AsType[*QueueFullError](err)
	if !ok || !errors.Is(err, ErrQueueFull) {
		t.Fatalf("third request: %v, want a *QueueFullError", err)
	}
	if full.Queued != 8 || full.Tokens != 5 || full.Limit != 12 || full.RetryAfter <= 0 {
		t.Errorf("got %+v, want 8 queued, 5 asked for, limit 12, and when to retry", *full)
	}
	third := start(t, e, m, t.Context(), "a b") // 4 tokens just fit
	g.open()
	for i, result := range []chan error{first, second, third} {
		if err := <-result; err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if got := e.Stats().Refused; got != 1 {
		t.Errorf("%d refused, want 1", got)
	}
}

func TestRequestOverTheWholeQueueIsTooLarge(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	e := newTestEngine(t, Options{QueueTokens: 12}, nil, m)
	_, err := e.Run(t.Context(), m, Request{Sequences: []*tokenizer.Encoding{encode(t, m, "a b c d e f"), encode(t, m, "a b c d")}})
	large, ok := errors.AsType[*TooLargeError](err)
	if !ok || errors.Is(err, ErrQueueFull) {
		t.Fatalf("got %v, want a *TooLargeError", err)
	}
	if large.Tokens != 14 || large.Limit != 12 {
		t.Errorf("got %+v, want 14 tokens, limit 12", *large)
	}
}

func TestDeadlineInTheQueue(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	g := newGate()
	e := newTestEngine(t, Options{}, g.hold, m)
	first := start(t, e, m, t.Context(), "a")
	<-g.held
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := <-start(t, e, m, ctx, "a"); !errors.Is(err, ErrDeadline) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("request whose context ended: %v, want %v and %v", err, ErrDeadline, context.DeadlineExceeded)
	}
	g.open()
	if err := <-first; err != nil {
		t.Errorf("running request: %v", err)
	}
	if s := e.Stats(); s.Expired != 1 || s.QueuedTokens != 0 {
		t.Errorf("%d expired, %d tokens wait; want 1, 0", s.Expired, s.QueuedTokens)
	}
}

func TestPanicFailsOnlyTheRequestThatProvokesIt(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	poison, _ := m.Tokenizer.ID("g")
	g := newGate()
	var passes [][]item
	e := newTestEngine(t, Options{}, func(items []item) {
		g.hold(items)
		passes = append(passes, slices.Clone(items))
		for _, it := range items {
			if slices.Contains(it.call.request.Sequences[it.sequence].IDs, poison) {
				panic("poisoned")
			}
		}
	}, m)
	first := start(t, e, m, t.Context(), "a")
	<-g.held
	bad := start(t, e, m, t.Context(), "a b", "g")
	good := start(t, e, m, t.Context(), "c d")
	g.open()
	if err := <-first; err != nil {
		t.Errorf("earlier request: %v", err)
	}
	if err := <-good; err != nil {
		t.Errorf("request in the same pass: %v", err)
	}
	panicked, ok := errors.AsType[*PanicError](<-bad)
	if !ok {
		t.Fatal("the poisoned request did not get a *PanicError")
	}
	if panicked.Value != "poisoned" || !bytes.Contains(panicked.Stack, []byte("engine_test.go")) {
		t.Errorf("panic %v with stack\n%s\nwant the value and the place", panicked.Value, panicked.Stack)
	}
	if err := <-start(t, e, m, t.Context(), "e f"); err != nil {
		t.Errorf("later request: %v", err)
	}
	if len(passes[1]) != 3 {
		t.Errorf("the second pass had %d sequences, want 3: the test did not join the requests", len(passes[1]))
	}
	if s := e.Stats(); s.Panics != 2 { // together, and alone
		t.Errorf("%d panics counted, want 2", s.Panics)
	}
}

// A panic in another goroutine of the pool, here in the caller's own code,
// comes back with the stack of the place where it happened.
func TestPanicInThePoolIsContained(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	e := newTestEngine(t, Options{Threads: 2}, nil, m)
	_, err := e.Run(t.Context(), m, Request{
		Sequences:     []*tokenizer.Encoding{encode(t, m, "a b c d")},
		MaskPositions: [][]int32{{0, 1, 2, 3, 4, 5}},
		MaskLogits:    func(int, int, []float32) { panic("in the pool") },
	})
	panicked, ok := errors.AsType[*PanicError](err)
	if !ok || panicked.Value != "in the pool" || !bytes.Contains(panicked.Stack, []byte("TestPanicInThePoolIsContained")) {
		t.Fatalf("got %v, want the panic with its stack", err)
	}
	if err := <-start(t, e, m, t.Context(), "a"); err != nil {
		t.Errorf("later request: %v", err)
	}
}

func TestOutputThatIsNotFiniteIsAnError(t *testing.T) {
	good := newTestModel(t, "good", latinVocabulary)
	broken := newTestModelWith(t, "broken", latinVocabulary, randomWeights{broken: "heads.topic.bias"})
	e := newTestEngine(t, Options{}, nil, good, broken)
	if err := <-start(t, e, broken, t.Context(), "a"); !errors.Is(err, ErrNotFinite) {
		t.Errorf("got %v, want %v", err, ErrNotFinite)
	}
	if err := <-start(t, e, good, t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func TestLargeRequestDoesNotStarveSmallOnes(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	g := newGate()
	passes, smallPass := 0, 0
	e := newTestEngine(t, Options{BatchTokens: 64}, func(items []item) {
		g.hold(items)
		passes++
		for _, it := range items {
			if len(it.call.request.Sequences) == 1 {
				smallPass = passes
			}
		}
	}, m)
	large := start(t, e, m, t.Context(), randomTexts(rand.New(rand.NewPCG(4, 4)), 1000)...)
	<-g.held
	small := start(t, e, m, t.Context(), "a b c")
	g.open()
	for _, result := range []chan error{small, large} {
		if err := <-result; err != nil {
			t.Fatal(err)
		}
	}
	if smallPass > 3 || passes < 10 {
		t.Errorf("the small request ran in pass %d of %d, want the second or third of many", smallPass, passes)
	}
}

func TestLanesTakeTurns(t *testing.T) {
	a, b := newTestModel(t, "a", latinVocabulary), newTestModel(t, "b", latinVocabulary)
	g := newGate()
	var mu sync.Mutex
	var order []string
	e := newTestEngine(t, Options{BatchTokens: 1}, func(items []item) {
		g.hold(items)
		mu.Lock()
		defer mu.Unlock()
		order = append(order, items[0].call.model.ID)
	}, a, b)
	first := start(t, e, a, t.Context(), "a")
	<-g.held
	x := start(t, e, a, t.Context(), "a", "b", "c")
	y := start(t, e, b, t.Context(), "a", "b", "c")
	g.open()
	for _, result := range []chan error{first, x, y} {
		if err := <-result; err != nil {
			t.Error(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if got, want := strings.Join(order, ""), "abababa"; got != want {
		t.Errorf("passes of models %s, want %s", got, want)
	}
}

func TestCloseDrains(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	g := newGate()
	e := newTestEngine(t, Options{BatchTokens: 8}, g.hold, m)
	results := []chan error{start(t, e, m, t.Context(), "a")}
	<-g.held
	for range 5 {
		results = append(results, start(t, e, m, t.Context(), "a b c", "d e"))
	}
	closed := make(chan struct{})
	go func() {
		e.Close()
		close(closed)
	}()
	waitUntil(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond) // before Close it would wait
		defer cancel()
		_, err := e.Run(ctx, m, Request{Sequences: []*tokenizer.Encoding{encode(t, m, "a")}})
		return errors.Is(err, ErrClosed)
	})
	select {
	case <-closed:
		t.Error("Close returned while requests waited")
	default:
	}
	g.open()
	<-closed
	for i, result := range results {
		if err := <-result; err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	e.Close() // again does no harm
	if err := e.Probe(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Probe of a closed engine: %v, want %v", err, ErrClosed)
	}
}

func TestProbe(t *testing.T) {
	good := newTestModel(t, "good", latinVocabulary)
	broken := newTestModelWith(t, "broken", latinVocabulary, randomWeights{broken: "bert.encoder.layer.2.output.dense.bias"})
	t.Run("runs every model", func(t *testing.T) {
		e := newTestEngine(t, Options{}, nil, good, newTestModel(t, "other", hanVocabulary))
		if err := e.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, m := range e.Stats().Models {
			if m.Passes != 1 {
				t.Errorf("model %s had %d passes, want 1", m.ID, m.Passes)
			}
		}
	})
	t.Run("finds a broken model", func(t *testing.T) {
		e := newTestEngine(t, Options{}, nil, good, broken)
		if err := e.Probe(t.Context()); !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), "broken") {
			t.Errorf("got %v, want %v of model broken", err, ErrNotFinite)
		}
	})
	t.Run("is ahead of all that waits", func(t *testing.T) {
		other := newTestModel(t, "other", hanVocabulary)
		g := newGate()
		var served []string
		e := newTestEngine(t, Options{}, func(items []item) {
			g.hold(items)
			c := items[0].call
			served = append(served, map[bool]string{true: "probe of "}[c.probe]+c.model.ID)
		}, good, other)
		results := []chan error{start(t, e, good, t.Context(), "a")}
		<-g.held
		for _, m := range []*Model{good, other} {
			results = append(results, start(t, e, m, t.Context(), "a"))
		}
		for _, m := range []*Model{other, good} {
			probe := newCall(m, Request{Sequences: []*tokenizer.Encoding{encode(t, m, "")}, Hidden: []int{0}, HiddenStates: func(int, int, []float32) {}})
			if err := e.enqueue(probe, true); err != nil {
				t.Fatal(err)
			}
			probed := make(chan error, 1)
			go func() {
				_, err := e.await(t.Context(), probe)
				probed <- err
			}()
			results = append(results, probed)
		}
		g.open()
		for _, result := range results {
			if err := <-result; err != nil {
				t.Error(err)
			}
		}
		e.Close()
		if want := []string{"good", "probe of good", "probe of other", "other", "good"}; !slices.Equal(served, want) {
			t.Errorf("passes in the order %q, want %q", served, want)
		}
	})
	t.Run("does not count towards a full queue", func(t *testing.T) {
		g := newGate()
		e := newTestEngine(t, Options{QueueTokens: 3}, g.hold, good)
		first := start(t, e, good, t.Context(), "a")
		<-g.held
		second := start(t, e, good, t.Context(), "a")
		probed := make(chan error)
		go func() { probed <- e.Probe(t.Context()) }()
		waitUntil(t, func() bool { return e.Stats().QueuedRequests == 2 })
		g.open()
		if err := <-probed; err != nil {
			t.Error(err)
		}
		for _, result := range []chan error{first, second} {
			if err := <-result; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestRunRefusesImpossibleRequests(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	e := newTestEngine(t, Options{}, nil, m)
	s := []*tokenizer.Encoding{encode(t, m, "a")}
	take := func(int, int, []float32) {}
	tests := []struct {
		name, want string
		request    Request
	}{
		{"unknown head", `no head "poetry"`, Request{Sequences: s, Heads: []string{"poetry"}}},
		{"empty sequence", "0 tokens", Request{Sequences: []*tokenizer.Encoding{{}}}},
		{"sequence too long", "67 tokens", Request{Sequences: []*tokenizer.Encoding{m.Tokenizer.Encode(strings.Repeat("a ", 65), tokenizer.Options{})}}},
		{"hidden layer", "hidden states of layers [4]", Request{Sequences: s, Hidden: []int{4}, HiddenStates: take}},
		{"attention layer", "attention of layers [3]", Request{Sequences: s, Attention: []int{3}, AttentionProbs: take}},
		{"mask outside", "mask at position 3 of 3", Request{Sequences: s, MaskPositions: [][]int32{{3}}, MaskLogits: take}},
		{"masks of other sequences", "mask positions of 2 sequences", Request{Sequences: s, MaskPositions: [][]int32{{1}, {1}}, MaskLogits: take}},
		{"nobody takes the logits", "no function takes", Request{Sequences: s, MaskPositions: [][]int32{{1}}}},
		{"nobody takes the hidden states", "no function takes", Request{Sequences: s, Hidden: []int{0}}},
		{"nobody takes the attention", "no function takes", Request{Sequences: s, Attention: []int{0}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := e.Run(t.Context(), m, test.request)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
	t.Run("another engine's model", func(t *testing.T) {
		if _, err := e.Run(t.Context(), newTestModel(t, "m", latinVocabulary), Request{Sequences: s}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("nothing asked is nothing answered", func(t *testing.T) {
		response, err := e.Run(t.Context(), m, Request{})
		if err != nil || len(response.Outputs) != 0 {
			t.Errorf("got %v, %v, want an empty response", response, err)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	for want, models := range map[string][]*Model{
		"no model":                    {},
		`model id "m" is used twice`:  {m, newTestModel(t, "m", latinVocabulary)},
		`model id "auto" is reserved`: {newTestModel(t, "auto", latinVocabulary)},
		"a model has no id":           {m, newTestModel(t, "", latinVocabulary)},
	} {
		t.Run(want, func(t *testing.T) {
			e, err := New(Options{}, models...)
			if err == nil {
				e.Close()
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), "engine: "+want) {
				t.Errorf("error %q", err)
			}
		})
	}
}

func TestStats(t *testing.T) {
	m := newTestModel(t, "m", latinVocabulary)
	e := newTestEngine(t, Options{QueueTokens: 1000}, nil, m)
	for range 3 {
		if err := <-start(t, e, m, t.Context(), "a b", "c"); err != nil {
			t.Fatal(err)
		}
	}
	got := e.Stats()
	want := Stats{
		QueueLimit: 1000, Requests: 3, Passes: 3, Tokens: 21,
		Models: []ModelStats{{ID: "m", Passes: 3, Sequences: 6, Tokens: 21}},
	}
	ignoreBusy := cmp.Options{cmpopts.IgnoreFields(Stats{}, "Busy"), cmpopts.IgnoreFields(ModelStats{}, "Busy")}
	if diff := cmp.Diff(want, got, ignoreBusy); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Busy <= 0 || got.Busy != got.Models[0].Busy {
		t.Errorf("busy for %v in all and %v with the model, want the same and more than 0", got.Busy, got.Models[0].Busy)
	}
}

func TestSteadyStateAllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	m := newTestModel(t, "m", latinVocabulary)
	e := newTestEngine(t, Options{}, nil, m)
	r := Request{Heads: []string{"topic", "ner"}}
	for _, text := range randomTexts(rand.New(rand.NewPCG(5, 5)), 50) {
		r.Sequences = append(r.Sequences, encode(t, m, text))
	}
	allocs := testing.AllocsPerRun(20, func() {
		if _, err := e.Run(t.Context(), m, r); err != nil {
			t.Fatal(err)
		}
	})
	// The call, its channel and place in the queue, the response and its
	// three slices; nothing that grows with the sequences.
	if allocs > 15 {
		t.Errorf("%v allocations for a request of %d sequences, want 15 at most", allocs, len(r.Sequences))
	}
}

func TestFinite(t *testing.T) {
	for name, test := range map[string]struct {
		x    []float32
		want bool
	}{
		"numbers":         {[]float32{0, -1, math.MaxFloat32, math.SmallestNonzeroFloat32}, true},
		"nothing":         {nil, true},
		"nan":             {[]float32{0, float32(math.NaN())}, false},
		"infinity":        {[]float32{float32(math.Inf(1)), 0}, false},
		"both infinities": {[]float32{float32(math.Inf(1)), float32(math.Inf(-1))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := finite(test.x); got != test.want {
				t.Errorf("finite(%v) = %t, want %t", test.x, got, test.want)
			}
		})
	}
}

func BenchmarkRun(b *testing.B) {
	m := newTestModel(b, "m", latinVocabulary)
	e := newTestEngine(b, Options{}, nil, m)
	r := Request{Heads: []string{"topic"}, Sequences: []*tokenizer.Encoding{encode(b, m, "a b c")}}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := e.Run(b.Context(), m, r); err != nil {
				b.Error(err)
			}
		}
	})
}
