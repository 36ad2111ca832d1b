package bert_test

import (
	"fmt"
	"slices"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// TestRowsDoNotDependOnTheirBatch compares sequences alone, the short ones of
// which threads share product by product, with the same ones in a batch, which
// is cut into blocks of rows: two layers stay in a cache.
func TestRowsDoNotDependOnTheirBatch(t *testing.T) {
	config, weights := openEmbedded(t, "en")
	config.NumHiddenLayers = 2
	lengths := []int{3, 17, 1, 64, 40, 5, 90, 2}
	ids := make([][]int32, len(lengths))
	for b, length := range lengths {
		ids[b] = randomSequences(&config, 1, length).InputIDs
	}
	batch := bert.NewBatch(ids, nil)
	for prec := kernels.Float32; prec <= kernels.Int8; prec++ {
		if !kernels.Supported(prec) {
			continue
		}
		m, err := bert.New(config, weights, bert.Options{Precision: prec})
		if err != nil {
			t.Fatal(err)
		}
		for _, threads := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s, %d threads", prec, threads), func(t *testing.T) {
				pool := newPool(t, threads)
				together, alone := m.NewWorkspace(pool), m.NewWorkspace(pool)
				together.KeepHidden(true)
				alone.KeepHidden(true)
				m.Encoder.Forward(together, batch)
				if blocks := together.Blocks(); (blocks == 0) != kernels.UsesAMX(prec) {
					t.Errorf("the batch was cut into %d blocks", blocks)
				}
				for b, length := range lengths {
					m.Encoder.Forward(alone, bert.NewBatch(ids[b:b+1], nil))
					if blocks := alone.Blocks(); length < 6*threads && blocks != 0 {
						t.Errorf("a sequence of %d tokens was cut into %d blocks", length, blocks)
					}
					for layer := range config.NumHiddenLayers + 1 {
						rows := together.Hidden(layer)[int(batch.Starts[b])*config.HiddenSize:]
						if got, want := rows[:length*config.HiddenSize], alone.Hidden(layer); !slices.Equal(got, want) {
							t.Fatalf("hidden states %d of sequence %d are other ones in a batch", layer, b)
						}
					}
				}
			})
		}
	}
}

// Layers that do not stay in a cache are read once for all rows.
func TestBlocksReadNoWeightsFromMemory(t *testing.T) {
	config, weights := openEmbedded(t, "en")
	m, err := bert.New(config, weights, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ws := m.NewWorkspace(newPool(t, 2))
	m.Encoder.Forward(ws, randomSequences(&config, 2, 64))
	if blocks := ws.Blocks(); blocks != 0 {
		t.Errorf("six layers of 384, 42 MB, read 128 rows in %d blocks", blocks)
	}
}
