package tasks

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cloze/internal/bert"
)

// golden is testdata/golden.json: what transformers answers on the embedded
// models. testdata/make_golden.py wrote it.
type golden struct {
	FillMask []struct {
		Text    string
		TopK    int `json:"top_k"`
		Targets []string
		Masks   [][]struct {
			Score    float64
			Token    int32
			TokenStr string `json:"token_str"`
			Sequence string
		}
	} `json:"fill_mask"`
	Classify []struct {
		Text     string
		TextPair *string `json:"text_pair"`
		Function Function
		Labels   []Score
	}
	NSP []struct {
		Text          string
		TextPair      string `json:"text_pair"`
		Probabilities [2]float64
	}
	Embed []struct {
		Text    string
		Vectors map[string]Vector
	}
	Attention []struct {
		Text     string
		TextPair *string     `json:"text_pair"`
		Head     [][]float64 `json:"layer1_head2"`
		Mean     [][]float64 `json:"layer2_mean_of_heads_0_3"`
		Rollout  [][]float64
	}
}

func loadGolden(t *testing.T) map[string]golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var byModel struct{ EN, ZH golden }
	if err := json.Unmarshal(data, &byModel); err != nil {
		t.Fatal(err)
	}
	all := map[string]golden{"en": byModel.EN, "zh": byModel.ZH}
	for model, g := range all {
		if len(g.FillMask) == 0 || len(g.Classify) == 0 || len(g.NSP) == 0 || len(g.Embed) == 0 || len(g.Attention) == 0 {
			t.Fatalf("testdata/golden.json lacks answers of model %s", model)
		}
	}
	return all
}

// nearGolden compares numbers as far as another order of the same float32
// operations leaves them equal.
var nearGolden = cmpopts.EquateApprox(0, 1e-4)

func TestFillMaskAnswersAsTransformers(t *testing.T) {
	fill := FillMask{embeddedEngine(t)}
	for model, g := range loadGolden(t) {
		for _, want := range g.FillMask {
			t.Run(want.Text, func(t *testing.T) {
				results, err := fill.Fill(t.Context(), []Text{{Text: want.Text}}, FillMaskOptions{TopK: want.TopK, Targets: want.Targets})
				if err != nil {
					t.Fatal(err)
				}
				got := results[0]
				if got.Model != model || len(got.Masks) != len(want.Masks) {
					t.Fatalf("%d masks by model %s, want %d by %s", len(got.Masks), got.Model, len(want.Masks), model)
				}
				for i, mask := range got.Masks {
					if at := string([]rune(want.Text)[mask.Start:mask.End]); at != "[MASK]" {
						t.Errorf("mask %d is at %q", i, at)
					}
					if len(mask.Predictions) != len(want.Masks[i]) {
						t.Fatalf("mask %d: %d predictions, want %d", i, len(mask.Predictions), len(want.Masks[i]))
					}
					for k, p := range mask.Predictions {
						w := want.Masks[i][k]
						// With several masks transformers leaves the template in.
						sequence := strings.TrimSuffix(strings.TrimPrefix(w.Sequence, "[CLS] "), " [SEP]")
						wantPrediction := MaskPrediction{Token: w.TokenStr, ID: w.Token, Score: w.Score, Sequence: sequence}
						if diff := cmp.Diff(wantPrediction, p, nearGolden); diff != "" {
							t.Errorf("mask %d, prediction %d (-transformers +got):\n%s", i, k, diff)
						}
					}
				}
			})
		}
	}
}

func TestClassifyAnswersAsTransformers(t *testing.T) {
	classifier := Classifier{embeddedEngine(t)}
	for model, g := range loadGolden(t) {
		for _, want := range g.Classify {
			t.Run(string(want.Function)+" "+want.Text, func(t *testing.T) {
				results, err := classifier.Classify(t.Context(), []Text{pairOf(want.Text, want.TextPair)}, ClassifyOptions{Function: want.Function})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want.Labels, results[0].Labels, nearGolden); diff != "" {
					t.Errorf("(-transformers +got):\n%s", diff)
				}
				if got := results[0]; got.Model != model || got.Label != want.Labels[0].Label || got.Score != got.Labels[0].Score {
					t.Errorf("%s with %v by model %s, want the first label by model %s", got.Label, got.Score, got.Model, model)
				}
			})
		}
	}
}

func TestNextSentenceAnswersAsTransformers(t *testing.T) {
	nextSentence := NextSentence{embeddedEngine(t)}
	for _, g := range loadGolden(t) {
		for _, want := range g.NSP {
			t.Run(want.TextPair, func(t *testing.T) {
				results, err := nextSentence.IsNext(t.Context(), []Text{{Text: want.Text, Pair: want.TextPair, HasPair: true}}, NextSentenceOptions{})
				if err != nil {
					t.Fatal(err)
				}
				scores := NextSentenceScores{IsNext: want.Probabilities[0], NotNext: want.Probabilities[1]}
				if diff := cmp.Diff(scores, results[0].Scores, nearGolden); diff != "" {
					t.Errorf("(-transformers +got):\n%s", diff)
				}
				label := bert.IsNext
				if scores.NotNext > scores.IsNext {
					label = bert.NotNext
				}
				if got := results[0]; got.Label != label || math.Abs(got.Score-max(scores.IsNext, scores.NotNext)) > 1e-4 {
					t.Errorf("%s with %v, want %s", got.Label, got.Score, label)
				}
			})
		}
	}
}

func TestEmbedAnswersAsTransformers(t *testing.T) {
	embedder := Embedder{embeddedEngine(t)}
	no, layer := false, 1
	for _, g := range loadGolden(t) {
		for _, want := range g.Embed {
			for name, o := range map[string]EmbedOptions{
				"mean":                            {},
				"cls":                             {Pooling: CLSPooling},
				"max":                             {Pooling: MaxPooling},
				"pooler":                          {Pooling: PoolerPooling},
				"mean of layer 1, not normalized": {Layer: &layer, Normalize: &no},
				"second token":                    {Pooling: NoPooling},
			} {
				t.Run(want.Text+" "+name, func(t *testing.T) {
					results, err := embedder.Embed(t.Context(), []Text{{Text: want.Text}}, o)
					if err != nil {
						t.Fatal(err)
					}
					got := results[0].Embedding
					if o.Pooling == NoPooling {
						got = results[0].TokenEmbeddings[1]
					}
					vector := want.Vectors[name]
					if diff := cmp.Diff(vector, got[:len(vector)], nearGolden); diff != "" {
						t.Errorf("(-transformers +got):\n%s", diff)
					}
				})
			}
		}
	}
}

func TestAttentionAnswersAsTransformers(t *testing.T) {
	attention := Attention{embeddedEngine(t)}
	for _, g := range loadGolden(t) {
		for _, want := range g.Attention {
			last := 5
			if want.TextPair == nil && want.Text == "狗叫" {
				last = 3
			}
			for _, view := range []struct {
				name string
				o    AttendOptions
				want [][]float64
			}{
				{"one head", AttendOptions{Layers: []int{1}, Heads: []int{2}}, want.Head},
				{"mean of heads", AttendOptions{Layers: []int{2}, Heads: []int{0, 3}, Aggregate: MeanHeads}, want.Mean},
				{"rollout", AttendOptions{Layers: []int{last}, Aggregate: Rollout}, want.Rollout},
			} {
				t.Run(want.Text+" "+view.name, func(t *testing.T) {
					results, err := attention.Attend(t.Context(), []Text{pairOf(want.Text, want.TextPair)}, view.o)
					if err != nil {
						t.Fatal(err)
					}
					data, err := json.Marshal(results[0].Attention)
					if err != nil {
						t.Fatal(err)
					}
					var got [][][][]float64
					if err := json.Unmarshal(data, &got); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff([][][][]float64{{view.want}}, got, nearGolden); diff != "" {
						t.Errorf("(-transformers +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// pairOf is a text, or a pair where there is a second one.
func pairOf(text string, pair *string) Text {
	if pair == nil {
		return Text{Text: text}
	}
	return Text{Text: text, Pair: *pair, HasPair: true}
}
