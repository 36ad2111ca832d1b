package tokenizer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func newTrainer(t testing.TB, c Config, o TrainOptions) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

func train(t testing.TB, c Config, o TrainOptions, texts ...string) *Vocabulary {
	t.Helper()
	trainer := newTrainer(t, c, o)
	for _, text := range texts {
		trainer.Add(text)
	}
	v, err := trainer.Train()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func readLines(t testing.TB, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// Hugging Face's vocabulary has the pieces of the text's own characters only,
// ours those of all of ASCII as well; beyond single characters the joins are
// to be the same.
func TestTrainAgreesWithHuggingFace(t *testing.T) {
	text := readLines(t, "train.txt")
	isJoined := func(token string) bool {
		return len(strings.TrimPrefix(token, "##")) > 1 && !strings.HasPrefix(token, "[")
	}
	var want []string
	for _, token := range readLines(t, "train.vocab.txt") {
		if isJoined(token) {
			want = append(want, token)
		}
	}
	if len(want) < 80 {
		t.Fatalf("the fixture has %d joins", len(want))
	}
	characters := len(train(t, DefaultConfig(), TrainOptions{Size: 1000, MinFrequency: 1 << 30}, text...).Tokens)
	v := train(t, DefaultConfig(), TrainOptions{Size: characters + len(want)}, text...)
	var got []string
	for _, token := range v.Tokens {
		if isJoined(token) {
			got = append(got, token)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("joined pieces\n%q\nwant\n%q", got, want)
	}
}

func TestTrainedVocabularyCutsItsText(t *testing.T) {
	text := readLines(t, "train.txt")
	v := train(t, DefaultConfig(), TrainOptions{Size: 200}, text...)
	tok, err := New(v.Tokens, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	pieces, words := 0, 0
	for _, line := range text {
		e := tok.Encode(line, Options{NoTemplate: true})
		pieces += e.Len()
		for i, id := range e.IDs {
			if id == tok.UNK() {
				t.Fatalf("%q has [UNK]", line)
			}
			if i == 0 || e.Words[i] != e.Words[i-1] {
				words++
			}
		}
	}
	if words != v.Words || pieces > v.Pieces {
		t.Errorf("the tokenizer finds %d words and %d pieces, the trainer %d and at least as many pieces, %d", words, pieces, v.Words, v.Pieces)
	}
	if ids := tok.Encode("quiz", Options{NoTemplate: true}).IDs; slices.Contains(ids, tok.UNK()) {
		t.Error("a word of letters that the text lacks is [UNK]")
	}
}

func TestTrainJoinsTheMostFrequentPair(t *testing.T) {
	v := train(t, DefaultConfig(), TrainOptions{Size: 1000, MinFrequency: 3}, "aab aab aab Aab ab ab xyz xyz")
	var joined []string
	for _, token := range v.Tokens {
		if len(strings.TrimPrefix(token, "##")) > 1 && token[0] != '[' {
			joined = append(joined, token)
		}
	}
	// a##a and ##a##b occur four times; the pair of older pieces comes first.
	if want := []string{"aa", "aab"}; !slices.Equal(joined, want) {
		t.Errorf("joined %q, want %q: xyz is too rare", joined, want)
	}
	if v.Words != 8 || v.Distinct != 3 {
		t.Errorf("%d words, %d distinct, want 8 and 3", v.Words, v.Distinct)
	}
}

func TestTrainRepeatedCharacters(t *testing.T) {
	// Overlapping pairs of one piece: ##a##a in aaaaa.
	v := train(t, DefaultConfig(), TrainOptions{Size: 1000, MinFrequency: 2}, strings.Repeat("aaaaa ", 5)+strings.Repeat("aaaaaaaa ", 3))
	if !slices.Contains(v.Tokens, "aaaaa") || !slices.Contains(v.Tokens, "aaaaaaaa") {
		t.Errorf("whole words are missing: %q", v.Tokens[len(v.Tokens)-12:])
	}
	if v.Pieces != v.Words {
		t.Errorf("%d pieces for %d words, want one each", v.Pieces, v.Words)
	}
}

func TestTrainChinese(t *testing.T) {
	v := train(t, DefaultConfig(), TrainOptions{Size: 1000, Coverage: 1}, "今天天气很好 iPhone手机", "今天上课")
	for _, token := range []string{"今", "天", "课", "##p"} {
		if !slices.Contains(v.Tokens, token) {
			t.Errorf("%q is missing", token)
		}
	}
	for _, token := range []string{"##天", "今天"} {
		if slices.Contains(v.Tokens, token) {
			t.Errorf("%q is there, though Han characters stand alone", token)
		}
	}
	// Rare characters are left out by coverage.
	v = train(t, DefaultConfig(), TrainOptions{Size: 1000, Coverage: 0.99}, strings.Repeat("天", 200)+"龘")
	if slices.Contains(v.Tokens, "龘") || v.Unknown != 1 {
		t.Errorf("a character beyond the coverage: %d unknown words, want 1", v.Unknown)
	}
}

func TestTrainKeepsCase(t *testing.T) {
	c := DefaultConfig()
	c.Lowercase = false
	cased := train(t, c, TrainOptions{Size: 1000, Coverage: 1}, "Été Été")
	lowered := train(t, DefaultConfig(), TrainOptions{Size: 1000, Coverage: 1}, "Été Été")
	if !slices.Contains(cased.Tokens, "Été") || !slices.Contains(cased.Tokens, "Z") {
		t.Error("the cased vocabulary lacks Été or Z")
	}
	if !slices.Contains(lowered.Tokens, "ete") || slices.Contains(lowered.Tokens, "Z") {
		t.Error("the lower-case vocabulary lacks ete, or has Z")
	}
}

func TestTrainForgetsRareWords(t *testing.T) {
	trainer := newTrainer(t, DefaultConfig(), TrainOptions{Size: 1000, MaxWords: 100})
	for i := range 1000 {
		trainer.Add(fmt.Sprintf("often rare%c%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676))
	}
	if n := len(trainer.words.counts); n > 100 {
		t.Errorf("%d words are remembered, want at most 100", n)
	}
	v, err := trainer.Train()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(v.Tokens, "often") || v.Forgotten == 0 || v.Words != 2000 {
		t.Errorf("forgotten %d, words %d; want some, 2000, and the frequent word kept", v.Forgotten, v.Words)
	}
}

func TestMergedTrainersAreOne(t *testing.T) {
	text := readLines(t, "train.txt")
	want := train(t, DefaultConfig(), TrainOptions{Size: 220}, text...)
	a, b := newTrainer(t, DefaultConfig(), TrainOptions{Size: 220}), newTrainer(t, DefaultConfig(), TrainOptions{Size: 220})
	for i, line := range text {
		[]*Trainer{a, b}[i%2].Add(line)
	}
	a.Merge(b)
	got, err := a.Train()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Tokens, want.Tokens) || got.Words != want.Words {
		t.Error("two halves make another vocabulary than the whole")
	}
}

// Words are cut as the tokenizer cuts them that will use the vocabulary.
func TestTrainCutsAsTheTokenizerDoes(t *testing.T) {
	config := DefaultConfig()
	config.PreTokenizer = Whitespace
	text := strings.Repeat("it's a-b c++ ", 5)
	vocabulary := train(t, config, TrainOptions{Size: 200}, text)
	tokenizer, err := New(vocabulary.Tokens, config)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tokens(tokenizer, "it's a-b c++"), "it ' s a - b c ++"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Trainers that may remember so many words each remember all of them together, and
// what each forgot it forgets alike every time.
func TestMergedTrainersRememberWhatEachMay(t *testing.T) {
	const each = 50
	var want []string
	for range 4 {
		a, b := newTrainer(t, DefaultConfig(), TrainOptions{Size: 150, MaxWords: each}), newTrainer(t, DefaultConfig(), TrainOptions{Size: 150, MaxWords: each})
		for i := range each {
			a.Add(strings.Repeat(fmt.Sprintf("ab%c%c ", 'a'+i%26, 'a'+i/26), 2))
			b.Add(strings.Repeat(fmt.Sprintf("cd%c%c ", 'a'+i%26, 'a'+i/26), 3))
		}
		b.Add("one more")
		a.Merge(b)
		got, err := a.Train()
		if err != nil {
			t.Fatal(err)
		}
		if got.Distinct != 2*each || got.Forgotten != 2 || got.Words != 5*each+2 {
			t.Errorf("%d distinct words of %d, %d forgotten", got.Distinct, got.Words, got.Forgotten)
		}
		if want != nil && !slices.Equal(got.Tokens, want) {
			t.Error("the same text gives another vocabulary")
		}
		want = got.Tokens
	}
}

func TestTrainRefuses(t *testing.T) {
	if _, err := newTrainer(t, DefaultConfig(), TrainOptions{Size: 100}).Train(); err == nil || !strings.Contains(err.Error(), "no word") {
		t.Errorf("no text: error %v", err)
	}
	trainer := newTrainer(t, DefaultConfig(), TrainOptions{Size: 50})
	trainer.Add("some text")
	if _, err := trainer.Train(); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("too small: error %v", err)
	}
	for _, o := range []TrainOptions{{}, {Size: 10, Coverage: 2}, {Size: 10, MinFrequency: -1}} {
		if _, err := NewTrainer(DefaultConfig(), o); err == nil {
			t.Errorf("%+v passed", o)
		}
	}
}

func BenchmarkTrainerAdd(b *testing.B) {
	data, err := os.ReadFile(filepath.Join("testdata", "train.txt"))
	if err != nil {
		b.Fatal(err)
	}
	trainer := newTrainer(b, DefaultConfig(), TrainOptions{Size: 1000})
	text := string(data)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		trainer.Add(text)
	}
}
