package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/internal/training"
)

// finetuneCmd fine-tunes a model on labelled sets. Flags replace what the run's
// file says, or describe a run with one head and one set by themselves.
type finetuneCmd struct {
	File string `arg:"" optional:"" name:"run" help:"The run's description (JSON, // lines are comments; docs/run-files.md explains its keys), or the directory of an earlier run, which is then the output, too."`

	Model  string `help:"Model to start from: a directory, or one inside this program (en or zh)." type:"model" placeholder:"DIR|en|zh"`
	Output string `help:"Directory for the model, checkpoints, metrics, curves and card: a new or empty one, or that of an earlier run." short:"o"`
	Head   string `help:"Name of the head that --train is for (default classifier)."`
	Train  string `help:"Labelled file to train on: .jsonl, .csv, .tsv, or .conll for tags; .gz." type:"file"`
	Dev    string `help:"Labelled file to choose by." type:"file"`
	Type   string `help:"What the head decides: single (one label a text), multi (any number of labels), regression (a number) or tags (a tag a word). Default: tags for .conll, else single." enum:",single,multi,regression,tags" default:"" placeholder:"KIND"`

	TextField  string `help:"Member or column that holds the text (default text)." placeholder:"NAME"`
	PairField  string `help:"Member or column that holds the second text of a pair (default text_pair, if it is there)." placeholder:"NAME"`
	LabelField string `help:"Member or column that holds the label (default label)." placeholder:"NAME"`
	Separator  string `help:"What stands between the labels of a text in a column of a CSV or TSV file, such as |." placeholder:"TEXT"`

	Epochs       float64 `help:"Passes over the training rows (default 3)."`
	Steps        int     `help:"Optimizer steps, instead of epochs."`
	BatchSize    int     `help:"Rows a step (default 32)."`
	MaxTokens    int     `help:"Longest text in tokens (default 128)."`
	LearningRate float64 `help:"Peak of the learning rate (default 5e-5)."`
	Seed         *uint64 `help:"Seed of every draw."`
	Precision    string  `help:"Matrix products in auto, float32 or bfloat16."`

	trainingFlags
}

// Run trains until the last step, early stopping or a signal.
func (c *finetuneCmd) Run(ctx context.Context) error {
	run, err := c.description()
	if err != nil {
		return err
	}
	if c.DryRun {
		return encodeRun(os.Stdout, run)
	}
	if err := c.accept(&run, run.Model, &run.Output); err != nil {
		return err
	}
	boundMemory()
	if run.Model == "" {
		return errors.New("no model to start from: give --model, or \"model\" in the run's file")
	}
	kept, err := c.kept(run.Output)
	if err != nil {
		return err
	}
	had := baseHeads(run.Model, run.Heads[bert.ClassifierName].Pair)
	heads, err := run.HeadConfigs(had)
	if err != nil {
		return err
	}
	model, tok, files, err := openForTraining(run.Model, &run.Settings, heads, run.MLM != nil)
	if err != nil {
		return err
	}
	s := &session{
		output: run.Output, model: model, tokenizer: files, kept: kept,
		card: card{
			title: filepath.Base(run.Output) + ": a fine-tuned BERT", base: baseName(run.Model),
			command: commandLine(), run: run, licences: licences(&run), keepBest: run.Best != training.BestLast,
		},
	}
	pool := kernels.NewPool(c.Threads)
	defer pool.Close()
	defer interruptible(ctx)()
	o := training.Options{Pool: pool, Dir: run.Output, Resume: c.Resume}
	if s.card.keepBest {
		o.Kept = kept
	}
	err = s.consume(training.Finetune(ctx, model, tok, run, o))
	if unknown, ok := errors.AsType[*training.UnknownLabelError](err); ok && c.Train != "" {
		was, there := had[c.head()]
		return unknownByFlags(err, unknown, there && training.SameKind(was, heads[c.head()]))
	}
	return err
}

// unknownByFlags says what to do about a label that the head of a run described by
// flags does not know: with a head of the model's that goes on, another name makes
// a new one.
func unknownByFlags(err error, unknown *training.UnknownLabelError, goesOn bool) error {
	at, _ := strings.CutSuffix(err.Error(), unknown.Error())
	another := ""
	if goesOn {
		another = "--head NAME, one that the model has not, begins a head with the file's labels; "
	}
	return fmt.Errorf("%s%s: %sa run's file, which --dry-run prints, can leave its rows out: \"map\": {%q: null}", at, unknown.Says(), another, unknown.Label)
}

// description is the run's file with the flags in it.
func (c *finetuneCmd) description() (training.Finetuning, error) {
	var run training.Finetuning
	if c.File != "" {
		if err := readRun(c.File, &run, &run.Output, &training.Pretraining{}, "pretrain"); err != nil {
			return run, err
		}
	}
	replace(&run.Model, c.Model)
	replace(&run.Output, c.Output)
	switch { // a run's file has one of them, if only as a default
	case c.Epochs != 0 && c.Steps != 0:
		return run, errors.New("--epochs and --steps exclude each other")
	case c.Epochs != 0:
		run.Epochs, run.Steps = c.Epochs, 0
	case c.Steps != 0:
		run.Epochs, run.Steps = 0, c.Steps
	}
	replace(&run.BatchSize, c.BatchSize)
	replace(&run.MaxTokens, c.MaxTokens)
	replace(&run.LearningRate, c.LearningRate)
	replace(&run.Precision, c.Precision)
	if c.Seed != nil {
		run.Seed = *c.Seed
	}
	if c.Train == "" && c.Dev == "" && c.Head+c.Type+c.TextField+c.PairField+c.LabelField+c.Separator != "" {
		return run, errors.New("--head, --type, --text-field, --pair-field, --label-field and --separator are about the file of --train: give one, or edit the run's file")
	}
	if c.File == "" && c.Train == "" && c.Dev == "" {
		return run, errors.New("nothing to train on: give --train FILE with labelled texts, or a run's file")
	}
	if c.Train != "" || c.Dev != "" {
		if len(run.Heads) > 0 {
			return run, errors.New("--train and --dev describe a run of one head and set; this one has its own: edit its file")
		}
		head, err := c.oneHead()
		if err != nil {
			return run, err
		}
		run.Heads = map[string]training.HeadRun{c.head(): head}
	}
	run.SetDefaults()
	return run, nil
}

// head is the name of the one head that flags describe.
func (c *finetuneCmd) head() string {
	if c.Head == "" {
		return bert.ClassifierName
	}
	return c.Head
}

// oneHead describes the head that --train, --dev and the flags about them
// describe. It reads pairs if the file has them.
func (c *finetuneCmd) oneHead() (training.HeadRun, error) {
	set := training.SetConfig{
		Name: "set", Train: c.Train, Dev: c.Dev,
		Fields: training.Fields{Text: c.TextField, Pair: c.PairField, Label: c.LabelField, Separator: c.Separator},
	}
	path := c.Train
	if path == "" {
		path = c.Dev
	}
	format, err := training.FormatOf(path)
	if err != nil {
		return training.HeadRun{}, err
	}
	head := training.HeadRun{Type: bert.SequenceHeadType}
	switch c.Type {
	case "multi":
		head.ProblemType = bert.MultiLabel
	case "regression":
		head.ProblemType = bert.Regression
	case "tags":
		head.Type = bert.TokenHeadType
	case "":
		if format == training.CoNLL {
			head.Type = bert.TokenHeadType
		}
	}
	if head.Type == bert.SequenceHeadType {
		if head.Pair, err = set.HasPairs(); err != nil {
			return head, err
		}
	}
	head.Sets = []training.SetConfig{set}
	return head, nil
}

// licences are what the run says of its sets, for the card.
func licences(run *training.Finetuning) map[string][2]string {
	about := map[string][2]string{}
	for name, head := range run.Heads {
		for _, set := range head.Sets {
			about[name+"/"+set.DisplayName()] = [2]string{set.Licence, set.Note}
		}
	}
	return about
}
