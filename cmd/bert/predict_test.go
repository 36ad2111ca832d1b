package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"cloze/internal/tasks"
)

// parseArgs parses a command line of this program.
func parseArgs(t *testing.T, args ...string) cli {
	t.Helper()
	var c cli
	parser, err := kong.New(&c, parsing()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	englishLine = "Ada Lovelace met Charles Babbage in London on 5 June 1833."
	chineseLine = "鲁迅生于1881年9月，家在浙江绍兴。"
)

func TestPredictEntities(t *testing.T) {
	c := parseArgs(t, "predict", "ner", "--types", "LOC,DATE", "--offset-unit", "byte", "--threads", "1")
	var out bytes.Buffer
	c.Predict.NER.stdin = strings.NewReader(englishLine + "\r\n\n" + chineseLine)
	c.Predict.NER.stdout = &out
	if err := c.Predict.NER.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		var r tasks.NERResult
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		for _, e := range r.Entities {
			got = append(got, fmt.Sprintf("%s %s %s %d-%d", r.Model, e.Type, e.Text, e.Start, e.End))
		}
	}
	want := []string{
		"en LOC London 36-42", "en DATE 5 June 1833 46-57",
		"zh DATE 1881年9月 12-23", "zh LOC 浙江 32-38", "zh LOC 绍兴 38-44",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Every task answers lines in order, each with one object of the shape of its
// result.
func TestPredictEveryTask(t *testing.T) {
	pairs := `{"text": "He opened the door.", "text_pair": "The room was empty.", "id": 7}` + "\n" +
		`{"text": "他打开门。", "text_pair": "房间里没有人。"}` + "\n"
	tests := []struct {
		args  string
		input string
		keys  string // of each object, in order
		model string // of each object
	}{
		{"classify --head sentiment --top-k 1", englishLine + "\n" + chineseLine + "\n", "label score labels", "en zh"},
		{"classify --model zh", englishLine + "\n", "label score labels", "zh"},
		{"sentiment --level sentence --aspects food,room", "Good food. Bad room.\n" + chineseLine + "\n", "label score scores sentences aspects", "en zh"},
		{"ner --aggregation none", englishLine + "\n", "entities", "en"},
		{"fill-mask --top-k 1", "my dog is [MASK].\n我今天要[MASK]课。\n", "masks", "en zh"},
		{"nsp", pairs, "label score scores", "en zh"},
		{"embed --pooling cls --layer 1 --no-normalize", englishLine + "\n", "embedding", "en"},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			c := parseArgs(t, append([]string{"predict"}, strings.Fields(test.args+" --threads 1")...)...)
			var out bytes.Buffer
			input := strings.NewReader(test.input)
			set := func(f *predictFlags) { f.stdin, f.stdout = input, &out }
			p := &c.Predict
			for _, f := range []*predictFlags{
				&p.Classify.predictFlags, &p.Sentiment.predictFlags, &p.NER.predictFlags,
				&p.FillMask.predictFlags, &p.NSP.predictFlags, &p.Embed.predictFlags,
			} {
				set(f)
			}
			run := map[string]func(context.Context) error{
				"classify": p.Classify.Run, "sentiment": p.Sentiment.Run, "ner": p.NER.Run,
				"fill-mask": p.FillMask.Run, "nsp": p.NSP.Run, "embed": p.Embed.Run,
			}[strings.Fields(test.args)[0]]
			if err := run(t.Context()); err != nil {
				t.Fatal(err)
			}
			var models []string
			for line := range strings.Lines(out.String()) {
				var object map[string]any
				if err := json.Unmarshal([]byte(line), &object); err != nil {
					t.Fatal(err)
				}
				models = append(models, object["model"].(string))
				for key := range strings.FieldsSeq(test.keys + " model tokens truncated windows") {
					if _, ok := object[key]; !ok {
						t.Errorf("no %q in %s", key, line)
					}
				}
			}
			if got := strings.Join(models, " "); got != test.model {
				t.Errorf("models %s, want %s", got, test.model)
			}
		})
	}
}

func TestPredictModelFlag(t *testing.T) {
	dir := t.TempDir()
	for flag, want := range map[string]string{
		filepath.Join(dir, "none"): "neither a directory",
		"fr":                       "neither a directory nor one of en, zh, nor auto",
		dir:                        "config.json",
	} {
		f := engineFlags{Model: flag, Precision: "float32", Threads: 1}
		if _, err := f.start(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--model %s: error %v, want %q in it", flag, err, want)
		}
	}
	if _, err := (engineFlags{Model: "en", Precision: "int3"}).start(); err == nil {
		t.Error("--precision int3: no error")
	}
	if _, err := (engineFlags{Model: "en", Precision: "float32", Threads: -1}).start(); err == nil {
		t.Error("--threads -1: no error")
	}
}

// A model of a directory is called by its name.
func TestPredictDirectory(t *testing.T) {
	dir := filepath.Join("..", "..", "models", "zh")
	c := parseArgs(t, "predict", "classify", "--model", dir, "--threads", "1")
	var out bytes.Buffer
	c.Predict.Classify.stdin, c.Predict.Classify.stdout = strings.NewReader(chineseLine), &out
	if err := c.Predict.Classify.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"model":"zh"`) {
		t.Errorf("got %s, want it by model zh", out.String())
	}
}

// echo is a task that answers with the text, in capitals.
func echo(_ context.Context, texts []tasks.Text) ([]string, error) {
	var results []string
	for i, t := range texts {
		if strings.Contains(t.Text, "bad") {
			return nil, &tasks.InputError{Code: tasks.CodeNoMask, Index: i, Detail: "bad text"}
		}
		results = append(results, strings.ToUpper(t.Text+t.Pair))
	}
	return results, nil
}

func TestPredictReadsLines(t *testing.T) {
	tests := []struct {
		name, format, input string
		want                string // output
		err                 string
	}{
		{"text", "auto", "a\nb", "\"A\"\n\"B\"\n", ""},
		{"json", "auto", `{"text": "a", "label": 1}` + "\n" + ` {"text": "b", "text_pair": "c"}`, "\"A\"\n\"BC\"\n", ""},
		{"null for the text", "auto", `{"text": null}`, "", `standard input:1: no "text"`},
		{"no pair", "auto", `{"text": "a", "text_pair": null}`, "\"A\"\n", ""},
		{"blank lines", "auto", "\n  \na\n\t\n\nb\n", "\"A\"\n\"B\"\n", ""},
		{"windows lines and byte order mark", "auto", "\ufeffa\r\nb\r\n", "\"A\"\n\"B\"\n", ""},
		{"text that begins with a brace", "auto", "{a}\nb", "\"{A}\"\n\"B\"\n", ""},
		{"json taken for text", "text", `{"text": "a"}`, "\"{\\\"TEXT\\\": \\\"A\\\"}\"\n", ""},
		{"no html escapes", "auto", "<a & b>", "\"<A & B>\"\n", ""},
		{"nothing", "auto", "", "", ""},
		{"not json", "jsonl", `{"text": "a"}` + "\nb\n", "\"A\"\n", "standard input:2: not a JSON object"},
		{"either", "auto", "a\n" + `{"text": "b", "text_pair": "c"}` + "\n" + `{"b": 1}`, "\"A\"\n\"BC\"\n\"{\\\"B\\\": 1}\"\n", ""},
		{"cut off", "auto", "a\n" + `{"text": "b`, "\"A\"\n", "standard input:2: begins like a JSON object but is none"},
		{"no text", "jsonl", "\n" + `{"texts": "a"}`, "", `standard input:2: no "text"`},
		{"wrong type", "auto", `{"text": "a"}` + "\n" + `{"text": ["b"]}`, "\"A\"\n", `standard input:2: "text" is a array, want a string`},
		{"not an object", "jsonl", `["a"]`, "", "standard input:1: not a JSON object"},
		{"half of a surrogate pair", "auto", `{"text":"\ud83d\ude00","x":"\ud800"}` + "\n" + `{"text":"a\ud800"}`, "\"😀\"\n", `standard input:2: "text": the escape \ud800 is half of a surrogate pair, which is no character`},
		{"half of one in the second text", "jsonl", `{"text":"a","text_pair":"\udc00\ud800"}`, "", `standard input:1: "text_pair": the escape \udc00 is half`},
		{"not utf-8", "auto", "a\n\xff\nb", "\"A\"\n", "standard input:2: not UTF-8"},
		{"refused by the task", "auto", "a\nb\nbad\nc", "\"A\"\n\"B\"\n", "standard input:3: no-mask: bad text"},
		{"two refused", "auto", "a\nbad\nbad\nc", "\"A\"\n", "standard input:2: no-mask"},
		{"long", "auto", "a\n" + strings.Repeat("b", 200_000) + "\nc", "\"A\"\n\"" + strings.Repeat("B", 200_000) + "\"\n\"C\"\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			f := predictFlags{Format: test.format, stdin: strings.NewReader(test.input)}
			p := predictor[string]{answer: echo, batch: 32}
			err := p.run(t.Context(), f.readLines(t.Context()), &out)
			if out.String() != test.want {
				t.Errorf("wrote %q, want %q", out.String(), test.want)
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v, want %q in it", err, test.err)
			}
		})
	}
}

// With keepGoing there is a line of output for each line of input.
func TestPredictKeepsGoing(t *testing.T) {
	for _, batch := range []int{1, 2, 32} {
		var out bytes.Buffer
		f := predictFlags{Format: "jsonl", stdin: strings.NewReader(`{"text":"a"}
{"text":"bad"}
{"text":"b"}
no
{"text":"bad"}
{"text":"c"}
`)}
		p := predictor[string]{answer: echo, batch: batch, keepGoing: true}
		err := p.run(t.Context(), f.readLines(t.Context()), &out)
		if err == nil || !strings.Contains(err.Error(), "3") {
			t.Errorf("batch %d: error %v, want one that counts 3 lines", batch, err)
		}
		want := `"A"
{"error":"standard input:2: no-mask: bad text"}
"B"
{"error":"standard input:4: not a JSON object"}
{"error":"standard input:5: no-mask: bad text"}
"C"
`
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("batch %d (-want +got):\n%s", batch, diff)
		}
	}
}

// What one answer holds is a limit of requests, and what makes one of the lines is
// when they were read: only a line that is too much alone is refused.
func TestPredictDividesWhatIsTooMuch(t *testing.T) {
	most := 3 // letters
	upTo := func(ctx context.Context, texts []tasks.Text) ([]string, error) {
		letters := 0
		for _, text := range texts {
			letters += len(text.Text)
		}
		if letters > most {
			return nil, &tasks.InputError{Code: tasks.CodeTooLarge, Index: -1, Detail: "too much"}
		}
		return echo(ctx, texts)
	}
	var batch []textLine
	for i, text := range strings.Fields("a b ccc d eeee f gg h i") {
		batch = append(batch, textLine{source: fmt.Sprintf("x:%d", i+1), text: tasks.Text{Text: text}})
	}
	for _, test := range []struct {
		keepGoing bool
		want, err string
	}{
		{true, `"A" "B" "CCC" "D" {"error":"x:5: too-large: too much"} "F" "GG" "H" "I" `, ""},
		{false, `"A" "B" "CCC" "D" `, "x:5: too-large: too much"},
	} {
		var out bytes.Buffer
		p := predictor[string]{answer: upTo, keepGoing: test.keepGoing}
		err := p.write(t.Context(), json.NewEncoder(&out), slices.Clone(batch))
		if got := strings.ReplaceAll(out.String(), "\n", " "); got != test.want || test.err == "" && err != nil || test.err != "" && (err == nil || err.Error() != test.err) {
			t.Errorf("keep going %t: wrote %s, error %v", test.keepGoing, got, err)
		}
	}
	// An option that is wrong is no line's.
	refuse := func(context.Context, []tasks.Text) ([]string, error) {
		return nil, &tasks.InputError{Code: tasks.CodeUnknownModel, Index: -1, Detail: "no such model"}
	}
	aspects := parseArgs(t, append([]string{"predict", "sentiment", "--model", "en", "--keep-going"}, slices.Repeat([]string{"--aspects", "room"}, 65)...)...)
	aspects.Predict.Sentiment.stdin, aspects.Predict.Sentiment.stdout = strings.NewReader("a\nb\n"), io.Discard
	if err := aspects.Predict.Sentiment.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "65 aspects") || strings.Contains(err.Error(), "lines") {
		t.Errorf("too many aspects: %v", err)
	}
	p := predictor[string]{answer: refuse, keepGoing: true}
	if err := p.write(t.Context(), json.NewEncoder(io.Discard), batch); err == nil || strings.Contains(err.Error(), "x:") {
		t.Errorf("a wrong option: %v", err)
	}
}

func TestPredictFiles(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.jsonl.gz")
	if err := os.WriteFile(plain, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var compressed bytes.Buffer
	z := gzip.NewWriter(&compressed)
	if _, err := z.Write([]byte(`{"text": "c"}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(packed, compressed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	f := predictFlags{Format: "auto", Files: []string{plain, packed, "-", filepath.Join(dir, "none")}, stdin: strings.NewReader("d")}
	p := predictor[string]{answer: echo, batch: 32}
	err := p.run(t.Context(), f.readLines(t.Context()), &out)
	if want := "\"A\"\n\"B\"\n\"C\"\n\"D\"\n"; out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
	if err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("error %v, want one of the file that is not there", err)
	}
}

// A file that is called .jsonl holds nothing else; another file and standard input
// may hold either.
func TestPredictGoesByTheNameOfAFile(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		name, format, content string
		want, err             string
	}{
		{"a.jsonl", "auto", `{"text": "a"}` + "\n\nb\n", "\"A\"\n", "a.jsonl:3: not a JSON object"},
		{"b.ndjson", "auto", `{"texts": "a"}`, "", `b.ndjson:1: no "text"`},
		{"c.jsonl", "text", "a\n", "\"A\"\n", ""},
		{"d.txt", "auto", `{"text": "a"}` + "\nb\n", "\"A\"\n\"B\"\n", ""},
		{"jsonl", "auto", "a\n", "\"A\"\n", ""},
		{"e.txt", "jsonl", "a\n", "", "e.txt:1: not a JSON object"},
		{"f.csv", "auto", "a,b\n", "\"A,B\"\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := writeFile(t, dir, test.name, test.content)
			var out bytes.Buffer
			f := predictFlags{Format: test.format, Files: []string{path, "-"}, stdin: strings.NewReader("c")}
			p := predictor[string]{answer: echo, batch: 32}
			err := p.run(t.Context(), f.readLines(t.Context()), &out)
			want := test.want
			if test.err == "" {
				want += "\"C\"\n"
			}
			if out.String() != want {
				t.Errorf("wrote %q, want %q", out.String(), want)
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.HasSuffix(err.Error(), test.err) {
				t.Errorf("error %v, want %q", err, test.err)
			}
		})
	}
}

// A line is answered before the next one is there, so that a person or a
// program at the other end of the pipe can wait for the answer.
func TestPredictAnswersAtOnce(t *testing.T) {
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	f := predictFlags{Format: "auto", stdin: in}
	done := make(chan error)
	go func() {
		p := predictor[string]{answer: echo, batch: 32}
		done <- p.run(t.Context(), f.readLines(t.Context()), out)
	}()
	answers := json.NewDecoder(stdout)
	for i := range 3 {
		fmt.Fprintf(stdin, "line %d\n", i) //nolint:errcheck // the answer tells
		var got string
		if err := answers.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("LINE %d", i); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// endless is lines without end; it counts them.
type endless struct{ lines atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.lines.Add(1)
	return copy(p, "line\n"), nil
}

// What is read ahead is bounded, and ends with the context.
func TestPredictReadsAheadABatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	source := new(endless)
	f := predictFlags{Format: "auto", stdin: source}
	const batch = 32
	answered, ahead := int64(0), int64(0)
	p := predictor[string]{batch: batch, answer: func(_ context.Context, texts []tasks.Text) ([]string, error) {
		answered += int64(len(texts))
		ahead = max(ahead, source.lines.Load()-answered)
		if answered > 1000 {
			cancel()
		}
		return make([]string, len(texts)), nil
	}}
	if err := p.run(ctx, f.readLines(ctx), io.Discard); err == nil {
		t.Error("no error of the context")
	}
	// The channel, the line on its way into it and what the scanner has read.
	if limit := int64(readAhead + 1 + batch); ahead > limit {
		t.Errorf("%d lines read ahead, want at most %d", ahead, limit)
	}
	if answered < 1000 {
		t.Errorf("%d lines answered", answered)
	}
}
