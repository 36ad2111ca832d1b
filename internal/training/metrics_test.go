package training

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goldenMetrics is what testdata/make_metrics.py writes: answers, and what
// scikit-learn, scipy and seqeval say of them.
type goldenMetrics struct {
	Classes []struct {
		Labels    int
		Want, Got []int
		Confusion [][]int
		Accuracy  float64
		MacroF1   float64 `json:"macro_f1"`
		Matthews  float64
		Precision []float64
		Recall    []float64
		F1        []float64
		Support   []int
	}
	MultiLabel []struct {
		Want, Got [][]bool
		Accuracy  float64
		MicroF1   float64 `json:"micro_f1"`
		MacroF1   float64 `json:"macro_f1"`
	} `json:"multi_label"`
	Series []struct {
		Want, Got        []float64
		Pearson          float64
		Spearman         float64
		MeanSquaredError float64 `json:"mean_squared_error"`
	}
	Entities []struct {
		Want, Got [][]string
		Entities  [][][3]any
		Report    map[string]struct {
			Precision, Recall, F1 float64
			Support               int
		}
	}
}

func readGoldenMetrics(t *testing.T) goldenMetrics {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "metrics.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden goldenMetrics
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	return golden
}

// near compares figures that two programs computed in float64.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	const tolerance = 1e-12
	if math.IsNaN(got) || math.Abs(got-want) > tolerance*max(1, math.Abs(want)) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestConfusionAgreesWithScikitLearn(t *testing.T) {
	for _, test := range readGoldenMetrics(t).Classes {
		c := NewConfusion(make([]string, test.Labels))
		for i := range test.Want {
			c.Add(test.Want[i], test.Got[i])
		}
		if diff := cmp.Diff(test.Confusion, c.Counts); diff != "" {
			t.Errorf("confusion (-want +got):\n%s", diff)
		}
		near(t, "Accuracy()", c.Accuracy(), test.Accuracy)
		near(t, "MacroF1()", c.MacroF1(), test.MacroF1)
		near(t, "Matthews()", c.Matthews(), test.Matthews)
		for label := range test.Labels {
			class := c.Class(label)
			near(t, "Precision()", class.Precision(), test.Precision[label])
			near(t, "Recall()", class.Recall(), test.Recall[label])
			near(t, "F1()", class.F1(), test.F1[label])
			if class.Support() != test.Support[label] {
				t.Errorf("Support() = %d, want %d", class.Support(), test.Support[label])
			}
		}
	}
}

func TestMultiLabelAgreesWithScikitLearn(t *testing.T) {
	for _, test := range readGoldenMetrics(t).MultiLabel {
		m := newMultiLabel(make([]string, len(test.Want[0])))
		for i := range test.Want {
			m.Add(test.Want[i], test.Got[i])
		}
		near(t, "Accuracy()", m.Accuracy(), test.Accuracy)
		near(t, "MicroF1()", m.MicroF1(), test.MicroF1)
		near(t, "MacroF1()", m.MacroF1(), test.MacroF1)
	}
}

// A label that a set does not annotate is not one of the mean, one that merely
// never occurs is.
func TestMultiLabelOfSomeLabelsOnly(t *testing.T) {
	m := newMultiLabel([]string{"a", "b", "c"})
	m.Absent = []bool{false, true, false}
	m.Add([]bool{true, false, false}, []bool{true, false, false})
	near(t, "MacroF1() without b", m.MacroF1(), 0.5)
	m.Absent = nil
	near(t, "MacroF1()", m.MacroF1(), 1.0/3)
}

func TestCorrelationsAgreeWithSciPy(t *testing.T) {
	for _, test := range readGoldenMetrics(t).Series {
		near(t, "pearson", pearson(test.Want, test.Got), test.Pearson)
		near(t, "spearman", spearman(test.Want, test.Got), test.Spearman)
		near(t, "meanSquaredError", meanSquaredError(test.Want, test.Got), test.MeanSquaredError)
	}
}

func TestEntitiesAgreeWithSeqeval(t *testing.T) {
	for _, test := range readGoldenMetrics(t).Entities {
		counts := NewEntityCounts()
		for i := range test.Want {
			var want []Entity
			for _, e := range test.Entities[i] { // type, first and last word
				want = append(want, Entity{e[0].(string), int(e[1].(float64)), int(e[2].(float64)) + 1})
			}
			if diff := cmp.Diff(want, Entities(test.Want[i])); diff != "" {
				t.Errorf("Entities(%q) (-want +got):\n%s", test.Want[i], diff)
			}
			counts.AddTags(test.Want[i], test.Got[i])
		}
		if test.Report == nil {
			if got := counts.Micro().F1(); got != 0 {
				t.Errorf("F1 without entities = %v, want 0", got)
			}
			continue
		}
		for name, want := range test.Report {
			got := counts.Type(name)
			switch name {
			case "micro avg":
				got = counts.Micro()
			case "macro avg":
				near(t, "MacroPrecision()", counts.MacroPrecision(), want.Precision)
				near(t, "MacroRecall()", counts.MacroRecall(), want.Recall)
				near(t, "MacroF1()", counts.MacroF1(), want.F1)
				continue
			case "weighted avg":
				continue
			}
			near(t, name+" precision", got.Precision(), want.Precision)
			near(t, name+" recall", got.Recall(), want.Recall)
			near(t, name+" F1", got.F1(), want.F1)
			if got.Support() != want.Support {
				t.Errorf("%s: support %d, want %d", name, got.Support(), want.Support)
			}
		}
	}
}

func TestEntityCountsOfSomeTypesOnly(t *testing.T) {
	counts := NewEntityCounts("PER", "LOC")
	counts.AddTags(
		[]string{"B-PER", "O", "B-DATE", "B-LOC"},
		[]string{"B-PER", "B-DATE", "O", "B-PER"},
	)
	want := Counts{TruePositives: 1, FalsePositives: 1, FalseNegatives: 1}
	if got := counts.Micro(); got != want {
		t.Errorf("counts %+v, want %+v: DATE is to be overlooked on both sides", got, want)
	}
	if diff := cmp.Diff([]string{"LOC", "PER"}, counts.Types()); diff != "" {
		t.Errorf("Types() (-want +got):\n%s", diff)
	}
}

// The interval of a mean is known: ± 1.96 standard errors.
func TestBootstrapOfAMean(t *testing.T) {
	const n = 400
	right := make([]float64, n)
	for i := range 300 {
		right[i] = 1
	}
	mean := func(rows []int) map[string]float64 {
		sum, first := 0.0, math.NaN()
		for _, row := range rows {
			sum += right[row]
			if row == 0 {
				first = 1
			}
		}
		return map[string]float64{"mean": sum / float64(len(rows)), "first": first, "never": math.NaN()}
	}
	intervals, err := bootstrap(n, 2000, 0.95, 1, mean)
	if err != nil {
		t.Fatal(err)
	}
	got := intervals["mean"]
	if first := intervals["first"]; first != (Interval{1, 1}) {
		t.Errorf("interval %+v of what is 1 where it is defined", first)
	}
	if never, ok := intervals["never"]; ok {
		t.Errorf("interval %+v of what is never defined", never)
	}
	half := 1.96 * math.Sqrt(0.75*0.25/n)
	if math.Abs(got.Low-(0.75-half)) > 0.005 || math.Abs(got.High-(0.75+half)) > 0.005 {
		t.Errorf("interval %.4f … %.4f, want %.4f … %.4f within 0.005", got.Low, got.High, 0.75-half, 0.75+half)
	}
	again, err := bootstrap(n, 2000, 0.95, 1, mean)
	if err != nil || !cmp.Equal(again, intervals) {
		t.Errorf("the same seed gave %+v (%v), then %+v", intervals, err, again)
	}
	if _, err := bootstrap(0, 10, 0.95, 1, mean); err == nil {
		t.Error("no rows: no error")
	}
	if _, err := bootstrap(10, 10, 95, 1, mean); err == nil {
		t.Error("confidence 95: no error")
	}
}

func TestPerplexity(t *testing.T) {
	near(t, "Perplexity(ln 8)", Perplexity(math.Log(8)), 8)
}
