package training

import "testing"

func TestSamplerTakesSharesOfEachEpoch(t *testing.T) {
	sets := []*Set{
		{Name: "twice", Share: 2, Examples: make([]TaskExample, 10)},
		{Name: "half", Share: 0.5, Examples: make([]TaskExample, 10)},
		{Name: "tiny", Share: 0.01, Examples: make([]TaskExample, 10)},
	}
	s := newSampler(sets, 1)
	for epoch := range 3 {
		seen := map[string]map[*TaskExample]int{"twice": {}, "half": {}, "tiny": {}}
		for {
			set, example := s.next()
			seen[set.Name][example]++
			if s.at.Index == len(s.order) {
				break
			}
		}
		if s.at.Epoch != epoch {
			t.Fatalf("epoch %d, want %d", s.at.Epoch, epoch)
		}
		for _, n := range seen["twice"] {
			if n != 2 {
				t.Errorf("a row of the set with share 2 came %d times", n)
			}
		}
		if len(seen["twice"]) != 10 || len(seen["half"]) != 5 || len(seen["tiny"]) > 1 {
			t.Errorf("rows seen: %d, %d, %d, want 10, 5, at most 1", len(seen["twice"]), len(seen["half"]), len(seen["tiny"]))
		}
	}
}
