package training

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cloze/internal/tokenizer"
)

func readRecords(t *testing.T, path string, fields Fields, problems *Problems) ([]Record, error) {
	t.Helper()
	var records []Record
	for record, err := range ReadRecords(path, fields, problems) {
		if err != nil {
			return records, err
		}
		records = append(records, record)
	}
	return records, nil
}

func TestFieldsAreThreeThings(t *testing.T) {
	path := write(t, "a.csv", "text,label\na,b\n")
	for _, fields := range []Fields{{Text: "label"}, {Pair: "text"}, {Label: "text_pair"}} {
		for _, err := range ReadRecords(path, fields, &Problems{}) {
			if err == nil || !strings.Contains(err.Error(), "are three things") {
				t.Errorf("%+v: error %v", fields, err)
			}
		}
	}
}

func TestReadRecords(t *testing.T) {
	for _, test := range []struct {
		name, file, content string
		fields              Fields
		want                []Record
		problems            []string // what each says
	}{
		{
			name: "json lines", file: "a.jsonl",
			content: `{"text":"good \u4e2d","label":"positive","stars":4}` + "\n\n" + `{"text":"bad","label":0}` + "\n",
			want:    []Record{{Text: "good 中", Labels: []string{"positive"}, Line: 1}, {Text: "bad", Labels: []string{"0"}, Line: 3}},
		},
		{
			name: "json lines with several labels", file: "a.jsonl.gz",
			content: `{"text":"a","label":["x","y"]}` + "\n" + `{"text":"b","label":[]}`,
			want:    []Record{{Text: "a", Labels: []string{"x", "y"}, Line: 1}, {Text: "b", Labels: []string{}, Line: 2}},
		},
		{
			name: "json lines with pairs", file: "a.jsonl",
			content: `{"text":"a","aspect":"b","label":true}`,
			fields:  Fields{Pair: "aspect"},
			want:    []Record{{Text: "a", Pair: "b", HasPair: true, Labels: []string{"true"}, Line: 1}},
		},
		{
			name: "json lines with unusable lines", file: "a.jsonl",
			content: strings.Join([]string{
				`nonsense`, `["text"]`, `{"label":"x"}`, `{"text":1,"label":"x"}`, `{"text":"a"}`,
				`{"text":"a","label":""}`, `{"text":"a","label":["x"," "]}`,
				`{"text":"a","label":null}`, `{"text":"a","label":{"b":1}}`, `{"text":"a","label":"x"} trailing`, "\xff", `{"text":"fine","label":-1.5e2}`,
				`{"text":" \n","label":"x"}`, `{"text":"a","text_pair":" ","label":"x"}`,
			}, "\n"),
			want: []Record{{Text: "fine", Labels: []string{"-1.5e2"}, Line: 12}},
			problems: []string{
				"1: not a JSON object", "2: not a JSON object", `3: no member "text"`, `4: member "text" is not a string`, `5: no member "label"`,
				`6: member "label" is empty`, `7: member "label" is empty`,
				`8: member "label" is not a label`, `9: member "label" is not a label`, "10: not a JSON object", "11: not UTF-8",
				"13: its text is empty", "14: its second text is empty",
			},
		},
		{
			name: "json lines with halves of surrogate pairs", file: "a.jsonl",
			content: strings.Join([]string{
				`{"text":"\ud800","label":"x"}`, `{"text":"a","text_pair":"\uDFFF!","label":"x"}`, `{"text":"a","label":"\udc00\ud800"}`,
				`{"text":"\ud83d\ude00 \\ud800","label":"x","source":"\ud800"}`,
			}, "\n"),
			want: []Record{{Text: "😀 \\ud800", Labels: []string{"x"}, Line: 4}},
			problems: []string{
				`1: member "text": the escape \ud800 is half of a surrogate pair`, `2: member "text_pair": the escape \uDFFF is half`,
				`3: member "label" cannot be read: the escape \udc00 is half`,
			},
		},
		{
			name: "csv", file: "a.csv",
			content: "id,label,text\n1,pos,\"good, \"\"very\"\"\nindeed\"\n2,neg,bad\n",
			want:    []Record{{Text: "good, \"very\"\nindeed", Labels: []string{"pos"}, Line: 2}, {Text: "bad", Labels: []string{"neg"}, Line: 4}},
		},
		{
			name: "csv with unusable rows", file: "a.csv",
			content:  "label,text\npos,a,b\n\xff\npos,\"a\"b\nneg,fine\n ,unlabelled\n",
			want:     []Record{{Text: "fine", Labels: []string{"neg"}, Line: 5}},
			problems: []string{"2: 3 columns, want 2", "3: not UTF-8", "4: extraneous", "6: its label is empty"},
		},
		{
			name: "csv with a quote that swallows lines", file: "a.csv",
			content:  "label,text\npos,\"a\nneg,b\nneg,\"c\"\nneg,fine\n",
			want:     []Record{{Text: "fine", Labels: []string{"neg"}, Line: 5}},
			problems: []string{"2: extraneous", "3: extraneous", "4: extraneous"},
		},
		{
			name: "tsv without header", file: "a.tsv",
			content:  "pos\t\"quoted\" a\nneg\tb\textra\n\nneg\tc\n",
			fields:   Fields{Columns: []string{"label", "text"}},
			want:     []Record{{Text: "\"quoted\" a", Labels: []string{"pos"}, Line: 1}, {Text: "c", Labels: []string{"neg"}, Line: 4}},
			problems: []string{"2: 3 columns, want 2"},
		},
		{
			name: "tsv with a column of several labels", file: "a.tsv",
			content: "text\ttags\na\tx; y\nb\t\n",
			fields:  Fields{Label: "tags", Separator: ";"},
			want:    []Record{{Text: "a", Labels: []string{"x", "y"}, Line: 2}, {Text: "b", Labels: []string{}, Line: 3}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := write(t, test.file, test.content)
			problems := Problems{Limit: -1}
			got, err := readRecords(t, path, test.fields, &problems)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(Record{}, "Path")); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			if problems.Total() != len(test.problems) {
				t.Fatalf("%d problems, want %d: %v", problems.Total(), len(test.problems), problems.First())
			}
			for i, want := range test.problems {
				if got := problems.First()[i].String(); !strings.HasPrefix(got, path+":"+want) {
					t.Errorf("problem %d is %q, want %q", i, got, path+":"+want)
				}
			}
		})
	}
}

func TestReadRecordsRefuses(t *testing.T) {
	for _, test := range []struct {
		name, file, content string
		fields              Fields
		want                string
	}{
		{"an empty file", "a.jsonl", "", Fields{}, "no record"},
		{"a header alone", "a.csv", "text,label\n", Fields{}, "no record"},
		{"a missing column", "a.csv", "text,class\na,b\n", Fields{}, `no column "label" among ["text" "class"]: --label-field class, or "fields": {"label": "class"} in the run's file`},
		{"a column twice", "a.csv", "text,label,text\na,b,c\n", Fields{}, `two columns are called "text" among ["text" "label" "text"]`},
		{"a given column twice", "a.tsv", "a\tb\tc\n", Fields{Columns: []string{"label", "label ", "text"}}, `two columns are called "label"`},
		{"a missing column of a tsv", "a.tsv", "text\tclass\na\tb\n", Fields{Pair: "b"}, `no column "b"`},
		{"a quote that is never closed", "a.csv", "text,label\na,b\n\"c,d\n" + strings.Repeat("e,f\n", 150), Fields{}, "a.csv:3: the row that begins here has a quote that is never closed"},
		{"a quote in the header that is never closed", "a.csv", "\"text,label\na,b\n", Fields{}, "a.csv:1: the row that begins here"},
		{"a header that cannot be read", "a.csv", "te\"xt,label\na,b\n", Fields{}, "a.csv:1: the header line cannot be read"},
		{"a header that is not UTF-8", "a.csv", "\xff,label\na,b\n", Fields{}, "a.csv:1: not UTF-8"},
		{"no line that could be used", "a.jsonl", "x\ny\n", Fields{}, "no record that could be used; of 2 lines that could not be used the first is\n\t"},
		{"no row that could be used", "a.csv", "text,label\na\n", Fields{}, "a.csv:2: 1 columns, want 2"},
		{"an unknown format", "a.dat", "text", Fields{}, "its name does not say"},
		{"tagged words", "a.conll", "a O", Fields{}, "tagged words"},
		{"too many unusable lines", "a.jsonl", "x\ny\nz\n{\"text\":\"a\",\"label\":\"b\"}\n", Fields{}, "3 lines could not be used, and 2 is the limit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readRecords(t, write(t, test.file, test.content), test.fields, &Problems{Limit: 2})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func readTagged(t *testing.T, path string, problems *Problems) ([]TaggedSentence, error) {
	t.Helper()
	var sentences []TaggedSentence
	for sentence, err := range ReadTagged(path, problems) {
		if err != nil {
			return sentences, err
		}
		sentence.Path = ""
		sentences = append(sentences, sentence)
	}
	return sentences, nil
}

func TestReadTagged(t *testing.T) {
	for _, test := range []struct {
		name, content string
		want          []TaggedSentence
		problems      int
	}{
		{
			name:    "tabs",
			content: "Ada\tB-PER\nLovelace\tI-PER\n\nwrote\tO\n",
			want: []TaggedSentence{
				{Text: "Ada Lovelace", Words: []tokenizer.Span{{Start: 0, End: 3}, {Start: 4, End: 12}}, Tags: []string{"B-PER", "I-PER"}, Line: 1},
				{Text: "wrote", Words: []tokenizer.Span{{Start: 0, End: 5}}, Tags: []string{"O"}, Line: 4},
			},
		},
		{
			name:    "conll 2003: four columns, document starts, iob1",
			content: "-DOCSTART- -X- O O\n\nU.N. NNP I-NP I-ORG\nPeru NNP I-NP I-LOC\nLima NNP I-NP B-LOC\n. . O O\n",
			want: []TaggedSentence{{
				Text:  "U.N. Peru Lima .",
				Words: []tokenizer.Span{{Start: 0, End: 4}, {Start: 5, End: 9}, {Start: 10, End: 14}, {Start: 15, End: 16}},
				Tags:  []string{"B-ORG", "B-LOC", "B-LOC", "O"}, Line: 3,
			}},
		},
		{
			name:    "chinese characters, iobes",
			content: "# id = 3\n我\tO\n在\tO\n北\tB-LOC\n京\tE-LOC\n沪\tS-LOC\n",
			want: []TaggedSentence{{
				Text:  "我在北京沪",
				Words: []tokenizer.Span{{Start: 0, End: 3}, {Start: 3, End: 6}, {Start: 6, End: 9}, {Start: 9, End: 12}, {Start: 12, End: 15}},
				Tags:  []string{"O", "O", "B-LOC", "I-LOC", "B-LOC"}, Line: 2,
			}},
		},
		{
			name:    "a contraction that was cut, a hash as a word",
			content: "do\tO\nn't\tO\n#\tO\n",
			want: []TaggedSentence{{
				Text:  "don't #",
				Words: []tokenizer.Span{{Start: 0, End: 2}, {Start: 2, End: 5}, {Start: 6, End: 7}},
				Tags:  []string{"O", "O", "O"}, Line: 1,
			}},
		},
		{
			name: "sentences with unusable lines",
			content: "Bob\tB-PER\nSmith\tIPER\nmet\tO\nAda\n\n" + // one problem
				"\xff\tO\nis\tO\n\n" + "good\tO\n\n" + "\xff\tO\n\n" + "\tO\n\n" + "x\tO\n\xff\tO",
			want:     []TaggedSentence{{Text: "good", Words: []tokenizer.Span{{Start: 0, End: 4}}, Tags: []string{"O"}, Line: 9}},
			problems: 5,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := Problems{Limit: -1}
			got, err := readTagged(t, write(t, "a.conll", test.content), &problems)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("sentences (-want +got):\n%s", diff)
			}
			if problems.Total() != test.problems {
				t.Errorf("%d problems, want %d: %v", problems.Total(), test.problems, problems.First())
			}
		})
	}
	for _, test := range []struct{ name, content, want string }{
		{"nothing in it", "\n\n", "no sentence that could be used"},
		{"nothing usable in it", "Ada\tB-PER\nSmith\tIPER\n", "a.conll:2: \"Smith\\tIPER\" is not a word and a tag"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := readTagged(t, write(t, "a.conll", test.content), &Problems{Limit: 1}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestReadTaggedTakesTheTextBesideIt(t *testing.T) {
	path := write(t, "a.conll", "\xff\tO\n\nbroken\n\n(\tO\nAda\tB-PER\n)\tO\n\nnot\tO\nit\tO\n\nlast\tO\n\none more\tO\n")
	// Sentences that are left out have their texts, too.
	beside := strings.TrimSuffix(path, ".conll") + ".sentences.txt"
	writeTo(t, beside, "\xff\nbroken\n(Ada)\nsomething else\n\xff\n")
	problems := &Problems{Limit: -1}
	got, err := readTagged(t, path, problems)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Text != "(Ada)" || got[0].Words[1] != (tokenizer.Span{Start: 1, End: 4}) {
		t.Errorf("first sentence %+v, want the text of the file beside it", got[0])
	}
	if got[1].Text != "not it" {
		t.Errorf("second sentence is %q, want its words joined, since the text beside it is another", got[1].Text)
	}
	// Two lines of either file cannot be used; one is of another sentence, and
	// one is not there.
	var reasons []string
	for _, problem := range problems.First()[4:] {
		reasons = append(reasons, problem.String())
	}
	want := []string{
		beside + `:4: "something else" is not the text of sentence 4, "not it": its words are joined instead`,
		beside + `:6: "" is not the text of sentence 6, "one more": its words are joined instead`,
	}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("problems after those of lines (-want +got):\n%s", diff)
	}
	if _, err := readTagged(t, path, &Problems{Limit: 4}); err == nil || !strings.Contains(err.Error(), "could not be used") {
		t.Errorf("error %v, want too many problems", err)
	}
}

// The text lies beside a file of any name that FormatOf takes for CoNLL's.
func TestReadTaggedFindsTheTextBesideIt(t *testing.T) {
	for _, name := range []string{"a.bio", "a.iob", "a.iob2", "a.b.conll"} {
		path := write(t, name, "(\tO\nAda\tB-PER\n)\tO\n")
		writeTo(t, strings.TrimSuffix(path, filepath.Ext(name))+".sentences.txt", "(Ada)\n")
		got, err := readTagged(t, path, &Problems{})
		if err != nil || got[0].Text != "(Ada)" {
			t.Errorf("%s: %+v (%v), want the text of the file beside it", name, got, err)
		}
	}
}
