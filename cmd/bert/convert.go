package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/kernels"
	"cloze/internal/onnx"
	"cloze/models"
)

// convertCmd makes a directory to train from of a base encoder as it is
// published: with a pooler and the heads of pre-training, new where they are
// missing.
type convertCmd struct {
	Source string `arg:"" help:"Model directory of Hugging Face, a model inside this program (en or zh), or an ONNX file that PyTorch or bert export wrote."`
	Out    string `arg:"" help:"Directory to write."`

	Tokenizer      string `help:"tokenizer.json or vocab.txt (default: beside the source)." type:"file"`
	Case           string `help:"Whether the tokenizer lower-cases: auto follows the tokenizer's files, and lower-cases if capital letters have no tokens." enum:"auto,lower,keep" default:"auto"`
	AttentionHeads int    `help:"Attention heads of an ONNX file whose graph does not show them."`
	Seed           uint64 `help:"Seed of the new weights."`
	Dtype          string `help:"Type of the stored weights." enum:"float32,float16,bfloat16" default:"float32"`
	Force          bool   `help:"Write into a directory that holds files, over what it has of the same names."`
}

// Run converts.
func (c *convertCmd) Run() error {
	if err := c.convert(); err != nil {
		return fmt.Errorf("convert %s: %w", c.Source, err)
	}
	return nil
}

func (c *convertCmd) convert() error {
	if c.AttentionHeads < 0 {
		return fmt.Errorf("--attention-heads must be at least 0, not %d", c.AttentionHeads)
	}
	c.Out = outputPath(c.Out)
	if err := c.checkOut(); err != nil {
		return err
	}
	config, weights, closing, err := c.open()
	if err != nil {
		return err
	}
	defer closing()
	model, err := bert.NewForTraining(config, weights, bert.TrainingOptions{Seed: c.Seed, Pretraining: true})
	if err != nil {
		return err
	}
	files, tok, err := c.tokenizer(config.MaxPositionEmbeddings)
	if err != nil {
		return err
	}
	if tok.VocabSize() > config.VocabSize {
		return fmt.Errorf("the tokenizer has %d tokens, the model %d", tok.VocabSize(), config.VocabSize)
	}
	dtype, err := kernels.ParsePrecision(c.Dtype)
	if err != nil {
		return err
	}
	// The heads that it now has make it a BertForPreTraining.
	model.Config.Architectures = nil
	if err := checkpoint.Save(c.Out, model.Config, model.Parameters(), files, dtype); err != nil {
		return err
	}
	fmt.Printf("%s: L %d, H %d, A %d, I %d, V %d; %s parameters\n", c.Out, config.NumHiddenLayers, config.HiddenSize,
		config.NumAttentionHeads, config.IntermediateSize, config.VocabSize, thousands(config.Parameters()))
	if file, ok := weights.(*onnx.Model); ok && len(file.LeftOut()) > 0 {
		fmt.Printf("left out, since heads are not read from an ONNX file: %s\n", strings.Join(file.LeftOut(), ", "))
	}
	if fresh := model.Fresh(); len(fresh) > 0 {
		fmt.Printf("new weights (seed %d): %s\n", c.Seed, strings.Join(fresh, ", "))
	} else {
		fmt.Println("no new weights: the source has all of them")
	}
	fmt.Printf("tokenizer: %s tokens, %s\n", thousands(tok.VocabSize()), map[bool]string{true: "lower-cases", false: "keeps case"}[tok.Config().Lowercase])
	return nil
}

// checkOut refuses the source's own directory, and one that holds files.
func (c *convertCmd) checkOut() error {
	if models.FS(c.Source) == nil && isSame(c.Out, c.sourceDirectory()) {
		return fmt.Errorf("%s is the source's directory, and would be written over: choose another", c.Out)
	}
	if c.Force {
		return nil
	}
	file, err := fileIn(c.Out)
	if err != nil {
		return err
	}
	if file != "" {
		return fmt.Errorf("%s holds files, such as %s: choose another directory, or --force", c.Out, file)
	}
	return nil
}

// sourceDirectory is the source, or where its file is.
func (c *convertCmd) sourceDirectory() string {
	if info, err := os.Stat(c.Source); err == nil && !info.IsDir() {
		return filepath.Dir(c.Source)
	}
	return c.Source
}

// open opens the source. What it gives last is to be called when the weights
// have been read.
func (c *convertCmd) open() (bert.Config, bert.Weights, func(), error) {
	info, err := os.Stat(c.Source)
	switch {
	case models.FS(c.Source) != nil, err == nil && info.IsDir():
		if c.AttentionHeads > 0 {
			return bert.Config{}, nil, nil, errors.New("--attention-heads is for an ONNX file: a model directory says it in config.json")
		}
		weights, err := openCheckpoint(c.Source)
		if err != nil {
			return bert.Config{}, nil, nil, err
		}
		return weights.Config(), weights, func() { weights.Close() }, nil //nolint:errcheck // nothing was written
	case errors.Is(err, fs.ErrNotExist):
		_, _, err = models.Find(c.Source)
		return bert.Config{}, nil, nil, fmt.Errorf("%w, nor a file", err)
	}
	model, err := onnx.Open(c.Source)
	if err != nil {
		return bert.Config{}, nil, nil, err
	}
	config := model.Config()
	if c.AttentionHeads > 0 {
		config.NumAttentionHeads = c.AttentionHeads
	}
	switch {
	case config.NumAttentionHeads == 0:
		err = errors.New("its graph does not show the number of attention heads: give --attention-heads")
	case config.HiddenAct == "":
		err = errors.New("its graph shows no activation that is known here: neither GELU, by Gelu, Erf or Tanh, nor Relu")
	case config.LayerNormEps == 0:
		err = errors.New("its graph does not show LayerNorm's epsilon: neither LayerNormalization nor a constant in embeddings/LayerNorm")
	}
	if err != nil {
		return bert.Config{}, nil, nil, err
	}
	return config, model, func() {}, nil
}
