package training

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
)

// indices are labels as answers hold them.
func indices(labels []int) []int32 {
	out := make([]int32, len(labels))
	for i, label := range labels {
		out[i] = int32(label)
	}
	return out
}

// goldenAnswers are the answers of the golden file by kind.
func goldenAnswers(t *testing.T) map[string][]answers {
	t.Helper()
	golden := readGoldenMetrics(t)
	all := map[string][]answers{}
	for _, c := range golden.Classes {
		all["labels"] = append(all["labels"], &labelAnswers{names: make([]string, c.Labels), want: indices(c.Want), got: indices(c.Got)})
	}
	for _, c := range golden.MultiLabel {
		all["holds"] = append(all["holds"], &holdAnswers{names: make([]string, len(c.Want[0])), want: c.Want, got: c.Got})
	}
	for _, c := range golden.Series {
		all["values"] = append(all["values"], &valueAnswers{want: c.Want, got: c.Got})
	}
	for _, c := range golden.Entities {
		types := map[string]bool{}
		for _, tags := range slices.Concat(c.Want, c.Got) {
			for _, entity := range Entities(tags) {
				types[entity.Type] = true
			}
		}
		all["tags"] = append(all["tags"], &tagAnswers{types: slices.Sorted(maps.Keys(types)), want: c.Want, got: c.Got})
	}
	return all
}

// What scikit-learn, SciPy and seqeval say of answers comes out of the answers
// of each kind.
func TestAnswersAgreeWithOthers(t *testing.T) {
	golden, all := readGoldenMetrics(t), goldenAnswers(t)
	check := func(a answers, rows int, main string, want map[string]float64) {
		t.Helper()
		got, gotMain := a.metrics(allRows(rows))
		if gotMain != main {
			t.Errorf("the main figure is %s, want %s", gotMain, main)
		}
		for name, value := range want {
			near(t, name, got[name], value)
		}
	}
	for i, c := range golden.Classes {
		a := all["labels"][i].(*labelAnswers)
		check(a, len(c.Want), "accuracy", map[string]float64{"accuracy": c.Accuracy, "macro_f1": c.MacroF1, "matthews": c.Matthews})
		if diff := cmp.Diff(c.Confusion, a.confusion(allRows(len(c.Want))).Counts); diff != "" {
			t.Errorf("confusion (-want +got):\n%s", diff)
		}
		for k, label := range a.labels() {
			near(t, "precision", label.Precision, c.Precision[k])
			near(t, "recall", label.Recall, c.Recall[k])
			near(t, "F1", label.F1, c.F1[k])
			if label.Support != c.Support[k] {
				t.Errorf("support %d, want %d", label.Support, c.Support[k])
			}
		}
	}
	for i, c := range golden.MultiLabel {
		check(all["holds"][i], len(c.Want), "micro_f1", map[string]float64{"accuracy": c.Accuracy, "micro_f1": c.MicroF1, "macro_f1": c.MacroF1})
	}
	for i, c := range golden.Series {
		check(all["values"][i], len(c.Want), "pearson", map[string]float64{"pearson": c.Pearson, "spearman": c.Spearman, "mean_squared_error": c.MeanSquaredError})
	}
	for i, c := range golden.Entities {
		if c.Report == nil {
			continue
		}
		micro, macro := c.Report["micro avg"], c.Report["macro avg"]
		check(all["tags"][i], len(c.Want), "entity_f1", map[string]float64{
			"entity_precision": micro.Precision, "entity_recall": micro.Recall, "entity_f1": micro.F1,
			"entity_macro_precision": macro.Precision, "entity_macro_recall": macro.Recall, "entity_macro_f1": macro.F1,
		})
		for _, label := range all["tags"][i].labels() {
			want := c.Report[label.Label]
			near(t, label.Label+" precision", label.Precision, want.Precision)
			near(t, label.Label+" recall", label.Recall, want.Recall)
			near(t, label.Label+" F1", label.F1, want.F1)
			if label.Support != want.Support {
				t.Errorf("%s: support %d, want %d", label.Label, label.Support, want.Support)
			}
		}
	}
}

// A draw of the bootstrap is scored as a set would be that had its rows, each
// as often as it was drawn.
func TestMetricsOfADraw(t *testing.T) {
	rows := []int{3, 1, 1, 0, 3, 3}
	for kind, all := range goldenAnswers(t) {
		var whole answers
		switch a := all[0].(type) {
		case *labelAnswers:
			b := &labelAnswers{names: a.names}
			for _, row := range rows {
				b.want, b.got = append(b.want, a.want[row]), append(b.got, a.got[row])
			}
			whole = b
		case *holdAnswers:
			b := &holdAnswers{names: a.names}
			for _, row := range rows {
				b.want, b.got = append(b.want, a.want[row]), append(b.got, a.got[row])
			}
			whole = b
		case *valueAnswers:
			b := &valueAnswers{}
			for _, row := range rows {
				b.want, b.got = append(b.want, a.want[row]), append(b.got, a.got[row])
			}
			whole = b
		case *tagAnswers:
			b := &tagAnswers{types: a.types}
			for _, row := range rows {
				b.want, b.got = append(b.want, a.want[row]), append(b.got, a.got[row])
			}
			whole = b
		}
		want, _ := whole.metrics(allRows(len(rows)))
		got, _ := all[0].metrics(rows)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

func TestMeasureSet(t *testing.T) {
	tags := bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"a", "b", "c"}, ProblemType: bert.MultiLabel}
	stars := bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"stars"}, ProblemType: bert.Regression}
	tok, m := tinyModelWithout(t, 20, map[string]bert.HeadConfig{"mood": sentimentHead, "tags": tags, "stars": stars, "ner": nerHead})
	setBias(t, m, "mood", 0, 1, 2)  // positive
	setBias(t, m, "tags", 1, -1, 1) // a and c
	setBias(t, m, "stars", 3)
	setBias(t, m, "ner", 0, 3, 1, 2, 0) // every word is a person
	dir := t.TempDir()
	measure := func(head, name, content string, c SetConfig, o Measuring) *HeadScore {
		t.Helper()
		c.Dev = filepath.Join(dir, name)
		if err := os.WriteFile(c.Dev, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		set, err := LoadSet(m, tok, head, c, 16, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		score, err := MeasureSet(t.Context(), m, set, o)
		if err != nil {
			t.Fatal(err)
		}
		return score
	}
	none := &[]string{}
	const moods = "text\tlabel\nw1\tpositive\nw2\tpositive\nw3\tnegative\nw4\tneutral\n"

	t.Run("one label", func(t *testing.T) {
		var told [][2]int
		got := measure("mood", "mood.tsv", moods, SetConfig{Lacks: none}, Measuring{
			PassTokens: 7, Rounds: 200, Seed: 3, Done: func(done, of int) { told = append(told, [2]int{done, of}) },
		})
		want := []LabelScore{
			{Label: "negative", Support: 1},
			{Label: "neutral", Support: 1},
			{Label: "positive", Precision: 0.5, Recall: 1, F1: 2.0 / 3, Support: 2, Predicted: 4},
		}
		if diff := cmp.Diff(want, got.Labels); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([][]int{{0, 0, 1}, {0, 0, 1}, {0, 0, 2}}, got.Confusion); diff != "" {
			t.Errorf("confusion (-want +got):\n%s", diff)
		}
		if got.Value != 0.5 || math.Abs(got.Metrics["macro_f1"]-2.0/9) > 1e-12 {
			t.Errorf("metrics %v, want accuracy 0.5 and macro F1 2/9", got.Metrics)
		}
		if i := got.Intervals["accuracy"]; !(i.Low < 0.5 && i.High > 0.5) || len(got.Intervals) != 3 {
			t.Errorf("intervals %v, want one round each figure", got.Intervals)
		}
		if diff := cmp.Diff([][2]int{{2, 4}, {4, 4}}, told); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
	})
	t.Run("without a bootstrap", func(t *testing.T) {
		if got := measure("mood", "mood.tsv", moods, SetConfig{Lacks: none}, Measuring{}); got.Intervals != nil {
			t.Errorf("intervals %v", got.Intervals)
		}
	})
	t.Run("a label that the set lacks", func(t *testing.T) {
		rows := strings.Replace(moods, "w4\tneutral\n", "", 1)
		got := measure("mood", "mood.tsv", rows, SetConfig{Lacks: &[]string{"neutral"}}, Measuring{})
		if math.Abs(got.Value-2.0/3) > 1e-12 {
			t.Errorf("accuracy %v, want 2/3", got.Value)
		}
	})
	t.Run("several labels", func(t *testing.T) {
		const rows = "text\tlabel\nw1\ta;c\nw2\tc\n"
		c := SetConfig{Lacks: none, Fields: Fields{Separator: ";"}}
		got := measure("tags", "tags.tsv", rows, c, Measuring{Rounds: 10})
		if got.Metrics["accuracy"] != 0.5 || math.Abs(got.Metrics["macro_f1"]-(2.0/3+0+1)/3) > 1e-12 || got.Confusion != nil || len(got.Labels) != 3 {
			t.Errorf("got %+v", got)
		}
		c.Lacks = &[]string{"b"}
		got = measure("tags", "tags.tsv", rows, c, Measuring{})
		if math.Abs(got.Metrics["macro_f1"]-(2.0/3+1)/2) > 1e-12 || len(got.Labels) != 2 {
			t.Errorf("without b: macro F1 %v, labels %v; want 5/6 of two", got.Metrics["macro_f1"], got.Labels)
		}
	})
	t.Run("a number", func(t *testing.T) {
		got := measure("stars", "stars.tsv", "text\tlabel\nw1\t2\nw2\t5\n", SetConfig{}, Measuring{Rounds: 50})
		if diff := cmp.Diff([]string{"pearson", "spearman"}, got.Undefined); diff != "" {
			t.Errorf("undefined (-want +got):\n%s", diff)
		}
		if got.Metrics["mean_squared_error"] != 2.5 || got.Intervals["mean_squared_error"] != (Interval{1, 4}) || len(got.Intervals) != 1 {
			t.Errorf("metrics %v, intervals %v; want the squared error 2.5 in 1 … 4 alone", got.Metrics, got.Intervals)
		}
	})
	t.Run("entities", func(t *testing.T) {
		got := measure("ner", "ner.conll", "w1\tB-PER\nw2\tO\n\nw3\tB-DATE\n", SetConfig{Lacks: none}, Measuring{Rounds: 50})
		// Right: one person. Wrong: two. Missed: the date.
		want := []LabelScore{{Label: "DATE", Support: 1}, {Label: "PER", Precision: 1.0 / 3, Recall: 1, F1: 0.5, Support: 1, Predicted: 3}}
		if diff := cmp.Diff(want, got.Labels); diff != "" {
			t.Errorf("types (-want +got):\n%s", diff)
		}
		if math.Abs(got.Value-0.4) > 1e-12 || got.Metrics["entity_macro_f1"] != 0.25 {
			t.Errorf("metrics %v, want F1 0.4, macro 0.25", got.Metrics)
		}
		for name := range got.Intervals {
			if strings.Contains(name, "/") {
				t.Errorf("interval of %s, a single type", name)
			}
		}
	})
	t.Run("entities that are not asked for", func(t *testing.T) {
		const rows = "w1\tB-PER\nw2\tO\n\nw3\tB-THING\nw4\tI-THING\nw5\tB-PER\n"
		c := SetConfig{Lacks: none, Map: map[string]*string{"THING": nil}}
		got := measure("ner", "things.conll", rows, c, Measuring{})
		// w3 and w4 are taken for persons, which is neither right nor wrong.
		want := []LabelScore{{Label: "PER", Precision: 2.0 / 3, Recall: 1, F1: 0.8, Support: 2, Predicted: 3}}
		if diff := cmp.Diff(want, got.Labels); diff != "" {
			t.Errorf("types (-want +got):\n%s", diff)
		}
		mistakes := []Mistake{{Line: 1, Want: []string{"B-PER", "O"}, Got: []string{"B-PER", "B-PER"}}}
		if diff := cmp.Diff(mistakes, got.Mistakes); diff != "" {
			t.Errorf("mistakes (-want +got):\n%s", diff)
		}
		c.Map["THING"] = ptr("O") // which says that they are none
		if got := measure("ner", "things.conll", rows, c, Measuring{}); got.Labels[0].Predicted != 5 {
			t.Errorf("mapped to O: %+v, want 5 predictions", got.Labels)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		set, err := LoadSet(m, tok, "mood", SetConfig{Dev: filepath.Join(dir, "mood.tsv")}, 16, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("the operator")
		cancel(cause)
		if _, err := MeasureSet(ctx, m, set, Measuring{}); !errors.Is(err, cause) {
			t.Errorf("error %v, want the cause", err)
		}
	})
}

// An answer that touches a word outside the score is in none either, as a whole;
// its neighbours are.
func TestTagsThatAreScored(t *testing.T) {
	a := &tagAnswers{
		want: [][]string{{"B-PER", notScored, "O", "B-PER", "I-PER"}},
		got:  [][]string{{"B-PER", "B-DATE", "I-DATE", "B-DATE", "I-PER"}},
	}
	want, got := a.scored(0)
	if diff := cmp.Diff([]string{"B-PER", "O", "O", "B-PER", "I-PER"}, want); diff != "" {
		t.Errorf("right (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"B-PER", "O", "O", "B-DATE", "I-PER"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if a.want[0][1] != notScored || a.got[0][1] != "B-DATE" {
		t.Error("the answers themselves were changed")
	}
}

func TestLoadSetIsRefused(t *testing.T) {
	tok, m := tinyModel(t, 20, map[string]bert.HeadConfig{"mood": sentimentHead})
	path := filepath.Join(t.TempDir(), "dev.tsv")
	if err := os.WriteFile(path, []byte("text\tlabel\nw1 w2 w3 w4 w5\tpositive\nw1\tmixed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadSet(m, tok, "mood", SetConfig{Dev: path}, 16, 1, 0)
	if unknown := (*UnknownLabelError)(nil); !errors.As(err, &unknown) || unknown.Label != "mixed" || !strings.Contains(err.Error(), `"map": {"mixed": null}`) {
		t.Errorf("error %v, want one of the label mixed, with what a run's file may say of it", err)
	}
	set, err := LoadSet(m, tok, "mood", SetConfig{Dev: path, Map: map[string]*string{"mixed": nil}}, 6, 1, 0)
	if err != nil || !slices.Equal(set.Cut, []int{2}) || set.Truncated != 1 {
		t.Errorf("%+v (%v), want the row of line 2 cut", set, err)
	}
	// What the drawn row happens to be does not say what the file annotates.
	all := filepath.Join(t.TempDir(), "all.tsv")
	if err := os.WriteFile(all, []byte("text\tlabel\nw1\tgood\nw2\tnegative\nw3\tneutral\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := "positive"
	set, err = LoadSet(m, tok, "mood", SetConfig{Dev: all, MaxRows: 1, Map: map[string]*string{"good": &good}}, 6, 1, 0)
	if err != nil || set.Rows != 1 || set.lacking(sentimentHead) != nil {
		t.Errorf("a row of a file with all labels lacks %v (%v), want none", set.lacking(sentimentHead), err)
	}
	for _, test := range []struct {
		head      string
		maxTokens int
		want      string
	}{{"other", 16, `no head "other"`}, {"mood", 65, "5 to 64"}, {"mood", 4, "5 to 64"}} {
		if _, err := LoadSet(m, tok, test.head, SetConfig{Dev: path}, test.maxTokens, 1, 0); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("head %s, %d tokens: error %v, want %q in it", test.head, test.maxTokens, err, test.want)
		}
	}
}

// textExamples reads examples to their end.
func textExamples(t *testing.T, tokens []string, corpus *Corpus, most int, blockBytes int) []Example {
	t.Helper()
	tok := loadTokenizer(t, tokens)
	options := DefaultExampleOptions(32)
	options.ShortProbability = 0
	maker, err := NewExampleMaker(tok, options)
	if err != nil {
		t.Fatal(err)
	}
	examples, problems, err := TextExamples(t.Context(), corpus, tok, maker, most, StreamOptions{Seed: 4, BlockBytes: blockBytes})
	if err != nil {
		t.Fatal(err)
	}
	var all []Example
	for example, err := range examples {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, example)
	}
	if problems.Total() != 0 {
		t.Errorf("problems %v", problems.First())
	}
	return all
}

func TestTextExamples(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	vocabulary := numbered(200)
	all := textExamples(t, vocabulary, corpus, 0, 0)
	if again := textExamples(t, vocabulary, corpus, 0, 0); !cmp.Equal(all, again) {
		t.Error("the same seed makes other examples")
	}
	inBlocks := textExamples(t, vocabulary, corpus, 0, 512)
	if len(all) < 60 || len(inBlocks) < 60 {
		t.Errorf("%d examples, %d in small blocks: fewer than the 60 documents", len(all), len(inBlocks))
	}
	some := textExamples(t, vocabulary, corpus, 20, 0)
	if len(some) != 20 {
		t.Errorf("%d examples, want 20", len(some))
	}
	if more := textExamples(t, vocabulary, corpus, 1<<20, 0); len(more) < 60 {
		t.Errorf("%d examples of %d at most, want those of all documents", len(more), 1<<20)
	}
	// A few come from all over the corpus, not from where it begins.
	dir := t.TempDir()
	for i, name := range []string{"a.txt", "b.txt"} {
		writeTo(t, filepath.Join(dir, name), strings.Repeat(fmt.Sprintf("w%d w%d w%d\nw%d w%d\n\n", i, i, i, i, i), 40))
	}
	parts, err := OpenCorpus(dir)
	if err != nil {
		t.Fatal(err)
	}
	met := map[int32]bool{}
	for _, e := range textExamples(t, vocabulary, parts, 10, 0) {
		for _, id := range e.Original() {
			met[id] = true
		}
	}
	if !met[int32(len(specials))] || !met[int32(len(specials)+1)] {
		t.Errorf("examples of the pieces %v alone, want both files'", met)
	}
	for _, e := range all {
		if len(e.Predictions) == 0 {
			t.Fatalf("an example without a chosen piece: %+v", e)
		}
	}
}

func TestMeasureText(t *testing.T) {
	corpus, _ := numberedCorpus(t, 60)
	_, m := tinyModel(t, 200, nil)
	examples := textExamples(t, numbered(200), corpus, 0, 0)
	for _, p := range m.Parameters() { // every pair is said to be NotNext
		switch p.Name {
		case "cls.seq_relationship.weight":
			clear(p.Data)
		case "cls.seq_relationship.bias":
			copy(p.Data, []float32{0, 1})
		}
	}
	got := measureText(t, m, examples, Measuring{Rounds: 100, Seed: 1})
	next, pairs, pieces := 0, 0, 0
	for _, e := range examples {
		pieces += len(e.Predictions)
		if e.Next != NoPair {
			pairs++
		}
		if e.Next == NotNext {
			next++
		}
	}
	if got.Pieces != pieces || got.Pairs != pairs || got.IsNextPairs != pairs-next || got.NotNext != 1 || got.IsNext != 0 {
		t.Errorf("%+v, want %d pieces, %d pairs, those not next right and no others", got, pieces, pairs)
	}
	near(t, "NSP accuracy", got.NextAccuracy, float64(next)/float64(pairs))
	for _, name := range []string{"mlm_loss", "perplexity", "mlm_accuracy", "nsp_loss", "nsp_accuracy"} {
		i, ok := got.Intervals[name]
		if value := got.Figures()[name]; !ok || i.Low > value || i.High < value {
			t.Errorf("%s %v is not in %+v", name, value, i)
		}
	}
	if _, there := (TextScore{Pieces: 3, MLMLoss: math.NaN()}).Figures()["mlm_loss"]; !there {
		t.Error("a loss that is no number is left out of the figures")
	}
	m.NSP = nil
	if got := measureText(t, m, examples, Measuring{}); got.Pairs != 0 || got.Pieces != pieces || got.Intervals != nil {
		t.Errorf("without the head of NSP: %+v", got)
	}
	m.MLM = nil
	if got := measureText(t, m, examples, Measuring{}); got.Pieces != 0 || got.Perplexity != 0 || len(got.Figures()) != 0 {
		t.Errorf("without the head of MLM: %+v", got)
	}
	_, m = tinyModel(t, 200, nil)
	for _, p := range m.Parameters() {
		if p.Name == "cls.predictions.bias" {
			p.Data[7] = float32(math.NaN())
		}
	}
	if _, err := MeasureText(t.Context(), m, func(yield func(Example, error) bool) { yield(examples[0], nil) }, 0, Measuring{}); err == nil || !strings.Contains(err.Error(), "mlm loss is not a finite number") {
		t.Errorf("a loss that is no number: error %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the operator")
	cancel(cause)
	maker, err := NewExampleMaker(loadTokenizer(t, numbered(200)), DefaultExampleOptions(32))
	if err != nil {
		t.Fatal(err)
	}
	// Even the first pass over the text, which gives nothing yet, can be ended.
	if _, _, err := TextExamples(ctx, corpus, loadTokenizer(t, numbered(200)), maker, 20, StreamOptions{Seed: 4}); !errors.Is(err, cause) {
		t.Errorf("error %v, want the cause", err)
	}
	if _, err := MeasureText(t.Context(), m, func(func(Example, error) bool) {}, 0, Measuring{}); err == nil {
		t.Error("no examples: no error")
	}
}
