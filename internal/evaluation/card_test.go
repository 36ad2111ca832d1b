package evaluation

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// sharedData holds the sets of the cards, where they are; they are not part of
// the repository.
const sharedData = "../../../shared/data"

// The figures of the model's makers come out of Cloze's own tasks. Of all sets
// the small ones are measured here; CLOZE_EVALUATE=all measures the others too.
func TestCardIsReproduced(t *testing.T) {
	if testing.Short() {
		t.Skip("measures thousands of texts")
	}
	cards, err := Cards()
	if err != nil {
		t.Fatal(err)
	}
	all := os.Getenv("CLOZE_EVALUATE") == "all"
	small := map[string][]string{
		"en": {"uci-sentences", "semeval14-laptop", "sib-200", "re3d"},
		"zh": {"asap_sample", "phone", "sib200"},
	}
	for id, card := range cards {
		t.Run(id, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(sharedData, id)); err != nil {
				t.Skipf("%s/%s is not there", sharedData, id)
			}
			e, m := startEmbedded(t, id)
			c := &Comparison{Engine: e, Model: m, Card: card, Rows: CardRows, Pieces: -1}
			for _, s := range card.Sets {
				t.Run(s.Task+" "+s.Set, func(t *testing.T) {
					if !all && !slices.Contains(small[id], s.Set) {
						t.Skip("a larger set: CLOZE_EVALUATE=all measures it")
					}
					path := filepath.Join(sharedData, id, s.Task, s.Set)
					if _, err := os.Stat(path); err != nil {
						t.Skipf("%s is not there", path)
					}
					report, err := c.Measure(t.Context(), path)
					if err != nil {
						t.Fatal(err)
					}
					score := report.Sets[0]
					if score.Card == nil || *score.Card != s.Figure || score.Tolerance == 0 {
						t.Fatalf("measured beside %v, tolerance %v; want the card's %.1f", score.Card, score.Tolerance, s.Figure)
					}
					if score.Off() {
						t.Errorf("%.2f of %d rows, the card has %.1f", score.Figure, score.Rows, s.Figure)
					}
				})
			}
		})
	}
}

// The card names heads and labels that its model has.
func TestCardsFitTheirModels(t *testing.T) {
	cards, err := Cards()
	if err != nil {
		t.Fatal(err)
	}
	for id, card := range cards {
		_, m := startEmbedded(t, id)
		for _, s := range card.Sets {
			head := m.Network.Heads[s.Task]
			if head == nil {
				t.Errorf("%s: no head %q", id, s.Task)
				continue
			}
			for from, to := range s.Map {
				if to != nil && !slices.Contains(head.Describe().Labels, *to) {
					t.Errorf("%s: %s maps %q to %q, which the model does not have", id, s.Set, from, *to)
				}
			}
			if s.Figure <= 0 || s.Figure >= 100 {
				t.Errorf("%s: %s has figure %v", id, s.Set, s.Figure)
			}
		}
	}
}

func TestTolerance(t *testing.T) {
	for _, test := range []struct {
		rows, of int
		want     float64
	}{{10, 10, tolerance}, {9, 10, 0}, {CardRows, CardRows, tolerance}, {CardRows, 5000, sampledTolerance}, {5000, 5000, sampledTolerance}, {1999, 5000, 0}} {
		if got := toleranceOf(test.rows, test.of); got != test.want {
			t.Errorf("%d rows of %d: tolerance %v, want %v", test.rows, test.of, got, test.want)
		}
	}
	card := 80.0
	for name, test := range map[string]struct {
		score CardScore
		off   bool
	}{
		"near":    {CardScore{Figure: 80.5, Card: &card, Tolerance: tolerance}, false},
		"far":     {CardScore{Figure: 79.4, Card: &card, Tolerance: tolerance}, true},
		"unknown": {CardScore{Figure: 1}, false},
		"few":     {CardScore{Figure: 1, Card: &card}, false},
	} {
		if got := test.score.Off(); got != test.off {
			t.Errorf("%s: off %t, want %t", name, got, test.off)
		}
	}
}
