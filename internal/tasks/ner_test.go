package tasks

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
	"cloze/models"
)

// brief is an entity as TYPE:text.
func brief(entities []Entity) []string {
	list := make([]string, len(entities))
	for i, e := range entities {
		list[i] = e.Type + ":" + e.Text
	}
	return list
}

func TestRecognizeMixedTextsInOrder(t *testing.T) {
	results, err := NER{embeddedEngine(t)}.Recognize(t.Context(), []Text{
		{Text: "鲁迅原名周树人，1881年9月25日生于浙江绍兴。"},
		{Text: "Ada Lovelace met Charles Babbage in London on 5 June 1833."},
		{Text: "这里没有什么名字。"},
	}, NEROptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		model    string
		entities []string
	}{
		{"zh", []string{"PER:鲁迅", "PER:周树人", "DATE:1881年9月25日", "LOC:浙江绍兴"}},
		{"en", []string{"PER:Ada Lovelace", "PER:Charles Babbage", "LOC:London", "DATE:5 June 1833"}},
		{"zh", []string{}},
	} {
		got := results[i]
		if got.Model != want.model || got.Windows != 1 || got.Truncated {
			t.Errorf("text %d: model %s, %d windows, truncated %t; want %s, 1, false", i, got.Model, got.Windows, got.Truncated, want.model)
		}
		if diff := cmp.Diff(want.entities, brief(got.Entities)); diff != "" {
			t.Errorf("text %d (-want +got):\n%s", i, diff)
		}
	}
}

// In the unit asked for, text[start:end] is the entity's text.
func TestRecognizeOffsetUnits(t *testing.T) {
	text := "👩‍👩‍👧 in São Paulo: José met Ana in Rio de Janeiro on 1 May 2020 😀."
	for unit, slice := range map[tokenizer.OffsetUnit]func(start, end int) string{
		tokenizer.Codepoint: func(start, end int) string { return string([]rune(text)[start:end]) },
		tokenizer.UTF16:     func(start, end int) string { return string(utf16.Decode(utf16.Encode([]rune(text))[start:end])) },
		tokenizer.Byte:      func(start, end int) string { return text[start:end] },
	} {
		t.Run(unit.String(), func(t *testing.T) {
			results, err := NER{embeddedEngine(t)}.Recognize(t.Context(), []Text{{Text: text}}, NEROptions{Options: Options{OffsetUnit: unit}})
			if err != nil {
				t.Fatal(err)
			}
			if len(results[0].Entities) < 3 {
				t.Fatalf("%d entities, want at least 3", len(results[0].Entities))
			}
			for _, e := range results[0].Entities {
				if got := slice(e.Start, e.End); got != e.Text {
					t.Errorf("text[%d:%d] is %q, want %q", e.Start, e.End, got, e.Text)
				}
			}
		})
	}
}

func TestRecognizeKeepsTypesAndScores(t *testing.T) {
	ner := NER{embeddedEngine(t)}
	text := []Text{{Text: "Ada Lovelace met Charles Babbage in London on 5 June 1833."}}
	tests := []struct {
		name string
		o    NEROptions
		want []string
	}{
		{"types", NEROptions{Types: []string{"LOC", "DATE"}}, []string{"LOC:London", "DATE:5 June 1833"}},
		{"type that only another model knows", NEROptions{Options: Options{Model: "zh"}, Types: []string{"MISC"}}, []string{}},
		{"types of labels", NEROptions{Aggregation: NoAggregation, Types: []string{"DATE"}}, []string{"B-DATE:5", "I-DATE:June", "I-DATE:1833"}},
		{"impossible score", NEROptions{MinScore: 1}, []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			results, err := ner.Recognize(t.Context(), text, test.o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, brief(results[0].Entities)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("score", func(t *testing.T) {
		all, err := ner.Recognize(t.Context(), text, NEROptions{})
		if err != nil {
			t.Fatal(err)
		}
		lowest := all[0].Entities[0]
		for _, e := range all[0].Entities {
			if e.Score < lowest.Score {
				lowest = e
			}
		}
		for _, limit := range []struct {
			minScore float64
			want     int
		}{{lowest.Score, 4}, {math.Nextafter(lowest.Score, 1), 3}} {
			kept, err := ner.Recognize(t.Context(), text, NEROptions{MinScore: limit.minScore})
			if err != nil {
				t.Fatal(err)
			}
			if got := len(kept[0].Entities); got != limit.want {
				t.Errorf("%d entities with at least %v, want %d", got, limit.minScore, limit.want)
			}
		}
	})
}

// A long sentence is read in windows, and each of its names is found once,
// wherever the borders fall.
func TestRecognizeLongSentence(t *testing.T) {
	no := false
	for _, language := range []struct{ model, sentence, name string }{
		{"en", "in the year %d they went to London by train, ", "London"},
		{"zh", "在%d年，他们坐火车去了北京，", "北京"},
	} {
		for _, aggregation := range []Aggregation{First, Simple, NoAggregation} {
			t.Run(language.model+" "+string(aggregation), func(t *testing.T) {
				var b strings.Builder
				for i := range 40 {
					fmt.Fprintf(&b, language.sentence, 1900+7*i)
				}
				text := b.String()
				results, err := NER{engineOfMaxTokens(t, language.model, 48)}.Recognize(t.Context(), []Text{{Text: text}}, NEROptions{
					Options:     Options{OffsetUnit: tokenizer.Byte, Truncate: &no},
					Aggregation: aggregation, Types: []string{"LOC"},
				})
				if err != nil {
					t.Fatal(err)
				}
				r := results[0]
				if r.Windows < 10 || r.Truncated {
					t.Errorf("%d windows, truncated %t; want at least 10, not truncated", r.Windows, r.Truncated)
				}
				pieces := ""
				for i, e := range r.Entities {
					if i > 0 && e.Start < r.Entities[i-1].End {
						t.Errorf("entity %q at %d overlaps the one before", e.Text, e.Start)
					}
					pieces += e.Text
				}
				if want := strings.Repeat(language.name, 40); pieces != want {
					t.Errorf("found %s, want %s", pieces, want)
				}
			})
		}
	}
}

// The heads inside were trained on sentences: of a text they find what they find
// of its sentences, at its place in the text.
func TestRecognizeReadsSentences(t *testing.T) {
	for _, tt := range []struct {
		model     string
		sentences []string
	}{
		{"en", []string{
			"When the two of them were introduced at a party, Ada Lovelace told Charles Babbage in plain words that London was too loud for her to think.",
			"He had been born in 1791, as far as anybody who came to the house could remember, and was not of a mind to leave the town for so little!",
			"Dr. Smith of IBM wrote to both of them from New York, which is as far from any of this as a letter could come from in those days.",
		}},
		{"zh", []string{
			"美国作家马克·吐温于1835年11月30日出生在密苏里州的一个小镇，后来他在那里度过了童年。",
			"他在旅行的时候先后去过北京和上海，还在那里住了很长一段时间，写下了许多有意思的文章！",
			"联合国的总部在纽约，每年都有来自世界各地的许多人前去参观，其中也有不少从中国来的学生。",
		}},
	} {
		recognize := func(texts ...Text) []NERResult {
			t.Helper()
			results, err := NER{embeddedEngine(t)}.Recognize(t.Context(), texts, NEROptions{Options: Options{Model: tt.model}, Aggregation: First})
			if err != nil {
				t.Fatal(err)
			}
			return results
		}
		text := "\n"
		var singly []Text // none of which has room for another
		var want []Entity
		tokens := 0
		for _, sentence := range tt.sentences {
			singly = append(singly, Text{Text: sentence})
		}
		for i, r := range recognize(singly...) {
			text += " "
			for _, e := range r.Entities {
				shift := utf8.RuneCountInString(text)
				e.Start, e.End = e.Start+shift, e.End+shift
				want = append(want, e)
			}
			text += tt.sentences[i]
			tokens += r.Tokens
		}
		got := recognize(Text{Text: text})[0]
		if diff := cmp.Diff(want, got.Entities); diff != "" || len(want) < 4 {
			t.Errorf("%s: %d entities of the sentences, of the text other ones (-want +got):\n%s", tt.model, len(want), diff)
		}
		if got.Windows != len(tt.sentences) || got.Tokens != tokens || got.Truncated {
			t.Errorf("%s: %d windows of %d tokens, truncated %t; want %d of %d, false", tt.model, got.Windows, got.Tokens, got.Truncated, len(tt.sentences), tokens)
		}
	}
}

// Short sentences are read together, in the order of the text and without loss.
func TestGroupSentences(t *testing.T) {
	m, _ := embeddedEngine(t).Model("en")
	tokens := func(text string) int { return m.Tokenizer.Encode(text, tokenizer.Options{}).Len() }
	text := strings.Repeat("No. She said 你好！ ", 40)
	sentences := len(SplitSentences(text))
	for _, limit := range []int{1, 12, 48} {
		groups := slices.Collect(groupSentences(m.Tokenizer, text, limit))
		if want := max(1, limit/12); len(groups) > sentences/want || len(groups) < 2 {
			t.Errorf("limit %d: %d sentences are %d groups", limit, sentences, len(groups))
		}
		end := 0
		for _, g := range groups {
			if n := tokens(text[g.Start:g.End]); strings.TrimSpace(text[end:g.Start]) != "" || n > max(limit, 8) {
				t.Errorf("limit %d: group %v has %d tokens, and comes after %d", limit, g, n, end)
			}
			end = g.End
		}
		if strings.TrimSpace(text[end:]) != "" {
			t.Errorf("limit %d: the groups end at %d of %d", limit, end, len(text))
		}
	}
	whole := []tokenizer.Span{{End: len(text)}}
	if got := slices.Collect(groupSentences(m.Tokenizer, text, 0)); !slices.Equal(got, whole) {
		t.Errorf("without a limit the groups are %v", got)
	}
}

// A text that is all stops, or all gaps and abbreviations, is refused for its
// tokens before much is done with it.
func TestRecognizeEndsEarly(t *testing.T) {
	text := strings.Repeat(" ", 256<<10) + strings.Repeat("Mr. ", 64<<10)
	ctx := WithTokenLimit(t.Context(), 1000)
	_, err := NER{embeddedEngine(t)}.Recognize(ctx, []Text{{Text: text}}, NEROptions{})
	_ = wantInputError(t, err, CodeTooLarge)
}

// engineOfMaxTokens is an engine over an embedded model that reads at most so
// many tokens, so that short texts have several windows.
func engineOfMaxTokens(t *testing.T, id string, maxTokens int) *engine.Engine {
	t.Helper()
	original, ok := embeddedEngine(t).Model(id)
	if !ok {
		t.Fatalf("no model %s", id)
	}
	vocabulary, err := fs.ReadFile(models.FS(id), "vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(fstest.MapFS{
		"vocab.txt":             {Data: vocabulary},
		"tokenizer_config.json": {Data: fmt.Appendf(nil, `{"do_lower_case": true, "model_max_length": %d}`, maxTokens)},
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Options{Threads: 1}, &engine.Model{ID: id, Network: original.Network, Tokenizer: tok})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// With the default no entity begins or ends inside a word. The words are such
// that simple cuts at least one of them, or the test would show nothing.
func TestRecognizeKeepsWordsWhole(t *testing.T) {
	var texts []Text
	g := loadNERGolden(t)
	for _, c := range append(g.EN, g.ZH...) {
		texts = append(texts, Text{Text: c.Text})
	}
	ner := NER{embeddedEngine(t)}
	cuts := make(map[Aggregation]int)
	for _, aggregation := range []Aggregation{First, Simple, Average, Max} {
		results, err := ner.Recognize(t.Context(), texts, NEROptions{Options: Options{OffsetUnit: tokenizer.Byte}, Aggregation: aggregation})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			m, _ := ner.Engine.Model(r.Model)
			borders := map[int]bool{}
			e := m.Tokenizer.Encode(texts[i].Text, tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true})
			for k := range e.Len() {
				if k == 0 || e.Words[k] != e.Words[k-1] {
					borders[e.Offsets[k].Start] = true
				}
				if k == e.Len()-1 || e.Words[k] != e.Words[k+1] {
					borders[e.Offsets[k].End] = true
				}
			}
			for _, entity := range r.Entities {
				if !borders[entity.Start] || !borders[entity.End] {
					cuts[aggregation]++
				}
			}
		}
	}
	if cuts[First]+cuts[Average]+cuts[Max] > 0 || cuts[Simple] == 0 {
		t.Errorf("entities cut inside a word: %v; want none but with simple, and some with that", cuts)
	}
}

// Special tokens that a user writes are text like any other.
func TestRecognizeSpecialTokensAsText(t *testing.T) {
	results, err := NER{embeddedEngine(t)}.Recognize(t.Context(), []Text{{Text: "[CLS] Ada Lovelace [SEP] met Charles Babbage."}}, NEROptions{Types: []string{"PER"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := brief(results[0].Entities), []string{"PER:Ada Lovelace", "PER:Charles Babbage"}; !cmp.Equal(want, got) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRecognizeRefuses(t *testing.T) {
	e := embeddedEngine(t)
	text := []Text{{Text: "some text"}}
	tests := []struct {
		name, code, field string
		texts             []Text
		o                 NEROptions
		detail            string
	}{
		{"blank", CodeEmptyText, "text", []Text{{Text: "a"}, {Text: " \n"}}, NEROptions{}, "empty"},
		{"pair", CodeUnexpectedPair, "text_pair", []Text{{Text: "a", Pair: "b", HasPair: true}}, NEROptions{}, "single"},
		{"unknown model", CodeUnknownModel, "model", text, NEROptions{Options: Options{Model: "fr"}}, "en, zh"},
		{"aggregation", CodeInvalidParameter, "aggregation", text, NEROptions{Aggregation: "last"}, "average"},
		{"score too high", CodeInvalidParameter, "min_score", text, NEROptions{MinScore: 1.5}, "1.5"},
		{"negative score", CodeInvalidParameter, "min_score", text, NEROptions{MinScore: -0.1}, "-0.1"},
		{"not a score", CodeInvalidParameter, "min_score", text, NEROptions{MinScore: math.NaN()}, "NaN"},
		{"unknown type", CodeInvalidParameter, "types", text, NEROptions{Types: []string{"PER", "PERSON"}}, "DATE, LOC, MISC, ORG, PER"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NER{e}.Recognize(t.Context(), test.texts, test.o)
			got := wantInputError(t, err, test.code)
			if got.Field != test.field || !strings.Contains(got.Detail, test.detail) {
				t.Errorf("field %q, detail %q; want %q, and %q in the detail", got.Field, got.Detail, test.field, test.detail)
			}
		})
	}
	t.Run("no token head", func(t *testing.T) {
		headless := engineWithHeads(t, "en", func(heads map[string]bert.Head) { delete(heads, "ner") })
		_, err := NER{headless}.Recognize(t.Context(), text, NEROptions{})
		if got := wantInputError(t, err, CodeNoHead); got.Index != 0 || !strings.Contains(got.Detail, "token head") {
			t.Errorf("got %+v", got)
		}
	})
}

// engineWithHeads is an engine over an embedded model whose heads were
// changed.
func engineWithHeads(t *testing.T, id string, change func(map[string]bert.Head)) *engine.Engine {
	t.Helper()
	original, ok := embeddedEngine(t).Model(id)
	if !ok {
		t.Fatalf("no model %s", id)
	}
	network := *original.Network
	network.Heads = make(map[string]bert.Head)
	for name, head := range original.Network.Heads {
		network.Heads[name] = head
	}
	change(network.Heads)
	e, err := engine.New(engine.Options{Threads: 1}, &engine.Model{ID: id, Network: &network, Tokenizer: original.Tokenizer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func TestTokenHead(t *testing.T) {
	ner, classifier, tags, topic := &bert.TokenHead{Name: "ner"}, &bert.TokenHead{Name: "classifier"}, &bert.TokenHead{Name: "tags"}, &bert.SequenceHead{}
	tests := []struct {
		name  string
		heads map[string]bert.Head
		want  *bert.TokenHead
	}{
		{"ner first", map[string]bert.Head{"classifier": classifier, "ner": ner, "tags": tags}, ner},
		{"then classifier", map[string]bert.Head{"classifier": classifier, "a": tags}, classifier},
		{"then any", map[string]bert.Head{"classifier": topic, "tags": tags}, tags},
		{"no sequence head", map[string]bert.Head{"ner": topic, "classifier": topic}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := tokenHead(&engine.Model{Network: &bert.Model{Heads: test.heads}}); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// The rules that the golden file does not show by example.
func TestAggregateRules(t *testing.T) {
	labels := []string{"O", "B-PER", "I-PER", "B-LOC", "I-LOC"}
	// piece makes a piece of one rune whose label has the given score.
	pieces := func(specs ...string) []scoredPiece {
		var list []scoredPiece
		for i, spec := range specs {
			label, continues := strings.CutPrefix(spec, "##")
			p := scoredPiece{span: tokenizer.Span{Start: i, End: i + 1}, word: int32(i), scores: make([]float32, len(labels))}
			if continues {
				p.word = list[i-1].word
			}
			for k, l := range labels {
				p.scores[k] = 0.1
				if l == label {
					p.scores[k] = 0.6
				}
			}
			list = append(list, p)
		}
		return list
	}
	tests := []struct {
		name        string
		aggregation Aggregation
		pieces      []scoredPiece
		want        []string // TYPE start end
	}{
		{"nothing", First, nil, nil},
		{"B then I", Simple, pieces("B-PER", "I-PER"), []string{"PER 0 2"}},
		{"B then B", Simple, pieces("B-PER", "B-PER"), []string{"PER 0 1", "PER 1 2"}},
		{"I begins", Simple, pieces("O", "I-PER", "I-PER", "O"), []string{"PER 1 3"}},
		{"another type begins", Simple, pieces("B-PER", "I-LOC"), []string{"PER 0 1", "LOC 1 2"}},
		{"O separates", Simple, pieces("B-PER", "O", "I-PER"), []string{"PER 0 1", "PER 2 3"}},
		{"simple cuts words", Simple, pieces("B-PER", "##O", "##I-LOC"), []string{"PER 0 1", "LOC 2 3"}},
		{"first does not", First, pieces("B-PER", "##O", "##I-LOC", "I-PER"), []string{"PER 0 4"}},
		{"first O", First, pieces("O", "##B-PER"), nil},
		{"window begins inside a word", First, pieces("I-PER", "##I-PER"), []string{"PER 0 2"}},
		{"max, equal scores: the first", Max, pieces("B-PER", "##B-LOC"), []string{"PER 0 2"}},
		{"average, two against one", Average, pieces("B-PER", "##I-LOC", "##I-LOC"), []string{"LOC 0 3"}},
		{"none", NoAggregation, pieces("B-PER", "##I-PER", "O"), []string{"B-PER 0 1", "I-PER 1 2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, e := range test.aggregation.aggregate(labels, test.pieces) {
				got = append(got, fmt.Sprint(e.label, " ", e.span.Start, " ", e.span.End))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The pieces of a decomposed Hangul syllable have its place, each of them; no
// two entities may.
func TestEntitiesShareNoCharacter(t *testing.T) {
	e := embeddedEngine(t)
	for _, text := range []string{
		"İstanbul\u00ad 한국어café[MASK] ",
		"In Seoul, 김대중 met 노무현 of 한국은행. Then 서울 was 대한민국, in 1998년 5월.",
	} {
		for _, aggregation := range []Aggregation{Simple, First, Average, Max, NoAggregation} {
			results, err := NER{e}.Recognize(t.Context(), []Text{{Text: text}}, NEROptions{Options: Options{Model: "en"}, Aggregation: aggregation})
			if err != nil {
				t.Fatal(err)
			}
			end := 0
			for _, entity := range results[0].Entities {
				if entity.Start < end {
					t.Errorf("%s: %q at %d overlaps the one before in %q", aggregation, entity.Text, entity.Start, text)
				}
				end = entity.End
			}
		}
	}

	scored := func(label, start, end int) scoredPiece {
		p := scoredPiece{span: tokenizer.Span{Start: start, End: end}, word: int32(start), scores: make([]float32, 5)}
		p.scores[label] = 1
		return p
	}
	labels := []string{"O", "B-LOC", "I-LOC", "B-PER", "I-PER"}
	for _, test := range []struct {
		name   string
		pieces []scoredPiece
		want   []string
	}{
		{"what is left of the second", []scoredPiece{scored(1, 0, 3), scored(3, 0, 3), scored(4, 3, 6)}, []string{"LOC 0 3", "PER 3 6"}},
		{"nothing is left of the second", []scoredPiece{scored(1, 0, 3), scored(0, 0, 3), scored(2, 0, 3)}, []string{"LOC 0 3"}},
		{"a piece of two syllables", []scoredPiece{scored(1, 0, 3), scored(3, 0, 6)}, []string{"LOC 0 3", "PER 3 6"}},
		{"after what is no entity", []scoredPiece{scored(0, 0, 3), scored(3, 0, 3)}, []string{"PER 0 3"}},
	} {
		var got []string
		for _, e := range Simple.aggregate(labels, test.pieces) {
			got = append(got, fmt.Sprint(e.label, " ", e.span.Start, " ", e.span.End))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestMergeOverlaps(t *testing.T) {
	e := func(start, end int, score float32) labelled {
		return labelled{label: "PER", score: score, span: tokenizer.Span{Start: start, End: end}}
	}
	tests := []struct {
		name           string
		entities, want []labelled
	}{
		{"none", nil, nil},
		{"apart", []labelled{e(0, 2, 1), e(2, 4, 1)}, []labelled{e(0, 2, 1), e(2, 4, 1)}},
		{"the longer", []labelled{e(5, 7, 0.9), e(5, 9, 0.5)}, []labelled{e(5, 9, 0.5)}},
		{"the longer, first", []labelled{e(5, 9, 0.5), e(6, 9, 0.9)}, []labelled{e(5, 9, 0.5)}},
		{"the surer", []labelled{e(5, 7, 0.5), e(5, 7, 0.9)}, []labelled{e(5, 7, 0.9)}},
		{"the first of equals", []labelled{e(5, 7, 0.5), e(6, 8, 0.5)}, []labelled{e(5, 7, 0.5)}},
		{"out of order", []labelled{e(9, 10, 1), e(0, 2, 1)}, []labelled{e(0, 2, 1), e(9, 10, 1)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := mergeOverlaps(test.entities)
			if diff := cmp.Diff(plain(test.want), plain(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
