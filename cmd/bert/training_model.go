package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
	"cloze/models"
)

// modelFlag reads a flag of type model: one inside this program stays a name,
// and a directory becomes an absolute path, so that the run's description leads
// to it from everywhere.
func modelFlag(ctx *kong.DecodeContext, target reflect.Value) error {
	var name string
	if err := ctx.Scan.PopValueInto("model", &name); err != nil {
		return err
	}
	_, inside, err := models.Find(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !inside {
		name = kong.ExpandPath(name)
	}
	target.SetString(name)
	return nil
}

// baseName is what the card calls the model that a run started from.
func baseName(model string) string {
	if models.FS(model) != nil {
		return "the model `" + model + "` inside Cloze"
	}
	return "`" + model + "`"
}

// openForTraining makes a model that learns from the one that it starts with;
// heads replace those of its configuration unless nil. files are the
// tokenizer's.
func openForTraining(base string, s *training.Settings, heads map[string]bert.HeadConfig, pretraining bool) (m *bert.Model, tok *tokenizer.Tokenizer, files fs.FS, err error) {
	files, _, err = models.Find(base)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("model %s: %w", base, err)
	}
	weights, err := openCheckpoint(base)
	if err != nil {
		return nil, nil, nil, err
	}
	defer weights.Close() //nolint:errcheck // nothing was written
	tok, err = tokenizer.Load(files)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", base, err)
	}
	config := weights.Config()
	s.Configure(&config)
	var source bert.Weights = weights
	if heads != nil {
		had := headsOf(weights, heads[bert.ClassifierName].Pair)
		source = hideChangedHeads(weights, had, heads)
		for _, name := range slices.Sorted(maps.Keys(had)) {
			if _, kept := heads[name]; !kept {
				fmt.Fprintf(os.Stderr, "%s: head %s is left out, since the run does not train it\n", base, name)
			}
		}
		config.Heads = heads
	}
	m, err = bert.NewForTraining(config, source, bert.TrainingOptions{Seed: s.Seed, Pretraining: pretraining})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", base, err)
	}
	return m, tok, files, nil
}

// headsOf are the heads of a checkpoint by name: those that it describes, and
// that of a model that was fine-tuned elsewhere. Such a one does not say whether
// it reads pairs, and is taken to do as the run does.
func headsOf(c *checkpoint.Checkpoint, pairs bool) map[string]bert.HeadConfig {
	config := c.Config()
	heads := maps.Clone(config.Heads)
	shape, there := c.Shape("heads." + bert.ClassifierName + ".weight")
	if _, described := heads[bert.ClassifierName]; described || !there {
		return heads
	}
	if head, ok := config.Classifier(shape[0]); ok {
		head.Pair = pairs && head.Type == bert.SequenceHeadType
		if heads == nil {
			heads = map[string]bert.HeadConfig{}
		}
		heads[bert.ClassifierName] = head
	}
	return heads
}

// baseHeads are the heads that a model has, as headsOf takes them; none if it
// cannot be opened: openForTraining will say why.
func baseHeads(model string, pairs bool) map[string]bert.HeadConfig {
	c, err := openCheckpoint(model)
	if err != nil {
		return nil
	}
	defer c.Close() //nolint:errcheck // nothing was written
	return headsOf(c, pairs)
}

// newHeads hides the heads of a checkpoint that a run leaves out, or describes as
// another kind or with other labels, so that they are made anew.
type newHeads struct {
	bert.Weights
	hidden map[string]bool // names of heads
}

func hideChangedHeads(w bert.Weights, had, want map[string]bert.HeadConfig) newHeads {
	n := newHeads{w, map[string]bool{}}
	for name, old := range had {
		head, wanted := want[name]
		n.hidden[name] = !wanted || !training.SameKind(old, head) || !slices.Equal(old.Labels, head.Labels)
	}
	return n
}

func (n newHeads) isHidden(tensor string) bool {
	name, ok := strings.CutPrefix(tensor, "heads.")
	name, _, _ = strings.Cut(name, ".")
	return ok && n.hidden[name]
}

// Has implements bert.Weights.
func (n newHeads) Has(name string) bool { return !n.isHidden(name) && n.Weights.Has(name) }

// Shape implements bert.Weights.
func (n newHeads) Shape(name string) ([]int, bool) {
	if n.isHidden(name) {
		return nil, false
	}
	return n.Weights.Shape(name)
}
