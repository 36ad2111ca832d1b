package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
	"cloze/models"
)

// pretrainCmd pre-trains on running text. Flags replace what the run's file
// says.
type pretrainCmd struct {
	File string `arg:"" optional:"" name:"run" help:"The run's description (JSON, // lines are comments; docs/run-files.md explains its keys), or the directory of an earlier run, which is then the output, too."`

	Model      string   `help:"Model to continue from: a directory, or one inside this program (en or zh)." type:"model" placeholder:"DIR|en|zh"`
	Preset     string   `help:"Size of a new model: ${presets}."`
	Vocabulary string   `help:"vocab.txt of a new model, or a model whose tokenizer it takes over: a directory, or one inside this program (en or zh)." short:"v"`
	Cased      bool     `help:"A new model's tokenizer keeps upper case and accents."`
	Corpus     []string `help:"Text: one sentence a line, a blank line between documents; files, directories, .gz." short:"c" sep:"none"`
	Output     string   `help:"Directory for the model, checkpoints, metrics, curves and card: a new or empty one, or that of an earlier run." short:"o"`
	Steps      int      `help:"Optimizer steps, of a run of one phase."`
	MaxTokens  int      `help:"Longest example, of a run of one phase (default 128)."`
	BatchSize  int      `help:"Examples a step, of a run of one phase (default 32)."`

	LearningRate float64 `help:"Peak of the learning rate."`
	Seed         *uint64 `help:"Seed of every draw."`
	Precision    string  `help:"Matrix products in auto, float32 or bfloat16."`

	trainingFlags
}

// Run trains until the last step or a signal.
func (c *pretrainCmd) Run(ctx context.Context) error {
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
	model, tok, files, base, err := c.open(&run)
	if err != nil {
		return err
	}
	kept, err := c.kept(run.Output)
	if err != nil {
		return err
	}
	s := &session{
		output: run.Output, model: model, tokenizer: files, kept: kept,
		card: card{title: filepath.Base(run.Output) + ": a pre-trained BERT", base: base, command: commandLine(), run: run},
	}
	pool := kernels.NewPool(c.Threads)
	defer pool.Close()
	defer interruptible(ctx)()
	return s.consume(training.Pretrain(ctx, model, tok, run, training.Options{Pool: pool, Dir: run.Output, Resume: c.Resume}))
}

// description is the run's file with the flags in it.
func (c *pretrainCmd) description() (training.Pretraining, error) {
	var run training.Pretraining
	if c.File != "" {
		if err := readRun(c.File, &run, &run.Output, &training.Finetuning{}, "finetune"); err != nil {
			return run, err
		}
	}
	replace(&run.Model, c.Model)
	replace(&run.Preset, c.Preset)
	replace(&run.Vocabulary, c.Vocabulary)
	replace(&run.Output, c.Output)
	replace(&run.LearningRate, c.LearningRate)
	replace(&run.Precision, c.Precision)
	run.Cased = run.Cased || c.Cased
	if len(c.Corpus) > 0 {
		run.Corpus = c.Corpus
	}
	if c.Seed != nil {
		run.Seed = *c.Seed
	}
	if c.File == "" && len(c.Corpus) > 0 && c.Steps < 1 {
		return run, errors.New("no --steps: say how many steps to take, at least 1, or give a run's file")
	}
	if c.Steps > 0 || c.MaxTokens > 0 || c.BatchSize > 0 {
		if len(run.Phases) == 0 {
			run.Phases = []training.Phase{{MaxTokens: training.DefaultMaxTokens, BatchSize: 32}}
		}
		if len(run.Phases) > 1 {
			return run, errors.New("--steps, --max-tokens and --batch-size change a run of one phase; this one has more: edit its file")
		}
		replace(&run.Phases[0].Steps, c.Steps)
		replace(&run.Phases[0].MaxTokens, c.MaxTokens)
		replace(&run.Phases[0].BatchSize, c.BatchSize)
	}
	run.SetDefaults()
	return run, nil
}

func replace[T comparable](setting *T, flag T) {
	var zero T
	if flag != zero {
		*setting = flag
	}
}

// open makes the model: from another one, or new. It writes nothing: files are
// the tokenizer's, to be saved with the model.
func (c *pretrainCmd) open(run *training.Pretraining) (m *bert.Model, tok *tokenizer.Tokenizer, files fs.FS, base string, err error) {
	if run.Model != "" {
		if run.Preset != "" || len(run.Config) > 0 || run.Vocabulary != "" {
			return nil, nil, nil, "", errors.New("a model to continue from has its own size and vocabulary: leave out preset, config and vocabulary")
		}
		m, tok, files, err = openForTraining(run.Model, &run.Settings, nil, true)
		return m, tok, files, baseName(run.Model), err
	}
	m, tok, files, err = newModel(run)
	return m, tok, files, "new weights", err
}

// newModel makes a model with new weights.
func newModel(run *training.Pretraining) (*bert.Model, *tokenizer.Tokenizer, fs.FS, error) {
	config, err := newConfig(run)
	if err != nil {
		return nil, nil, nil, err
	}
	if run.Vocabulary == "" {
		return nil, nil, nil, errors.New("a new model needs a vocabulary: make one with bert vocab")
	}
	files, err := newTokenizer(run.Vocabulary, tokenizerSettings{Lowercase: !run.Cased, MaxLength: config.MaxPositionEmbeddings})
	if err != nil {
		return nil, nil, nil, err
	}
	tok, err := tokenizer.Load(files)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", run.Vocabulary, err)
	}
	config.VocabSize = tok.VocabSize()
	run.Configure(&config)
	if err := config.Validate(); err != nil {
		return nil, nil, nil, fmt.Errorf("config: %w", err)
	}
	m, err := bert.NewForTraining(config, nil, bert.TrainingOptions{Seed: run.Seed, Pretraining: true})
	return m, tok, files, err
}

// newConfig is the configuration of a new model, but for its vocabulary.
func newConfig(run *training.Pretraining) (bert.Config, error) {
	if len(run.Config) > 0 {
		if run.Preset != "" {
			return bert.Config{}, errors.New("give a preset or a config, not both")
		}
		var config bert.Config
		if err := json.Unmarshal(run.Config, &config); err != nil {
			return config, fmt.Errorf("config: %w", err)
		}
		return config, nil
	}
	if run.Preset == "" {
		return bert.Config{}, fmt.Errorf("a new model needs a size: preset %s, or a config; or give a model to continue from", strings.Join(bert.PresetNames(), ", "))
	}
	config, ok := bert.Preset(run.Preset)
	if !ok {
		return config, fmt.Errorf("preset is %q, want one of %s", run.Preset, strings.Join(bert.PresetNames(), ", "))
	}
	return config, nil
}

// tokenizerSettings are what tokenizer_config.json says; nil is transformers'
// default.
type tokenizerSettings struct {
	Lowercase    bool
	StripAccents *bool // nil: as Lowercase
	ChineseApart *bool // nil: true
	MaxLength    int
}

// newTokenizer gives a new model its tokenizer's files. vocabulary is a
// vocab.txt, or a model whose tokenizer is taken over as it is.
func newTokenizer(vocabulary string, s tokenizerSettings) (fs.FS, error) {
	if files, _, err := models.Find(vocabulary); err == nil {
		return files, nil
	}
	vocab, err := os.ReadFile(vocabulary)
	if err != nil {
		return nil, err
	}
	return tokenizerFiles(vocab, s)
}

// tokenizerFiles makes the files of a tokenizer, in memory, so that they are
// written along with the model and not before: its vocab.txt, and the
// tokenizer_config.json that goes with it.
func tokenizerFiles(vocab []byte, s tokenizerSettings) (fs.FS, error) {
	config, err := json.MarshalIndent(map[string]any{
		"tokenizer_class":        "BertTokenizer",
		"do_lower_case":          s.Lowercase,
		"strip_accents":          s.StripAccents,
		"tokenize_chinese_chars": s.ChineseApart == nil || *s.ChineseApart,
		"model_max_length":       s.MaxLength,
		"cls_token":              "[CLS]",
		"sep_token":              "[SEP]",
		"pad_token":              "[PAD]",
		"unk_token":              "[UNK]",
		"mask_token":             "[MASK]",
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	return fstest.MapFS{ // which tests nothing by itself: it is a directory in memory
		"vocab.txt":             {Data: vocab},
		"tokenizer_config.json": {Data: append(config, '\n')},
	}, nil
}
