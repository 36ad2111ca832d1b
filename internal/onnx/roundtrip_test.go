package onnx

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
)

// unlikeWeights are memoryWeights in which no two tensors are alike.
type unlikeWeights struct{ memoryWeights }

func (w unlikeWeights) Read(name string, dst []float32) error {
	if err := w.memoryWeights.Read(name, dst); err != nil {
		return err
	}
	sum := fnv.New32a()
	sum.Write([]byte(name))
	for i := range dst {
		dst[i] += float32(sum.Sum32() % 10007)
	}
	return nil
}

// What Write wrote is read back: the configuration as far as a graph tells it,
// and every tensor of the encoder and the pooler. Where I = H, and always in
// attention, a matrix whose axes were exchanged would have the right shape.
func TestWhatWasWrittenIsReadBack(t *testing.T) {
	for _, test := range []struct {
		act          string
		epsilon      float64
		intermediate int
		heads        int
		want         string // the activation that comes back, if it has two names
	}{
		{act: "gelu", epsilon: 1e-12, intermediate: 20, heads: 3},
		{act: "gelu", epsilon: 1e-5, intermediate: 12, heads: 1},
		{act: "gelu_new", epsilon: 1e-7, intermediate: 12, heads: 12},
		{act: "gelu_pytorch_tanh", epsilon: 1e-3, intermediate: 20, heads: 2, want: "gelu_new"},
		{act: "relu", epsilon: 0.05, intermediate: 12, heads: 4},
	} {
		t.Run(fmt.Sprintf("%s, ε %v, I %d, A %d", test.act, test.epsilon, test.intermediate, test.heads), func(t *testing.T) {
			cfg := smallConfig()
			cfg.HiddenAct, cfg.LayerNormEps, cfg.IntermediateSize, cfg.NumAttentionHeads = test.act, test.epsilon, test.intermediate, test.heads
			weights := unlikeWeights{newMemoryWeights(cfg)}
			for _, heads := range [][]string{nil, Heads(cfg, weights)} {
				var file bytes.Buffer
				if err := Write(&file, cfg, weights, Options{Heads: heads}); err != nil {
					t.Fatal(err)
				}
				m, err := parse(file.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				want := cfg
				want.Heads = nil
				if test.want != "" {
					want.HiddenAct = test.want
				}
				if diff := cmp.Diff(want, m.Config()); diff != "" {
					t.Errorf("Config() with heads %q (-written +read):\n%s", heads, diff)
				}
				checkTensors(t, weights, m)
				var left []string // the parameters of the heads that were written
				for name := range weights.memoryWeights {
					if heads != nil && !strings.HasPrefix(name, "bert.") {
						left = append(left, name)
					}
				}
				slices.Sort(left)
				if diff := cmp.Diff(left, m.LeftOut()); diff != "" {
					t.Errorf("LeftOut() with heads %q (-written +said):\n%s", heads, diff)
				}
			}
		})
	}
}

// checkTensors compares the encoder and the pooler, bit by bit.
func checkTensors(t *testing.T, want unlikeWeights, got bert.Weights) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want.memoryWeights)) {
		if !strings.HasPrefix(name, "bert.") {
			if got.Has(name) {
				t.Errorf("%s came back, and the package's comment says that heads do not", name)
			}
			continue
		}
		shape, _ := want.Shape(name)
		if read, _ := got.Shape(name); !slices.Equal(read, shape) {
			t.Errorf("%s has shape %v, want %v", name, read, shape)
			continue
		}
		size := 1
		for _, d := range shape {
			size *= d
		}
		written, read := make([]float32, size), make([]float32, size)
		if err := want.Read(name, written); err != nil {
			t.Fatal(err)
		}
		if err := got.Read(name, read); err != nil {
			t.Error(err)
		} else if !slices.Equal(read, written) {
			t.Errorf("%s holds other values than were written", name)
		}
	}
}
