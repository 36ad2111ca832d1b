package training

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"unicode/utf8"
)

// Problem is a line of data that could not be used.
type Problem struct {
	Path   string
	Line   int // from 1
	Reason string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.Path, p.Line, p.Reason) }

// Problems counts the lines that could not be used and remembers the first of
// them. Readers skip such lines until there are more than Limit; the data are
// then not what the caller thinks they are, and reading ends with an error.
type Problems struct {
	Limit int // lines tolerated; negative: any number
	first []Problem
	total int
}

// DefaultProblemLimit is how many unusable lines a labelled file, or all files
// of a corpus together, may have before they are taken for the wrong ones. An
// epoch after another counts anew.
const DefaultProblemLimit = 100

const problemsRemembered = 20

// Total is the number of lines that could not be used.
func (p *Problems) Total() int { return p.total }

// First returns the first of them, at most twenty.
func (p *Problems) First() []Problem { return p.first }

// add counts a line, and returns an error once there are too many.
func (p *Problems) add(path string, line int, reason string) error {
	p.total++
	problem := Problem{Path: path, Line: line, Reason: reason}
	if len(p.first) < problemsRemembered {
		p.first = append(p.first, problem)
	}
	switch {
	case p.Limit < 0 || p.total <= p.Limit:
		return nil
	case p.Limit == 0:
		return errors.New(problem.String())
	}
	var list strings.Builder
	for _, problem := range p.first[:min(5, len(p.first))] {
		list.WriteString("\n\t" + problem.String())
	}
	return fmt.Errorf("%d lines could not be used, and %d is the limit; the first are%s", p.total, p.Limit, list.String())
}

// Explain adds the first line that could not be used to an error that says
// that nothing could be: it is likely the reason.
func (p *Problems) Explain(err error) error {
	if len(p.first) == 0 {
		return err
	}
	return fmt.Errorf("%w; of %d lines that could not be used the first is\n\t%v", err, p.total, p.first[0])
}

// maxLineBytes is the longest line that is read. A longer one is a problem of
// the data, not a reason to fill the memory.
const maxLineBytes = 16 << 20

// line is a line of a file without its end; text is valid only until the next.
type line struct {
	number int // from 1
	text   []byte
}

// readLines yields the lines of a file, decompressed if its name ends in .gz,
// from line number first on (1 is the whole file). A byte order mark is taken
// off. Lines that are not UTF-8 or too long are problems and are skipped; an
// error of the file itself is yielded and ends the lines.
func readLines(path string, first int, problems *Problems) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(line{}, err)
			return
		}
		defer file.Close() //nolint:errcheck // nothing was written
		var source io.Reader = file
		if strings.HasSuffix(path, ".gz") {
			decompressed, err := gzip.NewReader(file)
			if err != nil {
				yield(line{}, fmt.Errorf("%s: %w", path, err))
				return
			}
			source = decompressed
		}
		in := bufio.NewReaderSize(source, 64<<10)
		var text []byte
		for number := 1; ; number++ {
			var tooLong bool
			text, tooLong, err = readLine(in, text[:0])
			if err != nil && !errors.Is(err, io.EOF) {
				yield(line{}, fmt.Errorf("%s:%d: %w", path, number, err))
				return
			}
			atEnd := err != nil
			if atEnd && len(text) == 0 {
				return
			}
			if number >= first {
				if number == 1 {
					text = bytes.TrimPrefix(text, []byte("\ufeff"))
				}
				switch {
				case tooLong:
					err = problems.add(path, number, fmt.Sprintf("longer than %d MiB", maxLineBytes>>20))
				case !utf8.Valid(text):
					err = problems.add(path, number, "not UTF-8")
				default:
					err = nil
					if !yield(line{number, text}, nil) {
						return
					}
				}
				if err != nil {
					yield(line{}, err)
					return
				}
			}
			if atEnd {
				return
			}
		}
	}
}

// readLine appends the next line without its end to text. It reads on to the
// end of a line that is too long, but keeps only its beginning.
func readLine(in *bufio.Reader, text []byte) (_ []byte, tooLong bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(text)+len(part) > maxLineBytes {
			tooLong = true
		} else {
			text = append(text, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		text = bytes.TrimSuffix(text, []byte("\n"))
		text = bytes.TrimSuffix(text, []byte("\r"))
		return text, tooLong, err
	}
}
