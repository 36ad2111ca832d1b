package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// Checkpoint is an open model directory. It is where bert.New takes a model's
// values from: a bert.Weights.
type Checkpoint struct {
	config  bert.Config
	source  string // the file that names the tensors
	files   []*file
	stored  []*tensor          // all that the files have
	tensors map[string]*tensor // those that are weights, by canonical name
	pool    *kernels.Pool
}

var _ bert.Weights = (*Checkpoint)(nil)

// Open opens a directory in Hugging Face's layout: config.json with the
// weights in the first there is of
//
//	model.safetensors
//	model.safetensors.index.json      and the shards that it lists
//	pytorch_model.bin
//	pytorch_model.bin.index.json      and the shards that it lists
//
// Files of os.DirFS are memory-mapped where the system can, and the embedded
// models' are used as they are. It returns an error for a model that is not a
// BERT that this program computes, and for weights that are not sound; what
// depends on the values, and on which tensors a model needs, shows when they
// are read.
func Open(fsys fs.FS) (*Checkpoint, error) { return open(directory{fsys, ""}) }

// OpenDir opens the directory at a path.
func OpenDir(path string) (*Checkpoint, error) { return open(directory{os.DirFS(path), path}) }

func open(dir directory) (*Checkpoint, error) {
	c := &Checkpoint{tensors: make(map[string]*tensor)}
	if err := c.open(dir); err != nil {
		c.Close() //nolint:errcheck // nothing was written
		return nil, err
	}
	return c, nil
}

func (c *Checkpoint) open(dir directory) error {
	var err error
	if c.config, err = readConfig(dir); err != nil {
		return err
	}
	if c.stored, err = c.openWeights(dir); err != nil {
		return err
	}
	return c.adopt()
}

// adopt gives the tensors of all files their canonical names, and holds them
// to what config.json says they are.
func (c *Checkpoint) adopt() error {
	for _, t := range c.stored {
		name := canonical(t.name)
		switch other := c.tensors[name]; {
		case isBuffer(name):
		case other == nil || t.name == decoderBias:
			c.tensors[name] = t // where both are, transformers computes with the decoder's own bias
		case other.name != decoderBias:
			return t.errorf("and tensor %q are both %q, want one of them", other.name, name)
		}
	}
	for _, architecture := range c.config.Architectures {
		if name := lacks(architecture, c.Has); name != "" {
			return about(c.source, fmt.Errorf("tensor %q is missing, want it for %s", name, architecture))
		}
	}
	if err := c.tie(); err != nil {
		return err
	}
	return c.checkSizes()
}

// checkSizes holds the sizes in config.json to the tensors that show them, so
// that nobody takes memory for a model that only config.json claims.
func (c *Checkpoint) checkSizes() error {
	const tensorsPerLayer = 16
	if layers := c.config.NumHiddenLayers; layers > len(c.tensors)/tensorsPerLayer {
		return about(c.source, fmt.Errorf("%d tensors, want %d for each of %d layers", len(c.tensors), tensorsPerLayer, layers))
	}
	h := c.config.HiddenSize
	for _, want := range []struct {
		name  string
		shape []int
	}{
		{wordEmbeddings, []int{c.config.VocabSize, h}},
		{"bert.embeddings.position_embeddings.weight", []int{c.config.MaxPositionEmbeddings, h}},
		{"bert.embeddings.token_type_embeddings.weight", []int{c.config.TypeVocabSize, h}},
		{"bert.encoder.layer.0.intermediate.dense.weight", []int{c.config.IntermediateSize, h}},
	} {
		switch t := c.tensors[want.name]; {
		case t == nil:
			return about(c.source, fmt.Errorf("tensor %q is missing, want %v", want.name, want.shape))
		case !slices.Equal(t.shape, want.shape):
			return t.errorf("is %v, want %v", t.shape, want.shape)
		}
	}
	return nil
}

// Config returns what config.json says.
func (c *Checkpoint) Config() bert.Config { return c.config }

// Close gives back the files.
func (c *Checkpoint) Close() error {
	var errs []error
	for _, f := range c.files {
		errs = append(errs, f.close())
	}
	c.files, c.stored, c.tensors = nil, nil, nil
	return errors.Join(errs...)
}

// directory is a file system and what to call it in errors.
type directory struct {
	fs.FS
	path string
}

// name is what to call a file in errors.
func (d directory) name(file string) string { return filepath.Join(d.path, file) }

// error makes an error about a file of the directory, or about the directory
// if the file is "" because the error names it.
func (d directory) error(file string, err error) error {
	if file == "" && d.path == "" {
		return err
	}
	return about(d.name(file), err)
}
