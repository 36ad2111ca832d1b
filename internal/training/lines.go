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

// readLines yields the lines of a file as a lineScanner gives them. An error is yielded
// and ends the lines.
func readLines(path string, problems *Problems) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		lines, err := openLines(path, 1, problems)
		if err != nil {
			yield(line{}, err)
			return
		}
		defer lines.close()
		for {
			next, err := lines.next()
			if errors.Is(err, io.EOF) || !yield(next, err) || err != nil {
				return
			}
		}
	}
}

// checkRegular refuses a pipe and the like: training reads its data more than once. What
// is not there, whoever opens it will say.
func checkRegular(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file: the data are read more than once, so write them to one", path)
	}
	return nil
}

// lineScanner reads the lines of a file, decompressed if its name ends in .gz. A byte
// order mark is taken off. Lines that are not UTF-8 or too long are problems and are
// skipped.
type lineScanner struct {
	path     string
	file     *os.File
	in       *bufio.Reader
	first    int // line to begin with; 1 is the whole file
	problems *Problems

	number int // of the last line
	text   []byte
	ended  bool
}

// openLines begins with a line, from 1 on.
func openLines(path string, first int, problems *Problems) (*lineScanner, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &lineScanner{path: path, file: file, first: first, problems: problems}
	var source io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if source, err = gzip.NewReader(file); err != nil {
			s.close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	s.in = bufio.NewReaderSize(source, 64<<10)
	return s, nil
}

func (s *lineScanner) close() { s.file.Close() } //nolint:errcheck // nothing was written

// next is the next line that can be used, or io.EOF. Any other error is of the file
// itself, or says that too many lines cannot be used.
func (s *lineScanner) next() (line, error) {
	for !s.ended {
		var tooLong bool
		var err error
		s.number++
		s.text, tooLong, err = readLine(s.in, s.text[:0])
		if err != nil && !errors.Is(err, io.EOF) {
			return line{}, fmt.Errorf("%s:%d: %w", s.path, s.number, err)
		}
		s.ended = err != nil
		if s.number < s.first || s.ended && len(s.text) == 0 {
			continue
		}
		if s.number == 1 && isUTF16(s.text) {
			return line{}, fmt.Errorf("%s is UTF-16: data are UTF-8, so convert it (iconv -f UTF-16 -t UTF-8)", s.path)
		}
		if s.number == 1 {
			s.text = bytes.TrimPrefix(s.text, []byte("\ufeff"))
		}
		switch {
		case tooLong:
			err = s.problems.add(s.path, s.number, fmt.Sprintf("longer than %d MiB", maxLineBytes>>20))
		case !utf8.Valid(s.text):
			err = s.problems.add(s.path, s.number, "not UTF-8")
		default:
			return line{s.number, s.text}, nil
		}
		if err != nil {
			return line{}, err
		}
	}
	return line{}, io.EOF
}

// isUTF16 says whether text begins with a byte order mark of UTF-16.
func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff"))
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
