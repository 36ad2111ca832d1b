package training

import (
	"math"
	"slices"

	"cloze/internal/bert"
)

// answers are what a head says of the rows of a set, beside what is right.
type answers interface {
	// read takes the answers to the sequences of a pass from their logits.
	read(p *pass, logits []float32)
	// metrics scores rows, some of them perhaps several times: all of a set, or
	// a draw of the bootstrap. What is undefined is NaN. main is the name of
	// the figure that the field reports.
	metrics(rows []int) (all map[string]float64, main string)
	// labels scores each label or entity type by itself; nil for numbers.
	labels() []LabelScore
	// of gives what is right of a row and what the head said, as JSON may have
	// it.
	of(row int) (want, got any)
}

func newAnswers(s *Set, described bert.HeadConfig) answers {
	switch {
	case described.Type == bert.TokenHeadType:
		return newTagAnswers(s, described)
	case described.ProblemType == bert.Regression:
		a := &valueAnswers{want: make([]float64, s.Rows), got: make([]float64, s.Rows)}
		for _, example := range s.Examples {
			a.want[example.Row] = float64(example.Value)
		}
		return a
	case described.ProblemType == bert.MultiLabel:
		a := &holdAnswers{names: described.Labels, absent: s.absent, want: make([][]bool, s.Rows), got: make([][]bool, s.Rows)}
		for _, example := range s.Examples {
			a.want[example.Row] = make([]bool, len(described.Labels))
			for _, k := range example.Labels {
				a.want[example.Row][k] = true
			}
		}
		return a
	default:
		a := &labelAnswers{names: described.Labels, absent: s.absent, want: make([]int32, s.Rows), got: make([]int32, s.Rows)}
		for _, example := range s.Examples {
			a.want[example.Row] = example.Labels[0]
		}
		return a
	}
}

// LabelScore is how a head does on one label, or on the entities of one type.
type LabelScore struct {
	Label     string  `json:"label"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Support   int     `json:"support"` // how often it is right
	Predicted int     `json:"predicted"`
}

func (c Counts) score(label string) LabelScore {
	return LabelScore{
		Label: label, Precision: c.Precision(), Recall: c.Recall(), F1: c.F1(),
		Support: c.Support(), Predicted: c.TruePositives + c.FalsePositives,
	}
}

// allRows are the numbers of n rows, each once.
func allRows(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// labelAnswers are those of a head whose labels exclude each other.
type labelAnswers struct {
	names     []string
	absent    []bool
	want, got []int32
}

func (a *labelAnswers) read(p *pass, logits []float32) {
	classes := len(a.names)
	for b, sample := range p.samples {
		a.got[sample.task.Row] = int32(highest(logits[b*classes:][:classes], a.absent))
	}
}

// confusion counts rows.
func (a *labelAnswers) confusion(rows []int) *Confusion {
	counts := NewConfusion(a.names)
	for _, row := range rows {
		counts.Add(int(a.want[row]), int(a.got[row]))
	}
	return counts
}

func (a *labelAnswers) metrics(rows []int) (all map[string]float64, main string) {
	counts := a.confusion(rows)
	return map[string]float64{
		"accuracy": counts.Accuracy(), "macro_f1": counts.MacroF1(), "matthews": counts.Matthews(),
	}, "accuracy"
}

func (a *labelAnswers) labels() []LabelScore {
	counts := a.confusion(allRows(len(a.want)))
	scores := make([]LabelScore, len(a.names))
	for label, name := range a.names {
		scores[label] = counts.Class(label).score(name)
	}
	return scores
}

func (a *labelAnswers) of(row int) (want, got any) { return a.names[a.want[row]], a.names[a.got[row]] }

// holdAnswers are those of a head of which any number of labels may hold.
type holdAnswers struct {
	names     []string
	absent    []bool
	want, got [][]bool
}

func (a *holdAnswers) read(p *pass, logits []float32) {
	classes := len(a.names)
	for b, sample := range p.samples {
		holds := make([]bool, classes)
		for k, logit := range logits[b*classes:][:classes] {
			holds[k] = logit > 0 && (a.absent == nil || !a.absent[k])
		}
		a.got[sample.task.Row] = holds
	}
}

func (a *holdAnswers) counts(rows []int) *multiLabel {
	counts := newMultiLabel(a.names)
	counts.Absent = a.absent
	for _, row := range rows {
		counts.Add(a.want[row], a.got[row])
	}
	return counts
}

func (a *holdAnswers) metrics(rows []int) (all map[string]float64, main string) {
	counts := a.counts(rows)
	return map[string]float64{
		"accuracy": counts.Accuracy(), "micro_f1": counts.MicroF1(), "macro_f1": counts.MacroF1(),
	}, "micro_f1"
}

func (a *holdAnswers) labels() []LabelScore {
	counts := a.counts(allRows(len(a.want)))
	var scores []LabelScore
	for label, name := range a.names {
		if a.absent == nil || !a.absent[label] {
			scores = append(scores, counts.Classes[label].score(name))
		}
	}
	return scores
}

func (a *holdAnswers) of(row int) (want, got any) {
	return a.holding(a.want[row]), a.holding(a.got[row])
}

// holding names the labels that hold.
func (a *holdAnswers) holding(holds []bool) []string {
	names := []string{}
	for k, name := range a.names {
		if holds[k] {
			names = append(names, name)
		}
	}
	return names
}

// valueAnswers are the numbers of a regression.
type valueAnswers struct {
	want, got []float64
}

func (a *valueAnswers) read(p *pass, logits []float32) {
	classes := len(logits) / len(p.samples)
	for b, sample := range p.samples {
		a.got[sample.task.Row] = float64(logits[b*classes])
	}
}

func (a *valueAnswers) metrics(rows []int) (all map[string]float64, main string) {
	want, got := make([]float64, len(rows)), make([]float64, len(rows))
	for i, row := range rows {
		want[i], got[i] = a.want[row], a.got[row]
	}
	return map[string]float64{
		"pearson": pearson(want, got), "spearman": spearman(want, got), "mean_squared_error": meanSquaredError(want, got),
	}, "pearson"
}

func (a *valueAnswers) labels() []LabelScore { return nil }

func (a *valueAnswers) of(row int) (want, got any) { return a.want[row], a.got[row] }

// tagAnswers are the tags of a token head's words.
type tagAnswers struct {
	names     []string
	absent    []bool
	types     []string // that the set annotates
	want, got [][]string
	entities  [][]Counts // of each row, by type; made once all answers are read
}

func newTagAnswers(s *Set, described bert.HeadConfig) *tagAnswers {
	a := &tagAnswers{names: described.Labels, absent: s.absent, types: s.types(described), want: s.Tags, got: make([][]string, s.Rows)}
	for row, tags := range s.Tags {
		// A word that the tokenizer leaves nothing of gets no answer, which is O.
		a.got[row] = filled(len(tags), "O")
	}
	return a
}

func (a *tagAnswers) read(p *pass, logits []float32) {
	classes := len(a.names)
	for b, sample := range p.samples {
		tags := a.got[sample.task.Row]
		for i, words := range sample.task.Words {
			if words.Start == words.End {
				continue
			}
			label := int32(highest(logits[(int(p.in.Starts[b])+i)*classes:][:classes], a.absent))
			for word := words.Start; word < words.End; word++ {
				tags[word] = a.names[label]
				label = inside(a.names, label)
			}
		}
	}
}

// scored gives the tags of a row as they are scored: without the words that are
// in no score, and so without the answers that touch one.
func (a *tagAnswers) scored(row int) (want, got []string) {
	want, got = a.want[row], a.got[row]
	if !slices.Contains(want, notScored) {
		return want, got
	}
	want, got = slices.Clone(want), slices.Clone(got)
	for _, entity := range Entities(got) {
		if slices.Contains(want[entity.Start:entity.End], notScored) {
			copy(got[entity.Start:], filled(entity.End-entity.Start, "O"))
		}
	}
	for i, tag := range want {
		if tag == notScored {
			want[i] = "O"
		}
	}
	return want, got
}

// counts counts the entities of rows.
func (a *tagAnswers) counts(rows []int) *EntityCounts {
	if a.entities == nil {
		for row := range a.want {
			sentence := NewEntityCounts(a.types...)
			sentence.AddTags(a.scored(row))
			byType := make([]Counts, len(a.types))
			for k, kind := range a.types {
				byType[k] = sentence.Type(kind)
			}
			a.entities = append(a.entities, byType)
		}
	}
	sums := make([]Counts, len(a.types))
	for _, row := range rows {
		for k, counts := range a.entities[row] {
			sums[k].Add(counts)
		}
	}
	counts := NewEntityCounts(a.types...)
	for k, kind := range a.types {
		if sums[k] != (Counts{}) {
			counts.byType[kind] = &sums[k]
		}
	}
	return counts
}

func (a *tagAnswers) metrics(rows []int) (all map[string]float64, main string) {
	counts := a.counts(rows)
	micro := counts.Micro()
	all = map[string]float64{
		"entity_precision": micro.Precision(), "entity_recall": micro.Recall(), "entity_f1": micro.F1(),
		"entity_macro_precision": counts.MacroPrecision(), "entity_macro_recall": counts.MacroRecall(), "entity_macro_f1": counts.MacroF1(),
	}
	for _, kind := range counts.Types() {
		all["entity_f1/"+kind] = counts.Type(kind).F1()
	}
	return all, "entity_f1"
}

func (a *tagAnswers) labels() []LabelScore {
	counts := a.counts(allRows(len(a.want)))
	var scores []LabelScore
	for _, kind := range counts.Types() {
		scores = append(scores, counts.Type(kind).score(kind))
	}
	return scores
}

func (a *tagAnswers) of(row int) (want, got any) {
	wanted, answered := a.scored(row)
	return wanted, answered
}

// numbersOrZero replaces what is undefined, as the correlation with a constant
// is, since JSON has no NaN, and names it.
func numbersOrZero(metrics map[string]float64) (undefined []string) {
	for _, name := range sortedKeys(metrics) {
		if math.IsNaN(metrics[name]) {
			metrics[name] = 0
			undefined = append(undefined, name)
		}
	}
	return undefined
}
