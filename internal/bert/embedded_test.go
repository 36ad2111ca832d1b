package bert_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"cloze/internal/bert"
)

// openEmbedded opens one of the models that the binary embeds.
func openEmbedded(t testing.TB, name string) (bert.Config, *fixture) {
	t.Helper()
	directory := "../../models/" + name
	file, err := os.ReadFile(directory + "/config.json")
	if err != nil {
		t.Fatal(err)
	}
	var c bert.Config
	if err := json.Unmarshal(file, &c); err != nil {
		t.Fatal(err)
	}
	return c, openFixture(t, directory+"/model.safetensors")
}

// sample is what make_fixtures.py keeps of a sequence's values: value k is
// number (s·7919 + k·104729) mod n.
func sample(values []float32, sequence, count int) []float32 {
	kept := make([]float32, count)
	for k := range kept {
		kept[k] = values[(sequence*7919+k*104729)%len(values)]
	}
	return kept
}

// TestEmbeddedModelsAgreeWithTransformers runs the hundred texts of
// testdata/texts.py in ragged batches.
func TestEmbeddedModelsAgreeWithTransformers(t *testing.T) {
	const batch = 10 // sequences
	for _, name := range []string{"en", "zh"} {
		t.Run(name, func(t *testing.T) {
			config, weights := openEmbedded(t, name)
			pool := newPool(t, 2)
			m, err := bert.New(config, weights, bert.Options{Pool: pool})
			if err != nil {
				t.Fatal(err)
			}
			expected := openFixture(t, "testdata/"+name+".expected.safetensors")
			ids, types := expected.batch(t)
			if testing.Short() {
				// Without the sequences of hundreds of tokens.
				ids, types = ids[:90], types[:90]
			}
			ws := m.NewWorkspace(pool)
			ws.KeepHidden(true)
			ws.KeepAttention(true)
			for first := 0; first < len(ids); first += batch {
				in := bert.NewBatch(ids[first:first+batch], types[first:first+batch])
				compareSamples(t, m, ws, in, expected, first)
			}
		})
	}
}

// compareSamples compares the sequences of a batch, the first of which is
// number first of the expected ones.
func compareSamples(t *testing.T, m *bert.Model, ws *bert.Workspace, in bert.Batch, expected *fixture, first int) {
	t.Helper()
	c := &m.Config
	hidden := m.Encoder.Forward(ws, in)
	pooled := m.Pooler.Forward(ws, hidden, in)
	squares := 0 // ΣT² of the sequences before
	for b := range in.Sequences() {
		s := first + b
		start, end := int(in.Starts[b]), int(in.Starts[b+1])
		length := end - start
		one := func(all []float32, size int) []float32 { return all[start*size : end*size] }
		sequence := func(all []float32, size int) []float32 { return all[b*size:][:size] }
		check := func(what string, got []float32) {
			t.Helper()
			want := expected.floats(t, what)
			compare(t, fmt.Sprintf("sequence %d: %s", s, what), got, want[s*len(got):][:len(got)])
		}
		var layers, attentions []float32
		for i := range c.NumHiddenLayers + 1 {
			layers = append(layers, sample(one(ws.Hidden(i), c.HiddenSize), s, 16)...)
		}
		for i := range c.NumHiddenLayers {
			probs := ws.Attention(i)[squares*c.NumAttentionHeads:]
			attentions = append(attentions, sample(probs[:length*length*c.NumAttentionHeads], s, 16)...)
		}
		squares += length * length
		check("hidden", layers)
		check("attention", attentions)
		check("pooled", sample(sequence(pooled, c.HiddenSize), s, 32))
		position := int32(start + s*7919%length)
		check("mlm", sample(m.MLM.Forward(ws, hidden, []int32{position}), s, 64))
		check("nsp", sequence(m.NSP.Forward(ws, pooled), len(m.NSP.Labels)))
		for name, head := range m.Heads {
			switch h := head.(type) {
			case *bert.SequenceHead:
				check(name, sequence(h.Forward(ws, pooled), len(h.Labels)))
			case *bert.TokenHead:
				check(name, sample(one(h.Forward(ws, hidden), len(h.Labels)), s, 32))
			}
		}
	}
}
