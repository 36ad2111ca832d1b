package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

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
	return `Input is one text a line, or JSON Lines: an object a line with "text", for a pair also "text_pair", and whatever else, which is ignored. Which of the two it is, its first line tells. Lines of nothing but white space are passed over.

Output is one JSON object a line, in the order of the input: a result as the HTTP interface gives it.`
}

// predictFlags are those of all tasks.
type predictFlags struct {
	Files       []string `arg:"" optional:"" name:"file" help:"Files to read, .gz too; without any, or for -, standard input."`
	engineFlags `embed:""`
	Format      string `default:"auto" enum:"auto,text,jsonl" help:"What the input is (${enum})."`
	OffsetUnit  string `default:"codepoint" enum:"codepoint,utf16,byte" help:"What start and end count (${enum})."`
	Truncate    *bool  `negatable:"" help:"Cut texts that are longer than the model reads, or refuse them with --no-truncate. The default is the task's."`
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
	Head     string `help:"Head to ask; default the model's topic head, or the only one it has."`
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

func (f predictFlags) readLines(ctx context.Context) <-chan textLine {
	return readLines(ctx, f.Files, f.stdin, func(name string, source io.Reader, emit func(textLine) bool) bool {
		return scanLines(name, source, f.Format, emit)
	})
}

// textLine is a line of the input.
type textLine struct {
	source string // file:line, for messages
	text   tasks.Text
	err    error // what is wrong with it
	fatal  bool  // nothing can be read after it
}

// readAhead is how many lines wait for their turn, so that reading goes on
// while the model computes.
const readAhead = 64

// scanner emits the lines of one source, until emit returns false, which it
// then returns too.
type scanner func(name string, source io.Reader, emit func(textLine) bool) bool

// readLines reads the files in the background, or stdin if there are none. The
// channel ends with the input, or with a fatal line.
func readLines(ctx context.Context, files []string, stdin io.Reader, scan scanner) <-chan textLine {
	lines := make(chan textLine, readAhead)
	if len(files) == 0 {
		files = []string{"-"}
	}
	go func() {
		defer close(lines)
		emit := func(l textLine) bool {
			select {
			case lines <- l:
				return !l.fatal
			case <-ctx.Done():
				return false
			}
		}
		for _, path := range files {
			if !readFile(path, stdin, scan, emit) {
				return
			}
		}
	}()
	return lines
}

// readFile emits the lines of one file; false ends the reading.
func readFile(path string, stdin io.Reader, scan scanner, emit func(textLine) bool) bool {
	if path == "-" {
		return scan("standard input", stdin, emit)
	}
	file, err := os.Open(path)
	if err != nil {
		return emit(textLine{source: path, err: err, fatal: true})
	}
	defer file.Close() //nolint:errcheck // nothing was written
	var source io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if source, err = gzip.NewReader(file); err != nil {
			return emit(textLine{source: path, err: err, fatal: true})
		}
	}
	return scan(path, source, emit)
}

// maxLineBytes is the longest line that is read.
const maxLineBytes = 16 << 20

// scanLines emits the lines of one source.
func scanLines(name string, source io.Reader, format string, emit func(textLine) bool) bool {
	in := bufio.NewScanner(source)
	in.Buffer(nil, maxLineBytes)
	number := 0
	for in.Scan() {
		number++
		line := in.Text()
		if number == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		if format == "auto" {
			format = formatOf(line)
		}
		l := textLine{source: fmt.Sprintf("%s:%d", name, number)}
		l.text, l.err = parseLine(line, format)
		if !emit(l) {
			return false
		}
	}
	if err := in.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("longer than %d MiB", maxLineBytes>>20)
		}
		return emit(textLine{source: fmt.Sprintf("%s:%d", name, number+1), err: err, fatal: true})
	}
	return true
}

// formatOf is what a source is, by its first line.
func formatOf(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "{") && json.Valid([]byte(line)) {
		return "jsonl"
	}
	return "text"
}

// parseLine makes a text of a line.
func parseLine(line, format string) (tasks.Text, error) {
	if !utf8.ValidString(line) {
		return tasks.Text{}, errors.New("not UTF-8")
	}
	if format == "text" {
		return tasks.Text{Text: line}, nil
	}
	var object struct {
		Text *string `json:"text"`
		Pair *string `json:"text_pair"`
	}
	if err := json.Unmarshal([]byte(line), &object); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return tasks.Text{}, fmt.Errorf("%q is a %s, want a string", wrong.Field, wrong.Value)
		}
		return tasks.Text{}, errors.New("not a JSON object")
	}
	if object.Text == nil {
		return tasks.Text{}, errors.New(`no "text"`)
	}
	text := tasks.Text{Text: *object.Text}
	if object.Pair != nil {
		text.Pair, text.HasPair = *object.Pair, true
	}
	return text, nil
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
		if err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
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
		if len(batch) == 0 {
			return nil
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
// which it notes why.
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
		if !ok || refused.Index < 0 {
			return nil, err
		}
		lines[refused.Index].err = fmt.Errorf("%s: %s", refused.Code, refused.Detail)
		lines = lines[:refused.Index]
	}
	return nil, nil
}
