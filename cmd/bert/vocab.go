package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// vocabCmd trains a WordPiece vocabulary.
type vocabCmd struct {
	Corpus []string `arg:"" help:"Text to train on: files, directories, .gz; one sentence a line, but any lines will do."`

	Output       string  `help:"File to write." short:"o" default:"vocab.txt"`
	Size         int     `help:"Tokens of the vocabulary, special tokens included." default:"16384"`
	Cased        bool    `help:"Keep upper case and accents."`
	MinFrequency int     `help:"How often two pieces must occur side by side to be joined." default:"2"`
	Coverage     float64 `help:"Share of the characters that get a piece of their own; words with rarer ones become [UNK]." default:"0.9999"`
	MaxWords     int     `help:"Distinct words to remember; bounds the memory." default:"4000000"`
	BadLines     int     `help:"Lines of all files together that may be unusable; -1 is any number." default:"100"`
	Threads      int     `help:"Threads that count words; 0 is all processors." default:"0"`
}

// Run trains and writes the vocabulary.
func (c *vocabCmd) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	corpus, err := training.OpenCorpus(c.Corpus...)
	if err != nil {
		return err
	}
	for _, path := range corpus.Paths {
		if writesOver(c.Output, path) {
			return fmt.Errorf("the output %s is a file of the text itself, and would be written over: choose another with -o", c.Output)
		}
	}
	began := time.Now()
	problems := &training.Problems{Limit: c.BadLines}
	trainer, bytes, err := c.count(ctx, corpus, problems)
	if err != nil {
		return err
	}
	counted := time.Since(began)
	vocabulary, err := trainer.Train()
	if err != nil {
		return err
	}
	if ctx.Err() != nil { // a signal while it was joining pieces
		return context.Cause(ctx)
	}
	err = writeOutput(c.Output, func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Join(vocabulary.Tokens, "\n")+"\n")
		return err
	})
	if err != nil {
		return err
	}
	var summary strings.Builder
	v := vocabulary
	fmt.Fprintf(&summary, "%s: %s tokens of %s words (%s distinct), %d files, %s bytes\n", c.Output, thousands(len(v.Tokens)), thousands(v.Words), thousands(v.Distinct), len(corpus.Paths), thousands(bytes))
	if known := v.Words - v.Unknown; known > 0 {
		fmt.Fprintf(&summary, "%.3f pieces a word; %.4f %% of the words are [UNK]; %s characters have a piece of their own\n",
			float64(v.Pieces)/float64(known), 100*float64(v.Unknown)/float64(v.Words), thousands(v.Alphabet))
	}
	if v.Forgotten > 0 {
		fmt.Fprintf(&summary, "%s rare words were forgotten, to bound the memory\n", thousands(v.Forgotten))
	}
	if len(v.Tokens) < c.Size {
		fmt.Fprintf(&summary, "the text offers no more: no other pair of pieces occurs %d times\n", c.MinFrequency)
	}
	out := os.Stdout
	if isSame(c.Output, os.Stdout.Name()) {
		out = os.Stderr // stdout is the vocabulary
	}
	if _, err := out.WriteString(summary.String()); err != nil {
		return err
	}
	for _, problem := range problems.First() {
		fmt.Fprintln(os.Stderr, "skipped", problem)
	}
	fmt.Fprintf(os.Stderr, "counted in %s, joined in %s\n", seconds(counted), seconds(time.Since(began)-counted))
	return nil
}

// check refuses numbers that cannot be; a zero would stand for a default.
func (c *vocabCmd) check() error {
	for _, flag := range []struct {
		name  string
		value int
	}{{"size", c.Size}, {"min-frequency", c.MinFrequency}, {"max-words", c.MaxWords}} {
		if flag.value < 1 {
			return fmt.Errorf("--%s must be at least 1, not %d", flag.name, flag.value)
		}
	}
	if !(c.Coverage > 0 && c.Coverage <= 1) {
		return fmt.Errorf("--coverage must be above 0 and at most 1, not %v", c.Coverage)
	}
	return errors.Join(checkThreads(c.Threads), checkBadLines(c.BadLines))
}

// count counts the words of the corpus on several threads. Which thread counts
// a document depends on its number alone, so that a run can be repeated.
func (c *vocabCmd) count(ctx context.Context, corpus *training.Corpus, problems *training.Problems) (*tokenizer.Trainer, int, error) {
	threads := c.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	config := tokenizer.DefaultConfig()
	config.Lowercase = !c.Cased
	options := tokenizer.TrainOptions{
		Size: c.Size, MinFrequency: c.MinFrequency, Coverage: c.Coverage, MaxWords: max(1, c.MaxWords/threads),
	}
	trainers := make([]*tokenizer.Trainer, threads)
	work := make([]chan []string, threads)
	var counting sync.WaitGroup
	for i := range threads {
		var err error
		if trainers[i], err = tokenizer.NewTrainer(config, options); err != nil {
			return nil, 0, err
		}
		work[i] = make(chan []string, 4)
		counting.Go(func() {
			for sentences := range work[i] {
				for _, sentence := range sentences {
					trainers[i].Add(sentence)
				}
			}
		})
	}
	bytes, err := deal(ctx, corpus, problems, work)
	for _, channel := range work {
		close(channel)
	}
	counting.Wait()
	if err != nil {
		return nil, 0, err
	}
	for _, other := range trainers[1:] {
		trainers[0].Merge(other)
	}
	return trainers[0], bytes, nil
}

// deal hands the documents out in turn, several at a time.
func deal(ctx context.Context, corpus *training.Corpus, problems *training.Problems, work []chan []string) (bytes int, err error) {
	const batchBytes = 1 << 18
	var batch []string
	size, turn := 0, 0
	for document, err := range corpus.Documents(problems) {
		if err != nil {
			return bytes, err
		}
		if ctx.Err() != nil {
			return bytes, context.Cause(ctx)
		}
		bytes += document.Bytes
		size += document.Bytes
		batch = append(batch, document.Sentences...)
		if size >= batchBytes {
			work[turn%len(work)] <- batch
			batch, size = nil, 0
			turn++
		}
	}
	if len(batch) > 0 {
		work[turn%len(work)] <- batch
	}
	if bytes == 0 {
		return 0, problems.Explain(errors.New("the corpus holds no text"))
	}
	return bytes, nil
}
