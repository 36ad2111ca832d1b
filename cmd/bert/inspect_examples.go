package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"cloze/internal/bert"
	"cloze/internal/tasks"
	"cloze/internal/tokenizer"
	"cloze/internal/training"
)

// inspectExamplesCmd shows what pre-training makes of text: the examples that
// pretrain trains on, by the code that makes them there.
type inspectExamplesCmd struct {
	Corpus []string `arg:"" optional:"" help:"Text as pretrain reads it: one sentence a line, a blank line between documents; files, directories, .gz."`

	Text           []string `help:"A document by itself, cut into sentences; may be repeated." sep:"none"`
	Model          string   `help:"Model whose tokenizer to use: a directory, en or zh." default:"en"`
	Examples       int      `help:"Examples to show; 0 is all of one epoch." default:"10"`
	MaxTokens      int      `help:"Longest example, [CLS] and [SEP] included." default:"128"`
	Probability    float64  `help:"Share of the pieces to predict." default:"0.15"`
	MaxPredictions int      `help:"Most pieces of an example to predict; 0 is no bound." default:"0"`
	WholeWord      bool     `help:"Choose the pieces of a word together."`
	ShortShare     float64  `help:"Share of the documents cut into examples of a random shorter length." default:"0.1"`
	Seed           uint64   `help:"Seed of every draw."`
	Format         string   `help:"Format of the answer (${enum}); jsonl has the shape of POST /pretraining-examples." enum:"text,jsonl" default:"text"`
}

// Run writes to standard output.
func (c *inspectExamplesCmd) Run(ctx context.Context) error {
	out := bufio.NewWriter(os.Stdout)
	return errors.Join(c.inspect(ctx, out), out.Flush())
}

func (c *inspectExamplesCmd) inspect(ctx context.Context, w io.Writer) error {
	if (len(c.Corpus) == 0) == (len(c.Text) == 0) {
		return errors.New("give files or --text, one of the two")
	}
	if c.Examples < 0 {
		return fmt.Errorf("--examples must be at least 0, not %d", c.Examples)
	}
	tok, err := loadTokenizer(c.Model)
	if err != nil {
		return err
	}
	options := training.DefaultExampleOptions(c.MaxTokens)
	options.MaskProbability, options.MaxPredictions = c.Probability, c.MaxPredictions
	options.WholeWord, options.ShortProbability = c.WholeWord, c.ShortShare
	maker, err := training.NewExampleMaker(tok, options)
	if err != nil {
		return err
	}
	show := func(i int, e *training.Example) error { return writeExample(w, i, tok, e) }
	if c.Format == "jsonl" {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		show = func(_ int, e *training.Example) error { return encoder.Encode(tasks.NewPretrainingExample(tok, *e)) }
	}
	write := func(i int, e *training.Example) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return show(i, e)
	}
	if len(c.Text) > 0 {
		return c.ofTexts(tok, maker, write)
	}
	return c.ofCorpus(tok, maker, write)
}

func (c *inspectExamplesCmd) ofTexts(tok *tokenizer.Tokenizer, maker *training.ExampleMaker, write func(int, *training.Example) error) error {
	var documents []training.Document
	for _, text := range c.Text {
		var document training.Document
		for _, sentence := range tasks.SplitSentences(text) {
			ids := tok.Encode(text[sentence.Start:sentence.End], tokenizer.Options{Specials: tokenizer.SpecialsNone, NoTemplate: true}).IDs
			if len(ids) > 0 {
				document = append(document, ids)
			}
		}
		if len(document) == 0 {
			return fmt.Errorf("--text %q: there is nothing to read in it", text)
		}
		documents = append(documents, document)
	}
	n := 0
	for i := range documents {
		for _, example := range maker.FromDocument(training.NewRand(c.Seed, uint64(i)), documents, i) {
			if c.Examples > 0 && n == c.Examples {
				return nil
			}
			n++
			if err := write(n, &example); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *inspectExamplesCmd) ofCorpus(tok *tokenizer.Tokenizer, maker *training.ExampleMaker, write func(int, *training.Example) error) error {
	corpus, err := training.OpenCorpus(c.Corpus...)
	if err != nil {
		return err
	}
	stream, err := training.NewExampleStream(corpus, tok, maker, training.StreamOptions{Seed: c.Seed, ProblemLimit: training.DefaultProblemLimit})
	if err != nil {
		return err
	}
	for n := 1; c.Examples == 0 || n <= c.Examples; n++ {
		example, err := stream.Next()
		if err != nil {
			return err
		}
		if c.Examples == 0 && stream.Position().Epoch > 0 {
			return nil
		}
		if err := write(n, &example); err != nil {
			return err
		}
	}
	return nil
}

// writeExample writes an example for people:
//
//	1: IsNext, 9 tokens
//	   [CLS] my dog [MASK] hairy [SEP] he barks [SEP]
//	   3 is → [MASK] (mask)
func writeExample(w io.Writer, number int, tok *tokenizer.Tokenizer, e *training.Example) error {
	next := map[int32]string{training.IsNext: bert.IsNext, training.NotNext: bert.NotNext, training.NoPair: "no pair"}[e.Next]
	pieces := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		pieces[i] = tok.Token(id)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d: %s, %d tokens\n   %s\n", number, next, len(e.IDs), strings.Join(pieces, " "))
	longest := 0
	for _, p := range e.Predictions {
		longest = max(longest, utf8.RuneCountInString(tok.Token(p.Label)))
	}
	for _, p := range e.Predictions {
		label := tok.Token(p.Label)
		fmt.Fprintf(&b, "   %3d %s%s → %s (%s)\n", p.Position, label, strings.Repeat(" ", longest-utf8.RuneCountInString(label)), pieces[p.Position], p.Treatment)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
