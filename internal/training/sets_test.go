package training

import (
	"slices"
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

var pairHead = bert.HeadConfig{Type: bert.SequenceHeadType, Labels: sentimentHead.Labels, Pair: true, ProblemType: bert.SingleLabel}

func loadSet(t *testing.T, head bert.HeadConfig, c SetConfig, maxTokens int, tok *tokenizer.Tokenizer) (*Set, error) {
	t.Helper()
	return newSetLoader(tok, "head", head, maxTokens, 1, 100).load(c, c.Train)
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
		set := mustLoadSet(t, pairHead, SetConfig{Train: path, Fields: Fields{Pair: "aspect"}}, 16, tok)
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
		head := bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"score"}, Pair: true, ProblemType: bert.Regression}
		path := write(t, "train.tsv", "text\ttext_pair\tlabel\na\tb\t3.25\n")
		set := mustLoadSet(t, head, SetConfig{Train: path}, 16, tok)
		if got := set.Examples[0].Value; got != 3.25 {
			t.Errorf("value %v, want 3.25", got)
		}
		if _, err := loadSet(t, head, SetConfig{Train: write(t, "a.tsv", "text\ttext_pair\tlabel\na\tb\tNaN\n")}, 16, tok); err == nil {
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
	if diff := cmp.Diff([][]string{{"B-PER", "I-PER", "O", "O"}, {notScored}}, set.Tags); diff != "" {
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
		{"a lacking type that is there", nerHead, SetConfig{Train: conll, Map: map[string]*string{"GPE": nil}, Lacks: &[]string{"PER"}}, `said to lack "PER", but has it 1 times`},
		{"a lacking label that does not exist", sentimentHead, SetConfig{Train: jsonl, Map: map[string]*string{"mixed": nil}, Lacks: &[]string{"neutrl"}}, "does not have"},
		{"pairs for a head of single texts", sentimentHead, SetConfig{Train: write(t, "p.tsv", "text\ttext_pair\tlabel\na\tb\tpositive\n")}, `p.tsv:2: the row has a second text, "text_pair", but head "head" reads single texts: --pair-field text_pair, or "pair": true`},
		{"single texts for a head of pairs", pairHead, SetConfig{Train: jsonl}, `a.jsonl:1: no member "text_pair" (--pair-field NAME, or`},
		{"a table of single texts for a head of pairs", pairHead, SetConfig{Train: write(t, "s.csv", "text,label\na,positive\n")}, `head "head" reads pairs of texts: `},
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

// What is wrong with the sets of a run shows before their files are read.
func TestValidateRefusesSets(t *testing.T) {
	for _, test := range []struct {
		name  string
		heads map[string]HeadRun
		best  string
		want  string
	}{
		{
			"several labels in a column without a separator",
			map[string]HeadRun{"h": {ProblemType: bert.MultiLabel, Sets: []SetConfig{{Train: "a.csv"}}}},
			"",
			`a.csv: say what stands between the labels of a text in its column: --separator "|", or "fields": {"separator": "|"}`,
		},
		{
			"pairs of tagged words",
			map[string]HeadRun{"h": {Type: bert.TokenHeadType, Pair: true, Sets: []SetConfig{{Train: "a.conll"}}}},
			"",
			"reads no pairs",
		},
		{
			"fields of tagged words",
			map[string]HeadRun{"h": {Type: bert.TokenHeadType, Sets: []SetConfig{{Train: "a.conll", Fields: Fields{Label: "tag"}}}}},
			"",
			"a head that tags words reads CoNLL files",
		},
		{
			"a map of numbers",
			map[string]HeadRun{"h": {ProblemType: bert.Regression, Sets: []SetConfig{{Train: "a.csv", Map: map[string]*string{"5": nil}}}}},
			"",
			"a regression has numbers",
		},
		{
			"two sets of one name",
			map[string]HeadRun{"h": {Sets: []SetConfig{{Train: "a/x/train.jsonl"}, {Train: "b/x/train.jsonl"}}}},
			"",
			`head h: the sets of a/x/train.jsonl and b/x/train.jsonl are both called "train": give one another name, such as "name": "train-2"`,
		},
		{
			"the best of two sets of one name",
			map[string]HeadRun{
				"h": {Sets: []SetConfig{{Train: "x/train.jsonl", Dev: "x/dev.jsonl"}}},
				"k": {Sets: []SetConfig{{Train: "y/x/train.jsonl", Dev: "y/x/dev.jsonl"}}},
			},
			"x",
			`head h: best is "x", but head k has a set called so, too`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, head := range test.heads {
				defaultTo(&head.Type, bert.SequenceHeadType)
				test.heads[name] = head
			}
			run := Finetuning{Heads: test.heads, Best: test.best}
			run.SetDefaults()
			if err := run.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
	untagged := Finetuning{Heads: map[string]HeadRun{"h": {Type: bert.TokenHeadType, Sets: []SetConfig{{Train: write(t, "a.conll", "a O\nb O\n")}}}}}
	untagged.SetDefaults()
	if _, err := untagged.HeadConfigs(nil); err == nil || !strings.Contains(err.Error(), `no label besides "O"`) {
		t.Errorf("a file without entities: error %v", err)
	}
	run := Finetuning{Heads: map[string]HeadRun{"h": {Type: bert.SequenceHeadType, Sets: []SetConfig{{Train: "a.csv"}}}}, BatchSize: 1 << 30}
	run.SetDefaults()
	if err := run.Validate(); err == nil || !strings.Contains(err.Error(), "want 1 to 65536 examples") {
		t.Errorf("a batch that no memory holds: error %v", err)
	}
}

func TestNamesOfSets(t *testing.T) {
	for _, test := range []struct {
		name string
		sets []SetConfig
		want []string
	}{
		{"folders", []SetConfig{{Train: "data/a/train.jsonl", Dev: "other/dev.jsonl"}, {Dev: "data/b/dev.jsonl"}}, []string{"a", "b"}},
		{"their own", []SetConfig{{Name: "x", Train: "data/a/train.jsonl"}, {Train: "data/a/more.jsonl"}}, []string{"x", "a"}},
		{"of the working directory", []SetConfig{{Train: "reviews.csv.gz"}, {Train: "./b.c.conll"}, {Train: "../d.tsv"}, {Train: "/e.jsonl"}}, []string{"reviews", "b.c", "d", "e"}},
		{"of one folder", []SetConfig{{Train: "data/a.jsonl", Dev: "data/dev.jsonl"}, {Train: "data/b.jsonl"}}, []string{"a", "b"}},
		{"of a folder that another is called by", []SetConfig{{Name: "data", Train: "x/y.jsonl"}, {Train: "data/b.jsonl"}}, []string{"data", "b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := Finetuning{Heads: map[string]HeadRun{"h": {Type: bert.SequenceHeadType, Sets: test.sets}}}
			run.SetDefaults()
			var got []string
			for _, c := range run.Heads["h"].Sets {
				got = append(got, c.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

// loadParts loads both files of a set for a head.
func loadParts(t *testing.T, head bert.HeadConfig, c SetConfig) (train, dev *Set, err error) {
	t.Helper()
	return newSetLoader(newTokenizer(t, "a"), "head", head, 16, 1, 0).loadParts(c, 0)
}

func rowsOf(labels ...string) string {
	var rows strings.Builder
	for _, label := range labels {
		rows.WriteString(`{"text":"a","label":"` + label + `"}` + "\n")
	}
	return rows.String()
}

func TestMapNamesLabelsThatRowsHave(t *testing.T) {
	train, dev := write(t, "train.jsonl", rowsOf("pos", "negative")), write(t, "dev.jsonl", rowsOf("negative", "mixed"))
	conll := write(t, "train.conll", "a\tB-PERSON\na\tO\n")
	for _, test := range []struct {
		name string
		head bert.HeadConfig
		set  SetConfig
		want string // in the error; empty: none
	}{
		{"all", sentimentHead, SetConfig{Train: train, Dev: dev, Map: map[string]*string{"pos": ptr("positive"), "mixed": nil, "*": nil}}, ""},
		{"a misspelt one", sentimentHead, SetConfig{Train: train, Dev: dev, Map: map[string]*string{"poss": ptr("positive"), "*": nil}}, `map names "poss", which no row has; those that rows have are ["mixed" "negative" "pos"]`},
		{"one of dev rows that are not there", sentimentHead, SetConfig{Train: train, Map: map[string]*string{"pos": ptr("positive"), "mixed": nil}}, `map names "mixed"`},
		{"a set that only measures", sentimentHead, SetConfig{Dev: dev, Map: map[string]*string{"mixed": nil, "pos": nil}}, `map names "pos"`},
		{"entity types", nerHead, SetConfig{Train: conll, Map: map[string]*string{"PERSON": ptr("PER")}}, ""},
		{"a misspelt entity type", nerHead, SetConfig{Train: conll, Map: map[string]*string{"PERSON": ptr("PER"), "Person": nil}}, `map names "Person", which no row has; those that rows have are ["PERSON"]`},
		{"a tag rather than a type", nerHead, SetConfig{Train: conll, Map: map[string]*string{"PERSON": ptr("PER"), "O": nil}}, `map names "O"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := loadParts(t, test.head, test.set)
			if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestWarningOfOneLabel(t *testing.T) {
	one := write(t, "one.jsonl", rowsOf("positive", "positive", "negative"))
	for _, test := range []struct {
		name string
		set  SetConfig
		want []string
	}{
		{"two labels", SetConfig{Train: one}, nil},
		{"one label that remains", SetConfig{Train: one, Map: map[string]*string{"negative": nil}}, []string{
			`all rows have the label "positive", so there is nothing to tell apart; "lacks": [] sets them against the head's other labels`,
		}},
		{"one label against the others", SetConfig{Train: one, Map: map[string]*string{"negative": nil}, Lacks: &[]string{}}, []string{
			`all rows have the label "positive", so there is nothing to tell apart`,
		}},
		{"a set that only measures", SetConfig{Dev: one, Map: map[string]*string{"negative": nil}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			train, dev, err := loadParts(t, sentimentHead, test.set)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, part := range []*Set{train, dev} {
				if part != nil {
					got = append(got, part.Warnings...)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// What the training part lacks, or what a set without one is said to lack, is not
// in the score of the dev part, and the start report says how much that is.
func TestDevRowsOfLackingLabels(t *testing.T) {
	several := bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"x", "y"}, ProblemType: bert.MultiLabel}
	for _, test := range []struct {
		name                string
		head                bert.HeadConfig
		file, train, dev    string
		lacks               *[]string
		wantLabels          [][]int32 // of the dev rows
		wantCounts          []int
		wantAbsent          []bool // of a set without a training part
		wantWarning, refuse string
	}{
		{
			name: "a label that no training row has", head: sentimentHead, file: "a.jsonl",
			train: rowsOf("positive", "negative"), dev: rowsOf("neutral", "positive", "neutral", "negative"),
			wantLabels: [][]int32{{2}, {0}}, wantCounts: []int{1, 0, 1},
			wantWarning: `rows with the label "neutral", which the training part lacks: 2, not in the score ("lacks": [] puts them there)`,
		},
		{
			name: "a label that the set is said to lack", head: sentimentHead, file: "a.jsonl", lacks: &[]string{"neutral"},
			train: rowsOf("positive", "negative"), dev: rowsOf("neutral", "positive"),
			wantLabels: [][]int32{{2}}, wantCounts: []int{0, 0, 1},
			wantWarning: `rows with the label "neutral", which the training part lacks: 1,`,
		},
		{
			name: "a label that the set is said not to lack", head: sentimentHead, file: "a.jsonl", lacks: &[]string{},
			train: rowsOf("positive", "negative"), dev: rowsOf("neutral", "positive"),
			wantLabels: [][]int32{{1}, {2}}, wantCounts: []int{0, 1, 1},
		},
		{
			name: "one of several labels", head: several, file: "a.jsonl",
			train: rowsOf("x"), dev: `{"text":"a","label":["y","x"]}` + "\n" + `{"text":"a","label":["y"]}`,
			wantLabels: [][]int32{{0}, {}}, wantCounts: []int{1, 0},
			wantWarning: `rows with the label "y", which the training part lacks: 2,`,
		},
		{
			name: "an entity type", head: nerHead, file: "a.conll",
			train: "a\tB-PER\n", dev: "a\tB-DATE\na\tI-DATE\n\na\tB-DATE\n",
			wantLabels: [][]int32{{-1, 3, 4, -1}, {-1, 3, -1}}, wantCounts: []int{0, 0, 0, 2, 1},
			wantWarning: `entities with the label "DATE", which the training part lacks: 2,`,
		},
		{
			name: "without a training part, a label that the set is said to lack", head: sentimentHead, file: "a.jsonl", lacks: &[]string{"neutral"},
			dev: rowsOf("neutral", "positive"), wantLabels: [][]int32{{2}}, wantCounts: []int{0, 0, 1}, wantAbsent: []bool{false, true, false},
			wantWarning: `rows with the label "neutral", which the set is said to lack: 1, not in the score`,
		},
		{
			name: "without a training part, a label that no row has", head: sentimentHead, file: "a.jsonl",
			dev: rowsOf("negative", "positive"), wantLabels: [][]int32{{0}, {2}}, wantCounts: []int{1, 0, 1}, wantAbsent: []bool{false, true, false},
		},
		{
			name: "without a training part, one label", head: sentimentHead, file: "a.jsonl",
			dev: rowsOf("negative", "negative"), wantLabels: [][]int32{{0}, {0}}, wantCounts: []int{2, 0, 0},
		},
		{
			name: "without a training part, no entity", head: nerHead, file: "a.conll",
			dev: "a\tO\n", wantLabels: [][]int32{{-1, 0, -1}}, wantCounts: []int{1, 0, 0, 0, 0},
		},
		{
			name: "without a training part, one of several labels", head: several, file: "a.jsonl",
			dev: `{"text":"a","label":["x"]}`, wantLabels: [][]int32{{0}}, wantCounts: []int{1, 0}, wantAbsent: []bool{false, true},
		},
		{
			name: "without a training part, all rows", head: sentimentHead, file: "a.jsonl", lacks: &[]string{"neutral"},
			dev: rowsOf("neutral"), refuse: "the set is said to lack the labels of all its rows",
		},
		{
			name: "without a training part, a label that there is not", head: sentimentHead, file: "a.jsonl", lacks: &[]string{"mixed"},
			dev: rowsOf("neutral"), refuse: `is said to lack "mixed", which head`,
		},
		{
			name: "all rows", head: sentimentHead, file: "a.jsonl", train: rowsOf("positive", "negative"), dev: rowsOf("neutral"),
			refuse: "the training part lacks the labels of all its rows",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := SetConfig{Dev: write(t, test.file, test.dev), Lacks: test.lacks}
			if test.train != "" {
				c.Train = write(t, test.file, test.train)
			}
			_, dev, err := loadParts(t, test.head, c)
			if test.refuse != "" {
				if err == nil || !strings.Contains(err.Error(), test.refuse) {
					t.Errorf("error %v, want one that says %q", err, test.refuse)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var labels [][]int32
			for i, example := range dev.Examples {
				labels = append(labels, example.Labels)
				if example.Row != i {
					t.Errorf("example %d is of row %d", i, example.Row)
				}
			}
			if diff := cmp.Diff(test.wantLabels, labels); diff != "" || dev.Rows != len(labels) {
				t.Errorf("%d dev rows; labels (-want +got):\n%s", dev.Rows, diff)
			}
			if diff := cmp.Diff(test.wantAbsent, dev.absent); c.Train == "" && diff != "" {
				t.Errorf("absent labels (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.wantCounts, dev.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if got := strings.Join(dev.Warnings, "\n"); !strings.HasPrefix(got, test.wantWarning) || test.wantWarning == "" && got != "" {
				t.Errorf("warnings %q, want %q", got, test.wantWarning)
			}
		})
	}
}

// What may not be meant so is in the start report, of the part that it is about.
func TestStartReportWarns(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	tok, m := tinyModel(t, 200, finetunedHeads)
	run := finetuning(t, corpus)
	sets := run.Heads["mood"].Sets
	sets[1].Dev = sets[0].Dev // which has the neutral rows that poor lacks
	for report, err := range Finetune(t.Context(), m, tok, run, Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, set := range report.Start.Sets {
			if warned := len(set.Warnings) > 0; warned != (set.Name == "poor" && set.Part == "dev") {
				t.Errorf("set %s, %s part: warnings %q", set.Name, set.Part, set.Warnings)
			}
		}
		break
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
	measured := SetConfig{Dev: write(t, "dev.jsonl", rowsOf("untaught"))}
	got, err := DiscoverLabels(bert.SequenceHeadType, []SetConfig{records, measured}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "c"}, got); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	records.Map = map[string]*string{"*": nil}
	if _, err := DiscoverLabels(bert.SequenceHeadType, []SetConfig{records}, 0); err == nil || !strings.Contains(err.Error(), `no label that the sets' maps keep; theirs are ["b" "no" "x"]`) {
		t.Errorf("a map that keeps nothing: error %v", err)
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

// A head of the model gives its labels to one of the same kind alone.
func TestHeadConfigsTakeOverLabels(t *testing.T) {
	path := write(t, "train.jsonl", rowsOf("b", "a"))
	for _, test := range []struct {
		name      string
		old, head bert.HeadConfig
		want      []string
	}{
		{"the same kind", bert.HeadConfig{Labels: []string{"b", "a", "c"}}, bert.HeadConfig{ProblemType: bert.SingleLabel}, []string{"b", "a", "c"}},
		{"another problem", bert.HeadConfig{ProblemType: bert.MultiLabel, Labels: []string{"b", "a", "c"}}, bert.HeadConfig{}, []string{"a", "b"}},
		{"single texts before", bert.HeadConfig{Labels: []string{"b", "a", "c"}}, bert.HeadConfig{Pair: true}, []string{"a", "b"}},
		{"labels before, a number now", bert.HeadConfig{Labels: []string{"b", "a"}}, bert.HeadConfig{ProblemType: bert.Regression}, []string{"score"}},
		{"the same number", bert.HeadConfig{ProblemType: bert.Regression, Labels: []string{"stars"}}, bert.HeadConfig{ProblemType: bert.Regression}, []string{"stars"}},
		{"two labels for a number", bert.HeadConfig{}, bert.HeadConfig{ProblemType: bert.Regression, Labels: []string{"a", "b"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.old.Type = bert.SequenceHeadType
			run := Finetuning{Heads: map[string]HeadRun{"h": {
				Type: bert.SequenceHeadType, ProblemType: test.head.ProblemType, Pair: test.head.Pair, Labels: test.head.Labels,
				Sets: []SetConfig{{Train: path}},
			}}}
			run.SetDefaults()
			heads, err := run.HeadConfigs(map[string]bert.HeadConfig{"h": test.old})
			if test.want == nil {
				if err == nil || !strings.Contains(err.Error(), "head h is a regression") {
					t.Errorf("error %v, want that a regression has one label", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := heads["h"].Labels; !slices.Equal(got, test.want) {
				t.Errorf("labels %q, want %q", got, test.want)
			}
		})
	}
}

// What nine of ten rows are no longer than.
func TestRowTokens(t *testing.T) {
	set := func(lengths ...int) *Set {
		s := &Set{}
		for _, n := range lengths {
			s.Examples = append(s.Examples, TaskExample{IDs: make([]int32, n)})
		}
		return s
	}
	for _, tt := range []struct {
		sets []*Set
		want int
	}{
		{nil, 0},
		{[]*Set{set(7)}, 7},
		{[]*Set{set(10, 1, 9, 2, 8), set(3, 7, 4, 6, 5)}, 9},
		{[]*Set{set(3, 3, 3, 3, 3, 3, 3, 3, 3, 100)}, 3},
	} {
		if got := rowTokens(tt.sets); got != tt.want {
			t.Errorf("got %d, want %d", got, tt.want)
		}
	}
}
