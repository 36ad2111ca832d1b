package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
)

// convertCmd makes a directory to train from of a base encoder as it is
// published: with a pooler and the heads of pre-training, new where they are
// missing.
type convertCmd struct {
	Source string `arg:"" help:"Model directory of Hugging Face, or an ONNX file that PyTorch exported."`
	Out    string `arg:"" help:"Directory to write."`

	Tokenizer      string `help:"tokenizer.json or vocab.txt (default: beside the source)." type:"existingfile"`
	Case           string `help:"Whether the tokenizer lower-cases: auto follows tokenizer.json, and lower-cases if capital letters have no tokens." enum:"auto,lower,keep" default:"auto"`
	AttentionHeads int    `help:"Attention heads of an ONNX file whose graph does not show them."`
	Seed           uint64 `help:"Seed of the new weights."`
	Dtype          string `help:"Type of the stored weights." enum:"float32,float16,bfloat16" default:"float32"`
}

// Run converts.
func (c *convertCmd) Run() error {
	if err := c.convert(); err != nil {
		return fmt.Errorf("convert %s: %w", c.Source, err)
	}
	return nil
}

func (c *convertCmd) convert() error {
	config, weights, closing, err := c.open()
	if err != nil {
		return err
	}
	defer closing()
	model, err := bert.NewForTraining(config, weights, bert.TrainingOptions{Seed: c.Seed, Pretraining: true})
	if err != nil {
		return err
	}
	files, tokens, lowered, err := c.tokenizer(config)
	if err != nil {
		return err
	}
	if tokens > config.VocabSize {
		return fmt.Errorf("the tokenizer has %d tokens, the model %d", tokens, config.VocabSize)
	}
	// The heads that it now has make it a BertForPreTraining.
	model.Config.Architectures = nil
	if err := checkpoint.Save(c.Out, model.Config, model.Parameters(), files, dtypes[c.Dtype]); err != nil {
		return err
	}
	fmt.Printf("%s: L %d, H %d, A %d, I %d, V %d; %s parameters\n", c.Out, config.NumHiddenLayers, config.HiddenSize,
		config.NumAttentionHeads, config.IntermediateSize, config.VocabSize, thousands(config.Parameters()))
	if fresh := model.Fresh(); len(fresh) > 0 {
		fmt.Printf("new weights (seed %d): %s\n", c.Seed, strings.Join(fresh, ", "))
	} else {
		fmt.Println("no new weights: the source has all of them")
	}
	fmt.Printf("tokenizer: %s tokens, %s\n", thousands(tokens), map[bool]string{true: "lower-cases", false: "keeps case"}[lowered])
	return nil
}

var dtypes = map[string]checkpoint.DType{"float32": checkpoint.F32, "float16": checkpoint.F16, "bfloat16": checkpoint.BF16}

func (c *convertCmd) open() (bert.Config, bert.Weights, func(), error) {
	if info, err := os.Stat(c.Source); err != nil {
		return bert.Config{}, nil, nil, err
	} else if info.IsDir() {
		weights, err := checkpoint.OpenDir(c.Source)
		if err != nil {
			return bert.Config{}, nil, nil, err
		}
		return weights.Config(), weights, func() { weights.Close() }, nil //nolint:errcheck // nothing was written
	}
	model, err := openONNX(c.Source)
	if err != nil {
		return bert.Config{}, nil, nil, err
	}
	config, err := model.config()
	if c.AttentionHeads > 0 {
		config.NumAttentionHeads = c.AttentionHeads
		err = config.Validate()
	} else if config.NumAttentionHeads == 0 {
		err = errors.New("its graph does not show the number of attention heads: give --attention-heads")
	}
	return config, model, func() {}, err
}

// tokenizerJSON is what is read of a tokenizer.json.
type tokenizerJSON struct {
	Normalizer struct {
		Type         string `json:"type"`
		Lowercase    bool   `json:"lowercase"`
		StripAccents *bool  `json:"strip_accents"`
		Chinese      *bool  `json:"handle_chinese_chars"`
	} `json:"normalizer"`
	Model struct {
		Type  string         `json:"type"`
		Vocab map[string]int `json:"vocab"`
	} `json:"model"`
}

// tokenizer makes vocab.txt and tokenizer_config.json, which say all there is to
// say of BERT's own tokenizer; a tokenizer.json may add truncation and padding
// that belong to one use of the model.
func (c *convertCmd) tokenizer(config bert.Config) (files fs.FS, tokens int, lowered bool, err error) {
	path, err := c.tokenizerPath()
	if err != nil {
		return nil, 0, false, err
	}
	var t tokenizerJSON
	var vocab []string
	if strings.HasSuffix(path, ".json") {
		vocab, err = t.read(path)
	} else {
		vocab, err = readVocabulary(path)
		t.Normalizer.Lowercase = true // BERT's default
		if lower := configuredCase(filepath.Dir(path)); lower != nil {
			t.Normalizer.Lowercase = *lower
		}
	}
	if err != nil {
		return nil, 0, false, fmt.Errorf("%s: %w", path, err)
	}
	switch c.Case {
	case "lower":
		lowered = true
	case "auto":
		lowered = t.Normalizer.Lowercase || !hasCapitals(vocab)
	}
	files, err = tokenizerFiles([]byte(strings.Join(vocab, "\n")+"\n"), tokenizerSettings{
		Lowercase: lowered, StripAccents: t.Normalizer.StripAccents, ChineseApart: t.Normalizer.Chinese, MaxLength: config.MaxPositionEmbeddings,
	})
	return files, len(vocab), lowered, err
}

// tokenizerPath finds the tokenizer beside the source: under its usual names
// in a directory, or the one file that ends in tokenizer.json or vocab.txt
// beside an ONNX file.
func (c *convertCmd) tokenizerPath() (string, error) {
	if c.Tokenizer != "" {
		return c.Tokenizer, nil
	}
	dir := c.Source
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	for _, pattern := range []string{"tokenizer.json", "vocab.txt", "*tokenizer.json", "*vocab.txt"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("%s: no single tokenizer.json or vocab.txt there: give --tokenizer", dir)
}

// read reads a tokenizer.json and returns its vocabulary in the order of ids.
func (t *tokenizerJSON) read(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, t); err != nil {
		return nil, err
	}
	if t.Model.Type != "" && t.Model.Type != "WordPiece" || t.Normalizer.Type != "BertNormalizer" {
		return nil, fmt.Errorf("model %q with normalizer %q, want WordPiece with BertNormalizer", t.Model.Type, t.Normalizer.Type)
	}
	vocab := make([]string, len(t.Model.Vocab))
	for token, id := range t.Model.Vocab {
		if id < 0 || id >= len(vocab) || vocab[id] != "" {
			return nil, fmt.Errorf("token %q has id %d among %d tokens", token, id, len(vocab))
		}
		vocab[id] = token
	}
	return vocab, nil
}

func readVocabulary(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"), "\n"), nil
}

// configuredCase is what a tokenizer_config.json says of lower-casing.
func configuredCase(dir string) *bool {
	data, err := os.ReadFile(filepath.Join(dir, "tokenizer_config.json"))
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return nil
	}
	var config struct {
		Lower *bool `json:"do_lower_case"`
	}
	if json.Unmarshal(data, &config) != nil {
		return nil
	}
	return config.Lower
}

// hasCapitals says whether capital letters have tokens. Without, every word
// that begins with one would be [UNK].
func hasCapitals(vocab []string) bool {
	return slices.ContainsFunc(vocab, func(token string) bool {
		return len(token) == 1 && 'A' <= token[0] && token[0] <= 'Z'
	})
}
