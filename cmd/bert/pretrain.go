package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// pretrainCmd pre-trains on running text. Flags replace what the run's file
// says.
type pretrainCmd struct {
	File string `arg:"" optional:"" name:"run" help:"The run's description (JSON, // lines are comments; docs/run-files.md explains its keys), or the output directory of an earlier run."`

	Model      string   `help:"Model directory to continue from." type:"existingdir"`
	Preset     string   `help:"Size of a new model: tiny, mini, small, medium, base, large."`
	Vocabulary string   `help:"vocab.txt of a new model, or a directory with one." short:"v"`
	Cased      bool     `help:"A new model's tokenizer keeps upper case and accents."`
	Corpus     []string `help:"Text: one sentence a line, a blank line between documents; files, directories, .gz." short:"c" sep:"none"`
	Output     string   `help:"Directory for the model, checkpoints, metrics, curves and card." short:"o"`
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
		return printRun(run)
	}
	if err := run.Validate(); err != nil {
		return err
	}
	if run.Output == "" {
		return errNoOutput
	}
	boundMemory()
	model, tok, tokenizerDir, base, err := c.open(&run)
	if err != nil {
		return err
	}
	if err := prepareOutput(run.Output, run, c.Resume); err != nil {
		return err
	}
	s := &session{
		output: run.Output, model: model, dtype: checkpoint.F32,
		card: card{title: filepath.Base(run.Output) + ": a pre-trained BERT", base: base, command: commandLine(), run: run},
	}
	if tokenizerDir != "" {
		s.tokenizer = os.DirFS(tokenizerDir)
	}
	pool := c.pool()
	defer pool.Close()
	defer interruptible(ctx)()
	return s.consume(training.Pretrain(ctx, model, tok, run, training.Options{Pool: pool, Dir: run.Output, Resume: c.Resume}))
}

// description is the run's file with the flags in it.
func (c *pretrainCmd) description() (training.Pretraining, error) {
	var run training.Pretraining
	if c.File != "" {
		if err := training.ReadRun(runPath(c.File), &run); err != nil {
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
	if c.Steps > 0 || c.MaxTokens > 0 || c.BatchSize > 0 {
		if len(run.Phases) == 0 {
			run.Phases = []training.Phase{{MaxTokens: 128, BatchSize: 32}}
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

// open makes the model: from a directory, or new.
func (c *pretrainCmd) open(run *training.Pretraining) (m *bert.Model, tok *tokenizer.Tokenizer, tokenizerDir, base string, err error) {
	if run.Model != "" {
		if run.Preset != "" || len(run.Config) > 0 || run.Vocabulary != "" {
			return nil, nil, "", "", errors.New("a model to continue from has its own size and vocabulary: leave out preset, config and vocabulary")
		}
		m, tok, err = openForTraining(run.Model, &run.Settings, nil, true)
		return m, tok, run.Model, "`" + run.Model + "`", err
	}
	m, tok, err = newModel(run)
	return m, tok, "", "new weights", err
}

// newModel makes a model with new weights and writes its tokenizer's files to
// the output directory.
func newModel(run *training.Pretraining) (*bert.Model, *tokenizer.Tokenizer, error) {
	config, err := newConfig(run)
	if err != nil {
		return nil, nil, err
	}
	if run.Vocabulary == "" {
		return nil, nil, errors.New("a new model needs a vocabulary: make one with bert vocab")
	}
	if err := os.MkdirAll(run.Output, 0o777); err != nil {
		return nil, nil, err
	}
	if err := writeTokenizer(run.Output, run.Vocabulary, tokenizerSettings{Lowercase: !run.Cased, MaxLength: config.MaxPositionEmbeddings}); err != nil {
		return nil, nil, err
	}
	tok, err := tokenizer.Load(os.DirFS(run.Output))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", run.Vocabulary, err)
	}
	config.VocabSize = tok.VocabSize()
	run.Configure(&config)
	if err := config.Validate(); err != nil {
		return nil, nil, fmt.Errorf("config: %w", err)
	}
	m, err := bert.NewForTraining(config, nil, bert.TrainingOptions{Seed: run.Seed, Pretraining: true})
	return m, tok, err
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

// writeTokenizer writes vocab.txt and tokenizer_config.json. vocabulary is a
// vocab.txt, or a directory whose tokenizer is taken over as it is.
func writeTokenizer(dir, vocabulary string, s tokenizerSettings) error {
	if info, err := os.Stat(vocabulary); err == nil && info.IsDir() {
		return copyTokenizer(dir, vocabulary)
	}
	vocab, err := os.ReadFile(vocabulary)
	if err != nil {
		return err
	}
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
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "vocab.txt"), vocab, 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), append(config, '\n'), 0o666)
}

// copyTokenizer copies a tokenizer's files from one directory to another.
func copyTokenizer(to, from string) error {
	copied := 0
	for _, name := range []string{"vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"} {
		data, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o666); err != nil {
			return err
		}
		copied++
	}
	if copied == 0 {
		return fmt.Errorf("%s: no vocab.txt or tokenizer.json there", from)
	}
	return nil
}
