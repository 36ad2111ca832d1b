package evaluation

import (
	"maps"
	"slices"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/training"
)

func TestLeaveOut(t *testing.T) {
	both := &bert.Model{MLM: &bert.MLMHead{}, NSP: &bert.SequenceHead{}}
	for _, test := range []struct {
		name  string
		model *bert.Model
		run   training.Pretraining
		want  []string
	}{
		{"both heads", both, training.Pretraining{}, nil},
		{"a head that the run did not train", both, training.Pretraining{NoNextSentence: true}, []string{NSP}},
		{"no head", &bert.Model{}, training.Pretraining{}, []string{MLM, NSP}},
	} {
		if got := slices.Sorted(maps.Keys(LeaveOut(test.model, test.run))); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q left out, want %q", test.name, got, test.want)
		}
	}
}

func TestExampleOptions(t *testing.T) {
	run := training.Pretraining{Phases: []training.Phase{{MaxTokens: 64}, {MaxTokens: 256}}}
	for _, test := range []struct {
		name           string
		run            training.Pretraining
		asked, longest int
		want           int
	}{
		{"asked for", run, 32, 512, 32},
		{"as in the run's longest phase", run, 0, 512, 256},
		{"as usual", training.Pretraining{}, 0, 512, 128},
		{"no longer than the model reads", training.Pretraining{}, 0, 32, 32},
	} {
		got := ExampleOptions(&engine.Model{MaxTokens: test.longest}, test.run, test.asked)
		if got.MaxTokens != test.want || got.ShortProbability != 0 {
			t.Errorf("%s: %+v; want %d tokens, none made short", test.name, got, test.want)
		}
	}
}
