package bert_test

import (
	"fmt"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

var tinyModels = []string{"relu", "gelu", "gelu-new", "gelu-tanh"}

func openTiny(t testing.TB, name string) (model, expected *fixture) {
	t.Helper()
	path := "testdata/tiny-" + name
	return openFixture(t, path+".safetensors"), openFixture(t, path+".expected.safetensors")
}

// newTiny loads a tiny model for serving in float32.
func newTiny(t testing.TB, name string) (m *bert.Model, expected *fixture) {
	t.Helper()
	weights, expected := openTiny(t, name)
	m, err := bert.New(weights.config(t), weights, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m, expected
}

// newPool starts a pool that ends with the test.
func newPool(t testing.TB, threads int) *kernels.Pool {
	t.Helper()
	pool := kernels.NewPool(threads)
	t.Cleanup(pool.Close)
	return pool
}

func TestTinyModelsAgreeWithTransformers(t *testing.T) {
	for _, name := range tinyModels {
		t.Run(name, func(t *testing.T) {
			m, expected := newTiny(t, name)
			ids, types := expected.batch(t)
			in := bert.NewBatch(ids, types)
			ws := m.NewWorkspace(newPool(t, 2))
			ws.KeepHidden(true)
			ws.KeepAttention(true)
			compareAll(t, m, ws, in, expected)
		})
	}
}

// compareAll runs the encoder and all heads and compares everything.
func compareAll(t *testing.T, m *bert.Model, ws *bert.Workspace, in bert.Batch, expected *fixture) {
	t.Helper()
	hidden := m.Encoder.Forward(ws, in)
	for i := range m.Config.NumHiddenLayers + 1 {
		name := fmt.Sprintf("hidden.%d", i)
		compare(t, name, ws.Hidden(i), expected.floats(t, name))
	}
	for i := range m.Config.NumHiddenLayers {
		name := fmt.Sprintf("attention.%d", i)
		compare(t, name, ws.Attention(i), expected.floats(t, name))
	}
	pooled := m.Pooler.Forward(ws, hidden, in)
	compare(t, "pooled", pooled, expected.floats(t, "pooled"))
	compare(t, "nsp", m.NSP.Forward(ws, pooled), expected.floats(t, "nsp"))
	compare(t, "mood", m.Heads["mood"].(*bert.SequenceHead).Forward(ws, pooled), expected.floats(t, "mood"))
	compare(t, "ner", m.Heads["ner"].(*bert.TokenHead).Forward(ws, hidden), expected.floats(t, "ner"))
	compare(t, "mlm", m.MLM.Forward(ws, hidden, everyPosition(in)), expected.floats(t, "mlm"))
}

func everyPosition(in bert.Batch) []int32 {
	positions := make([]int32, in.Tokens())
	for i := range positions {
		positions[i] = int32(i)
	}
	return positions
}
