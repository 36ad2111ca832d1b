package tasks

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// Whatever is shown, each token's attention is shared out completely.
func TestAttentionRowsAddUpToOne(t *testing.T) {
	attention := Attention{embeddedEngine(t)}
	texts := []Text{{Text: "The bank raised its rates.", Pair: "Savers were pleased.", HasPair: true}, {Text: "银行提高了利率。"}}
	layers, heads := []int{6, 4}, []int{12, 8}
	for _, aggregate := range []Aggregate{NoAggregate, MeanHeads, Rollout} {
		t.Run(string(aggregate), func(t *testing.T) {
			results, err := attention.Attend(t.Context(), texts, AttendOptions{Aggregate: aggregate})
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range results {
				shown := heads[i]
				if aggregate != NoAggregate {
					shown = 1
				}
				tokens := len(r.Pieces)
				if want := []int{layers[i], shown, tokens, tokens}; !slices.Equal(r.Attention.Shape, want) {
					t.Fatalf("text %d: shape %v, want %v", i, r.Attention.Shape, want)
				}
				if len(r.Layers) != layers[i] || len(r.Heads) != heads[i] || r.Tokens != tokens {
					t.Errorf("text %d: %d layers, %d heads, %d tokens; want %d, %d, %d", i, len(r.Layers), len(r.Heads), r.Tokens, layers[i], heads[i], tokens)
				}
				for row := range slices.Chunk(r.Attention.Data, tokens) {
					var sum float64
					for _, p := range row {
						if p < 0 {
							t.Fatalf("text %d: attention of %v", i, p)
						}
						sum += float64(p)
					}
					if math.Abs(sum-1) > 1e-4 {
						t.Fatalf("text %d: a row adds up to %v", i, sum)
					}
				}
			}
		})
	}
}

func TestAttentionChoiceKeepsItsOrder(t *testing.T) {
	attention := Attention{embeddedEngine(t)}
	text := []Text{{Text: "some text"}}
	all, err := attention.Attend(t.Context(), text, AttendOptions{})
	if err != nil {
		t.Fatal(err)
	}
	some, err := attention.Attend(t.Context(), text, AttendOptions{Layers: []int{3, 0}, Heads: []int{11, 2}})
	if err != nil {
		t.Fatal(err)
	}
	size := 4 * 4
	at := func(layer, head int) []float32 {
		start := (layer*12 + head) * size
		return all[0].Attention.Data[start : start+size]
	}
	want := slices.Concat(at(3, 11), at(3, 2), at(0, 11), at(0, 2))
	for i, x := range some[0].Attention.Data {
		if math.Abs(float64(x-want[i])) > 1e-6 {
			t.Fatalf("number %d is %v, want %v", i, x, want[i])
		}
	}
}

func TestRollout(t *testing.T) {
	// Two tokens, one head. A' = (A + I) / 2, since rows of A add up to 1.
	layers := [][]float32{
		{0, 1, 1, 0},     // A'_0 = ½ ½ / ½ ½
		{1, 0, 0.5, 0.5}, // A'_1 = 1 0 / ¼ ¾
		{0, 1, 0, 1},     // A'_2 = ½ ½ / 0 1
	}
	p := newPicture(selection{layers: []int{2, 0, 1}, heads: []int{0}, aggregate: Rollout}, 2)
	if want := []int{0, 1, 2}; !slices.Equal(p.needed(), want) {
		t.Errorf("needs layers %v, want %v", p.needed(), want)
	}
	for range 2 { // as when the engine repeats a pass
		for layer, a := range layers {
			p.add(layer, slices.Clone(a))
		}
	}
	want := []float32{
		0.5, 0.5, 0.5, 0.5, // R_2 = A'_2 · R_1
		0.5, 0.5, 0.5, 0.5, // R_0 = A'_0
		0.5, 0.5, 0.5, 0.5, // R_1 = A'_1 · R_0
	}
	if !slices.Equal(p.shown.Data, want) {
		t.Errorf("got %v, want %v", p.shown.Data, want)
	}
	// From another first layer, where it matters which factor is on the left.
	layers[0] = []float32{1, 0, 0, 1} // A'_0 = I
	for layer, a := range layers {
		p.add(layer, slices.Clone(a))
	}
	want = []float32{
		0.625, 0.375, 0.25, 0.75,
		1, 0, 0, 1,
		1, 0, 0.25, 0.75,
	}
	if !slices.Equal(p.shown.Data, want) {
		t.Errorf("got %v, want %v", p.shown.Data, want)
	}
}

func TestAttentionTruncates(t *testing.T) {
	no := false
	attention := Attention{embeddedEngine(t)}
	long := []Text{{Text: strings.Repeat("word ", 600)}}
	results, err := attention.Attend(t.Context(), long, AttendOptions{Layers: []int{0}, Heads: []int{0}})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; !r.Truncated || len(r.Pieces) != 512 {
		t.Errorf("%+v, want 512 tokens, truncated", r.Info)
	}
	_, err = attention.Attend(t.Context(), long, AttendOptions{Options: Options{Truncate: &no}})
	_ = wantInputError(t, err, CodeTooLong)
}

func TestAttentionRefuses(t *testing.T) {
	attention := Attention{embeddedEngine(t)}
	long := Text{Text: strings.Repeat("word ", 510)}
	for _, test := range []struct {
		name, code, field string
		texts             []Text
		o                 AttendOptions
	}{
		{"aggregate", CodeInvalidParameter, "aggregate", []Text{{Text: "a"}}, AttendOptions{Aggregate: "sum"}},
		{"layer", CodeInvalidParameter, "layers", []Text{{Text: "a"}}, AttendOptions{Layers: []int{6}}},
		{"negative head", CodeInvalidParameter, "heads", []Text{{Text: "a"}}, AttendOptions{Heads: []int{-1}}},
		{"head twice", CodeInvalidParameter, "heads", []Text{{Text: "a"}}, AttendOptions{Heads: []int{1, 1}}},
		{"model without that layer", CodeInvalidParameter, "layers", []Text{{Text: "a"}, {Text: "中"}}, AttendOptions{Layers: []int{5}}},
		{"too large an answer", CodeTooLarge, "layers", []Text{long, long}, AttendOptions{}},
		{"blank", CodeEmptyText, "text", []Text{{}}, AttendOptions{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := attention.Attend(t.Context(), test.texts, test.o)
			if e := wantInputError(t, err, test.code); e.Field != test.field {
				t.Errorf("field %s, want %s", e.Field, test.field)
			}
		})
	}
}
