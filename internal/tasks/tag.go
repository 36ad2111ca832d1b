package tasks

import (
	"context"
	"slices"
	"strings"

	"cloze/internal/engine"
	"cloze/internal/tokenizer"
)

// TagOptions are the options of NER.Tag. A long sentence is read in
// overlapping windows.
type TagOptions struct {
	Options
	// Types are those that may be found; none stands for all. Unlike
	// NEROptions.Types it changes the answer: the labels of other types are
	// left out of the choice. So a model can be measured on a set that does
	// not label all the types it knows.
	Types []string
}

// Tag labels the words of sentences that have been split into words already,
// as sets of named entities come: each word gets the label of its first piece.
// That is the training of our models, and transformers' use of
// is_split_into_words. A word without pieces, such as a control character, is O.
//
// A sentence goes to the model as its words with blanks between them, which is
// what Options.Model's auto looks at too.
func (n NER) Tag(ctx context.Context, sentences [][]string, o TagOptions) ([][]string, error) {
	texts := make([]Text, len(sentences))
	for i, words := range sentences {
		texts[i].Text = strings.Join(words, " ")
	}
	if err := requireText(texts); err != nil {
		return nil, err
	}
	models, err := route(n.Engine, texts, o.Model)
	if err != nil {
		return nil, err
	}
	heads, err := tokenHeads(models)
	if err != nil {
		return nil, err
	}
	inFull := o.Options
	inFull.Truncate = nil
	readings, err := read(ctx, models, texts, inFull, tokenizer.SpecialsNone, inWindows)
	if err != nil {
		return nil, err
	}
	outputs, err := run(ctx, n.Engine, sequences(readings), func(m *engine.Model) engine.Request {
		return engine.Request{Heads: []string{heads[m].Name}}
	})
	if err != nil {
		return nil, err
	}

	defer timingFrom(ctx).phase(phasePost)()
	tags := make([][]string, len(sentences))
	for i, r := range readings {
		tags[i] = tagWords(sentences[i], r, outputs[:len(r.windows)], allowedLabels(heads[r.model].Labels, o.Types))
		outputs = outputs[len(r.windows):]
	}
	return tags, nil
}

// allowedLabels are the labels with those of other types blanked.
func allowedLabels(labels, types []string) []string {
	allowed := slices.Clone(labels)
	for i, label := range labels {
		if label != outside && len(types) > 0 && !slices.Contains(types, entityType(label)) {
			allowed[i] = ""
		}
	}
	return allowed
}

// tagWords reads the words' labels off the windows of their sentence, each at
// its first piece, in the window that shows most of what is around it.
func tagWords(words []string, r reading, outputs []engine.Output, labels []string) []string {
	tags := make([]string, len(words))
	starts := make([]int, len(words)) // bytes of the joined text
	at := 0
	for i, word := range words {
		tags[i], starts[i] = outside, at
		at += len(word) + len(" ")
	}
	context := make([]int, len(words)) // pieces to the nearer end of the window, +1
	for w, window := range r.windows {
		logits := outputs[w].Heads[0]
		previous := -1 // word
		for i, word := range window.Words {
			if word < 0 {
				continue // of the template
			}
			k, exact := slices.BinarySearch(starts, window.Offsets[i].Start)
			if !exact {
				k-- // the word begins before the piece
			}
			if k == previous {
				continue // not the first piece
			}
			previous = k
			if w > 0 && i == 1 && !exact {
				continue // the window begins inside the word
			}
			if near := min(i, window.Len()-i); near > context[k] {
				context[k] = near
				tags[k] = labels[bestOf(logits[i*len(labels):(i+1)*len(labels)], labels)]
			}
		}
	}
	return tags
}

// bestOf is the index of the highest logit among those whose label is not
// blank.
func bestOf(logits []float32, labels []string) int {
	best := -1
	for i, x := range logits {
		if labels[i] != "" && (best < 0 || x > logits[best]) {
			best = i
		}
	}
	return best
}
