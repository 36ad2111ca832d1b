package training

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// newTokenizer makes a tokenizer of a literal vocabulary beside the special
// tokens; upper case is kept.
func newTokenizer(t testing.TB, pieces ...string) *tokenizer.Tokenizer {
	t.Helper()
	return loadTokenizer(t, newWords(pieces...))
}

func loadTokenizer(t testing.TB, vocabulary words) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Load(fstest.MapFS{
		"vocab.txt":             {Data: []byte(strings.Join(vocabulary, "\n") + "\n")},
		"tokenizer_config.json": {Data: []byte(`{"do_lower_case": false}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func ptr[T any](value T) *T { return &value }

var sentimentHead = bert.HeadConfig{
	Type: bert.SequenceHeadType, Labels: []string{"negative", "neutral", "positive"}, ProblemType: bert.SingleLabel,
}

func loadSet(t *testing.T, head bert.HeadConfig, c SetConfig, maxTokens int, tok *tokenizer.Tokenizer) (*Set, error) {
	t.Helper()
	return newSetLoader(tok, "head", head, maxTokens, 1, 0).load(c, c.Train)
}

func mustLoadSet(t *testing.T, head bert.HeadConfig, c SetConfig, maxTokens int, tok *tokenizer.Tokenizer) *Set {
	t.Helper()
	set, err := loadSet(t, head, c, maxTokens, tok)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestLoadRecords(t *testing.T) {
	tok := newTokenizer(t, "a", "b", "c")
	path := write(t, "train.jsonl", `{"text":"a b","label":"pos"}
{"text":"b c c c","label":"negative"}
{"text":"c","label":"mixed"}
`)
	set := mustLoadSet(t, sentimentHead, SetConfig{Train: path, Map: map[string]*string{"pos": ptr("positive"), "mixed": nil}}, 5, tok)
	want := []TaskExample{
		{IDs: []int32{2, 5, 6, 3}, Row: 0, Labels: []int32{2}},
		{IDs: []int32{2, 6, 7, 7, 3}, Row: 1, Labels: []int32{0}}, // truncated
	}
	if diff := cmp.Diff(want, set.Examples); diff != "" {
		t.Errorf("examples (-want +got):\n%s", diff)
	}
	if set.Rows != 2 || set.LeftOut != 1 || set.Truncated != 1 {
		t.Errorf("rows %d, left out %d, truncated %d, want 2, 1, 1", set.Rows, set.LeftOut, set.Truncated)
	}
	// neutral never occurs: the set lacks it.
	if diff := cmp.Diff([]bool{false, true, false}, set.absent); diff != "" {
		t.Errorf("absent labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"neutral"}, set.lacking(sentimentHead)); diff != "" {
		t.Errorf("lacking labels (-want +got):\n%s", diff)
	}
	full := mustLoadSet(t, sentimentHead, SetConfig{Train: path, Map: map[string]*string{"pos": ptr("positive"), "*": nil}, Lacks: &[]string{}}, 5, tok)
	if full.absent != nil {
		t.Errorf("absent labels %v, want none, since lacks is empty", full.absent)
	}
}

func TestLoadRecordsOfPairsAndOtherProblems(t *testing.T) {
	tok := newTokenizer(t, "a", "b", "c")
	t.Run("pairs", func(t *testing.T) {
		path := write(t, "train.jsonl", `{"text":"a b","aspect":"b","label":"neutral"}`)
		set := mustLoadSet(t, sentimentHead, SetConfig{Train: path, Fields: Fields{Pair: "aspect"}}, 16, tok)
		want := TaskExample{IDs: []int32{2, 5, 6, 3, 6, 3}, TypeIDs: []int32{0, 0, 0, 0, 1, 1}, Labels: []int32{1}}
		if diff := cmp.Diff(want, set.Examples[0]); diff != "" {
			t.Errorf("example (-want +got):\n%s", diff)
		}
	})
	t.Run("several labels", func(t *testing.T) {
		head := bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"x", "y"}, ProblemType: bert.MultiLabel}
		path := write(t, "train.jsonl", `{"text":"a","label":["y","x","y"]}`+"\n"+`{"text":"a","label":[]}`)
		set := mustLoadSet(t, head, SetConfig{Train: path}, 16, tok)
		if diff := cmp.Diff([]int32{1, 0}, set.Examples[0].Labels); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
		if len(set.Examples[1].Labels) != 0 || set.Rows != 2 {
			t.Errorf("a row without labels: %+v", set.Examples[1])
		}
	})
	t.Run("regression", func(t *testing.T) {
		head := bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"score"}, ProblemType: bert.Regression}
		path := write(t, "train.tsv", "text\ttext_pair\tlabel\na\tb\t3.25\n")
		set := mustLoadSet(t, head, SetConfig{Train: path}, 16, tok)
		if got := set.Examples[0].Value; got != 3.25 {
			t.Errorf("value %v, want 3.25", got)
		}
		if _, err := loadSet(t, head, SetConfig{Train: write(t, "a.tsv", "text\tlabel\na\tNaN\n")}, 16, tok); err == nil {
			t.Error("NaN passed as a value")
		}
	})
}

var nerHead = bert.HeadConfig{Type: bert.TokenHeadType, Labels: []string{"O", "B-PER", "I-PER", "B-DATE", "I-DATE"}}

func TestLoadTagged(t *testing.T) {
	tok := newTokenizer(t, "Ada", "Love", "##lace", "wrote", ".", "in", "May")
	path := write(t, "train.conll", "Ada\tB-PERSON\nLovelace\tI-PERSON\nwrote\tO\n.\tO\n\nMay\tB-THING\n")
	set := mustLoadSet(t, nerHead, SetConfig{Train: path, Map: map[string]*string{"PERSON": ptr("PER"), "THING": nil}}, 64, tok)
	want := []TaskExample{
		{
			IDs: []int32{2, 5, 6, 7, 8, 9, 3}, Row: 0,
			Labels: []int32{-1, 1, 2, 2, 0, 0, -1}, // ##lace goes on as I-PER
			Words:  []WordRange{{}, {0, 1}, {1, 2}, {}, {2, 3}, {3, 4}, {}},
		},
		{IDs: []int32{2, 11, 3}, Row: 1, Labels: []int32{-1, -1, -1}, Words: []WordRange{{}, {0, 1}, {}}},
	}
	if diff := cmp.Diff(want, set.Examples); diff != "" {
		t.Errorf("examples (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"B-PER", "I-PER", "O", "O"}, {"O"}}, set.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bool{false, false, false, true, true}, set.absent); diff != "" {
		t.Errorf("absent labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"PER"}, set.types(nerHead)); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// Where every character is a word, a number's pieces hold several.
func TestLoadTaggedCharacters(t *testing.T) {
	tok := newTokenizer(t, "在", "19", "##98", "年")
	path := write(t, "train.conll", "在\tO\n1\tB-DATE\n9\tI-DATE\n9\tI-DATE\n8\tI-DATE\n年\tI-DATE\n")
	set := mustLoadSet(t, nerHead, SetConfig{Train: path}, 64, tok)
	want := []TaskExample{{
		IDs:    []int32{2, 5, 6, 7, 8, 3},
		Labels: []int32{-1, 0, 3, 4, 4, -1},
		Words:  []WordRange{{}, {0, 1}, {1, 3}, {3, 5}, {5, 6}, {}},
	}}
	if diff := cmp.Diff(want, set.Examples); diff != "" {
		t.Errorf("examples (-want +got):\n%s", diff)
	}
}

func TestAnsweredWords(t *testing.T) {
	for _, test := range []struct {
		name          string
		words, pieces []tokenizer.Span
		begins        []int32
		want          []WordRange
	}{
		{
			"a piece reaches into the next word, which has one of its own: do and n't of don, ', t",
			[]tokenizer.Span{{Start: 0, End: 2}, {Start: 2, End: 5}},
			[]tokenizer.Span{{Start: 0, End: 3}, {Start: 3, End: 4}, {Start: 4, End: 5}},
			[]int32{0, 1, -1},
			[]WordRange{{0, 1}, {1, 2}, {}},
		},
		{
			"a word lies in the piece that continues the one before: ab and c of a, ##bc",
			[]tokenizer.Span{{Start: 0, End: 2}, {Start: 2, End: 3}},
			[]tokenizer.Span{{Start: 0, End: 1}, {Start: 1, End: 3}},
			[]int32{0, -1},
			[]WordRange{{0, 1}, {1, 2}},
		},
		{
			"the tokenizer leaves nothing of the word between",
			[]tokenizer.Span{{Start: 0, End: 1}, {Start: 1, End: 2}, {Start: 2, End: 3}},
			[]tokenizer.Span{{Start: 0, End: 1}, {Start: 2, End: 3}},
			[]int32{0, 2},
			[]WordRange{{0, 1}, {2, 3}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, answeredWords(test.pieces, test.words, test.begins)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLongSentencesBecomeSeveralSequences(t *testing.T) {
	tok := newTokenizer(t, "x", "un", "##do", "##ing")
	path := write(t, "train.conll", "x\tO\nx\tB-PER\nundoing\tI-PER\nundoing\tB-PER\nx\tO\n")
	set := mustLoadSet(t, nerHead, SetConfig{Train: path}, 7, tok) // five pieces a sequence
	want := []TaskExample{
		{IDs: []int32{2, 5, 5, 6, 7, 8, 3}, Labels: []int32{-1, 0, 1, 2, 2, 2, -1}, Words: []WordRange{{}, {0, 1}, {1, 2}, {2, 3}, {}, {}, {}}},
		{IDs: []int32{2, 6, 7, 8, 5, 3}, Labels: []int32{-1, 1, 2, 2, 0, -1}, Words: []WordRange{{}, {3, 4}, {}, {}, {4, 5}, {}}},
	}
	if diff := cmp.Diff(want, set.Examples); diff != "" {
		t.Errorf("examples (-want +got):\n%s", diff)
	}
	// A word longer than a sequence is cut inside.
	set = mustLoadSet(t, nerHead, SetConfig{Train: path}, 4, tok)
	for _, example := range set.Examples {
		if len(example.IDs) > 4 {
			t.Errorf("a sequence of %d tokens, want at most 4", len(example.IDs))
		}
	}
}

func TestSetsRefuse(t *testing.T) {
	tok := newTokenizer(t, "a")
	jsonl := write(t, "a.jsonl", `{"text":"a","label":"positive"}`+"\n"+`{"text":"a","label":"mixed"}`)
	conll := write(t, "a.conll", "a\tB-PER\na\tB-GPE\n")
	for _, test := range []struct {
		name string
		head bert.HeadConfig
		set  SetConfig
		want string
	}{
		{"an unknown label", sentimentHead, SetConfig{Train: jsonl}, `a.jsonl:2: label "mixed" is none of head "head"'s`},
		{"a label mapped to an unknown one", sentimentHead, SetConfig{Train: jsonl, Map: map[string]*string{"mixed": ptr("both")}}, `mapped to "both"`},
		{"an unknown entity type", nerHead, SetConfig{Train: conll}, `label "B-GPE" is none of head "head"'s`},
		{"records for a token head", nerHead, SetConfig{Train: jsonl}, "give it a CoNLL file"},
		{"tags for a sequence head", sentimentHead, SetConfig{Train: conll}, "tagged words"},
		{"a lacking label that is there", sentimentHead, SetConfig{Train: jsonl, Map: map[string]*string{"mixed": nil}, Lacks: &[]string{"positive"}}, `said to lack "positive", but has it 1 times`},
		{"a lacking label that does not exist", sentimentHead, SetConfig{Train: jsonl, Map: map[string]*string{"mixed": nil}, Lacks: &[]string{"neutrl"}}, "does not have"},
		{"rows that are all left out", sentimentHead, SetConfig{Train: jsonl, Map: map[string]*string{"mixed": nil, "positive": nil}}, "none of its rows"},
		{"several exclusive labels", sentimentHead, SetConfig{Train: write(t, "b.jsonl", `{"text":"a","label":["positive","negative"]}`)}, "exclude each other"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadSet(t, test.head, test.set, 16, tok)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestMaxRowsDrawsTheSameRows(t *testing.T) {
	tok := newTokenizer(t, "a")
	path := write(t, "a.jsonl", strings.Repeat(`{"text":"a","label":"positive"}`+"\n", 100))
	set := mustLoadSet(t, sentimentHead, SetConfig{Train: path, MaxRows: 7}, 16, tok)
	if set.Rows != 7 {
		t.Errorf("%d rows, want 7", set.Rows)
	}
	rows := make([]int, 1000)
	for i := range rows {
		rows[i] = i
	}
	a, b, c := sampleRows(rows, 10, 1), sampleRows(rows, 10, 1), sampleRows(rows, 10, 2)
	if !cmp.Equal(a, b) || cmp.Equal(a, c) {
		t.Errorf("draws %v, %v with one seed and %v with another", a, b, c)
	}
}

func TestDiscoverLabels(t *testing.T) {
	records := SetConfig{Train: write(t, "a.jsonl", `{"text":"a","label":"x"}`+"\n"+`{"text":"a","label":["b","no"]}`), Map: map[string]*string{"no": nil, "x": ptr("c")}}
	got, err := DiscoverLabels(bert.SequenceHeadType, []SetConfig{records}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "c"}, got); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	tagged := SetConfig{Train: write(t, "a.conll", "a\tB-PER\na\tI-PER\na\tB-LOC\na\tO\n")}
	got, err = DiscoverLabels(bert.TokenHeadType, []SetConfig{tagged}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"O", "B-LOC", "I-LOC", "B-PER", "I-PER"}, got); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}
