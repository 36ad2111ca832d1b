package training

import (
	"bytes"
	"errors"
	"io"
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

// Documents yields all documents. Memory is bounded by the longest one. Lines that
// cannot be used are counted in problems; other errors are yielded and end the documents.
func (c *Corpus) Documents(problems *Problems) iter.Seq2[CorpusDocument, error] {
	return func(yield func(CorpusDocument, error) bool) {
		documents := &documentReader{corpus: c, problems: problems}
		defer documents.close()
		for {
			document, err := documents.next()
			if errors.Is(err, io.EOF) || !yield(document, err) || err != nil {
				return
			}
		}
	}
}

// documentReader reads documents from a position on, and stays in the file.
type documentReader struct {
	corpus   *Corpus
	at       CorpusPosition // behind the last document
	problems *Problems
	lines    *lineScanner // of file at.File, once it is open
}

// next is the next document, or io.EOF.
func (r *documentReader) next() (CorpusDocument, error) {
	var document CorpusDocument
	for r.at.File < len(r.corpus.Paths) {
		if r.lines == nil {
			var err error
			if r.lines, err = openLines(r.corpus.Paths[r.at.File], r.at.Line+1, r.problems); err != nil {
				return CorpusDocument{}, err
			}
		}
		line, err := r.lines.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return CorpusDocument{}, err
		}
		sentence := bytes.TrimSpace(line.text)
		if len(sentence) > 0 {
			document.Sentences = append(document.Sentences, string(sentence))
			document.Bytes += len(sentence)
		}
		place := CorpusPosition{File: r.at.File, Line: line.number}
		if err != nil { // the end of the file
			r.close()
			place = CorpusPosition{File: r.at.File + 1}
			r.at = place
		}
		ends := len(sentence) == 0 || document.Bytes >= maxDocumentBytes
		if ends && len(document.Sentences) > 0 {
			r.at, document.End = place, place
			return document, r.corpus.stopped()
		}
	}
	return CorpusDocument{}, io.EOF
}

// close closes the file that is open, if one is.
func (r *documentReader) close() {
	if r.lines != nil {
		r.lines.close()
		r.lines = nil
	}
}

func (c *Corpus) stopped() error {
	if c.stop == nil {
		return nil
	}
	return c.stop()
}
