package evaluation

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	cards := mustCards(t)
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
	for id, card := range mustCards(t) {
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

// What models/README.md shows are the cards' figures, all of them, and its
// stars are the sets that were not trained on.
func TestModelsReadmeShowsTheCards(t *testing.T) {
	cards := mustCards(t)
	want := map[string]string{} // figure by model, task and set
	for id, card := range cards {
		want[id+" mlm unseen documents*"] = fmt.Sprintf("%.1f", card.MLM)
		want[id+" nsp unseen documents*"] = fmt.Sprintf("%.1f", card.NSP)
		for _, s := range card.Sets {
			star := ""
			if s.Unseen {
				star = "*"
			}
			want[id+" "+s.Task+" "+s.Set+star] = fmt.Sprintf("%.1f", s.Figure)
		}
	}
	got := map[string]string{}
	task := ""
	for _, row := range tableUnder(t, "../../models/README.md", "| task | en | | zh | |") {
		if row[0] != "" {
			task = row[0] // of the rows below, too
		}
		for i, id := range []string{"en", "zh"} {
			set, figure := row[1+2*i], row[2+2*i]
			if set == "" {
				continue
			}
			name, star := strings.CutSuffix(set, `\*`)
			name, _, _ = strings.Cut(name, ",") // how it was measured
			if star {
				name += "*"
			}
			got[id+" "+task+" "+name] = figure
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cards.json (-) and models/README.md (+):\n%s", diff)
	}
}

// The figures in README.md are the cards', of sets that were not trained on.
func TestReadmeQuotesTheCards(t *testing.T) {
	cards := mustCards(t)
	tasks := map[string]string{ // by what README.md calls them
		"sentiment, unseen set":                  "sentiment",
		"names and dates, entity F1, unseen set": "ner",
		"a hidden word, unseen documents":        "mlm",
		"next sentence, unseen documents":        "nsp",
	}
	rows := tableUnder(t, "../../README.md", "| | en | zh | measured by |")
	if len(rows) != len(tasks) {
		t.Errorf("%d rows, want %d", len(rows), len(tasks))
	}
	for _, row := range rows {
		for i, id := range []string{"en", "zh"} {
			figure, set, _ := strings.Cut(row[1+i], " (")
			set, _, _ = strings.Cut(strings.TrimSuffix(set, ")"), ",")
			set = strings.ToLower(strings.ReplaceAll(set, "-", "")) // CoNLL-2003
			var want float64
			switch card, task := cards[id], tasks[row[0]]; task {
			case "mlm":
				want = card.MLM
			case "nsp":
				want = card.NSP
			default:
				described := card.set(LabelledSet{Task: task, Name: set})
				if described == nil || !described.Unseen {
					t.Errorf("%s: the card of %s has no unseen set %s/%s", row[0], id, task, set)
					continue
				}
				want = described.Figure
			}
			if figure != fmt.Sprintf("%.1f", want) {
				t.Errorf("%s, %s: README.md has %s, the card %.1f", row[0], id, figure, want)
			}
		}
	}
}

func mustCards(t *testing.T) map[string]Card {
	t.Helper()
	cards, err := Cards()
	if err != nil {
		t.Fatal(err)
	}
	return cards
}

// tableUnder is the cells of a Markdown table, row by row, below its head.
func tableUnder(t *testing.T, path, head string) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(data), head+"\n")
	if !found {
		t.Fatalf("%s has no table with the head %s", path, head)
	}
	var rows [][]string
	for _, line := range strings.Split(table, "\n")[1:] { // behind |---|
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if want := strings.Count(head, "|") - 1; len(cells) != want {
			t.Fatalf("%s: %d cells, want %d: %s", path, len(cells), want, line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}
