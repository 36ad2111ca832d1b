package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"

	"golang.org/x/sync/errgroup"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
	"cloze/models"
)

// source is where one model comes from.
type source struct {
	id   string
	load func(bert.Options) (*engine.Model, error)
}

// modelID is what an id may look like: it stands in paths and logs.
var modelID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// sources are the models that --model names, or those inside the binary.
func sources(flags []string) ([]source, error) {
	var all []source
	for _, flag := range flags {
		id, dir, err := splitModel(flag)
		if err != nil {
			return nil, err
		}
		all = append(all, source{id, func(o bert.Options) (*engine.Model, error) { return loadDir(id, dir, o) }})
	}
	if len(all) == 0 {
		for _, id := range models.IDs() {
			all = append(all, source{id, func(o bert.Options) (*engine.Model, error) { return loadFS(id, models.FS(id), o) }})
		}
	}
	return all, nil
}

// splitModel reads ID=DIR, or DIR, whose id is the directory's name.
func splitModel(flag string) (id, dir string, err error) {
	id, dir, named := strings.Cut(flag, "=")
	if !named {
		id, dir = filepath.Base(filepath.Clean(flag)), flag
	}
	if !modelID.MatchString(id) || dir == "" {
		return "", "", fmt.Errorf("--model %s: want ID=DIR with an id of letters, digits, dots, dashes and underscores", flag)
	}
	return id, dir, nil
}

// startEngine loads all models at the same time and starts the engine on them.
// The pool that packed the weights is the engine's.
func startEngine(ctx context.Context, o options) (*engine.Engine, error) {
	precision, err := kernels.ChoosePrecision(o.Precision)
	if err != nil {
		return nil, err
	}
	from, err := sources(o.Model)
	if err != nil {
		return nil, err
	}
	pool := kernels.NewPool(o.Threads)
	loaded := make([]*engine.Model, len(from))
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range from {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			m, err := s.load(bert.Options{Precision: precision, Pool: pool})
			if err != nil {
				return fmt.Errorf("load model %s: %w", s.id, err)
			}
			loaded[i] = m
			return nil
		})
	}
	err = group.Wait()
	if err != nil {
		pool.Close()
		return nil, err
	}
	// Packing needed a float32 copy of each model's largest matrix, 90 MB for
	// the embedded ones. The collector alone would keep that for minutes.
	debug.FreeOSMemory()
	return engine.New(engine.Options{
		Pool:        pool,
		BatchTokens: o.BatchTokens,
		QueueTokens: o.QueueTokens,
	}, loaded...)
}

func loadFS(id string, fsys fs.FS, o bert.Options) (*engine.Model, error) {
	network, tok, err := checkpoint.Load(fsys, o)
	if err != nil {
		return nil, err
	}
	return newModel(id, network, tok, fsys)
}

func loadDir(id, dir string, o bert.Options) (*engine.Model, error) {
	network, tok, err := checkpoint.LoadDir(dir, o)
	if err != nil {
		return nil, err
	}
	return newModel(id, network, tok, os.DirFS(dir))
}

// newModel adds the card, if the directory has one.
func newModel(id string, network *bert.Model, tok *tokenizer.Tokenizer, fsys fs.FS) (*engine.Model, error) {
	card, err := fs.ReadFile(fsys, "README.md")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &engine.Model{ID: id, Network: network, Tokenizer: tok, Card: string(card)}, nil
}
