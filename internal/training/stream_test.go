package training

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// numberedCorpus writes two files of documents whose words are w0 … w199, and
// returns a tokenizer for them.
func numberedCorpus(t testing.TB, documents int) (*Corpus, *tokenizer.Tokenizer) {
	t.Helper()
	dir := t.TempDir()
	rng := NewRand(11, 11)
	var files [2]strings.Builder
	for d := range documents {
		file := &files[d%2]
		for range 3 + rng.IntN(8) {
			for range 4 + rng.IntN(8) {
				fmt.Fprintf(file, "w%d ", rng.IntN(200))
			}
			file.WriteByte('\n')
		}
		file.WriteByte('\n')
	}
	writeTo(t, filepath.Join(dir, "a.txt"), files[0].String())
	writeTo(t, filepath.Join(dir, "b.txt.gz"), files[1].String())
	corpus, err := OpenCorpus(dir)
	if err != nil {
		t.Fatal(err)
	}
	return corpus, loadTokenizer(t, numbered(200))
}

func newStream(t testing.TB, corpus *Corpus, tok *tokenizer.Tokenizer, maxTokens int, o StreamOptions) *ExampleStream {
	t.Helper()
	stream, err := NewExampleStream(corpus, tok, newMaker(t, tok, DefaultExampleOptions(maxTokens)), o)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func take(t testing.TB, s *ExampleStream, n int) []Example {
	t.Helper()
	examples := make([]Example, n)
	for i := range examples {
		var err error
		if examples[i], err = s.Next(); err != nil {
			t.Fatal(err)
		}
	}
	return examples
}

func TestStreamContinuesFromAnyPosition(t *testing.T) {
	corpus, tok := numberedCorpus(t, 60)
	o := StreamOptions{Seed: 3, BlockBytes: 4 << 10, HeldOut: 0.1}
	whole := newStream(t, corpus, tok, 48, o)
	var positions []StreamPosition
	var examples []Example
	for whole.Position().Epoch < 3 {
		positions = append(positions, whole.Position())
		examples = append(examples, take(t, whole, 1)...)
	}
	blocks := map[[2]int]bool{}
	for i, position := range positions {
		blocks[[2]int{position.Epoch, position.Block}] = true
		if i%7 != 0 {
			continue // a seventh is enough: each one reads a block
		}
		again := newStream(t, corpus, tok, 48, o)
		again.Seek(position)
		n := min(5, len(examples)-i)
		if diff := cmp.Diff(examples[i:i+n], take(t, again, n)); diff != "" {
			t.Fatalf("from position %+v other examples follow:\n%s", position, diff)
		}
	}
	if len(blocks) < 9 {
		t.Errorf("%d blocks in three epochs, want at least nine", len(blocks))
	}
}

// A block goes on where the last one left the file, which is not opened again: of a
// large one, that would read all of its beginning for every block.
func TestStreamStaysInTheFile(t *testing.T) {
	corpus, tok := numberedCorpus(t, 60)
	corpus.Paths = corpus.Paths[:1]
	o := StreamOptions{Seed: 3, BlockBytes: 1 << 10}
	whole, stays := newStream(t, corpus, tok, 48, o), newStream(t, corpus, tok, 48, o)
	var want []Example
	for whole.Position().Epoch == 0 {
		want = append(want, take(t, whole, 1)...)
	}
	want = want[:len(want)-1] // the last is of the next epoch
	got := take(t, stays, 1)
	if err := os.Remove(corpus.Paths[0]); err != nil {
		t.Fatal(err)
	}
	got = append(got, take(t, stays, len(want)-1)...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("examples of a stream (-) and of one whose file is gone (+):\n%s", diff)
	}
	if blocks := stays.Position().Block; blocks < 3 {
		t.Errorf("%d blocks, want some", blocks)
	}
}

// A corpus that changes while a run reads it is noticed, at the latest when its end
// comes where it was not.
func TestStreamNoticesAnotherCorpus(t *testing.T) {
	corpus, tok := numberedCorpus(t, 60)
	stream := newStream(t, corpus, tok, 48, StreamOptions{Seed: 3, BlockBytes: 4 << 10})
	if _, err := stream.Survey(0); err != nil {
		t.Fatal(err)
	}
	take(t, stream, 1)
	if err := os.Truncate(corpus.Paths[0], 6<<10); err != nil {
		t.Fatal(err)
	}
	for stream.Position().Epoch < 2 { // of the first, it has the beginning already
		if _, err := stream.Next(); err != nil {
			if !strings.Contains(err.Error(), "its files have changed") {
				t.Error(err)
			}
			return
		}
	}
	t.Error("epochs end as if nothing had happened")
}

// The share of an epoch that was given rises from 0 to 1, evenly, and is the same
// after Seek.
func TestStreamProgress(t *testing.T) {
	corpus, tok := numberedCorpus(t, 60)
	o := StreamOptions{Seed: 3, BlockBytes: 4 << 10, HeldOut: 0.1}
	newSurveyed := func() *ExampleStream {
		stream := newStream(t, corpus, tok, 48, o)
		if _, err := stream.Survey(10); err != nil {
			t.Fatal(err)
		}
		return stream
	}
	progress := func(s *ExampleStream) float64 {
		share, err := s.Progress()
		if err != nil {
			t.Fatal(err)
		}
		return float64(s.Position().Epoch) + share
	}
	if _, err := newStream(t, corpus, tok, 48, o).Progress(); err == nil {
		t.Error("without a survey there is no error")
	}
	stream := newSurveyed()
	if got := progress(stream); got != 0 {
		t.Errorf("at the beginning the progress is %v, want 0", got)
	}
	var seen []float64
	for stream.Position().Epoch < 2 {
		take(t, stream, 1)
		seen = append(seen, progress(stream))
		if len(seen)%7 == 0 {
			again := newSurveyed()
			again.Seek(stream.Position())
			if got := progress(again); got != seen[len(seen)-1] {
				t.Errorf("after Seek to %+v the progress is %v, want %v", stream.Position(), got, seen[len(seen)-1])
			}
		}
	}
	before := 0.0
	for i, now := range seen {
		if now <= before || now > before+0.1 {
			t.Errorf("example %d of %d: progress from %v to %v", i, len(seen), before, now)
		}
		before = now
	}
	if !slices.Contains(seen, 1) {
		t.Errorf("no example ends the first epoch: %v", seen)
	}
}

func TestStreamDoesNotDependOnTheWorkers(t *testing.T) {
	corpus, tok := numberedCorpus(t, 30)
	pool := kernels.NewPool(2)
	defer pool.Close()
	one := take(t, newStream(t, corpus, tok, 48, StreamOptions{Seed: 3}), 50)
	two := take(t, newStream(t, corpus, tok, 48, StreamOptions{Seed: 3, Pool: pool}), 50)
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("two workers made other examples:\n%s", diff)
	}
}

func TestStreamDrawsAnewEachEpoch(t *testing.T) {
	corpus, tok := numberedCorpus(t, 30)
	stream := newStream(t, corpus, tok, 48, StreamOptions{Seed: 3})
	var epochs [2][]Example
	for stream.Position().Epoch < 2 {
		example := take(t, stream, 1)[0]
		epoch := stream.Position().Epoch
		if epoch < 2 {
			epochs[epoch] = append(epochs[epoch], example)
		}
	}
	if len(epochs[0]) == 0 || cmp.Equal(epochs[0], epochs[1]) {
		t.Error("the second epoch is the first one again")
	}
}

func TestStreamRestartsWithAnotherLength(t *testing.T) {
	corpus, tok := numberedCorpus(t, 60)
	stream := newStream(t, corpus, tok, 32, StreamOptions{Seed: 3, BlockBytes: 4 << 10})
	take(t, stream, 3)
	block := stream.Position().Block
	if err := stream.Restart(newMaker(t, tok, DefaultExampleOptions(100))); err != nil {
		t.Fatal(err)
	}
	if got := stream.Position(); got.Block != block+1 || got.Index != 0 {
		t.Errorf("position %+v, want the start of block %d", got, block+1)
	}
	longest := 0
	for _, example := range take(t, stream, 20) {
		longest = max(longest, len(example.IDs))
	}
	if longest <= 32 {
		t.Errorf("longest example has %d tokens, want more than the 32 of before", longest)
	}
}

func TestSurveyHoldsDocumentsOut(t *testing.T) {
	corpus, tok := numberedCorpus(t, 400)
	o := StreamOptions{Seed: 3, HeldOut: 0.1}
	stream := newStream(t, corpus, tok, 64, o)
	survey, err := stream.Survey(1000)
	if err != nil {
		t.Fatal(err)
	}
	if survey.Documents != 400 || survey.Files != 2 || survey.Sentences < 1200 || survey.Bytes == 0 {
		t.Errorf("survey %+v of 400 documents in 2 files", survey)
	}
	heldOut := 0
	for document, err := range corpus.Documents(&Problems{}) {
		if err != nil {
			t.Fatal(err)
		}
		if stream.isHeldOut(document) {
			heldOut++
		}
	}
	within(t, "held out", heldOut, 400, 0.1)
	if len(survey.HeldOut) == 0 {
		t.Fatal("no held-out example")
	}
	again, err := newStream(t, corpus, tok, 64, o).Survey(1000)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(survey.HeldOut, again.HeldOut); diff != "" {
		t.Errorf("the held-out examples changed:\n%s", diff)
	}
	few, err := stream.Survey(5)
	if err != nil {
		t.Fatal(err)
	}
	if len(few.HeldOut) != 5 {
		t.Errorf("%d held-out examples, want 5", len(few.HeldOut))
	}
	// No sentence of a held-out document is trained on.
	heldOutSentences := map[string]bool{}
	for document, err := range corpus.Documents(&Problems{}) {
		if err != nil {
			t.Fatal(err)
		}
		if stream.isHeldOut(document) {
			for _, sentence := range document.Sentences {
				heldOutSentences[fmt.Sprint(tok.Encode(sentence, tokenizer.Options{NoTemplate: true}).IDs)] = true
			}
		}
	}
	for stream.Position().Epoch == 0 {
		ids := take(t, stream, 1)[0].Original()
		text := strings.Trim(fmt.Sprint(ids), "[]")
		for sentence := range heldOutSentences {
			if strings.Contains(text, strings.Trim(sentence, "[]")) {
				t.Fatalf("the held-out sentence %s is in example %s", sentence, text)
			}
		}
	}
}

func TestSurveyOfASmallCorpusHoldsOneDocumentOut(t *testing.T) {
	corpus, tok := numberedCorpus(t, 5)
	stream := newStream(t, corpus, tok, 16, StreamOptions{Seed: 4, HeldOut: 1e-6})
	survey, err := stream.Survey(100)
	if err != nil {
		t.Fatal(err)
	}
	heldOut := 0
	for document, err := range corpus.Documents(&Problems{}) {
		if err != nil {
			t.Fatal(err)
		}
		if stream.isHeldOut(document) {
			heldOut++
		}
	}
	if heldOut != 1 || len(survey.HeldOut) == 0 {
		t.Errorf("%d of 5 documents held out, %d examples; want one document and its examples", heldOut, len(survey.HeldOut))
	}
	labels := map[int32]int{}
	for _, example := range survey.HeldOut {
		labels[example.Next]++
	}
	if labels[NotNext] == 0 {
		t.Errorf("next-sentence labels %v, want random nexts from the other documents", labels)
	}
}

func TestStreamOfNothing(t *testing.T) {
	tok := newTokenizer(t, "a")
	for _, content := range []string{"", "\n\n\n"} {
		corpus, err := OpenCorpus(write(t, "a.txt", content))
		if err != nil {
			t.Fatal(err)
		}
		stream := newStream(t, corpus, tok, 32, StreamOptions{})
		if _, err := stream.Survey(10); err == nil || !strings.Contains(err.Error(), "no text") {
			t.Errorf("Survey of %q: error %v", content, err)
		}
		if _, err := stream.Next(); err == nil {
			t.Errorf("Next of %q: no error", content)
		}
	}
	corpus, err := OpenCorpus(write(t, "a.txt", "a\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewExampleStream(corpus, tok, nil, StreamOptions{HeldOut: 1}); err == nil {
		t.Error("everything held out: no error")
	}
}

func TestStreamCountsUnusableLines(t *testing.T) {
	tok := newTokenizer(t, "a")
	corpus, err := OpenCorpus(write(t, "a.txt", strings.Repeat("a a a\n", 10)+strings.Repeat("\xff\n", 3)))
	if err != nil {
		t.Fatal(err)
	}
	survey, err := newStream(t, corpus, tok, 32, StreamOptions{ProblemLimit: 3}).Survey(0)
	if err != nil || survey.Problems.Total() != 3 {
		t.Errorf("%d problems, error %v, want 3 and none", survey.Problems.Total(), err)
	}
	if _, err := newStream(t, corpus, tok, 32, StreamOptions{ProblemLimit: 2}).Next(); err == nil || !strings.Contains(err.Error(), "a.txt:11") {
		t.Errorf("above the limit: error %v", err)
	}
}

// The limit is for all files of the corpus together, and for each epoch anew.
func TestStreamCountsUnusableLinesByEpoch(t *testing.T) {
	tok := newTokenizer(t, "a")
	corpus := &Corpus{}
	for range 2 {
		corpus.Paths = append(corpus.Paths, write(t, "a.txt", "\xff\na a a\n\xff\n"))
	}
	stream := newStream(t, corpus, tok, 32, StreamOptions{ProblemLimit: 4})
	for stream.Position().Epoch < 3 {
		if _, err := stream.Next(); err != nil {
			t.Fatalf("epoch %d: %v", stream.Position().Epoch, err)
		}
	}
	if _, err := newStream(t, corpus, tok, 32, StreamOptions{ProblemLimit: 3}).Next(); err == nil || !strings.Contains(err.Error(), "4 lines could not be used, and 3 is the limit") {
		t.Errorf("above the limit: error %v", err)
	}
}
