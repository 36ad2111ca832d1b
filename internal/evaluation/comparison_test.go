package evaluation

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/engine"
	"cloze/models"
)

// startEmbedded is an engine over an embedded model.
func startEmbedded(t *testing.T, id string) (*engine.Engine, *engine.Model) {
	t.Helper()
	network, tok, err := checkpoint.Load(models.FS(id), bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return startEngine(t, &engine.Model{ID: id, Network: network, Tokenizer: tok})
}

// startEngine is an engine over one model.
func startEngine(t *testing.T, m *engine.Model) (*engine.Engine, *engine.Model) {
	t.Helper()
	e, err := engine.New(engine.Options{QueueTokens: math.MaxInt32}, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e, m
}

// The conventions, on rows whose answers are plain.
func TestEvaluateConventions(t *testing.T) {
	e, m := startEmbedded(t, "en")
	sets, err := findSets("testdata/sets", "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range sets {
		names = append(names, s.Task+"/"+s.Name)
	}
	if diff := cmp.Diff([]string{"sentiment/rooms", "aspect/meals", "topic/news", "ner/numbers", "ner/people"}, names); diff != "" {
		t.Fatalf("sets (-want +got):\n%s", diff)
	}
	want := map[string]CardScore{
		// Four of five labels are known, three of them positive or negative as
		// the model says once neutral is out of the question.
		"rooms": {Task: "sentiment", Rows: 4, Of: 4, Figure: 75},
		"meals": {Task: "aspect", Rows: 2, Of: 2, Figure: 100},
		"news":  {Task: "topic", Rows: 2, Of: 2, Figure: 100},
		// London and France are not wrong: the set labels no places; and GENE,
		// which the model does not know, is not missed.
		"people": {Task: "ner", Rows: 2, Of: 2, Figure: 100},
	}
	c := &Comparison{Engine: e, Model: m, Pieces: -1, Served: true}
	sports := "sports"
	described := map[string]*CardSet{"news": {Map: map[string]*string{"football": &sports}}}
	for _, s := range sets {
		got, err := c.score(t.Context(), s, described[s.Name])
		if s.Name == "numbers" {
			if err == nil || !strings.Contains(err.Error(), "NUMBER") {
				t.Errorf("numbers: error %v, want one that names the types", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		w := want[s.Name]
		if got.Task != w.Task || got.Rows != w.Rows || got.Of != w.Of || math.Abs(got.Figure-w.Figure) > 1e-9 || got.Served == nil {
			t.Errorf("%s: got %+v, want %+v and a figure as served", s.Name, *got, w)
		}
	}
}

func TestSample(t *testing.T) {
	rows := []int{0, 1, 2, 3, 4, 5, 6}
	for _, test := range []struct {
		n    int
		want []int
	}{{0, rows}, {7, rows}, {9, rows}, {1, []int{0}}, {3, []int{0, 2, 4}}} {
		if got := sample(rows, test.n); !slices.Equal(got, test.want) {
			t.Errorf("%d rows: %v, want %v", test.n, got, test.want)
		}
	}
}
