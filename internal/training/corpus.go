package training

import (
	"bytes"
	"iter"
)

// Corpus is running text: files with one sentence a line and a blank line
// between documents, plain or .gz, read as a stream.
type Corpus struct {
	Paths []string

	stop func() error // asked before each document, if there is one; an error ends the reading
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
