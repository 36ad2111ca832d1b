package tasks

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// Classifier gives texts, or pairs of texts, one of a head's labels.
type Classifier struct{ Engine *engine.Engine }

// Function turns a head's logits into scores, in the words of transformers'
// function_to_apply.
type Function string

// The functions. The zero value is the head's own: the logits themselves for
// a regression, sigmoid for several labels at once or for a single one,
// softmax otherwise.
const (
	DefaultFunction Function = ""
	Softmax         Function = "softmax"
	Sigmoid         Function = "sigmoid"
	NoFunction      Function = "none"
)

// Window says how much of a long text is read.
type Window string

// The windows. The zero value is AllWindows.
const (
	// AllWindows reads a long text in overlapping windows and averages their
	// scores, each weighted by its length.
	AllWindows Window = "average"
	// FirstWindow reads the beginning of a long text, which its result then
	// reports as truncated.
	FirstWindow Window = "first"
)

// ClassifyOptions are the options of Classifier.Classify. A long text is read
// as Window says; Truncate false refuses it.
type ClassifyOptions struct {
	Options
	// Head is the sequence head to ask; "" is the model's topic head, or the
	// only one it has.
	Head string
	// TopK bounds Classification.Labels; 0 gives all labels.
	TopK int
	// Function makes scores of the logits.
	Function Function
	// Window says how much of a long text is read.
	Window Window
}

// Score is a label with its score.
type Score struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

// Classification is the result of Classifier.Classify.
type Classification struct {
	// Label is the label of the highest score.
	Label string  `json:"label"`
	Score float64 `json:"score"`
	// Labels are the labels by falling score, as many as were asked for.
	Labels []Score `json:"labels"`
	Info
}

// Classify labels each text. A pair is read together, and truncated, longest
// text first, if it is too long.
func (c Classifier) Classify(ctx context.Context, texts []Text, o ClassifyOptions) ([]Classification, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := requireText(texts); err != nil {
		return nil, err
	}
	models, err := route(c.Engine, texts, o.Model, func(m *engine.Model) bool {
		_, _, err := sequenceHead(m, o.Head, 0)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	heads := make(map[*engine.Model]*bert.SequenceHead)
	names := make(map[*engine.Model]string)
	for i, m := range models {
		if heads[m] == nil {
			if names[m], heads[m], err = sequenceHead(m, o.Head, i); err != nil {
				return nil, err
			}
		}
		if heads[m].Pair && !texts[i].HasPair {
			return nil, &InputError{
				Code: CodeNoPair, Index: i, Field: "text_pair",
				Detail: fmt.Sprintf("head %s of model %s reads pairs of texts: give the second one", names[m], m.ID),
			}
		}
	}
	long := inWindows
	if o.Window == FirstWindow {
		long = truncated
	}
	readings, err := read(ctx, models, texts, o.Options, tokenizer.SpecialsNone, long)
	if err != nil {
		return nil, err
	}
	outputs, err := run(ctx, c.Engine, sequences(readings), func(m *engine.Model) engine.Request {
		return engine.Request{Heads: []string{names[m]}}
	})
	if err != nil {
		return nil, err
	}

	defer timingFrom(ctx).phase(phasePost)()
	results := make([]Classification, len(texts))
	for i, r := range readings {
		head := heads[r.model]
		function := o.Function
		if function == DefaultFunction {
			function = functionOf(head)
		}
		scores := windowAverage(r, outputs[:len(r.windows)], 0, function)
		outputs = outputs[len(r.windows):]
		results[i] = newClassification(head.Labels, scores, o.TopK)
		results[i].Info = r.info()
	}
	return results, nil
}

func (o ClassifyOptions) check() error {
	if o.TopK < 0 {
		return invalid("top_k", "top_k is %d, want 0 (all labels) or more", o.TopK)
	}
	switch o.Function {
	case DefaultFunction, Softmax, Sigmoid, NoFunction:
	default:
		return invalid("function", "function is %q, want %s, %s or %s", o.Function, Softmax, Sigmoid, NoFunction)
	}
	switch o.Window {
	case "", AllWindows, FirstWindow:
	default:
		return invalid("window", "window is %q, want %s or %s", o.Window, AllWindows, FirstWindow)
	}
	return nil
}

// sequenceHead is the model's head of that name, or with "" the default one:
// topic, else classifier, else the only sequence head there is.
func sequenceHead(m *engine.Model, name string, index int) (string, *bert.SequenceHead, error) {
	names := sequenceHeads(m)
	if name == "" {
		switch {
		case slices.Contains(names, TopicHead):
			name = TopicHead
		case slices.Contains(names, bert.ClassifierName):
			name = bert.ClassifierName
		case len(names) == 1:
			name = names[0]
		}
	}
	if head, ok := m.Network.Heads[name].(*bert.SequenceHead); ok {
		return name, head, nil
	}
	return "", nil, noHead(m, index, name, "head", names)
}

// sequenceHeads are the names of the model's sequence heads, sorted.
func sequenceHeads(m *engine.Model) []string {
	var names []string
	for name, head := range m.Network.Heads {
		if _, ok := head.(*bert.SequenceHead); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// noHead is the InputError of a model without the head that a task needs. It
// lists those that would do.
func noHead(m *engine.Model, index int, name, field string, there []string) *InputError {
	wanted := "a head for this task"
	if name != "" {
		wanted = fmt.Sprintf("a head %q for this task", name)
	}
	list := "there are none"
	if len(there) > 0 {
		list = "there are: " + strings.Join(there, ", ")
	}
	return &InputError{
		Code: CodeNoHead, Index: index, Field: field,
		Detail:    fmt.Sprintf("model %s does not have %s; %s", m.ID, wanted, list),
		Available: there,
	}
}

// functionOf is the function that fits what the head was trained for
// (transformers' TextClassificationPipeline.postprocess).
func functionOf(h *bert.SequenceHead) Function {
	switch {
	case isRegression(h):
		return NoFunction
	case h.ProblemType == bert.MultiLabel, len(h.Labels) == 1:
		return Sigmoid
	default:
		return Softmax
	}
}

// isRegression reports whether the model says of its head that it is one.
// Training takes a single label without a problem_type for a regression, as
// transformers does; but its pipeline, and so this task, takes it for a
// probability, which is what rerankers mean by it.
func isRegression(h *bert.SequenceHead) bool {
	return h.ProblemType == bert.Regression && !h.ProblemTypeImplied
}

// apply returns the scores of logits.
func (f Function) apply(logits []float32) []float32 {
	scores := slices.Clone(logits)
	switch f {
	case Softmax:
		kernels.Softmax(scores, scores, len(scores))
	case Sigmoid:
		for i, x := range scores {
			scores[i] = float32(1 / (1 + math.Exp(-float64(x))))
		}
	}
	return scores
}

func newClassification(labels []string, scores []float32, topK int) Classification {
	if topK == 0 {
		topK = len(labels)
	}
	indices, values := kernels.TopK(scores, min(topK, len(labels)))
	c := Classification{Labels: make([]Score, len(indices))}
	for k, i := range indices {
		c.Labels[k] = Score{Label: labels[i], Score: score(values[k])}
	}
	c.Label, c.Score = c.Labels[0].Label, c.Labels[0].Score
	return c
}
