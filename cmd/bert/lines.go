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
	"strings"
	"unicode/utf8"

	"cloze/internal/tasks"
	"cloze/internal/training"
)

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

// lineReader reads texts, one a line.
type lineReader struct {
	format    string // auto, text or jsonl
	keepBlank bool   // lines of nothing but white space are texts too
}

// read reads the files in the background, or stdin if there are none. The
// channel ends with the input, or with a fatal line.
func (r lineReader) read(ctx context.Context, files []string, stdin io.Reader) <-chan textLine {
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
			if !r.readFile(path, stdin, emit) {
				return
			}
		}
	}()
	return lines
}

// readFile emits the lines of one file, until emit returns false, which it then
// returns too.
func (r lineReader) readFile(path string, stdin io.Reader, emit func(textLine) bool) bool {
	if path == "-" {
		return r.readSource("standard input", stdin, emit)
	}
	file, err := os.Open(path)
	if err != nil {
		return emit(textLine{source: path, err: err, fatal: true})
	}
	defer file.Close() //nolint:errcheck // nothing was written
	if r.format == "auto" && isJSONLines(path) {
		r.format = "jsonl"
	}
	var source io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if source, err = gzip.NewReader(file); err != nil {
			return emit(textLine{source: path, err: err, fatal: true})
		}
	}
	return r.readSource(path, source, emit)
}

// isJSONLines says whether the name of a file promises JSON Lines.
func isJSONLines(path string) bool {
	format, err := training.FormatOf(path)
	return err == nil && format == training.JSONLines
}

// readSource emits the lines of one source, of any length.
func (r lineReader) readSource(name string, source io.Reader, emit func(textLine) bool) bool {
	in := bufio.NewReaderSize(source, 1<<16)
	for number := 1; ; number++ {
		line, err := in.ReadString('\n')
		at := fmt.Sprintf("%s:%d", name, number)
		if err != nil && !errors.Is(err, io.EOF) {
			return emit(textLine{source: at, err: err, fatal: true})
		}
		if line == "" {
			return true
		}
		if number == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if !r.keepBlank && strings.TrimSpace(line) == "" {
			continue
		}
		l := textLine{source: at}
		l.text, l.err = r.parse(line)
		if !emit(l) {
			return false
		}
	}
}

// parse makes a text of a line.
func (r lineReader) parse(line string) (tasks.Text, error) {
	if !utf8.ValidString(line) {
		return tasks.Text{}, errors.New("not UTF-8")
	}
	format := r.format
	if format == "auto" {
		var err error
		if format, err = formatOf(line); err != nil {
			return tasks.Text{}, err
		}
	}
	if format == "text" {
		return tasks.Text{Text: line}, nil
	}
	return parseObject(line)
}

// formatOf is what a line looks like: an object with "text", or a text.
func formatOf(line string) (string, error) {
	switch object := strings.TrimLeft(line, " \t"); {
	case !strings.HasPrefix(object, "{"):
	case json.Valid([]byte(object)):
		var members map[string]json.RawMessage
		err := json.Unmarshal([]byte(object), &members)
		if _, has := members["text"]; err == nil && has {
			return "jsonl", nil
		}
	case strings.HasPrefix(object, `{"`):
		return "", errors.New("begins like a JSON object but is none (--format=text takes it as it stands)")
	}
	return "text", nil
}

// parseObject reads a JSON object with "text" and perhaps "text_pair".
func parseObject(line string) (tasks.Text, error) {
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
	if err := checkSurrogates(line); err != nil {
		return tasks.Text{}, err
	}
	text := tasks.Text{Text: *object.Text}
	if object.Pair != nil {
		text.Pair, text.HasPair = *object.Pair, true
	}
	return text, nil
}

// checkSurrogates refuses half of a surrogate pair in a text of an object. In what
// else is there it does not matter.
func checkSurrogates(line string) error {
	if training.CheckSurrogates([]byte(line)) == nil {
		return nil
	}
	var object struct {
		Text json.RawMessage `json:"text"`
		Pair json.RawMessage `json:"text_pair"`
	}
	if err := json.Unmarshal([]byte(line), &object); err != nil {
		return err
	}
	if err := training.CheckSurrogates(object.Text); err != nil {
		return fmt.Errorf(`"text": %w`, err)
	}
	if err := training.CheckSurrogates(object.Pair); err != nil {
		return fmt.Errorf(`"text_pair": %w`, err)
	}
	return nil
}
