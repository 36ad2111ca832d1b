package bert_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"cloze/internal/bert"
)

// randomSequences draws B sequences of T tokens.
func randomSequences(c *bert.Config, sequences, tokens int) bert.Batch {
	random := rand.New(rand.NewPCG(1, 2))
	ids := make([][]int32, sequences)
	for b := range ids {
		ids[b] = make([]int32, tokens)
		for i := range ids[b] {
			ids[b][i] = random.Int32N(int32(c.VocabSize))
		}
	}
	return bert.NewBatch(ids, nil)
}

func BenchmarkForward(b *testing.B) {
	config, weights := openEmbedded(b, "en")
	for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
		pool := newPool(b, threads)
		m, err := bert.New(config, weights, bert.Options{Pool: pool})
		if err != nil {
			b.Fatal(err)
		}
		for _, size := range [][2]int{{1, 16}, {1, 128}, {8, 128}, {1, 512}} {
			b.Run(fmt.Sprintf("en/%dx%d/threads=%d", size[0], size[1], threads), func(b *testing.B) {
				in := randomSequences(&config, size[0], size[1])
				ws := m.NewWorkspace(pool)
				for b.Loop() {
					m.Encoder.Forward(ws, in)
				}
				tokens := float64(in.Tokens() * b.N)
				b.ReportMetric(tokens/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}

// BenchmarkTrainingStep is forward and backward of pre-training, without the
// optimizer: L 6, H 384, V 16,384, 32 sequences of 128 tokens, 20 predictions
// each.
func BenchmarkTrainingStep(b *testing.B) {
	config := bert.Config{
		VocabSize: 16384, HiddenSize: 384, NumHiddenLayers: 6, NumAttentionHeads: 6, IntermediateSize: 1536,
		MaxPositionEmbeddings: 512, TypeVocabSize: 2, HiddenAct: "gelu", LayerNormEps: 1e-12,
		PositionEmbeddingType: "absolute", HiddenDropoutProb: 0.1, AttentionProbsDropoutProb: 0.1, InitializerRange: 0.02,
	}
	const sequences, length, predictions = 32, 128, 20
	m, err := bert.NewForTraining(config, nil, bert.TrainingOptions{Pretraining: true})
	if err != nil {
		b.Fatal(err)
	}
	for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			pool := newPool(b, threads)
			in := randomSequences(&config, sequences, length)
			ws := m.NewTrainingWorkspace(pool)
			var positions, pieces []int32
			for s := range sequences {
				for i := range predictions {
					positions = append(positions, int32(s*length+i*6+1))
					pieces = append(pieces, int32(i))
				}
			}
			next := make([]int32, sequences)
			rows := slices.Concat(positions, in.Starts[:sequences])
			slices.Sort(rows)
			ws.OnlyRows(rows)
			for b.Loop() {
				ws.SetDropout(uint64(b.N))
				hidden := m.Encoder.Forward(ws, in)
				pooled := m.Pooler.Forward(ws, hidden, in)
				logits := m.MLM.Forward(ws, hidden, positions)
				bert.CrossEntropy{Labels: pieces}.Loss(pool, logits, logits)
				m.MLM.Backward(ws, logits, positions)
				logits = m.NSP.Forward(ws, pooled)
				bert.CrossEntropy{Labels: next}.Loss(pool, logits, logits)
				m.NSP.Backward(ws, logits)
				m.Pooler.Backward(ws, in)
				m.Encoder.Backward(ws, in)
			}
			b.ReportMetric(float64(in.Tokens()*b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
