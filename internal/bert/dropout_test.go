package bert

import (
	"slices"
	"testing"
)

// Every place in the network has masks of its own in every pass.
func TestDropoutSites(t *testing.T) {
	c, _ := Preset("tiny")
	c.HiddenDropoutProb, c.AttentionProbsDropoutProb = 0.5, 0.5
	m, err := NewForTraining(c, nil, TrainingOptions{Pretraining: true})
	if err != nil {
		t.Fatal(err)
	}
	ws := m.NewTrainingWorkspace(nil)
	sites := []dropoutSite{m.Encoder.embeddings.dropout, headSite(&c, 0), headSite(&c, 1)}
	for _, l := range m.Encoder.layers {
		sites = append(sites, l.attention.dropout, l.attention.output.dropout, l.feedForward.output.dropout)
	}
	ones := slices.Repeat([]float32{1}, 64)
	var masks [][]float32
	for _, stream := range []uint64{1, 2} {
		ws.SetDropout(stream)
		for _, site := range sites {
			site.share = 0.5
			mask := make([]float32, len(ones))
			ws.dropout(site).Apply(mask, ones, 0)
			if slices.ContainsFunc(masks, func(other []float32) bool { return slices.Equal(mask, other) }) {
				t.Errorf("site %d has the masks of another in stream %d", site.number, stream)
			}
			masks = append(masks, mask)
		}
	}
}

func TestServingDropsNothing(t *testing.T) {
	if ws := new(Workspace); ws.dropout(dropoutSite{1, 0.5}).Active() {
		t.Error("a serving workspace drops")
	}
}
