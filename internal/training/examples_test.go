package training

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// words is a literal vocabulary: the special tokens, then the words given.
type words []string

var specials = words{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

func newWords(list ...string) words { return append(slices.Clone(specials), list...) }

func (w words) VocabSize() int          { return len(w) }
func (w words) Token(id int32) string   { return w[id] }
func (w words) IsSpecial(id int32) bool { return int(id) < len(specials) }
func (w words) CLS() int32              { return 2 }
func (w words) SEP() int32              { return 3 }
func (w words) Mask() int32             { return 4 }

func (w words) ids(t testing.TB, pieces ...string) []int32 {
	t.Helper()
	ids := make([]int32, len(pieces))
	for i, piece := range pieces {
		id := slices.Index(w, piece)
		if id < 0 {
			t.Fatalf("%q is not in the vocabulary", piece)
		}
		ids[i] = int32(id)
	}
	return ids
}

// numbered is a vocabulary of n pieces beside the special tokens.
func numbered(n int) words {
	w := newWords()
	for i := range n {
		w = append(w, fmt.Sprint("w", i))
	}
	return w
}

func newMaker(t testing.TB, v Vocabulary, o ExampleOptions) *ExampleMaker {
	t.Helper()
	m, err := NewExampleMaker(v, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFromTextChoosesOneOfAShortSentence(t *testing.T) {
	for _, test := range []struct {
		name   string
		pieces []string
	}{
		{"english", strings.Fields("my dog is hairy")},
		{"chinese", strings.Split("我今天要上课", "")},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := newWords(test.pieces...)
			m := newMaker(t, v, DefaultExampleOptions(128))
			original := slices.Concat([]int32{v.CLS()}, v.ids(t, test.pieces...), []int32{v.SEP()})
			seen := map[int32]bool{}
			treatments := map[Treatment]bool{}
			for seed := range uint64(200) {
				got := m.FromText(NewRand(seed, 0), v.ids(t, test.pieces...))
				// 6 tokens · 0.15 = 0.9 and 8 tokens · 0.15 = 1.2 both round to one.
				if len(got.Predictions) != 1 {
					t.Fatalf("seed %d: %d predictions, want 1", seed, len(got.Predictions))
				}
				p := got.Predictions[0]
				if p.Label != original[p.Position] {
					t.Fatalf("seed %d: label %d at position %d, want %d", seed, p.Label, p.Position, original[p.Position])
				}
				switch now := got.IDs[p.Position]; {
				case p.Treatment == Masked && now != v.Mask():
					t.Fatalf("seed %d: masked piece is %q", seed, v.Token(now))
				case p.Treatment == Kept && now != p.Label:
					t.Fatalf("seed %d: kept piece is %q, was %q", seed, v.Token(now), v.Token(p.Label))
				}
				if diff := cmp.Diff(original, got.Original()); diff != "" {
					t.Fatalf("seed %d: Original() (-want +got):\n%s", seed, diff)
				}
				if got.Next != NoPair {
					t.Fatalf("seed %d: Next = %d, want NoPair", seed, got.Next)
				}
				seen[p.Position] = true
				treatments[p.Treatment] = true
			}
			if len(seen) != len(test.pieces) {
				t.Errorf("positions chosen over 200 seeds: %v, want each of the %d pieces", seen, len(test.pieces))
			}
			if len(treatments) != 3 {
				t.Errorf("treatments over 200 seeds: %v, want all three", treatments)
			}
		})
	}
}

func TestMaskIsTheSameForTheSameSeed(t *testing.T) {
	v := numbered(1000)
	m := newMaker(t, v, DefaultExampleOptions(128))
	docs := randomDocuments(1, 20, v)
	a := m.FromDocument(NewRand(7, 3), docs, 4)
	b := m.FromDocument(NewRand(7, 3), docs, 4)
	c := m.FromDocument(NewRand(7, 4), docs, 4)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("same seed, other examples:\n%s", diff)
	}
	if cmp.Equal(a, c) {
		t.Error("another stream of the seed made the same examples")
	}
}

// The counts are those of Python's int(round(tokens * 0.15)), which rounds
// halves to even: 10 tokens give 2 (1.5), 30 give 4 (4.5), 50 give 8 (7.5).
func TestMaskCountRoundsAsPython(t *testing.T) {
	for _, test := range []struct{ tokens, bound, want int }{
		{3, 0, 1},
		{6, 0, 1},
		{10, 0, 2},
		{30, 0, 4},
		{50, 0, 8},
		{128, 0, 19},
		{512, 0, 77},
		{128, 20, 19},
		{512, 20, 20},
		{512, 76, 76},
	} {
		o := DefaultExampleOptions(512)
		o.MaxPredictions = test.bound
		v := numbered(10)
		m := newMaker(t, v, o)
		text := make([]int32, test.tokens-2)
		for i := range text {
			text[i] = 7
		}
		got := m.FromText(NewRand(1, 1), text)
		if len(got.Predictions) != test.want {
			t.Errorf("%d tokens, bound %d: %d predictions, want %d", test.tokens, test.bound, len(got.Predictions), test.want)
		}
	}
}

func TestMaskNeverChoosesSpecialTokens(t *testing.T) {
	v := newWords("a", "b")
	m := newMaker(t, v, ExampleOptions{MaxTokens: 64, MaskProbability: 1})
	for seed := range uint64(50) {
		ids := v.ids(t, "[CLS]", "a", "[UNK]", "b", "[MASK]", "[SEP]", "b", "[SEP]", "[PAD]")
		var got []int32
		for _, p := range m.Mask(NewRand(seed, 0), ids) {
			got = append(got, p.Position)
		}
		if want := []int32{1, 3, 6}; !slices.Equal(got, want) {
			t.Fatalf("seed %d: chosen positions %v, want %v", seed, got, want)
		}
	}
	if got := m.Mask(NewRand(0, 0), v.ids(t, "[CLS]", "[SEP]")); len(got) != 0 {
		t.Errorf("chose %v among special tokens", got)
	}
}

func TestWholeWordChoosesAllPiecesOfAWord(t *testing.T) {
	v := newWords("un", "##aff", "##able", "dog", "phil", "##am", "##mon")
	o := DefaultExampleOptions(128)
	o.WholeWord = true
	o.MaskProbability = 0.4 // 12 tokens: 5 predictions
	m := newMaker(t, v, o)
	pieces := []string{"un", "##aff", "##able", "dog", "dog", "phil", "##am", "##mon", "dog", "##able"}
	wordsOf := [][]int32{{1, 2, 3}, {4}, {5}, {6, 7, 8}, {9, 10}}
	for seed := range uint64(200) {
		got := m.FromText(NewRand(seed, 0), v.ids(t, pieces...))
		chosen := map[int32]bool{}
		for _, p := range got.Predictions {
			chosen[p.Position] = true
		}
		for _, word := range wordsOf {
			for _, position := range word {
				if chosen[position] != chosen[word[0]] {
					t.Fatalf("seed %d: word %v is chosen in part: %v", seed, word, chosen)
				}
			}
		}
		if n := len(chosen); n == 0 || n > 5 {
			t.Fatalf("seed %d: %d predictions, want 1 to 5", seed, n)
		}
	}
	t.Run("a piece after a separator is a word of its own", func(t *testing.T) {
		o.MaskProbability = 0.2 // 7 tokens: 1 prediction
		m := newMaker(t, v, o)
		single := 0
		for seed := range uint64(100) {
			ids := v.ids(t, "[CLS]", "un", "##aff", "[SEP]", "##able", "[SEP]", "[PAD]")
			if p := m.Mask(NewRand(seed, 0), ids); len(p) == 1 && p[0].Position == 4 {
				single++
			}
		}
		if single == 0 {
			t.Error("a continuation piece at the start of a segment was never chosen alone")
		}
	})
}

// randomDocuments makes documents of 1 to 30 sentences of 3 to 30 pieces. The
// pieces say which document they are from: id = 5 + document.
func randomDocuments(seed uint64, n int, v words) []Document {
	rng := NewRand(seed, 99)
	docs := make([]Document, n)
	for d := range docs {
		docs[d] = make(Document, 1+rng.IntN(30))
		for s := range docs[d] {
			docs[d][s] = make([]int32, 3+rng.IntN(28))
			for i := range docs[d][s] {
				docs[d][s][i] = int32(len(specials) + d%(len(v)-len(specials)))
			}
		}
	}
	return docs
}

// within checks a share against its expectation: four standard errors of a
// binomial count, so that about one such check in 16,000 would fail by chance,
// and none does with the seeds that stand here.
func within(t *testing.T, what string, count, n int, want float64) {
	t.Helper()
	got := float64(count) / float64(n)
	if limit := 4 * math.Sqrt(want*(1-want)/float64(n)); math.Abs(got-want) > limit {
		t.Errorf("%s: %d of %d = %.4f, want %.4f ± %.4f", what, count, n, got, want, limit)
	}
}

func TestSharesOfAMillionPieces(t *testing.T) {
	v := numbered(5000)
	docs := randomDocuments(2, 3000, v)
	m := newMaker(t, v, DefaultExampleOptions(128))
	rng := NewRand(12345, 0)
	var tokens, expected, chosen, randomSame int
	var treated [3]int
	var pairs, isNext int
	positions := make([]int, 4) // by quarter of the example
	for index := range docs {
		for _, e := range m.FromDocument(rng, docs, index) {
			tokens += len(e.IDs)
			expected += int(math.RoundToEven(float64(len(e.IDs)) * 0.15))
			chosen += len(e.Predictions)
			for _, p := range e.Predictions {
				treated[p.Treatment]++
				positions[int(p.Position)*4/len(e.IDs)]++
				if p.Treatment == Randomized && e.IDs[p.Position] == p.Label {
					randomSame++
				}
			}
			pairs++
			// Every piece says which document it came from.
			original := e.Original()
			sameDocument := original[1] == original[len(original)-2]
			if e.Next == IsNext {
				isNext++
			}
			if sameDocument != (e.Next == IsNext) {
				t.Fatalf("label %d, but same document = %v", e.Next, sameDocument)
			}
			if len(e.IDs) > 128 {
				t.Fatalf("%d tokens", len(e.IDs))
			}
		}
	}
	if tokens < 1_000_000 {
		t.Fatalf("only %d tokens were made", tokens)
	}
	if chosen != expected {
		t.Errorf("%d pieces chosen, want exactly %d", chosen, expected)
	}
	within(t, "masked", treated[Masked], chosen, 0.8)
	within(t, "random", treated[Randomized], chosen, 0.1)
	within(t, "kept", treated[Kept], chosen, 0.1)
	within(t, "random piece equal to the piece", randomSame, treated[Randomized], 1/float64(len(v)))
	// Single sentences always get a random next; the documents here are short,
	// so there are many.
	if share := float64(isNext) / float64(pairs); share < 0.35 || share > 0.5 {
		t.Errorf("IsNext share is %.3f, want somewhat below one half", share)
	}
}

func TestPiecesAreChosenUniformly(t *testing.T) {
	v := numbered(50)
	m := newMaker(t, v, DefaultExampleOptions(64))
	const examples, pieces, wanted = 20000, 30, 5 // 32 tokens · 0.15 = 4.8
	rng := NewRand(5, 5)
	counts := make([]int, pieces)
	text := make([]int32, pieces)
	for range examples {
		for i := range text {
			text[i] = int32(5 + i)
		}
		for _, p := range m.FromText(rng, text).Predictions {
			counts[p.Position-1]++
		}
	}
	for i, count := range counts {
		within(t, fmt.Sprint("piece ", i), count, examples, float64(wanted)/pieces)
	}
}

func TestNextSentenceShareOfLongChunks(t *testing.T) {
	// Chunks of several sentences are random with exactly one half; only
	// single sentences tilt the balance.
	v := numbered(100)
	docs := make([]Document, 100)
	for d := range docs {
		docs[d] = make(Document, 200)
		for s := range docs[d] {
			docs[d][s] = []int32{int32(5 + d), int32(5 + d), int32(5 + d)}
		}
	}
	o := DefaultExampleOptions(64)
	o.ShortProbability = 0
	m := newMaker(t, v, o)
	rng := NewRand(3, 3)
	pairs, random := 0, 0
	for index := range docs {
		examples := m.FromDocument(rng, docs, index)
		for _, e := range examples[:len(examples)-1] { // the last chunk may be one sentence
			pairs++
			if e.Next == NotNext {
				random++
			}
		}
	}
	within(t, "random next", random, pairs, 0.5)
}

func TestShortShare(t *testing.T) {
	// Long documents of one-piece sentences: the first example's length shows
	// the target, which is drawn once a document.
	v := numbered(2)
	document := make(Document, 100)
	for s := range document {
		document[s] = []int32{5}
	}
	docs := []Document{document, document}
	m := newMaker(t, v, ExampleOptions{MaxTokens: 64, ShortProbability: 0.1}) // never a random next
	rng := NewRand(8, 8)
	const n = 20000
	short := 0
	for range n {
		if len(m.FromDocument(rng, docs, 0)[0].IDs) < 64 {
			short++
		}
	}
	// A short target is 2…61 pieces, and 61 is full: 59 of 60 are short.
	within(t, "short", short, n, 0.1*59/60)
}

func TestTruncatePairDropsFrontAndBackEqually(t *testing.T) {
	rng := NewRand(4, 4)
	front, dropped := 0, 0
	for range 2000 {
		a := make([]int32, 20)
		for i := range a {
			a[i] = int32(i)
		}
		cut, b := truncatePair(rng, a, []int32{1, 2, 3}, 13)
		if len(cut) != 10 || len(b) != 3 {
			t.Fatalf("lengths %d and %d, want 10 and 3", len(cut), len(b))
		}
		front += int(cut[0])
		dropped += 10
	}
	within(t, "dropped at the front", front, dropped, 0.5)
}

func TestFromDocumentAlone(t *testing.T) {
	v := newWords("a", "b")
	m := newMaker(t, v, DefaultExampleOptions(32))
	sentence := v.ids(t, "a", "b", "a")
	for seed := range uint64(50) {
		lone := m.FromDocument(NewRand(seed, 0), []Document{{sentence}}, 0)
		if len(lone) != 1 || lone[0].Next != NoPair {
			t.Fatalf("seed %d: a sentence alone gave %+v, want one unpaired example", seed, lone)
		}
		for _, e := range m.FromDocument(NewRand(seed, 0), []Document{{sentence, sentence, sentence}}, 0) {
			if e.Next == NotNext {
				t.Fatalf("seed %d: NotNext without another document", seed)
			}
		}
	}
}

func TestFromDocumentKeepsItsPromises(t *testing.T) {
	v := numbered(40)
	rapid.Check(t, func(t *rapid.T) {
		sentence := rapid.SliceOfN(rapid.Int32Range(5, 44), 0, 12)
		document := rapid.Map(rapid.SliceOfN(sentence, 0, 12), func(s [][]int32) Document { return s })
		docs := rapid.SliceOfN(document, 1, 5).Draw(t, "docs")
		maxTokens := rapid.IntRange(MinTokens, 40).Draw(t, "max tokens")
		o := DefaultExampleOptions(maxTokens)
		o.WholeWord = rapid.Bool().Draw(t, "whole word")
		m, err := NewExampleMaker(v, o)
		if err != nil {
			t.Fatal(err)
		}
		index := rapid.IntRange(0, len(docs)-1).Draw(t, "index")
		seed := rapid.Uint64().Draw(t, "seed")
		for _, e := range m.FromDocument(NewRand(seed, 0), docs, index) {
			if len(e.IDs) > maxTokens || len(e.IDs) != len(e.TypeIDs) {
				t.Fatalf("%d ids, %d type ids, at most %d", len(e.IDs), len(e.TypeIDs), maxTokens)
			}
			original := e.Original()
			separators := 0
			for i, id := range original {
				if want := int32(separators); e.TypeIDs[i] != want {
					t.Fatalf("type of token %d is %d, want %d", i, e.TypeIDs[i], want)
				}
				if id == v.SEP() {
					separators++
				}
			}
			if want := map[bool]int{true: 1, false: 2}[e.Next == NoPair]; separators != want {
				t.Fatalf("%d separators, want %d", separators, want)
			}
			if original[0] != v.CLS() || original[len(original)-1] != v.SEP() {
				t.Fatalf("example %v lacks its template", original)
			}
		}
	})
}

// maskless is a vocabulary without [MASK].
type maskless struct{ words }

func (maskless) Mask() int32 { return -1 }

func TestMaskingNeedsAMask(t *testing.T) {
	o := DefaultExampleOptions(128)
	if _, err := NewExampleMaker(maskless{newWords()}, o); !errors.Is(err, ErrNoMask) {
		t.Errorf("error %v, want %v", err, ErrNoMask)
	}
	o.MaskProbability = 0
	newMaker(t, maskless{newWords()}, o)
}

func TestExampleOptionsAreChecked(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*ExampleOptions)
		want string
	}{
		{"no room for a pair", func(o *ExampleOptions) { o.MaxTokens = 4 }, "hold no pair"},
		{"negative bound", func(o *ExampleOptions) { o.MaxPredictions = -1 }, "max predictions"},
		{"share above one", func(o *ExampleOptions) { o.MaskProbability = 1.5 }, "mask probability"},
		{"not a number", func(o *ExampleOptions) { o.ShortProbability = math.NaN() }, "short probability"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := DefaultExampleOptions(128)
			test.edit(&o)
			_, err := NewExampleMaker(newWords(), o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that names %q", err, test.want)
			}
		})
	}
}
