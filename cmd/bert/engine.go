package main

import (
	"fmt"
	"math"
	"path/filepath"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/engine"
	"cloze/internal/kernels"
	"cloze/models"
)

// engineFlags choose the models that a command runs, and how.
type engineFlags struct {
	Model     string `default:"auto" help:"A model directory, or a model inside this program (en or zh), or auto: each text goes to the one for its script." placeholder:"DIR|en|zh|auto"`
	Precision string `default:"auto" help:"Precision of the weights: ${precisions} (float16 on processors with AVX512-FP16), or auto: bfloat16 where the processor has AMX, float32 elsewhere."`
	Threads   int    `default:"0" help:"Number of threads; 0 is as many as the program may use."`
}

// unboundedQueue is for the only client of an engine, which waits for each
// answer anyway.
const unboundedQueue = math.MaxInt32

// start loads the models and starts an engine on them. Close ends it.
func (f engineFlags) start() (*engine.Engine, error) {
	e, _, err := f.startWithPool()
	return e, err
}

// startWithPool also returns the pool that the engine computes on, for work on
// its models that is no request; the engine must then be idle.
func (f engineFlags) startWithPool() (*engine.Engine, *kernels.Pool, error) {
	precision, err := kernels.ChoosePrecision(f.Precision)
	if err != nil {
		return nil, nil, err
	}
	if err := checkThreads(f.Threads); err != nil {
		return nil, nil, err
	}
	pool := kernels.NewPool(f.Threads)
	loaded, err := f.load(bert.Options{Precision: precision, Pool: pool})
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	e, err := engine.New(engine.Options{Pool: pool, QueueTokens: unboundedQueue}, loaded...)
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return e, pool, nil
}

// checkThreads refuses a number of threads that cannot be; 0 is as many as the
// program may use.
func checkThreads(n int) error {
	if n < 0 {
		return fmt.Errorf("--threads must be at least 0, not %d", n)
	}
	return nil
}

// checkBadLines refuses a number of unusable lines that cannot be; -1 is any number.
func checkBadLines(n int) error {
	if n < -1 {
		return fmt.Errorf("--bad-lines must be 0 or more, or -1 for any number, not %d", n)
	}
	return nil
}

// directory is the directory of the model, unless Model names what is inside
// this program.
func (f engineFlags) directory() (path string, ok bool) {
	if f.Model == "auto" || models.FS(f.Model) != nil {
		return "", false
	}
	return f.Model, true
}

// load loads the models that Model stands for.
func (f engineFlags) load(o bert.Options) ([]*engine.Model, error) {
	ids := models.IDs()
	if dir, ok := f.directory(); ok {
		if _, _, err := models.Find(dir); err != nil {
			return nil, fmt.Errorf("--model %s: %w, nor auto", dir, err)
		}
		network, tok, err := checkpoint.LoadDir(dir, o)
		if err != nil {
			return nil, err
		}
		return []*engine.Model{{ID: f.id(), Network: network, Tokenizer: tok}}, nil
	}
	if f.Model != "auto" {
		ids = []string{f.Model}
	}
	var loaded []*engine.Model
	for _, id := range ids {
		network, tok, err := checkpoint.Load(models.FS(id), o)
		if err != nil {
			return nil, fmt.Errorf("model %s: %w", id, err)
		}
		loaded = append(loaded, &engine.Model{ID: id, Network: network, Tokenizer: tok})
	}
	return loaded, nil
}

// id is what a result calls the model of a directory.
func (f engineFlags) id() string {
	path, err := filepath.Abs(f.Model)
	if err != nil {
		path = f.Model
	}
	if id := filepath.Base(path); id != "auto" && id != string(filepath.Separator) {
		return id
	}
	return "model"
}
