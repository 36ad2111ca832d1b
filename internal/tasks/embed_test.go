package tasks

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func length(v Vector) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func TestEmbedNormalizes(t *testing.T) {
	embedder := Embedder{embeddedEngine(t)}
	no := false
	for _, p := range []Pooling{MeanPooling, CLSPooling, PoolerPooling, MaxPooling, NoPooling} {
		t.Run(string(p), func(t *testing.T) {
			texts := []Text{{Text: "a text"}, {Text: "一篇文章"}}
			unit, err := embedder.Embed(t.Context(), texts, EmbedOptions{Pooling: p})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := embedder.Embed(t.Context(), texts, EmbedOptions{Pooling: p, Normalize: &no})
			if err != nil {
				t.Fatal(err)
			}
			for i := range texts {
				size := []int{384, 512}[i]
				vectors, rawVectors := unit[i].TokenEmbeddings, raw[i].TokenEmbeddings
				if p != NoPooling {
					vectors, rawVectors = []Vector{unit[i].Embedding}, []Vector{raw[i].Embedding}
				} else if len(vectors) != unit[i].Tokens || len(unit[i].Pieces) != unit[i].Tokens {
					t.Errorf("text %d: %d vectors and %d pieces, want %d", i, len(vectors), len(unit[i].Pieces), unit[i].Tokens)
				}
				for k, v := range vectors {
					if len(v) != size || math.Abs(length(v)-1) > 1e-5 {
						t.Errorf("text %d: %d numbers of length %v, want %d of length 1", i, len(v), length(v), size)
					}
					if math.Abs(length(rawVectors[k])-1) < 1e-3 {
						t.Errorf("text %d: length %v although it is not normalized", i, length(rawVectors[k]))
					}
				}
			}
		})
	}
}

func TestEmbedLayers(t *testing.T) {
	embedder := Embedder{embeddedEngine(t)}
	embed := func(layer int) Vector {
		t.Helper()
		results, err := embedder.Embed(t.Context(), []Text{{Text: "some text"}}, EmbedOptions{Layer: &layer})
		if err != nil {
			t.Fatal(err)
		}
		return results[0].Embedding
	}
	for _, pair := range [][2]int{{-1, 6}, {-2, 5}, {-7, 0}} {
		if diff := cmp.Diff(embed(pair[0]), embed(pair[1]), nearGolden); diff != "" {
			t.Errorf("layers %d and %d differ:\n%s", pair[0], pair[1], diff)
		}
	}
	if cmp.Equal(embed(0), embed(6), nearGolden) {
		t.Error("layers 0 and 6 are the same")
	}
}

func TestEmbedLongText(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds under the race detector")
	}
	embedder := Embedder{embeddedEngine(t)}
	no := false
	long := []Text{{Text: strings.Repeat(businessText, 100)}}
	for _, p := range []Pooling{MeanPooling, CLSPooling, PoolerPooling, MaxPooling} {
		results, err := embedder.Embed(t.Context(), long, EmbedOptions{Pooling: p})
		if err != nil {
			t.Fatal(err)
		}
		if r := results[0]; r.Windows < 2 || r.Truncated || math.Abs(length(r.Embedding)-1) > 1e-5 {
			t.Errorf("%s: %+v with a vector of length %v, want several windows and length 1", p, r.Info, length(r.Embedding))
		}
	}
	results, err := embedder.Embed(t.Context(), long, EmbedOptions{Pooling: NoPooling})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; !r.Truncated || len(r.TokenEmbeddings) != 512 {
		t.Errorf("%s: %+v with %d vectors, want it truncated to 512", NoPooling, r.Info, len(r.TokenEmbeddings))
	}
	_, err = embedder.Embed(t.Context(), long, EmbedOptions{Options: Options{Truncate: &no}})
	_ = wantInputError(t, err, CodeTooLong)
}

func TestPool(t *testing.T) {
	states := []float32{3, 0, 4, 5, 8, -2} // three tokens, hidden size 2
	for p, want := range map[Pooling]Vector{
		MeanPooling: {5, 1},
		CLSPooling:  {3, 0},
		MaxPooling:  {8, 5},
		NoPooling:   states,
	} {
		if diff := cmp.Diff(want, pool(slices.Clone(states), 3, p), nearGolden); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p, diff)
		}
	}
}

func TestJoinWindows(t *testing.T) {
	windows := []Vector{{4, 0}, {8, -4}}
	weights := []float32{0.25, 0.75}
	for p, want := range map[Pooling]Vector{
		MeanPooling:   {7, -3},
		CLSPooling:    {7, -3},
		PoolerPooling: {7, -3},
		MaxPooling:    {8, 0},
	} {
		if diff := cmp.Diff(want, joinWindows(windows, weights, p), nearGolden); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p, diff)
		}
	}
}

func TestEmbedRefuses(t *testing.T) {
	embedder := Embedder{embeddedEngine(t)}
	seven, minusEight, three := 7, -8, 3
	for _, test := range []struct {
		name, field string
		o           EmbedOptions
	}{
		{"pooling", "pooling", EmbedOptions{Pooling: "sum"}},
		{"layer", "layer", EmbedOptions{Layer: &seven}},
		{"layer from the end", "layer", EmbedOptions{Layer: &minusEight}},
		{"pooler of another layer", "layer", EmbedOptions{Pooling: PoolerPooling, Layer: &three}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := embedder.Embed(t.Context(), []Text{{Text: "a text"}}, test.o)
			if e := wantInputError(t, err, CodeInvalidParameter); e.Field != test.field {
				t.Errorf("field %s, want %s", e.Field, test.field)
			}
		})
	}
}
