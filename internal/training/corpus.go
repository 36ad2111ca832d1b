package training

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Corpus is running text: files with one sentence a line and a blank line
// between documents, plain or .gz, read as a stream.
type Corpus struct {
	Paths []string

	stop func() error // asked before each document, if there is one; an error ends the reading
}

// OpenCorpus lists the files of a corpus. A directory stands for the .txt and
// .txt.gz files in it and below, in the order of their names; a name with *
// stands for the files that match it.
func OpenCorpus(paths ...string) (*Corpus, error) {
	var files []string
	for _, path := range paths {
		found, err := corpusFiles(path)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no .txt or .txt.gz file there", path)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, errors.New("a corpus needs at least one file")
	}
	return &Corpus{Paths: files}, nil
}

func corpusFiles(path string) ([]string, error) {
	if strings.ContainsAny(path, "*?[") {
		return filepath.Glob(path) // sorted
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Type().IsRegular() && (strings.HasSuffix(path, ".txt") || strings.HasSuffix(path, ".txt.gz")) {
			files = append(files, path)
		}
		return nil
	})
	slices.Sort(files)
	return files, err
}

// CorpusPosition is a place between two lines of a corpus.
type CorpusPosition struct {
	File int `json:"file"` // index into Corpus.Paths
	Line int `json:"line"` // lines of it already read
}

// CorpusDocument is a document as text.
type CorpusDocument struct {
	Sentences []string
	Bytes     int            // of the sentences
	End       CorpusPosition // behind the document: where to go on
}

// maxDocumentBytes bounds the memory that a document takes. One that is
// longer, such as a file without blank lines, goes on as another document.
const maxDocumentBytes = 1 << 20

// Documents yields the documents from a position on; the zero position is the
// start. Memory is bounded by the longest document. Lines that cannot be used
// are counted in problems; other errors are yielded and end the documents.
func (c *Corpus) Documents(from CorpusPosition, problems *Problems) iter.Seq2[CorpusDocument, error] {
	return func(yield func(CorpusDocument, error) bool) {
		for file := from.File; file < len(c.Paths); file++ {
			skip := 0
			if file == from.File {
				skip = from.Line
			}
			var document CorpusDocument
			for line, err := range readLines(c.Paths[file], skip+1, problems) {
				if err != nil {
					yield(CorpusDocument{}, err)
					return
				}
				sentence := bytes.TrimSpace(line.text)
				if len(sentence) > 0 {
					document.Sentences = append(document.Sentences, string(sentence))
					document.Bytes += len(sentence)
				}
				ends := len(sentence) == 0 || document.Bytes >= maxDocumentBytes
				if ends && len(document.Sentences) > 0 {
					if err := c.stopped(); err != nil {
						yield(CorpusDocument{}, err)
						return
					}
					document.End = CorpusPosition{File: file, Line: line.number}
					if !yield(document, nil) {
						return
					}
					document = CorpusDocument{}
				}
			}
			if len(document.Sentences) > 0 {
				document.End = CorpusPosition{File: file + 1}
				if !yield(document, nil) {
					return
				}
			}
		}
	}
}

func (c *Corpus) stopped() error {
	if c.stop == nil {
		return nil
	}
	return c.stop()
}
