package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"cloze/internal/engine"
	"cloze/internal/tasks"
	"cloze/internal/tokenizer"
)

// predictCmd answers a task for each line of its input.
type predictCmd struct {
	Classify  predictClassify  `cmd:"" help:"Give each text, or pair of texts, one of a head's labels."`
	Sentiment predictSentiment `cmd:"" help:"Judge how each text feels, and its sentences and aspects."`
	NER       predictNER       `cmd:"" name:"ner" help:"Find the names and dates in each text."`
	FillMask  predictFillMask  `cmd:"" help:"Say what may stand where each text has [MASK]."`
	NSP       predictNSP       `cmd:"" name:"nsp" help:"Say whether the second text of each pair follows the first."`
	Embed     predictEmbed     `cmd:"" help:"Make a vector of each text."`
}

// Help explains the input and output of all tasks.
func (predictCmd) Help() string {
	return `A line of the input is one text, or a JSON object with "text" and, for a pair, "text_pair"; what else is in the object is ignored. Each line of standard input or of a file may be either: an object with "text" is one, every other line is a text as it stands. A line that begins like an object ({") but is none is an error; with --format=text it is a text. In a file called .jsonl or .ndjson (.gz too) every line must be an object with "text", unless --format=text. Lines of nothing but white space are passed over, others may be of any length.

Output is one JSON object a line, in the order of the input: a result as the HTTP interface gives it.`
}

// predictFlags are those of all tasks.
type predictFlags struct {
	Files       []string `arg:"" optional:"" name:"file" help:"Files to read, .gz too; without any, or for -, standard input."`
	engineFlags `embed:""`
	Format      string `default:"auto" enum:"auto,text,jsonl" help:"What a line is: a text, a JSON object, or what the file's name or the line itself says (${enum})."`
	OffsetUnit  string `default:"codepoint" enum:"codepoint,utf16,byte" help:"What start and end count (${enum})."`
	Truncate    *bool  `negatable:"" help:"What becomes of texts that are longer than the model reads: --no-truncate refuses them, but for ner, which reads all to their end. With --truncate fill-mask and nsp cut them; classify, sentiment and embed read them in windows, as they do without it. The default of fill-mask is to refuse."`
	Batch       int    `default:"32" help:"Texts that are answered together, at most."`
	KeepGoing   bool   `help:"Answer a line that cannot be read or answered with {\"error\": …} and go on, rather than stop there."`

	stdin  io.Reader // os.Stdin and os.Stdout, but in tests
	stdout io.Writer
}

// options are the tasks' shared ones.
func (f predictFlags) options() tasks.Options {
	unit, _ := tokenizer.ParseOffsetUnit(f.OffsetUnit) // kong has checked the name
	return tasks.Options{Truncate: f.Truncate, OffsetUnit: unit}
}

type predictClassify struct {
	predictFlags
	Head     string `help:"Head to ask; default the one named topic, else the one named classifier, else the only one there is."`
	TopK     int    `help:"Labels to list; 0 is all."`
	Function string `enum:",softmax,sigmoid,none" default:"" help:"What makes scores of logits (softmax, sigmoid, none); default what the head was trained with."`
	Window   string `enum:"average,first" default:"average" help:"How much of a long text is read: the average of all windows, or the first."`
}

// Run reads and writes the standard streams.
func (c *predictClassify) Run(ctx context.Context) error {
	o := tasks.ClassifyOptions{Options: c.options(), Head: c.Head, TopK: c.TopK, Function: tasks.Function(c.Function), Window: tasks.Window(c.Window)}
	return predict(ctx, c.predictFlags, func(e *engine.Engine) answer[tasks.Classification] {
		return func(ctx context.Context, texts []tasks.Text) ([]tasks.Classification, error) {
			return tasks.Classifier{Engine: e}.Classify(ctx, texts, o)
		}
	})
}

type predictSentiment struct {
	predictFlags
	Level   string   `enum:"document,sentence" default:"document" help:"Judge the text as a whole, or each sentence too (${enum})."`
	Aspects []string `sep:"," placeholder:"ASPECT" help:"What to judge by itself, as it stands in the text: battery life,screen."`
}

// Run reads and writes the standard streams.
func (c *predictSentiment) Run(ctx context.Context) error {
	o := tasks.SentimentOptions{Options: c.options(), Level: tasks.Level(c.Level), Aspects: c.Aspects}
	return predict(ctx, c.predictFlags, func(e *engine.Engine) answer[tasks.SentimentResult] {
		return func(ctx context.Context, texts []tasks.Text) ([]tasks.SentimentResult, error) {
			return tasks.Sentiment{Engine: e}.Analyze(ctx, texts, o)
		}
	})
}

type predictNER struct {
	predictFlags
	Aggregation string   `enum:",simple,first,average,max,none" default:"" help:"How word pieces become entities (simple, first, average, max, none)."`
	Types       []string `sep:"," placeholder:"TYPE" help:"Keep only entities of these types."`
	MinScore    float64  `help:"Keep only entities with at least this score, 0 to 1."`
}

// Run reads and writes the standard streams.
func (c *predictNER) Run(ctx context.Context) error {
	o := tasks.NEROptions{Options: c.options(), Aggregation: tasks.Aggregation(c.Aggregation), Types: c.Types, MinScore: c.MinScore}
	return predict(ctx, c.predictFlags, func(e *engine.Engine) answer[tasks.NERResult] {
		return func(ctx context.Context, texts []tasks.Text) ([]tasks.NERResult, error) {
			return tasks.NER{Engine: e}.Recognize(ctx, texts, o)
		}
	})
}

type predictFillMask struct {
	predictFlags
	TopK    int      `default:"5" help:"Predictions to list for each [MASK]."`
	Targets []string `sep:"," placeholder:"WORD" help:"Score only these words."`
	Joint   bool     `help:"Fill several masks together."`
}

// Run reads and writes the standard streams.
func (c *predictFillMask) Run(ctx context.Context) error {
	o := tasks.FillMaskOptions{Options: c.options(), TopK: c.TopK, Targets: c.Targets, Joint: c.Joint}
	return predict(ctx, c.predictFlags, func(e *engine.Engine) answer[tasks.FillMaskResult] {
		return func(ctx context.Context, texts []tasks.Text) ([]tasks.FillMaskResult, error) {
			return tasks.FillMask{Engine: e}.Fill(ctx, texts, o)
		}
	})
}

type predictNSP struct{ predictFlags }

// Run reads and writes the standard streams.
func (c *predictNSP) Run(ctx context.Context) error {
	o := tasks.NextSentenceOptions{Options: c.options()}
	return predict(ctx, c.predictFlags, func(e *engine.Engine) answer[tasks.NextSentenceResult] {
		return func(ctx context.Context, texts []tasks.Text) ([]tasks.NextSentenceResult, error) {
			return tasks.NextSentence{Engine: e}.IsNext(ctx, texts, o)
		}
	})
}

type predictEmbed struct {
	predictFlags
	Pooling   string `enum:"mean,cls,pooler,max,none" default:"mean" help:"What makes one vector of a text (${enum}); none gives the vector of every token."`
	Layer     *int   `help:"Layer to take: 0 is the embedding output, -1 the last one, which is the default."`
	Normalize bool   `negatable:"" default:"true" help:"Scale vectors to length 1."`
}

// Run reads and writes the standard streams.
func (c *predictEmbed) Run(ctx context.Context) error {
	o := tasks.EmbedOptions{Options: c.options(), Pooling: tasks.Pooling(c.Pooling), Layer: c.Layer, Normalize: &c.Normalize}
	return predict(ctx, c.predictFlags, func(e *engine.Engine) answer[tasks.Embedding] {
		return func(ctx context.Context, texts []tasks.Text) ([]tasks.Embedding, error) {
			return tasks.Embedder{Engine: e}.Embed(ctx, texts, o)
		}
	})
}

// answer is a task with its options.
type answer[R any] func(context.Context, []tasks.Text) ([]R, error)

// predict loads the models, reads the files and writes to standard output.
func predict[R any](ctx context.Context, f predictFlags, task func(*engine.Engine) answer[R]) error {
	if f.Batch < 1 {
		return fmt.Errorf("--batch must be at least 1, not %d", f.Batch)
	}
	e, err := f.start()
	if err != nil {
		return err
	}
	defer e.Close()
	if f.stdin == nil {
		f.stdin, f.stdout = os.Stdin, os.Stdout
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the reading too
	p := predictor[R]{answer: task(e), batch: f.Batch, keepGoing: f.KeepGoing}
	return p.run(ctx, f.readLines(ctx), f.stdout)
}

// readLines reads the texts; blank lines are none.
func (f predictFlags) readLines(ctx context.Context) <-chan textLine {
	return lineReader{format: f.Format}.read(ctx, f.Files, f.stdin)
}

// predictor answers lines batch by batch.
type predictor[R any] struct {
	answer    answer[R]
	batch     int // texts answered together
	keepGoing bool
	failed    int // lines without a result
}

// maxBatchBytes keeps a batch of long texts small.
const maxBatchBytes = 1 << 20

// run answers the lines in order. A batch is what has been read by then, so
// that a slow source is answered line by line.
func (p *predictor[R]) run(ctx context.Context, lines <-chan textLine, w io.Writer) error {
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		batch := p.next(ctx, lines)
		if len(batch) == 0 {
			break
		}
		err := p.write(ctx, encoder, batch)
		if flushErr := out.Flush(); err == nil {
			err = flushErr
		}
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.failed > 0 {
		return fmt.Errorf("lines that could not be answered: %d", p.failed)
	}
	return nil
}

// next waits for a line and takes those that are there behind it.
func (p *predictor[R]) next(ctx context.Context, lines <-chan textLine) []textLine {
	var batch []textLine
	select {
	case l, ok := <-lines:
		if !ok {
			return nil
		}
		batch = append(batch, l)
	case <-ctx.Done():
		return nil
	}
	bytes := len(batch[0].text.Text)
	for len(batch) < p.batch && bytes < maxBatchBytes {
		select {
		case l, ok := <-lines:
			if !ok {
				return batch
			}
			batch = append(batch, l)
			bytes += len(l.text.Text) + len(l.text.Pair)
		default:
			return batch
		}
	}
	return batch
}

// write answers a batch. Without keepGoing it ends at the first line that
// cannot be answered, having written the results of those before it.
func (p *predictor[R]) write(ctx context.Context, encoder *json.Encoder, batch []textLine) error {
	for len(batch) > 0 {
		n := slices.IndexFunc(batch, func(l textLine) bool { return l.err != nil })
		if n < 0 {
			n = len(batch)
		}
		results, err := p.answerFirst(ctx, batch[:n])
		if err != nil {
			return err
		}
		for _, r := range results {
			if err := encoder.Encode(r); err != nil {
				return err
			}
		}
		batch = batch[len(results):]
		if len(batch) == 0 || batch[0].err == nil {
			continue
		}
		bad := batch[0]
		if bad.fatal || !p.keepGoing {
			return fmt.Errorf("%s: %w", bad.source, bad.err)
		}
		p.failed++
		if err := encoder.Encode(badLine{bad.source + ": " + bad.err.Error()}); err != nil {
			return err
		}
		batch = batch[1:]
	}
	return nil
}

// badLine stands in the output for a line without a result.
type badLine struct {
	Error string `json:"error"`
}

// answerFirst answers the lines up to the first one that the task refuses, in
// which it notes why. Of lines that are too much together it answers the first.
func (p *predictor[R]) answerFirst(ctx context.Context, lines []textLine) ([]R, error) {
	for len(lines) > 0 {
		texts := make([]tasks.Text, len(lines))
		for i, l := range lines {
			texts[i] = l.text
		}
		results, err := p.answer(ctx, texts)
		if err == nil {
			return results, nil
		}
		refused, ok := errors.AsType[*tasks.InputError](err)
		switch {
		case !ok || refused.Index < 0 && (refused.Code != tasks.CodeTooLarge || refused.Field == "aspects"):
			return nil, err // of an option, which is the same for every line
		case refused.Index < 0 && len(lines) > 1:
			lines = lines[:len(lines)/2]
			continue
		}
		bad := max(refused.Index, 0)
		lines[bad].err = fmt.Errorf("%s: %s", refused.Code, refused.Detail)
		lines = lines[:bad]
	}
	return nil, nil
}
