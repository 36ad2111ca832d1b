package bert_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"cloze/internal/bert"
)

func TestNewParametersAreTruncatedNormal(t *testing.T) {
	config, _ := bert.Preset("tiny")
	config.VocabSize = 2000
	config.Heads = map[string]bert.HeadConfig{"mood": {Type: bert.SequenceHeadType, Labels: []string{"bad", "good"}}}
	build := func(seed uint64, pretraining bool) *bert.Model {
		m, err := bert.NewForTraining(config, nil, bert.TrainingOptions{Seed: seed, Pretraining: pretraining})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := build(1, true)
	if got, want := len(m.Fresh()), len(m.Parameters()); got != want {
		t.Errorf("%d parameters were drawn, want all %d", got, want)
	}
	if m.MLM == nil || m.NSP == nil || m.Pooler == nil || m.Heads["mood"] == nil {
		t.Errorf("model has MLM %v, NSP %v, pooler %v, heads %v", m.MLM, m.NSP, m.Pooler, m.Heads)
	}
	for _, p := range m.Parameters() {
		switch {
		case strings.HasSuffix(p.Name, "LayerNorm.weight"):
			if slices.Min(p.Data) != 1 || slices.Max(p.Data) != 1 {
				t.Errorf("%s is not all 1", p.Name)
			}
		case len(p.Shape) == 1:
			if slices.Min(p.Data) != 0 || slices.Max(p.Data) != 0 {
				t.Errorf("%s is not all 0", p.Name)
			}
		default:
			if m := max(slices.Max(p.Data), -slices.Min(p.Data)); m > 0.04 || m < 0.035 {
				t.Errorf("%s reaches %v, want nearly 2 deviations of 0.02", p.Name, m)
			}
			if p.Len() < 10_000 {
				continue
			}
			var sum, squares float64
			for _, v := range p.Data {
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
			n := float64(p.Len())
			mean, deviation := sum/n, math.Sqrt(squares/n)
			// A normal distribution cut at ±2σ has deviation 0.8796σ.
			if math.Abs(mean) > 1e-3 || math.Abs(deviation-0.8796*0.02) > 3e-4 {
				t.Errorf("%s has mean %v and deviation %v, want 0 and 0.0176", p.Name, mean, deviation)
			}
		}
	}
	// The same seed gives a parameter the same values whatever else is new.
	for _, tt := range []struct {
		name  string
		other *bert.Model
		same  bool
	}{
		{"same seed, fewer heads", build(1, false), true},
		{"other seed", build(2, false), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			head := func(m *bert.Model) []float32 { return parameter(t, m, "heads.mood.weight").Data }
			if got := slices.Equal(head(m), head(tt.other)); got != tt.same {
				t.Errorf("same values: %t, want %t", got, tt.same)
			}
		})
	}
}

func parameter(t testing.TB, m *bert.Model, name string) *bert.Param {
	t.Helper()
	for _, p := range m.Parameters() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no parameter %s", name)
	return nil
}

// Training may start from a checkpoint without the heads, but not without a
// part of the encoder.
func TestTrainingStartsFromAnEncoder(t *testing.T) {
	weights, _ := openTiny(t, "gelu")
	config := weights.config(t)
	m, err := bert.NewForTraining(config, changed{fixture: weights, without: "heads.mood"}, bert.TrainingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"heads.mood.weight", "heads.mood.bias"}; !slices.Equal(m.Fresh(), want) {
		t.Errorf("Fresh() = %q, want %q", m.Fresh(), want)
	}
	m, err = bert.NewForTraining(config, changed{fixture: weights, without: "bert.pooler"}, bert.TrainingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"bert.pooler.dense.weight", "bert.pooler.dense.bias"}; !slices.Equal(m.Fresh(), want) {
		t.Errorf("Fresh() = %q, want %q", m.Fresh(), want)
	}
	for _, missing := range []string{"bert.embeddings.LayerNorm", "bert.encoder.layer.1.output"} {
		_, err = bert.NewForTraining(config, changed{fixture: weights, without: missing}, bert.TrainingOptions{})
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: error %v, want one that names it", missing, err)
		}
	}
}
