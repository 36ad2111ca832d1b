package tasks

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

const (
	gladText  = "The staff were wonderful and the room was lovely. "
	angryText = "The food was awful and the service was terrible. "
)

func TestAnalyzeDocuments(t *testing.T) {
	results, err := Sentiment{embeddedEngine(t)}.Analyze(t.Context(), []Text{
		{Text: gladText}, {Text: "这家酒店太差了，房间又脏又吵。"}, {Text: angryText}, {Text: "房间很干净，服务非常好，我很喜欢。"},
	}, SentimentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ model, label string }{
		{"en", "positive"}, {"zh", "negative"}, {"en", "negative"}, {"zh", "positive"},
	} {
		r := results[i]
		if r.Model != want.model || r.Label != want.label {
			t.Errorf("text %d: %s by %s, want %s by %s", i, r.Label, r.Model, want.label, want.model)
		}
		sum := 0.0
		for _, s := range r.Scores {
			sum += s
		}
		if len(r.Scores) != 3 || math.Abs(sum-1) > 1e-5 || r.Score != r.Scores[r.Label] {
			t.Errorf("text %d: scores %v of label %s with %v", i, r.Scores, r.Label, r.Score)
		}
		if r.Sentences == nil || len(r.Sentences) > 0 || r.Aspects == nil || len(r.Aspects) > 0 {
			t.Errorf("text %d: sentences %v, aspects %v; want empty lists", i, r.Sentences, r.Aspects)
		}
	}
}

// The sentiment head asked by /classify and by /sentiment says the same, long
// texts included.
func TestAnalyzeAgreesWithClassify(t *testing.T) {
	e := engineOfMaxTokens(t, "en", 32)
	texts := []Text{{Text: gladText}, {Text: strings.Repeat(gladText, 3) + strings.Repeat(angryText, 4)}}
	classes, err := Classifier{e}.Classify(t.Context(), texts, ClassifyOptions{Head: "sentiment"})
	if err != nil {
		t.Fatal(err)
	}
	results, err := Sentiment{e}.Analyze(t.Context(), texts, SentimentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		want := make(map[string]float64)
		for _, s := range classes[i].Labels {
			want[s.Label] = s.Score
		}
		if diff := cmp.Diff(want, r.Scores, nearGolden); diff != "" {
			t.Errorf("text %d (-classify +analyze):\n%s", i, diff)
		}
		if diff := cmp.Diff(classes[i].Info, r.Info); diff != "" {
			t.Errorf("text %d (-classify +analyze):\n%s", i, diff)
		}
	}
	if results[1].Windows < 2 {
		t.Errorf("%d windows, want several", results[1].Windows)
	}
}

func TestAnalyzeSentences(t *testing.T) {
	text := "  The room was lovely! 😀 Dr. Smith hated the food, it was awful.\n我很喜欢。"
	results, err := Sentiment{embeddedEngine(t)}.Analyze(t.Context(), []Text{{Text: text}, {Text: "..."}}, SentimentOptions{
		Options: Options{Model: "en", OffsetUnit: tokenizer.UTF16}, Level: Sentences,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []SentenceSentiment{
		{Text: "The room was lovely! 😀", Start: 2, End: 25, Polarity: Polarity{Label: "positive"}},
		{Text: "Dr. Smith hated the food, it was awful.", Start: 26, End: 65, Polarity: Polarity{Label: "negative"}},
		{Text: "我很喜欢。", Start: 66, End: 71},
	}
	got := results[0].Sentences
	if len(got) != len(want) {
		t.Fatalf("%d sentences, want %d", len(got), len(want))
	}
	for i, s := range got {
		if s.Text != want[i].Text || s.Start != want[i].Start || s.End != want[i].End {
			t.Errorf("sentence %d is %q [%d, %d), want %q [%d, %d)", i, s.Text, s.Start, s.End, want[i].Text, want[i].Start, want[i].End)
		}
		if l := want[i].Label; l != "" && s.Label != l {
			t.Errorf("sentence %d is %s, want %s", i, s.Label, l)
		}
	}
	if got := results[1].Sentences; len(got) != 1 || got[0].Text != "..." {
		t.Errorf("sentences of a text of stops: %+v", got)
	}
	// A sentence is judged by itself: as if it were the whole text.
	alone, err := Sentiment{embeddedEngine(t)}.Analyze(t.Context(), []Text{{Text: want[1].Text}}, SentimentOptions{Options: Options{Model: "en"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(alone[0].Scores, got[1].Scores, nearGolden); diff != "" {
		t.Errorf("(-alone +among others):\n%s", diff)
	}
}

func TestAnalyzeAspects(t *testing.T) {
	e := embeddedEngine(t)
	text := "The battery  life is terrible. I love the screen! SCREEN: great."
	results, err := Sentiment{e}.Analyze(t.Context(), []Text{{Text: text}, {Text: "这个手机屏幕很好，电池很差。"}}, SentimentOptions{
		Aspects: []string{"battery life", "screen", "电池", "camera"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]AspectSentiment{
		{
			{Aspect: "battery life", Polarity: Polarity{Label: "negative"}, Mentions: []Mention{{4, 17}}},
			{Aspect: "screen", Polarity: Polarity{Label: "positive"}, Mentions: []Mention{{42, 48}, {50, 56}}},
			{Aspect: "电池", Mentions: []Mention{}},
			{Aspect: "camera", Mentions: []Mention{}},
		},
		{
			{Aspect: "battery life", Mentions: []Mention{}},
			{Aspect: "screen", Mentions: []Mention{}},
			{Aspect: "电池", Polarity: Polarity{Label: "negative"}, Mentions: []Mention{{9, 11}}},
			{Aspect: "camera", Mentions: []Mention{}},
		},
	} {
		got := results[i].Aspects
		if len(got) != len(want) {
			t.Fatalf("text %d: %d aspects, want %d", i, len(got), len(want))
		}
		for k, a := range got {
			if a.Aspect != want[k].Aspect || !cmp.Equal(want[k].Mentions, a.Mentions) {
				t.Errorf("text %d, aspect %d: %s at %v, want %s at %v", i, k, a.Aspect, a.Mentions, want[k].Aspect, want[k].Mentions)
			}
			if label := want[k].Label; label != "" && a.Label != label {
				t.Errorf("text %d: %s is %s, want %s", i, a.Aspect, a.Label, label)
			}
			if len(a.Scores) != 3 || a.Score != a.Scores[a.Label] {
				t.Errorf("text %d: %s has scores %v, label %s, score %v", i, a.Aspect, a.Scores, a.Label, a.Score)
			}
		}
	}
	// The sentences that mention an aspect are read with it, as a pair.
	pair, err := Classifier{e}.Classify(t.Context(), []Text{{Text: "I love the screen! SCREEN: great.", Pair: "screen", HasPair: true}}, ClassifyOptions{Head: "aspect"})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Aspects[1]; got.Label != pair[0].Label || math.Abs(got.Score-pair[0].Score) > 1e-5 {
		t.Errorf("screen is %s with %v, as a pair %s with %v", got.Label, got.Score, pair[0].Label, pair[0].Score)
	}
}

// In a long text an aspect is judged by what is said about it.
func TestAnalyzeAspectsOfLongTexts(t *testing.T) {
	e := embeddedEngine(t)
	praise := strings.Repeat("I liked the room, the view and the people there very much. ", 30)
	text := praise + "But the breakfast was awful, cold and disgusting. " + praise
	results, err := Sentiment{e}.Analyze(t.Context(), []Text{{Text: text}}, SentimentOptions{Aspects: []string{"breakfast", "view", "parking"}})
	if err != nil {
		t.Fatal(err)
	}
	r := results[0]
	if r.Windows < 2 || r.Label != "positive" {
		t.Errorf("%s from %d windows, want positive from several", r.Label, r.Windows)
	}
	for i, want := range []struct {
		label    string
		mentions int
	}{{"negative", 1}, {"positive", 60}, {"positive", 0}} {
		if a := r.Aspects[i]; a.Label != want.label || len(a.Mentions) != want.mentions {
			t.Errorf("%s is %s with %d mentions, want %s with %d", a.Aspect, a.Label, len(a.Mentions), want.label, want.mentions)
		}
	}
}

func TestAnalyzeRefuses(t *testing.T) {
	e := embeddedEngine(t)
	text := []Text{{Text: "some text"}}
	no := false
	tests := []struct {
		name, code, field string
		texts             []Text
		o                 SentimentOptions
		detail            string
	}{
		{"blank", CodeEmptyText, "text", []Text{{Text: "\t"}}, SentimentOptions{}, "empty"},
		{"pair", CodeUnexpectedPair, "text_pair", []Text{{Text: "a", Pair: "b", HasPair: true}}, SentimentOptions{}, "single"},
		{"unknown model", CodeUnknownModel, "model", text, SentimentOptions{Options: Options{Model: "fr"}}, "en, zh"},
		{"level", CodeInvalidParameter, "level", text, SentimentOptions{Level: "word"}, "document or sentence"},
		{"blank aspect", CodeInvalidParameter, "aspects", text, SentimentOptions{Aspects: []string{"food", " \n"}}, "aspect 1"},
		{"long aspect", CodeTooLong, "aspects", text, SentimentOptions{Aspects: []string{strings.Repeat("a", 201)}}, "201"},
		{"many aspects", CodeTooLarge, "aspects", text, SentimentOptions{Aspects: make([]string, 65)}, "65"},
		{"long text", CodeTooLong, "text", []Text{{Text: strings.Repeat("a ", 600)}}, SentimentOptions{Options: Options{Truncate: &no}}, "602"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Sentiment{e}.Analyze(t.Context(), test.texts, test.o)
			got := wantInputError(t, err, test.code)
			if got.Field != test.field || !strings.Contains(got.Detail, test.detail) {
				t.Errorf("field %q, detail %q; want %q, and %q in the detail", got.Field, got.Detail, test.field, test.detail)
			}
		})
	}
	t.Run("no aspect head", func(t *testing.T) {
		without := engineWithHeads(t, "en", func(heads map[string]bert.Head) { delete(heads, "aspect") })
		_, err := Sentiment{without}.Analyze(t.Context(), text, SentimentOptions{Aspects: []string{"food"}})
		if got := wantInputError(t, err, CodeNoHead); got.Field != "aspects" || !strings.Contains(got.Detail, "aspect") {
			t.Errorf("got %+v", got)
		}
		if _, err := (Sentiment{without}).Analyze(t.Context(), text, SentimentOptions{}); err != nil {
			t.Errorf("without aspects: %v", err)
		}
	})
	t.Run("no sentiment head", func(t *testing.T) {
		without := engineWithHeads(t, "en", func(heads map[string]bert.Head) { delete(heads, "sentiment") })
		_, err := Sentiment{without}.Analyze(t.Context(), text, SentimentOptions{})
		if got := wantInputError(t, err, CodeNoHead); !strings.Contains(got.Detail, "topic") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("aspect too long for the model", func(t *testing.T) {
		_, err := Sentiment{engineOfMaxTokens(t, "en", 16)}.Analyze(t.Context(), text, SentimentOptions{Aspects: []string{strings.Repeat("word ", 20)}})
		if got := wantInputError(t, err, CodeTooLong); got.Field != "aspects" || got.Limit != 16 {
			t.Errorf("got %+v", got)
		}
	})
}

// A checkpoint that was fine-tuned elsewhere answers with the labels it has.
func TestAnalyzeForeignLabels(t *testing.T) {
	text := []Text{{Text: gladText}}
	ours, err := Sentiment{embeddedEngine(t)}.Analyze(t.Context(), text, SentimentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, labels := range [][]string{
		{"NEGATIVE", "NEUTRAL", "POSITIVE"}, {"LABEL_0", "LABEL_1", "LABEL_2"}, {"1 star", "2 stars", "3 stars"},
	} {
		t.Run(labels[0], func(t *testing.T) {
			foreign := engineWithHeads(t, "en", func(heads map[string]bert.Head) {
				head := *heads["sentiment"].(*bert.SequenceHead)
				head.Name, head.Labels = bert.ClassifierName, labels
				clear(heads)
				heads[bert.ClassifierName] = &head
			})
			results, err := Sentiment{foreign}.Analyze(t.Context(), text, SentimentOptions{Level: Sentences})
			if err != nil {
				t.Fatal(err)
			}
			scores := ours[0].Scores
			want := map[string]float64{labels[0]: scores["negative"], labels[1]: scores["neutral"], labels[2]: scores["positive"]}
			for _, p := range []Polarity{results[0].Polarity, results[0].Sentences[0].Polarity} {
				if p.Label != labels[2] {
					t.Errorf("label %s, want %s", p.Label, labels[2])
				}
				if diff := cmp.Diff(want, p.Scores, nearGolden); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestPolarityHead(t *testing.T) {
	head := func(labels ...string) *bert.SequenceHead {
		return &bert.SequenceHead{HeadConfig: bert.HeadConfig{Labels: labels}}
	}
	named, classifier, other := head("negative", "positive"), head("NEGATIVE", "POSITIVE"), head("neg", "pos")
	topics, pair := head("World", "Sports"), head("negative", "positive")
	pair.Pair = true
	stars, nameless, chinese := head("1 star", "2 stars", "3 stars"), head("LABEL_0", "LABEL_1"), head("消极", "积极")
	odd := head("glad", "sad")
	tests := []struct {
		name  string
		heads map[string]bert.Head
		want  *bert.SequenceHead
	}{
		{"by name", map[string]bert.Head{"sentiment": named, "classifier": classifier, "a": other}, named},
		{"by name, whatever its labels", map[string]bert.Head{"sentiment": odd}, odd},
		{"classifier", map[string]bert.Head{"classifier": classifier, "a": other}, classifier},
		{"another", map[string]bert.Head{"topic": topics, "tone": other}, other},
		{"stars", map[string]bert.Head{"classifier": stars}, stars},
		{"nameless labels", map[string]bert.Head{"classifier": nameless}, nameless},
		{"chinese labels", map[string]bert.Head{"classifier": chinese}, chinese},
		{"not a head of topics", map[string]bert.Head{"classifier": topics, "topic": topics}, nil},
		{"not a head of pairs", map[string]bert.Head{"sentiment": pair, "aspect": pair}, nil},
		{"not a token head", map[string]bert.Head{"sentiment": &bert.TokenHead{}}, nil},
		{"not a single label", map[string]bert.Head{"classifier": head("LABEL_0")}, nil},
		{"none", map[string]bert.Head{}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := polarityHead(test.heads); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestAreNotPolarities(t *testing.T) {
	for _, labels := range [][]string{
		{"entailment", "neutral", "contradiction"}, {"posture", "possession"}, {"O", "B-PER"}, {"1 star", "sports"}, {"positive"},
	} {
		if arePolarities(labels) {
			t.Errorf("%v taken for labels of sentiment", labels)
		}
	}
}
