package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// Load opens a directory and makes the model and the tokenizer in it, ready to
// serve. Of an embedded model the word embeddings are read where they are; files are
// not needed any more.
func Load(fsys fs.FS, o bert.Options) (*bert.Model, *tokenizer.Tokenizer, error) {
	return load(directory{fsys, ""}, o)
}

// LoadDir loads the directory at a path.
func LoadDir(path string, o bert.Options) (*bert.Model, *tokenizer.Tokenizer, error) {
	return load(directory{os.DirFS(path), path}, o)
}

func load(dir directory, o bert.Options) (*bert.Model, *tokenizer.Tokenizer, error) {
	c, err := open(dir)
	if err != nil {
		return nil, nil, err
	}
	c.pool = o.Pool
	model, tok, err := c.load(dir, o)
	if err != nil {
		c.Close() //nolint:errcheck // nothing was written
		return nil, nil, err
	}
	return model, tok, c.release()
}

func (c *Checkpoint) load(dir directory, o bert.Options) (*bert.Model, *tokenizer.Tokenizer, error) {
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, nil, dir.error("", err)
	}
	// A piece without an embedding could not be looked up.
	if got, want := c.config.VocabSize, tok.VocabSize(); got < want {
		return nil, nil, dir.error(configFile, fmt.Errorf("vocab_size is %d, want at least the tokenizer's %d", got, want))
	}
	asked := &lastAsked{Checkpoint: c}
	model, err := bert.New(c.config, asked, o)
	if err != nil {
		return nil, nil, about(asked.file(), err)
	}
	return model, tok, c.checkAllUsed(model)
}

// lastAsked is a checkpoint that remembers which tensor was asked for last: an
// error of bert.New is about that one.
type lastAsked struct {
	*Checkpoint
	name string
}

// Shape implements bert.Weights.
func (l *lastAsked) Shape(name string) ([]int, bool) {
	l.name = name
	return l.Checkpoint.Shape(name)
}

// file names the file of the tensor, or the one where it is missing.
func (l *lastAsked) file() string {
	if t := l.tensors[l.name]; t != nil {
		return t.file.name
	}
	return l.source
}

// checkAllUsed returns an error if the files have a part of a BERT that
// config.json does not speak of, such as a layer too many: the model would
// answer, but not as it was trained to.
func (c *Checkpoint) checkAllUsed(m *bert.Model) error {
	used := make(map[string]bool)
	for _, p := range m.Parameters() {
		used[p.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.tensors)) {
		t := c.tensors[name]
		ours := strings.HasPrefix(name, "bert.") || strings.HasPrefix(name, "cls.") || strings.HasPrefix(name, "heads.")
		if ours && !used[name] && t.dtype.isWeight() {
			return t.errorf("is in no part of the model that %s describes", configFile)
		}
	}
	return nil
}

// release gives back the files, and of an embedded model the pages of all tensors but
// the word embeddings.
func (c *Checkpoint) release() error {
	kept := c.tensors[wordEmbeddings]
	var errs []error
	for _, f := range c.files {
		switch {
		case !f.mapped || f.shared:
			errs = append(errs, f.close())
		case kept.file == f:
			forget(f.data[:kept.start])
			forget(f.data[kept.end:])
		default:
			forget(f.data)
		}
	}
	return errors.Join(errs...)
}
