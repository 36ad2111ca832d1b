package training

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Counts are the true positives, false positives and false negatives of one
// class, or of several together.
type Counts struct {
	TruePositives, FalsePositives, FalseNegatives int
}

// Add adds the counts of another class or sample.
func (c *Counts) Add(other Counts) {
	c.TruePositives += other.TruePositives
	c.FalsePositives += other.FalsePositives
	c.FalseNegatives += other.FalseNegatives
}

// Support is how often the class is right.
func (c Counts) Support() int { return c.TruePositives + c.FalseNegatives }

// Precision is the share of what was predicted that is right; 0 if nothing was
// predicted, as scikit-learn and seqeval have it.
func (c Counts) Precision() float64 {
	return ratio(float64(c.TruePositives), float64(c.TruePositives+c.FalsePositives))
}

// Recall is the share of what is right that was predicted; 0 if nothing is.
func (c Counts) Recall() float64 { return ratio(float64(c.TruePositives), float64(c.Support())) }

// F1 is the harmonic mean of precision and recall.
func (c Counts) F1() float64 {
	return ratio(2*float64(c.TruePositives), float64(2*c.TruePositives+c.FalsePositives+c.FalseNegatives))
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Confusion counts how often each label was taken for each other.
type Confusion struct {
	Labels []string
	Counts [][]int // Counts[want][got]
}

// NewConfusion returns an empty matrix over the labels.
func NewConfusion(labels []string) *Confusion {
	counts := make([][]int, len(labels))
	for i := range counts {
		counts[i] = make([]int, len(labels))
	}
	return &Confusion{Labels: labels, Counts: counts}
}

// Add counts one answer. It panics on a label that the matrix does not have.
func (c *Confusion) Add(want, got int) { c.Counts[want][got]++ }

// Total is the number of answers counted.
func (c *Confusion) Total() int {
	total := 0
	for _, row := range c.Counts {
		for _, n := range row {
			total += n
		}
	}
	return total
}

// Class returns the counts of one label against all others.
func (c *Confusion) Class(label int) Counts {
	counts := Counts{TruePositives: c.Counts[label][label]}
	for other := range c.Labels {
		if other != label {
			counts.FalsePositives += c.Counts[other][label]
			counts.FalseNegatives += c.Counts[label][other]
		}
	}
	return counts
}

// Accuracy is the share of right answers; 0 if there are none.
func (c *Confusion) Accuracy() float64 {
	right := 0
	for i := range c.Labels {
		right += c.Counts[i][i]
	}
	return ratio(float64(right), float64(c.Total()))
}

// MacroF1 is the mean of the labels' F1, over the labels that occur among the
// wanted or the given answers (scikit-learn's f1_score(average="macro")).
func (c *Confusion) MacroF1() float64 {
	var classes []Counts
	for label := range c.Labels {
		classes = append(classes, c.Class(label))
	}
	return macro(classes, Counts.F1)
}

// macro is the mean of a figure over the classes that occur on either side.
func macro(classes []Counts, figure func(Counts) float64) float64 {
	sum, n := 0.0, 0
	for _, class := range classes {
		if class != (Counts{}) {
			sum += figure(class)
			n++
		}
	}
	return ratio(sum, float64(n))
}

// Matthews is the Matthews correlation coefficient, for more than two labels
// as generalised by Gorodkin (2004); 0 where it is undefined. GLUE scores CoLA
// by it.
func (c *Confusion) Matthews() float64 {
	total := float64(c.Total())
	var right, wantGot, wantWant, gotGot float64
	for label := range c.Labels {
		class := c.Class(label)
		want := float64(class.Support())
		got := float64(class.TruePositives + class.FalsePositives)
		right += float64(class.TruePositives)
		wantGot += want * got
		wantWant += want * want
		gotGot += got * got
	}
	return ratio(right*total-wantGot, math.Sqrt(total*total-wantWant)*math.Sqrt(total*total-gotGot))
}

// multiLabel counts answers that are sets of labels.
type multiLabel struct {
	Labels  []string
	Classes []Counts
	// Absent says which labels the rows do not annotate; nil means none. They
	// must not be among the answers, and MacroF1 passes over them.
	Absent []bool
	exact  int
	total  int
}

// newMultiLabel returns empty counts over the labels.
func newMultiLabel(labels []string) *multiLabel {
	return &multiLabel{Labels: labels, Classes: make([]Counts, len(labels))}
}

// Add counts one answer; both slices say for each label whether it holds.
func (m *multiLabel) Add(want, got []bool) {
	for label := range m.Labels {
		switch {
		case want[label] && got[label]:
			m.Classes[label].TruePositives++
		case got[label]:
			m.Classes[label].FalsePositives++
		case want[label]:
			m.Classes[label].FalseNegatives++
		}
	}
	if slices.Equal(want, got) {
		m.exact++
	}
	m.total++
}

// Accuracy is the share of answers with every label right (subset accuracy).
func (m *multiLabel) Accuracy() float64 { return ratio(float64(m.exact), float64(m.total)) }

// MicroF1 is the F1 of all labels counted together.
func (m *multiLabel) MicroF1() float64 {
	var all Counts
	for _, class := range m.Classes {
		all.Add(class)
	}
	return all.F1()
}

// MacroF1 is the mean F1 of the labels that are not absent; one that never
// occurs counts as 0, as scikit-learn has it for label indicator matrices.
func (m *multiLabel) MacroF1() float64 {
	sum, n := 0.0, 0
	for label, class := range m.Classes {
		if m.Absent == nil || !m.Absent[label] {
			sum += class.F1()
			n++
		}
	}
	return ratio(sum, float64(n))
}

// pearson is the linear correlation of two series of equal length; NaN where
// one of them is constant.
func pearson(want, got []float64) float64 { return stat.Correlation(want, got, nil) }

// spearman is the correlation of the ranks, equal values sharing their mean
// rank (scipy.stats.spearmanr).
func spearman(want, got []float64) float64 { return pearson(ranks(want), ranks(got)) }

func ranks(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(x[i], x[j]) })
	ranks := make([]float64, len(x))
	for start := 0; start < len(order); {
		end := start + 1
		for end < len(order) && x[order[end]] == x[order[start]] {
			end++
		}
		for _, i := range order[start:end] {
			ranks[i] = float64(start+end-1)/2 + 1
		}
		start = end
	}
	return ranks
}

// meanSquaredError is the mean of the squared differences.
func meanSquaredError(want, got []float64) float64 {
	sum := 0.0
	for i := range want {
		d := got[i] - want[i]
		sum += d * d
	}
	return ratio(sum, float64(len(want)))
}

// Perplexity is e to the mean loss in nats. For a masked language model that
// mean is over the chosen pieces, so it is a pseudo-perplexity: comparable
// among masked models of one vocabulary only.
func Perplexity(meanLoss float64) float64 { return math.Exp(meanLoss) }

// Interval is a confidence interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// bootstrap estimates the intervals that hold statistics with the given
// confidence (0.95, say) by the percentile method: it draws n rows of n with
// replacement, rounds times, and takes the quantiles of what statistics says of
// each draw. The draws depend on the seed alone. A statistic that is undefined
// (NaN) for some draws has the interval of the others; one that is for all has
// none.
//
// statistics gets the row numbers drawn, some several times, and must not keep
// the slice. It returns the same names each time, but for those that the draw
// says nothing of.
func bootstrap(n, rounds int, confidence float64, seed uint64, statistics func(rows []int) map[string]float64) (map[string]Interval, error) {
	if n < 1 || rounds < 1 || !(confidence > 0 && confidence < 1) {
		return nil, fmt.Errorf("bootstrap of %d rows, %d rounds, confidence %v: want at least one row and round and a confidence between 0 and 1", n, rounds, confidence)
	}
	rng := NewRand(seed, 0)
	rows := make([]int, n)
	values := map[string][]float64{}
	for range rounds {
		draw(rng, rows)
		for name, value := range statistics(rows) {
			if !math.IsNaN(value) {
				values[name] = append(values[name], value)
			}
		}
	}
	tail := (1 - confidence) / 2
	intervals := make(map[string]Interval, len(values))
	for name, drawn := range values {
		slices.Sort(drawn)
		intervals[name] = Interval{
			Low:  stat.Quantile(tail, stat.LinInterp, drawn, nil),
			High: stat.Quantile(1-tail, stat.LinInterp, drawn, nil),
		}
	}
	return intervals, nil
}

func draw(rng *rand.Rand, rows []int) {
	for i := range rows {
		rows[i] = rng.IntN(len(rows))
	}
}

// sortedKeys returns the keys of m in order, so that sums and tables over a
// map come out the same every time.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
