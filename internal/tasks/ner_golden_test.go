package tasks

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/tokenizer"
)

// nerGolden is testdata/ner_golden.json, which testdata/make_ner_golden.py
// wrote.
type nerGolden struct {
	EN, ZH       []strategies[string]
	Labels       []string
	Aggregations []struct {
		Pieces []goldenPiece
		strategies[string]
	}
	Overlaps []struct{ Entities, Merged []goldenEntity }
}

// strategies are what each aggregation strategy answers.
type strategies[T any] struct {
	Text                              T
	None, Simple, First, Average, Max []goldenEntity
}

func (s strategies[T]) byName() map[Aggregation][]goldenEntity {
	return map[Aggregation][]goldenEntity{
		NoAggregation: s.None, Simple: s.Simple, First: s.First, Average: s.Average, Max: s.Max,
	}
}

// goldenEntity is written as [type, score, start, end].
type goldenEntity struct {
	Type       string
	Score      float64
	Start, End int
}

func (e *goldenEntity) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&e.Type, &e.Score, &e.Start, &e.End})
}

// goldenPiece is written as [start, end, whether it continues a word, scores].
type goldenPiece struct {
	Start, End int
	Continues  bool
	Scores     []float32
}

func (p *goldenPiece) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&p.Start, &p.End, &p.Continues, &p.Scores})
}

func loadNERGolden(t *testing.T) nerGolden {
	t.Helper()
	data, err := os.ReadFile("testdata/ner_golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g nerGolden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestNERAnswersAsTransformers(t *testing.T) {
	g := loadNERGolden(t)
	ner := NER{embeddedEngine(t)}
	for model, cases := range map[string][]strategies[string]{"en": g.EN, "zh": g.ZH} {
		for _, c := range cases {
			for strategy, want := range c.byName() {
				t.Run(string(strategy)+" "+c.Text, func(t *testing.T) {
					results, err := ner.Recognize(t.Context(), []Text{{Text: c.Text}}, NEROptions{
						Options: Options{Model: model}, Aggregation: strategy,
					})
					if err != nil {
						t.Fatal(err)
					}
					got := make([]goldenEntity, 0, len(want))
					for _, e := range results[0].Entities {
						got = append(got, goldenEntity{Type: e.Type, Score: e.Score, Start: e.Start, End: e.End})
						if at := string([]rune(c.Text)[e.Start:e.End]); at != e.Text {
							t.Errorf("text[%d:%d] is %q, the entity says %q", e.Start, e.End, at, e.Text)
						}
					}
					if diff := cmp.Diff(want, got, nearGolden); diff != "" {
						t.Errorf("(-transformers +got):\n%s", diff)
					}
				})
			}
		}
	}
}

func TestAggregateAnswersAsTransformers(t *testing.T) {
	g := loadNERGolden(t)
	for i, c := range g.Aggregations {
		pieces := make([]scoredPiece, len(c.Pieces))
		for k, p := range c.Pieces {
			pieces[k] = scoredPiece{span: tokenizer.Span{Start: p.Start, End: p.End}, word: int32(k)}
			if p.Continues && k > 0 {
				pieces[k].word = pieces[k-1].word
			}
			for _, s := range p.Scores {
				pieces[k].scores = append(pieces[k].scores, s/256)
			}
		}
		for strategy, want := range c.byName() {
			got := plain(strategy.aggregate(g.Labels, pieces))
			if diff := cmp.Diff(want, got, nearGolden); diff != "" {
				t.Errorf("case %d, %s (-transformers +got):\n%s", i, strategy, diff)
			}
		}
	}
}

func TestMergeOverlapsAnswersAsTransformers(t *testing.T) {
	for i, c := range loadNERGolden(t).Overlaps {
		entities := make([]labelled, len(c.Entities))
		for k, e := range c.Entities {
			entities[k] = labelled{e.Type, float32(e.Score), tokenizer.Span{Start: e.Start, End: e.End}}
		}
		if diff := cmp.Diff(c.Merged, plain(mergeOverlaps(entities)), nearGolden); diff != "" {
			t.Errorf("case %d (-transformers +got):\n%s", i, diff)
		}
	}
}

// plain is entities in the golden file's terms.
func plain(entities []labelled) []goldenEntity {
	list := make([]goldenEntity, len(entities))
	for i, e := range entities {
		score := math.Round(float64(e.score)*1e6) / 1e6
		list[i] = goldenEntity{e.label, score, e.span.Start, e.span.End}
	}
	return list
}
