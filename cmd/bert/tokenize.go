package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"cloze/internal/tasks"
	"cloze/internal/tokenizer"
	"cloze/models"
)

// tokenizeCmd shows each line of its input as a model reads it.
type tokenizeCmd struct {
	Files            []string `arg:"" optional:"" name:"file" help:"Files to read, .gz too; without any, or for -, standard input."`
	Model            string   `required:"" placeholder:"DIR|en|zh" help:"A model directory, or a model inside this program."`
	Format           string   `default:"auto" enum:"auto,text,jsonl" help:"What a line is: a text, a JSON object, or what the file's name or the line itself says (${enum})."`
	OffsetUnit       string   `default:"codepoint" enum:"codepoint,utf16,byte" help:"What start and end count (${enum})."`
	AddSpecialTokens bool     `default:"true" negatable:"" help:"Put [CLS] and [SEP] around the texts."`
	MaxTokens        int      `default:"0" help:"Cut longer texts to so many pieces, [CLS] and [SEP] included; of a pair, the longer text first. 0 cuts nothing."`
	KeepGoing        bool     `help:"Answer a line that cannot be read with {\"error\": …} and go on, rather than stop there."`

	stdin  io.Reader // os.Stdin and os.Stdout, but in tests
	stdout io.Writer
}

// Help explains the input and output.
func (tokenizeCmd) Help() string {
	return `A line of the input is one text, or a JSON object with "text" and, for a pair, "text_pair"; what else is in the object is ignored. Each line of standard input or of a file may be either: an object with "text" is one, every other line is a text as it stands, also an empty one. A line that begins like an object ({") but is none is an error; with --format=text it is a text. In a file called .jsonl or .ndjson (.gz too) every line must be an object with "text", unless --format=text. Lines may be of any length.

Output is one JSON object a line, in the order of the input and as soon as it is there: the result that POST /tokenize gives.

    {"pieces":[{"token":"[CLS]","id":101,"type":0,"word":-1,"start":0,"end":0,"special":true},…],"model":"en","tokens":4,"truncated":false,"windows":1}

type is 0 in the first text and 1 in the second one of a pair. word counts the words of each text; it is -1 for the [CLS] and [SEP] around the texts. start and end are the piece's place in its text, before lower-casing and all else.

Of the model directory only vocab.txt or tokenizer.json is needed, and tokenizer_config.json if there is one.

    echo 'My dog is hairy.' | bert tokenize --model en
    bert tokenize --model DIR --offset-unit utf16 texts.jsonl > pieces.jsonl`
}

// Run reads the files and writes to standard output.
func (c *tokenizeCmd) Run(ctx context.Context) error {
	if c.MaxTokens < 0 {
		return fmt.Errorf("--max-tokens must be at least 0, not %d", c.MaxTokens)
	}
	t, err := loadTokenizer(c.Model)
	if err != nil {
		return err
	}
	if c.stdin == nil {
		c.stdin, c.stdout = os.Stdin, os.Stdout
	}
	unit, err := tokenizer.ParseOffsetUnit(c.OffsetUnit)
	if err != nil {
		return err
	}
	o := tokenizer.Options{NoTemplate: !c.AddSpecialTokens, MaxTokens: c.MaxTokens}
	if least := t.Encode("", o).Len(); c.MaxTokens > 0 && c.MaxTokens < least {
		return fmt.Errorf("--max-tokens must be at least %d, for the special tokens around a text, not %d; 0 cuts nothing", least, c.MaxTokens)
	}
	id := engineFlags{Model: c.Model}.id()
	var e tokenizer.Encoding
	tokenize := func(ctx context.Context, texts []tasks.Text) ([]tasks.Tokenization, error) {
		results := make([]tasks.Tokenization, len(texts))
		for i, text := range texts {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if text.HasPair {
				t.EncodePairInto(&e, text.Text, text.Pair, o)
			} else {
				t.EncodeInto(&e, text.Text, o)
			}
			if c.MaxTokens > 0 && e.Len() > c.MaxTokens {
				return nil, &tasks.InputError{
					Code: tasks.CodeTooLong, Index: i, Field: "text_pair",
					Detail: fmt.Sprintf("the special tokens around a pair are %d, over --max-tokens %d", e.Len(), c.MaxTokens),
				}
			}
			results[i] = tasks.Tokenization{
				Pieces: tasks.Pieces(t, &e, text, unit),
				Info:   tasks.Info{Model: id, Tokens: e.Len(), Truncated: e.Truncated, Windows: 1},
			}
		}
		return results, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the reading too
	p := predictor[tasks.Tokenization]{answer: tokenize, batch: readAhead, keepGoing: c.KeepGoing}
	return p.run(ctx, lineReader{format: c.Format, keepBlank: true}.read(ctx, c.Files, c.stdin), c.stdout)
}

// loadTokenizer reads the tokenizer of the model that --model names, and nothing
// else of it.
func loadTokenizer(model string) (*tokenizer.Tokenizer, error) {
	files, _, err := models.Find(model)
	if err != nil {
		return nil, fmt.Errorf("--model %s: %w", model, err)
	}
	t, err := tokenizer.Load(files)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("--model %s: there is neither tokenizer.json nor vocab.txt", model)
	}
	if err != nil {
		return nil, fmt.Errorf("--model %s: %w", model, err)
	}
	return t, nil
}
