package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
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
		id, name, err := splitModel(flag)
		if err != nil {
			return nil, err
		}
		all = append(all, source{id, func(o bert.Options) (*engine.Model, error) { return load(id, name, o) }})
	}
	if len(all) == 0 {
		for _, id := range models.IDs() {
			all = append(all, source{id, func(o bert.Options) (*engine.Model, error) { return load(id, id, o) }})
		}
	}
	return all, nil
}

// splitModel reads ID=MODEL, or MODEL: a directory, whose name is the id, or a
// model inside the binary.
func splitModel(flag string) (id, name string, err error) {
	id, name, given := strings.Cut(flag, "=")
	if !given {
		id, name = filepath.Base(filepath.Clean(flag)), flag
	}
	if !modelID.MatchString(id) || name == "" {
		return "", "", fmt.Errorf("--model %q: want ID=DIR with an id of letters, digits, dots, dashes and underscores", flag)
	}
	return id, name, nil
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
	e, err := engine.New(engine.Options{
		Pool:        pool,
		BatchTokens: o.BatchTokens,
		QueueTokens: o.QueueTokens,
	}, loaded...)
	if err != nil {
		pool.Close()
	}
	return e, err
}

// load loads a model, and its card if it has one.
func load(id, name string, o bert.Options) (*engine.Model, error) {
	fsys, inside, err := models.Find(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var network *bert.Model
	var tok *tokenizer.Tokenizer
	if inside {
		network, tok, err = checkpoint.Load(fsys, o)
	} else {
		network, tok, err = checkpoint.LoadDir(name, o) // whose errors name the directory
	}
	if err != nil {
		return nil, err
	}
	card, err := fs.ReadFile(fsys, "README.md")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &engine.Model{ID: id, Network: network, Tokenizer: tok, Card: string(card)}, nil
}
