package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// sharedData holds the sets of the card, where they are; they are not part of
// the repository.
const sharedData = "../../../shared/data"

// startEmbedded is an engine over an embedded model.
func startEmbedded(t *testing.T, id string) (*engine.Engine, *engine.Model) {
	t.Helper()
	e, err := engineFlags{Model: id, Precision: "float32"}.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e, e.Models()[0]
}

// The figures of the model's makers come out of Cloze's own tasks. Of all sets
// the small ones are measured here; CLOZE_EVALUATE=all measures the others too.
func TestCardIsReproduced(t *testing.T) {
	if testing.Short() {
		t.Skip("measures thousands of texts")
	}
	cards, err := readCards()
	if err != nil {
		t.Fatal(err)
	}
	all := os.Getenv("CLOZE_EVALUATE") == "all"
	small := map[string][]string{
		"en": {"uci-sentences", "semeval14-laptop", "sib-200", "re3d"},
		"zh": {"asap_sample", "phone", "sib200"},
	}
	for id, card := range cards {
		if _, err := os.Stat(filepath.Join(sharedData, id)); err != nil {
			t.Skipf("%s/%s is not there", sharedData, id)
		}
		e, m := startEmbedded(t, id)
		v := &evaluator{engine: e, model: m, rows: cardRows, pieces: -1}
		for _, c := range card.Sets {
			t.Run(id+" "+c.Task+" "+c.Set, func(t *testing.T) {
				if !all && !slices.Contains(small[id], c.Set) {
					t.Skip("a larger set: CLOZE_EVALUATE=all measures it")
				}
				sets, err := findSets(filepath.Join(sharedData, id, c.Task, c.Set), c.Task)
				if err != nil {
					t.Fatal(err)
				}
				sets[0].fold, sets[0].without = c.Fold, c.Without
				score, err := v.score(t.Context(), sets[0])
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(score.Figure-c.Figure) > toleranceOf(score.Rows, score.Of) {
					t.Errorf("%.2f of %d rows, the card has %.1f", score.Figure, score.Rows, c.Figure)
				}
			})
		}
	}
}

// The conventions, on rows whose answers are plain.
func TestEvaluateConventions(t *testing.T) {
	e, m := startEmbedded(t, "en")
	sets, err := findSets("testdata/sets", "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range sets {
		names = append(names, sets[i].task+"/"+sets[i].name)
		if sets[i].name == "news" {
			sets[i].fold = map[string]string{"football": "sports"}
		}
	}
	if diff := cmp.Diff([]string{"sentiment/rooms", "aspect/meals", "topic/news", "ner/numbers", "ner/people"}, names); diff != "" {
		t.Fatalf("sets (-want +got):\n%s", diff)
	}
	want := map[string]setScore{
		// Four of five labels are known, three of them positive or negative as
		// the model says once neutral is out of the question.
		"rooms": {Task: "sentiment", Rows: 4, Of: 4, Figure: 75},
		"meals": {Task: "aspect", Rows: 2, Of: 2, Figure: 100},
		"news":  {Task: "topic", Rows: 2, Of: 2, Figure: 100},
		// London and France are not wrong: the set labels no places; and GENE,
		// which the model does not know, is not missed.
		"people": {Task: "ner", Rows: 2, Of: 2, Figure: 100},
	}
	v := &evaluator{engine: e, model: m, pieces: -1, served: true}
	for _, s := range sets {
		got, err := v.score(t.Context(), s)
		if s.name == "numbers" {
			if err == nil || !strings.Contains(err.Error(), "NUMBER") {
				t.Errorf("numbers: error %v, want one that names the types", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		w := want[s.name]
		if got.Task != w.Task || got.Rows != w.Rows || got.Of != w.Of || math.Abs(got.Figure-w.Figure) > 1e-9 || got.Served == nil {
			t.Errorf("%s: got %+v, want %+v and a figure as served", s.name, *got, w)
		}
	}
}

// Cutting a text behind a piece leaves the pieces before it as they were.
func TestCutKeepsPieces(t *testing.T) {
	for _, id := range []string{"en", "zh"} {
		e, m := startEmbedded(t, id)
		v := &evaluator{engine: e, model: m}
		for _, text := range []string{
			"Unfathomably, the Bundesverfassungsgericht ruled: naïve “co\u0301digos” cost $3.14…",
			"我们今天unfathomably高兴，iPhone15的电池ＡＢＣ很好！",
			"", "word",
		} {
			o := tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true}
			whole := m.Tokenizer.Encode(text, o).IDs
			for n := 1; n <= len(whole)+1; n++ {
				want := whole[:min(n, len(whole))]
				if got := m.Tokenizer.Encode(v.cut(text, n), o).IDs; !slices.Equal(got, want) {
					t.Errorf("%s: %q cut behind piece %d has pieces %v, want %v", id, text, n, got, want)
				}
			}
			if v.cut(text, 0) != text {
				t.Errorf("%s: %q was cut without a limit", id, text)
			}
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

func TestFindSets(t *testing.T) {
	tests := []struct {
		path, task string
		want       string // task/name of the first
		err        string
	}{
		{"testdata/sets", "", "sentiment/rooms", ""},
		{"testdata/sets", "ner", "ner/numbers", ""},
		{"testdata/sets/ner/people", "", "ner/people", ""},
		{"testdata/sets/topic/news/dev.jsonl", "", "topic/news", ""},
		{"testdata/sets/topic/news/dev.jsonl", "sentiment", "sentiment/news", ""},
		{"testdata/sets/topic", "", "", "no set there"},
		{"testdata/none", "", "", "none"},
		{"testdata/tiny.onnx", "", "", "--task"},
	}
	for _, test := range tests {
		sets, err := findSets(test.path, test.task)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, want %q in it", test.path, err, test.err)
			}
			continue
		}
		if err != nil || sets[0].task+"/"+sets[0].name != test.want {
			t.Errorf("%s: %+v, %v; want %s first", test.path, sets, err, test.want)
		}
	}
}

func TestEvaluateCommand(t *testing.T) {
	run := func(t *testing.T, args ...string) (string, error) {
		t.Helper()
		c := parseArgs(t, append([]string{"evaluate", "--threads", "1"}, args...)...)
		var out bytes.Buffer
		c.Evaluate.stdout = &out
		err := c.Evaluate.Run(t.Context())
		return out.String(), err
	}
	t.Run("table", func(t *testing.T) {
		out, err := run(t, "--model", "en", "--data", "testdata/sets", "--all", "--served")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"| sentiment | rooms ", "| aspect ", "| 75.0 ", "as served", "largest difference"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	})
	t.Run("json", func(t *testing.T) {
		out, err := run(t, "--model", "en", "--data", "testdata/sets/ner/people", "--format", "json")
		if err != nil {
			t.Fatal(err)
		}
		var got evaluation
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if got.Model != "en" || len(got.Sets) != 1 || got.Sets[0].Figure != 100 || got.Sets[0].Card != nil {
			t.Errorf("got %s", out)
		}
	})
	t.Run("json of both models", func(t *testing.T) {
		dir := t.TempDir()
		for id, task := range map[string]string{"en": "sentiment", "zh": "topic"} {
			if err := os.CopyFS(filepath.Join(dir, id, task), os.DirFS("testdata/sets/"+task)); err != nil {
				t.Fatal(err)
			}
		}
		got := mustEvaluate[evaluations](t, "--data", dir, "--all", "--no-held-out")
		if len(got.Models) != 2 || got.Models[0].Model != "en" || len(got.Models[1].Sets) != 1 {
			t.Errorf("got %+v", got)
		}
	})
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"both models need their own sets", "name one model", []string{"--data", "testdata/sets"}},
		{"none of the card's sets", "no set there", []string{"--model", "en", "--data", "testdata/sets"}},
		{"unfit set", "NUMBER", []string{"--model", "en", "--data", "testdata/sets/ner/numbers"}},
		{"too few rows to check", "--rows 2000", []string{"--model", "en", "--data", "testdata/sets", "--rows=100", "--check"}},
		{"rows", "--rows", []string{"--model", "en", "--data", "testdata/sets", "--rows=-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := run(t, test.args...); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestEvaluateSaysWhatIsOff(t *testing.T) {
	card := 80.0
	scores := []*setScore{
		{Task: "topic", Set: "near", Rows: 10, Of: 10, Figure: 80.5, Card: &card, Tolerance: tolerance},
		{Task: "topic", Set: "far", Rows: 10, Of: 20, Figure: 79.4, Card: &card, Tolerance: tolerance},
		{Task: "topic", Set: "unknown", Rows: 10, Of: 10, Figure: 1},
		{Task: "topic", Set: "few", Rows: 5, Of: 10, Figure: 79.9, Card: &card, Tolerance: toleranceOf(5, 10)},
	}
	for _, test := range []struct {
		rows, of int
		want     float64
	}{{10, 10, tolerance}, {9, 10, 0}, {cardRows, cardRows, tolerance}, {cardRows, 5000, sampledTolerance}, {5000, 5000, sampledTolerance}, {1999, 5000, 0}} {
		if got := toleranceOf(test.rows, test.of); got != test.want {
			t.Errorf("%d rows of %d: tolerance %v, want %v", test.rows, test.of, got, test.want)
		}
	}
	for i, want := range []bool{false, true, false, false} {
		if got := scores[i].off(); got != want {
			t.Errorf("%s: off %t, want %t", scores[i].Set, got, want)
		}
	}
	var out bytes.Buffer
	if err := (&evaluation{Model: "m", Sets: scores}).writeTable(&out, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"+0.50  ", "-0.60 (!)", "10 of 20", "-0.10  ", "largest difference 0.60"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// The card names heads and labels that its model has.
func TestCardsFitTheirModels(t *testing.T) {
	cards, err := readCards()
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
			for from, to := range s.Fold {
				if !slices.Contains(head.Describe().Labels, to) {
					t.Errorf("%s: %s folds %q to %q, which the model does not have", id, s.Set, from, to)
				}
			}
			if s.Figure <= 0 || s.Figure >= 100 {
				t.Errorf("%s: %s has figure %v", id, s.Set, s.Figure)
			}
		}
	}
}

func TestSentencePairs(t *testing.T) {
	var documents [][]string
	for d := range 6 {
		var sentences []string
		for s := range 20 {
			sentences = append(sentences, string(rune('a'+d))+string(rune('a'+s)))
		}
		documents = append(documents, sentences)
	}
	pairs := sentencePairs(documents, 100, rand.New(rand.NewPCG(1, 1)))
	next := 0
	for _, p := range pairs {
		distance := abs(int(p.first[0]) - int(p.second[0]))
		if p.isNext {
			next++
			if distance != 0 || p.second[1] != p.first[1]+1 {
				t.Errorf("%s does not follow %s", p.second, p.first)
			}
		} else if distance < apart {
			t.Errorf("%s is of a document near that of %s", p.second, p.first)
		}
	}
	if len(pairs) != 100 || next != 50 {
		t.Errorf("%d of %d pairs follow each other, want 50 of 100", next, len(pairs))
	}
	again := sentencePairs(documents, 100, rand.New(rand.NewPCG(1, 1)))
	if !slices.Equal(pairs, again) {
		t.Error("the same seed makes other pairs")
	}
	if all := sentencePairs(documents, 0, rand.New(rand.NewPCG(1, 1))); len(all) != 6*19 {
		t.Errorf("%d pairs, want all %d", len(all), 6*19)
	}
}

func TestMaskPieces(t *testing.T) {
	_, m := startEmbedded(t, "en")
	for _, test := range []struct {
		text string
		want int
	}{{strings.Repeat("word ", 100), 15}, {"word", 1}, {"", 0}} {
		e := m.Tokenizer.Encode(test.text, tokenizer.Options{})
		original := slices.Clone(e.IDs)
		x := maskPieces(e, m.Tokenizer.Mask(), rand.New(rand.NewPCG(1, 1)))
		if len(x.positions) != test.want {
			t.Errorf("%d masks in %d pieces, want %d", len(x.positions), e.Len(), test.want)
		}
		for i, p := range x.positions {
			if e.IDs[p] != m.Tokenizer.Mask() || x.pieces[i] != original[p] || e.Words[p] < 0 {
				t.Errorf("mask %d at %d: id %d, behind it %d, word %d", i, p, e.IDs[p], x.pieces[i], e.Words[p])
			}
		}
	}
}

// Documents that a model has not seen: labelled ones as they are, tagged
// sentences in blocks.
func TestReadDocuments(t *testing.T) {
	documents, err := readDocuments("testdata/sets/sentiment/rooms", &training.Problems{})
	if err != nil || len(documents) != 5 {
		t.Errorf("%d documents, %v; want 5", len(documents), err)
	}
	documents, err = readDocuments("testdata/sets/ner/people", &training.Problems{})
	if err != nil || len(documents) != 1 || len(documents[0]) != 2 {
		t.Errorf("documents %v, %v; want one of two sentences", documents, err)
	}
	if documents, err := readDocuments("testdata/none", &training.Problems{}); err != nil || documents != nil {
		t.Errorf("documents %v, %v; want none", documents, err)
	}
}

func TestHeldOut(t *testing.T) {
	e, m := startEmbedded(t, "en")
	dir := t.TempDir()
	set := filepath.Join(dir, "sentiment", "stories")
	if err := os.MkdirAll(set, 0o777); err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, text := range []string{
		"The ship left the harbour. The sailors waved. The sea was calm.",
		"Interest rates rose in March. Banks lent less. House prices fell.",
		"Boil the water. Add the pasta. Stir the pasta in the water.",
		"The striker scored. The fans cheered the striker. The match was over.",
	} {
		if err := json.NewEncoder(&rows).Encode(map[string]string{"text": text, "label": "neutral"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(set, "dev.jsonl"), []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	v := &evaluator{engine: e, model: m, rows: 100, pieces: -1}
	scores, err := v.heldOut(t.Context(), dir, modelCard{NSP: 91.7, MLM: 38.6, HeldOut: []string{"sentiment/stories", "topic/none"}})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range scores {
		lines = append(lines, s.String())
	}
	if len(scores) != 3 || scores[0].Examples != 8 || scores[1].Card != 91.7 || scores[2].Task != "MLM" || scores[2].Examples < 4 {
		t.Errorf("got %s", strings.Join(lines, "\n"))
	}
	if scores[0].Figure < 50 {
		t.Errorf("%s: worse than guessing on plain examples", lines[0])
	}
}

// What is served is measured on the rows, and of the types, that the figure
// beside it is of, however few of them are taken.
func TestServedEntitiesAreOfTheSameRows(t *testing.T) {
	dir := t.TempDir()
	model := constantModel(t, dir,
		map[string]bert.HeadConfig{"ner": {Type: bert.TokenHeadType, Labels: []string{"O", "B-PER", "I-PER", "B-LOC", "I-LOC"}}},
		map[string][]float32{"ner": {0, 3, 0, 2, 0}}) // every word is a person, or else a place
	measure := func(name, content string, rows int) *setScore {
		t.Helper()
		e, err := engineFlags{Model: model, Precision: "float32", Threads: 1}.start()
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		v := &evaluator{engine: e, model: e.Models()[0], rows: rows, pieces: -1, served: true}
		score, err := v.score(t.Context(), labelledSet{task: "ner", name: name, path: writeFile(t, dir, name+".conll", content)})
		if err != nil {
			t.Fatal(err)
		}
		return score
	}
	// Every other sentence is right, which an even draw would not show.
	if got := measure("people", strings.Repeat("aa B-PER\n\nba O\n\n", 20), 20); got.Figure != *got.Served || got.Rows != 20 || got.Figure == 100 {
		t.Errorf("figure %v, as served %v of %d rows; want one figure of 20", got.Figure, *got.Served, got.Rows)
	}
	// The only person is in one of many sentences, so that the set does annotate
	// persons, though not those sentences that are drawn.
	if got := measure("places", strings.Repeat("aa B-LOC\n\n", 40)+"ba B-PER\n", 3); got.Figure != 0 || *got.Served != 0 {
		t.Errorf("figure %v, as served %v; want 0, since every place is taken for a person", got.Figure, *got.Served)
	}
}

// A folder that is called as a built-in model is stands for nothing: neither
// for what the model is, nor for what made it. ./en means the folder.
func TestBuiltInModelIsNotShadowed(t *testing.T) {
	sets, err := filepath.Abs("testdata/sets")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	model := constantModel(t, dir,
		map[string]bert.HeadConfig{"mood": {Type: bert.SequenceHeadType, Labels: []string{"bad", "good"}, ProblemType: bert.SingleLabel}}, nil)
	if err := os.Rename(model, filepath.Join(dir, "en")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "en"), "run.json", `{"heads": {"sentiment": {"max_tokens": 7}, "mood": {"max_tokens": 7}}}`)
	t.Chdir(dir)
	if got := mustEvaluate[evaluation](t, "--model", "en", "--data", sets, "--all", "--no-held-out"); len(got.Sets) < 4 {
		t.Errorf("got %+v, want the sets of the built-in model", got)
	}
	rooms := filepath.Join(sets, "sentiment", "rooms", "dev.jsonl")
	if got := mustEvaluate[headReport](t, "--model", "en", "--data", rooms, "--map", "five="); got.MaxTokens == 7 || got.Head != "sentiment" {
		t.Errorf("head %s, %d tokens; want those of the built-in model", got.Head, got.MaxTokens)
	}
	mood := writeFile(t, dir, "mood.csv", "text,label\naa,good\n")
	if got := mustEvaluate[headReport](t, "--model", "./en", "--data", mood); got.MaxTokens != 7 || got.Head != "mood" {
		t.Errorf("head %s, %d tokens; want those of the folder", got.Head, got.MaxTokens)
	}
}

// A model of one's own is measured head by head, whatever its heads are called,
// unless a card is asked for: then as the card's model is.
func TestCardIsAskedFor(t *testing.T) {
	cards, err := readCards()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(cards["en"].Sets, func(s cardSet) bool { return s.Task == "topic" && len(s.Fold) > 0 })
	if i < 0 {
		t.Fatal("the card has no set of topics whose labels have other names")
	}
	described := cards["en"].Sets[i]
	dir := t.TempDir()
	var from, to string
	for from, to = range described.Fold {
		break
	}
	sequence := func(labels ...string) bert.HeadConfig {
		return bert.HeadConfig{Type: bert.SequenceHeadType, Labels: labels, ProblemType: bert.SingleLabel}
	}
	several := sequence("fine", "poor")
	several.ProblemType = bert.MultiLabel
	model := constantModel(t, dir,
		map[string]bert.HeadConfig{"topic": sequence("other", to), "mood": sequence("bad", "good"), "sentiment": several},
		map[string][]float32{"topic": {0, 1}, "mood": {0, 1}, "sentiment": {1, -1}})
	data := filepath.Join(dir, "data")
	row := func(label string) string { return fmt.Sprintf(`{"text":"aa","label":%q}`, label) + "\n" }
	for path, content := range map[string]string{
		"topic/" + described.Set: row(from) + row(from),
		"mood/hotels":            row("good") + row("bad"),
		"sentiment/inns":         row("fine"),
	} {
		if err := os.MkdirAll(filepath.Join(data, path), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, data, filepath.Join(path, "dev.jsonl"), content)
	}
	got := mustEvaluate[evaluation](t, "--model", model, "--card", "en", "--data", data)
	if len(got.Sets) != 1 || got.Sets[0].Figure != 100 || got.Sets[0].Card == nil || *got.Sets[0].Card != described.Figure {
		t.Errorf("beside the card: got %+v, want %s alone, 100 %%, with the card's figure", got.Sets, described.Set)
	}
	// The sets may be in a directory of the card's name, as they are for auto.
	if err := os.CopyFS(filepath.Join(dir, "all", "en"), os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	if got := mustEvaluate[evaluation](t, "--model", model, "--card", "en", "--data", filepath.Join(dir, "all")); len(got.Sets) != 1 {
		t.Errorf("beside the card, of %s/all: got %+v", dir, got.Sets)
	}
	writeFile(t, data, filepath.Join("topic", described.Set, "dev.jsonl"), row(to)+row("other"))
	heads := mustEvaluate[headsReport](t, "--model", model, "--data", data)
	if len(heads.Sets) != 3 || heads.Sets[0].Head != "mood" || heads.Sets[1].Head != "sentiment" || heads.Sets[1].Main != "micro_f1" || heads.Sets[2].Value != 0.5 || heads.Sets[2].Intervals == nil {
		t.Errorf("without a card: got %+v, want the sets of three heads", heads)
	}
	if heads := mustEvaluate[headsReport](t, "--model", model, "--data", data, "--head", "sentiment"); len(heads.Sets) != 1 {
		t.Errorf("one of the heads: got %+v", heads)
	}
	if got := mustEvaluate[headReport](t, "--model", model, "--data", filepath.Join(data, "sentiment", "inns")); got.Head != "sentiment" || got.Value != 1 {
		t.Errorf("the directory of a set: got %+v", got)
	}
	// Lines that cannot be used are counted, or are too many.
	broken := filepath.Join(dir, "broken", "topic", described.Set)
	if err := os.MkdirAll(broken, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, broken, "dev.jsonl", row(from)+"nonsense\n")
	args := []string{"--model", model, "--card", "en", "--data", broken}
	if got := mustEvaluate[evaluation](t, args...); got.Sets[0].Rows != 1 || got.Sets[0].Unusable.Count != 1 {
		t.Errorf("got %+v, want a row, and a line that could not be used", got.Sets[0])
	}
	if out, err := runEvaluate(t, args...); err != nil || !strings.Contains(out, "topic/"+described.Set+": 1 line could not be used:") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := runEvaluate(t, append(args, "--bad-lines", "0")...); err == nil || !strings.Contains(err.Error(), "dev.jsonl:2") {
		t.Errorf("with --bad-lines 0: error %v", err)
	}
	for want, args := range map[string][]string{
		"--bootstrap, --seed: for a labelled file": {"--model", model, "--card", "en", "--seed", "3", "--bootstrap", "5"},
		"there is no such card":                    {"--model", model, "--card", "fr"},
		"has its own card":                         {"--model", "zh", "--card", "en"},
		"--card en or zh":                          {"--model", model, "--check"},
		"--head: for a head":                       {"--model", model, "--card", "en", "--head", "topic"},
		"no set there that model const":            {"--model", model, "--card", "zh"},
	} {
		if _, err := runEvaluate(t, append(args, "--data", data)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q in it", args, err, want)
		}
	}
}
