package bert_test

import (
	"testing"

	"cloze/internal/training"
)

// Ten steps of the real optimizer, from the same parameters on the same batch.
func TestTenStepsAgreeWithPyTorch(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options training.AdamWOptions
	}{
		{"corrected", training.AdamWOptions{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-6, WeightDecay: 0.01}},
		{"uncorrected", training.AdamWOptions{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-6, WeightDecay: 0.01, NoBiasCorrection: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			weights, expected, lesson := openLesson(t)
			pool := newPool(t, 2)
			m := newForTraining(t, weights.config(t), weights)
			ws := m.NewTrainingWorkspace(pool)
			optimizer := training.NewAdamW(m.Parameters(), nil, tt.options)
			var losses []float32
			for range 10 {
				optimizer.ZeroGrad(pool)
				losses = append(losses, float32(total(lesson.step(m, ws, pool, true))))
				optimizer.Step(pool, 1e-3, 1)
			}
			compare(t, "losses", losses, expected.floats(t, "adamw."+tt.name))
		})
	}
}
