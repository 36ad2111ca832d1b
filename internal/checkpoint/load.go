package checkpoint

import (
	"io/fs"
	"os"

	"cloze/internal/bert"
	"cloze/internal/tokenizer"
)

// Load opens a directory and makes the model and the tokenizer in it, ready to
// serve. The files stay mapped for as long as the process runs.
func Load(fsys fs.FS, o bert.Options) (*bert.Model, *tokenizer.Tokenizer, error) {
	return load(fsys, "", o)
}

// LoadDir loads the directory at a path.
func LoadDir(path string, o bert.Options) (*bert.Model, *tokenizer.Tokenizer, error) {
	return load(os.DirFS(path), path, o)
}

func load(fsys fs.FS, path string, o bert.Options) (*bert.Model, *tokenizer.Tokenizer, error) {
	c, err := open(fsys, path)
	if err != nil {
		return nil, nil, err
	}
	c.pool = o.Pool
	model, err := bert.New(c.config, c, o)
	if err != nil {
		c.Close() //nolint:errcheck // nothing was written
		return nil, nil, about(c.source, err)
	}
	tok, err := tokenizer.Load(fsys)
	if err != nil {
		c.Close() //nolint:errcheck // nothing was written
		return nil, nil, directory{fsys, path}.error(".", err)
	}
	c.release()
	return model, tok, nil
}

// release gives back the pages of all tensors but the word embeddings, which
// the model reads where they are.
func (c *Checkpoint) release() {
	kept := c.tensors[wordEmbeddings]
	for _, f := range c.files {
		switch {
		case !f.mapped:
		case kept.file == f:
			forget(f.data[:kept.start])
			forget(f.data[kept.end:])
		default:
			forget(f.data)
		}
	}
}
