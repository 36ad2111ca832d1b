package training

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"

	"cloze/internal/kernels"
	"cloze/internal/tokenizer"
)

// ExampleStream makes pre-training examples of a corpus of any size, epoch
// after epoch, in bounded memory. It reads a block of documents, cuts them into
// examples and shuffles these; second segments that are not the next come from
// documents of the same block. That is google-research/bert's
// create_pretraining_data.py run over shards, but with pairs and masks drawn
// anew in every epoch.
//
// Everything follows from the seed and the position, so that a run can be
// continued where it stopped.
type ExampleStream struct {
	corpus    *Corpus
	tokenizer *tokenizer.Tokenizer
	maker     *ExampleMaker
	options   StreamOptions

	position StreamPosition
	reader   *documentReader // behind the block, unless the stream was moved since
	bytes    int             // of the block's documents, held out or not
	loaded   bool
	examples []Example // of the block, shuffled
	total    int       // bytes of the corpus's documents, once surveyed
	problems *Problems
	heldOut  uint64 // documents with a lower hash, or this one, are held out
}

// StreamOptions are the settings of an ExampleStream.
type StreamOptions struct {
	Seed uint64
	// BlockBytes is how much text is read at a time; 0 is 32 MiB. Memory is
	// about six times that.
	BlockBytes int
	// HeldOut is the share of documents left out for Survey to return.
	HeldOut float64
	// ProblemLimit is how many lines may be unusable, of all files in an epoch.
	ProblemLimit int
	Pool         *kernels.Pool // tokenizes; may be nil
}

const defaultBlockBytes = 32 << 20

// StreamPosition is a place in the stream.
type StreamPosition struct {
	Epoch int            `json:"epoch"`
	Block int            `json:"block"` // of the epoch
	Start CorpusPosition `json:"start"` // where the block begins
	Bytes int            `json:"bytes"` // of the epoch's documents before the block
	Index int            `json:"index"` // examples of the block already given
}

// NewExampleStream starts at the beginning of the corpus.
func NewExampleStream(c *Corpus, t *tokenizer.Tokenizer, m *ExampleMaker, o StreamOptions) (*ExampleStream, error) {
	if !(o.HeldOut >= 0 && o.HeldOut < 1) {
		return nil, fmt.Errorf("the held-out share is %v, want 0 or more and less than 1", o.HeldOut)
	}
	if o.BlockBytes <= 0 {
		o.BlockBytes = defaultBlockBytes
	}
	return &ExampleStream{
		corpus: c, tokenizer: t, maker: m, options: o,
		problems: &Problems{Limit: o.ProblemLimit},
		heldOut:  uint64(o.HeldOut * math.MaxUint64),
	}, nil
}

// Position is where the next example comes from.
func (s *ExampleStream) Position() StreamPosition { return s.position }

// Seek continues at a position of a stream with the same corpus, options and
// maker.
func (s *ExampleStream) Seek(to StreamPosition) {
	s.position, s.loaded, s.examples = to, false, nil
}

// Progress is the share of the epoch that was given: of the corpus's text, as
// Survey found it, with a block counted as far as its examples are given.
func (s *ExampleStream) Progress() (float64, error) {
	if s.total == 0 {
		return 0, errors.New("the corpus was not surveyed")
	}
	given := float64(s.position.Bytes)
	if s.position.Index > 0 {
		if err := s.load(); err != nil { // after Seek
			return 0, err
		}
		given += float64(s.bytes) * ratio(float64(s.position.Index), float64(len(s.examples)))
	}
	return min(1, given/float64(s.total)), nil
}

// Restart goes on with the next block and another maker: for examples of
// another length.
func (s *ExampleStream) Restart(m *ExampleMaker) error {
	s.maker = m
	if s.position.Index == 0 {
		s.loaded, s.examples = false, nil
		return nil
	}
	if err := s.load(); err != nil {
		return err
	}
	s.skipBlock()
	return nil
}

func (s *ExampleStream) skipBlock() {
	s.position.Block++
	s.position.Start = s.reader.at
	s.position.Bytes += s.bytes
	s.position.Index = 0
	s.loaded, s.examples = false, nil
}

// Next returns the next example. It is the caller's to keep.
func (s *ExampleStream) Next() (Example, error) {
	for ends := 0; ; {
		if err := s.load(); err != nil {
			return Example{}, err
		}
		if s.position.Index < len(s.examples) {
			example := s.examples[s.position.Index]
			s.position.Index++
			return example, nil
		}
		if s.reader.at.File < len(s.corpus.Paths) {
			s.skipBlock()
			continue
		}
		if s.total > 0 && s.position.Bytes+s.bytes != s.total {
			return Example{}, errors.New("the corpus is not what it was when the run began: its files have changed")
		}
		// The end of the corpus. The epoch may have been entered in its middle,
		// so one that gave no example proves nothing yet.
		if ends++; ends > 1 {
			return Example{}, errors.New("the corpus holds no sentence that an example could be made of")
		}
		s.position = StreamPosition{Epoch: s.position.Epoch + 1}
		s.loaded, s.examples = false, nil
		s.problems = &Problems{Limit: s.options.ProblemLimit}
	}
}

// load reads and shuffles the block at the position, if that is not done.
func (s *ExampleStream) load() error {
	if s.loaded {
		return nil
	}
	texts, err := s.readBlock()
	if err != nil {
		return err
	}
	documents := tokenizeDocuments(s.tokenizer, texts, s.options.Pool)
	rng := NewRand(s.options.Seed, uint64(s.position.Epoch)<<32|uint64(uint32(s.position.Block)))
	s.examples = s.examples[:0]
	for i := range documents {
		s.examples = append(s.examples, s.maker.FromDocument(rng, documents, i)...)
	}
	rng.Shuffle(len(s.examples), func(i, j int) { s.examples[i], s.examples[j] = s.examples[j], s.examples[i] })
	s.loaded = true
	return nil
}

// readBlock reads the block at the position, but for what is held out. It goes on in the
// file where the last block ended: to come to a line, all those before it must be read.
func (s *ExampleStream) readBlock() (texts []CorpusDocument, err error) {
	if s.reader == nil || s.reader.at != s.position.Start || s.reader.problems != s.problems {
		s.closeFile()
		s.reader = &documentReader{corpus: s.corpus, at: s.position.Start, problems: s.problems}
	}
	s.bytes = 0
	for size := 0; size < s.options.BlockBytes; {
		document, err := s.reader.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.closeFile()
			return nil, err
		}
		s.bytes += document.Bytes
		if !s.isHeldOut(document) {
			texts = append(texts, document)
			size += document.Bytes
		}
	}
	return texts, nil
}

// closeFile closes the file that the stream has open. (That of a stream that nobody uses
// any more, os.File closes by itself.)
func (s *ExampleStream) closeFile() {
	if s.reader != nil {
		s.reader.close()
		s.reader = nil
	}
}

// isHeldOut tells from the text alone, so that a document is held out whatever
// else the corpus holds, and on which pass it is met.
func (s *ExampleStream) isHeldOut(d CorpusDocument) bool {
	return s.options.HeldOut > 0 && s.hash(d) <= s.heldOut
}

func (s *ExampleStream) hash(d CorpusDocument) uint64 {
	hash := fnv.New64a()
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], s.options.Seed)
	hash.Write(seed[:])
	for _, sentence := range d.Sentences {
		hash.Write([]byte(sentence))
	}
	// FNV's high bits hardly move for short texts; a multiplication spreads them.
	return hash.Sum64() * 0x9e3779b97f4a7c15
}

// Survey is what a first pass over the corpus tells.
type Survey struct {
	Files, Documents, Sentences, Bytes int
	Sum                                string // of the documents and where they stand
	Problems                           *Problems
	HeldOut                            []Example // with masks that stay the same
}

// Survey reads the whole corpus once, before any time is spent on training, so
// that a broken file is found now. It returns examples of the held-out
// documents: at most maxExamples, drawn from all of them. It comes before the
// first Next: of a corpus so small that its share is no document, it holds one
// out.
func (s *ExampleStream) Survey(maxExamples int) (Survey, error) {
	pass, err := s.survey(maxExamples)
	if err == nil && len(pass.heldOut) == 0 && maxExamples > 0 && s.options.HeldOut > 0 && pass.Documents > 1 {
		s.heldOut = pass.lowest
		pass, err = s.survey(maxExamples)
	}
	survey := pass.Survey
	if err != nil {
		return survey, err
	}
	s.total = survey.Bytes
	rng := NewRand(s.options.Seed, math.MaxUint64)
	documents := tokenizeDocuments(s.tokenizer, pass.heldOut, s.options.Pool)
	heldOut := len(documents)
	if heldOut == 1 { // its random nexts must come from somewhere
		documents = append(documents, tokenizeDocuments(s.tokenizer, pass.others, s.options.Pool)...)
	}
	for i := range heldOut {
		survey.HeldOut = append(survey.HeldOut, s.maker.FromDocument(rng, documents, i)...)
	}
	rng.Shuffle(len(survey.HeldOut), func(i, j int) {
		survey.HeldOut[i], survey.HeldOut[j] = survey.HeldOut[j], survey.HeldOut[i]
	})
	survey.HeldOut = survey.HeldOut[:min(len(survey.HeldOut), maxExamples)]
	return survey, nil
}

// surveyPass is what one pass over the corpus collects.
type surveyPass struct {
	Survey
	heldOut []CorpusDocument // enough for the examples, drawn as a reservoir
	others  []CorpusDocument // a few that are trained on
	lowest  uint64           // hash of a document
}

func (s *ExampleStream) survey(maxExamples int) (surveyPass, error) {
	const others = 16
	p := surveyPass{
		Survey: Survey{Files: len(s.corpus.Paths), Problems: &Problems{Limit: s.options.ProblemLimit}},
		lowest: math.MaxUint64,
	}
	met := 0
	sum := sha256.New()
	rng := NewRand(s.options.Seed, math.MaxUint64-1)
	for document, err := range s.corpus.Documents(p.Problems) {
		if err != nil {
			return p, err
		}
		p.Documents++
		p.Sentences += len(document.Sentences)
		p.Bytes += document.Bytes
		for _, sentence := range document.Sentences {
			sum.Write([]byte(sentence))
			sum.Write([]byte("\n"))
		}
		var end [16]byte
		binary.LittleEndian.PutUint64(end[:], uint64(document.End.File))
		binary.LittleEndian.PutUint64(end[8:], uint64(document.End.Line))
		sum.Write(end[:])
		if maxExamples == 0 || s.options.HeldOut == 0 {
			continue
		}
		p.lowest = min(p.lowest, s.hash(document))
		if !s.isHeldOut(document) {
			if len(p.others) < others {
				p.others = append(p.others, document)
			}
			continue
		}
		met++
		if len(p.heldOut) < 2*maxExamples {
			p.heldOut = append(p.heldOut, document)
		} else if i := rng.IntN(met); i < len(p.heldOut) {
			p.heldOut[i] = document
		}
	}
	if p.Documents == 0 {
		return p, p.Problems.Explain(fmt.Errorf("the corpus holds no text (%d files)", p.Files))
	}
	p.Sum = sumString(sum)
	return p, nil
}

// tokenizeDocuments turns sentences into ids, on the pool's workers. Sentences
// without a piece are left out. A special token written in the text is text.
func tokenizeDocuments(t *tokenizer.Tokenizer, texts []CorpusDocument, pool *kernels.Pool) []Document {
	task := tokenizeTask{tokenizer: t, texts: texts, documents: make([]Document, len(texts))}
	pool.Run(len(texts), &task)
	documents := task.documents[:0]
	for _, document := range task.documents {
		if len(document) > 0 {
			documents = append(documents, document)
		}
	}
	return documents
}

type tokenizeTask struct {
	tokenizer *tokenizer.Tokenizer
	texts     []CorpusDocument
	documents []Document
}

// Do implements kernels.Task; i is a document.
func (t *tokenizeTask) Do(_, i int) {
	document := make(Document, 0, len(t.texts[i].Sentences))
	for _, sentence := range t.texts[i].Sentences {
		encoding := t.tokenizer.Encode(sentence, tokenizer.Options{NoTemplate: true, Specials: tokenizer.SpecialsNone})
		if len(encoding.IDs) > 0 {
			document = append(document, encoding.IDs)
		}
	}
	t.documents[i] = document
}
