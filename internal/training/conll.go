package training

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloze/internal/tokenizer"
)

// TaggedSentence is a sentence whose words carry tags.
type TaggedSentence struct {
	Text  string
	Words []tokenizer.Span // bytes of Text
	Tags  []string         // one a word, as IOB2: B-TYPE, I-TYPE, O
	Path  string
	Line  int // of the first word, from 1
}

// ReadTagged yields the sentences of a CoNLL file: a word a line, its tag in
// the last column, a blank line between sentences. Columns are separated by
// tabs, or by blanks where a line has no tab. Lines "-DOCSTART-" and comments
// ("# …") are passed over; tags in the schemes IOB1 and IOBES are rewritten as
// IOB2.
//
// The text is what the words were cut from: a file NAME.sentences.txt beside
// NAME.conll (or another such name), if there is one, holds it line by line.
// Otherwise the words are joined, with blanks unless every word is one character,
// as Chinese sets have it. So are those of a sentence whose line is not its text,
// which is counted in problems.
//
// A sentence with a line that cannot be used is left out as a whole, since
// without the word it is another sentence, and is counted once in problems
// (lines that are not UTF-8 one by one). A file without any other is an error.
func ReadTagged(path string, problems *Problems) iter.Seq2[TaggedSentence, error] {
	return func(yield func(TaggedSentence, error) bool) {
		texts, err := sentenceTexts(path, problems)
		if err != nil {
			yield(TaggedSentence{}, err)
			return
		}
		sentences := 0 // in the file, usable or not
		usable := 0
		var words, tags []string
		start := 0 // line of the first word
		// A sentence is broken if a line of it could not be used, whether that
		// is found here or by readLines, which leaves such lines out.
		lost := problems.Total()
		broken := func() bool { return problems.Total() > lost }
		// emit yields the sentence that ends here, if one does; false ends the
		// reading.
		emit := func() bool {
			if len(words) == 0 && !broken() {
				return true
			}
			goesOn := true
			if !broken() {
				usable++
				sentence, err := texts.tagged(sentences, words, tags, problems)
				if err != nil {
					yield(TaggedSentence{}, err)
					return false
				}
				sentence.Path, sentence.Line = path, start
				goesOn = yield(sentence, nil)
			}
			sentences++
			words, tags, lost = nil, nil, problems.Total()
			return goesOn
		}
		for line, err := range readLines(path, problems) {
			if err != nil {
				yield(TaggedSentence{}, err)
				return
			}
			text := strings.TrimRight(string(line.text), " \t")
			if text == "" {
				if !emit() {
					return
				}
				continue
			}
			columns := splitColumns(text)
			tag := columns[len(columns)-1]
			switch {
			case columns[0] == "-DOCSTART-":
				continue
			case strings.HasPrefix(text, "# ") && !isTag(tag):
				continue
			case len(columns) < 2 || columns[0] == "" || !isTag(tag):
				if broken() {
					continue // counted already
				}
				if err := problems.add(path, line.number, fmt.Sprintf("%q is not a word and a tag: its sentence is left out", text)); err != nil {
					yield(TaggedSentence{}, err)
					return
				}
				continue
			}
			if len(words) == 0 {
				start = line.number
			}
			words = append(words, columns[0])
			tags = append(tags, tag)
		}
		if !emit() {
			return
		}
		if usable == 0 {
			yield(TaggedSentence{}, problems.Explain(fmt.Errorf("%s: no sentence that could be used", path)))
		}
	}
}

func splitColumns(text string) []string {
	if strings.Contains(text, "\t") {
		return strings.Split(text, "\t")
	}
	return strings.Fields(text)
}

func isTag(tag string) bool {
	if tag == "O" {
		return true
	}
	return len(tag) > 2 && tag[1] == '-' && strings.ContainsRune("BIESUL", rune(tag[0]))
}

// iob2 rewrites tags of any scheme that Entities reads, and those of BILOU,
// whose L and U are IOBES's E and S.
func iob2(tags []string) []string {
	read := make([]string, len(tags))
	for i, tag := range tags {
		switch tag[0] {
		case 'L':
			tag = "E" + tag[1:]
		case 'U':
			tag = "S" + tag[1:]
		}
		read[i] = tag
	}
	out := make([]string, len(tags))
	for i := range out {
		out[i] = "O"
	}
	for _, entity := range Entities(read) {
		for i := entity.Start; i < entity.End; i++ {
			out[i] = "I-" + entity.Type
		}
		out[entity.Start] = "B-" + entity.Type
	}
	return out
}

// sentencesBeside are the texts of a CoNLL file's sentences, from a file beside it.
type sentencesBeside struct {
	path  string         // "" if there is none
	texts map[int]string // by the number of the sentence, from 0
	lost  map[int]bool   // lines that could not be used, and are counted already
}

// sentenceTexts reads the texts beside a CoNLL file, if they are there.
func sentenceTexts(path string, problems *Problems) (sentencesBeside, error) {
	path = strings.TrimSuffix(path, ".gz")
	base := strings.TrimSuffix(path, filepath.Ext(path))
	for _, beside := range []string{base + ".sentences.txt", base + ".sentences.txt.gz"} {
		if _, err := os.Stat(beside); err != nil {
			continue
		}
		s := sentencesBeside{path: beside, texts: map[int]string{}, lost: map[int]bool{}}
		next, before := 1, problems.Total() // the line to come, and problems of other files
		for line, err := range readLines(beside, problems) {
			if err != nil {
				return s, err
			}
			for ; next < line.number; next++ {
				s.lost[next-1] = true
			}
			s.texts[line.number-1] = string(line.text)
			next++
		}
		for ; len(s.lost) < problems.Total()-before; next++ { // at the end of the file
			s.lost[next-1] = true
		}
		return s, nil
	}
	return sentencesBeside{}, nil
}

// tagged makes a sentence of words that were cut from its text, or else of the
// words joined.
func (s sentencesBeside) tagged(number int, words, tags []string, problems *Problems) (TaggedSentence, error) {
	text := s.texts[number]
	spans, located := locate(text, words)
	if !located {
		if s.path != "" && !s.lost[number] {
			reason := fmt.Sprintf("%q is not the text of sentence %d, %q: its words are joined instead", text, number+1, strings.Join(words, " "))
			if err := problems.add(s.path, number+1, reason); err != nil {
				return TaggedSentence{}, err
			}
		}
		text, spans = join(words)
	}
	return TaggedSentence{Text: text, Words: spans, Tags: iob2(tags)}, nil
}

// locate finds the words in their text, in order, nothing but white space
// between them. It fails where the text is not that of the words.
func locate(text string, words []string) ([]tokenizer.Span, bool) {
	spans := make([]tokenizer.Span, len(words))
	at := 0
	for i, word := range words {
		for at < len(text) && !strings.HasPrefix(text[at:], word) {
			r, size := utf8.DecodeRuneInString(text[at:])
			if !unicode.IsSpace(r) {
				return nil, false
			}
			at += size
		}
		if at == len(text) {
			return nil, false
		}
		spans[i] = tokenizer.Span{Start: at, End: at + len(word)}
		at += len(word)
	}
	return spans, true
}

// join writes the words one after another.
func join(words []string) (string, []tokenizer.Span) {
	characters := true
	for _, word := range words {
		characters = characters && utf8.RuneCountInString(word) == 1
	}
	// One-letter English sentences exist ("A ."), Chinese ones without a Han
	// character hardly do.
	if characters {
		characters = strings.ContainsFunc(strings.Join(words, ""), func(r rune) bool {
			return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
		})
	}
	var text strings.Builder
	spans := make([]tokenizer.Span, len(words))
	for i, word := range words {
		if i > 0 && !characters && word != "n't" { // "do n't" is "don't" cut in two
			text.WriteByte(' ')
		}
		spans[i] = tokenizer.Span{Start: text.Len(), End: text.Len() + len(word)}
		text.WriteString(word)
	}
	return text.String(), spans
}
