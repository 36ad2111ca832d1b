package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"cloze/internal/tokenizer"
	"cloze/models"
)

// tokenizer makes vocab.txt and tokenizer_config.json, which say all there is to
// say of BERT's own tokenizer; a tokenizer.json may add truncation and padding
// that belong to one use of the model. made is what they say; it takes texts of
// up to maxLength tokens.
func (c *convertCmd) tokenizer(maxLength int) (files fs.FS, made *tokenizer.Tokenizer, err error) {
	name, source := c.Source, models.FS(c.Source)
	if source == nil || c.Tokenizer != "" {
		if name, err = c.tokenizerPath(); err != nil {
			return nil, nil, err
		}
		source = tokenizerAt(name)
	}
	if files, made, err = c.readTokenizer(source, maxLength); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return files, made, nil
}

// tokenizerPath finds the tokenizer beside the source: under its usual names
// in a directory, or the one file that ends in tokenizer.json or vocab.txt
// beside an ONNX file.
func (c *convertCmd) tokenizerPath() (string, error) {
	if c.Tokenizer != "" {
		return c.Tokenizer, nil
	}
	dir := c.sourceDirectory()
	for _, pattern := range []string{"tokenizer.json", "vocab.txt", "*tokenizer.json", "*vocab.txt"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("%s: no single tokenizer.json or vocab.txt there: give --tokenizer", dir)
}

func (c *convertCmd) readTokenizer(dir fs.FS, maxLength int) (files fs.FS, made *tokenizer.Tokenizer, err error) {
	source, err := tokenizer.Load(dir)
	if err != nil {
		return nil, nil, err
	}
	var vocab []byte
	for id := range source.VocabSize() {
		vocab = append(append(vocab, source.Token(int32(id))...), '\n')
	}
	config := source.Config()
	files, err = tokenizerFiles(vocab, tokenizerSettings{
		Lowercase:    c.Case == "lower" || c.Case == "auto" && (config.Lowercase || !hasCapitals(source)),
		StripAccents: config.StripAccents, ChineseApart: &config.ChineseChars, MaxLength: maxLength,
	})
	if err != nil {
		return nil, nil, err
	}
	if made, err = tokenizer.Load(files); err != nil {
		return nil, nil, err
	}
	return files, made, cutAlike(source, made)
}

// tokenizerAt shows a tokenizer.json or vocab.txt under its usual name, with the
// settings that lie beside it: whoever serves the source follows those, too. A
// *tokenizer.json of another name is alone, as it was downloaded.
func tokenizerAt(path string) fs.FS {
	const vocabulary, whole = "vocab.txt", "tokenizer.json"
	is, other := vocabulary, whole
	if strings.HasSuffix(path, ".json") {
		is, other = whole, vocabulary
	}
	files := filesNamed{}
	if is == vocabulary || filepath.Base(path) == whole {
		for _, name := range tokenizer.Files {
			files[name] = filepath.Join(filepath.Dir(path), name)
		}
		delete(files, other)
	}
	files[is] = path
	return files
}

// filesNamed is a directory of files that lie elsewhere: paths by name.
type filesNamed map[string]string

// Open implements fs.FS.
func (f filesNamed) Open(name string) (fs.File, error) {
	path, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return os.Open(path)
}

// hasCapitals says whether capital letters have tokens. Without, every word
// that begins with one would be [UNK].
func hasCapitals(tok *tokenizer.Tokenizer) bool {
	for letter := 'A'; letter <= 'Z'; letter++ {
		if _, ok := tok.ID(string(letter)); ok {
			return true
		}
	}
	return false
}

// cutAlike returns an error unless what was made of a tokenizer cuts text as
// that does, but for the case: vocab.txt and tokenizer_config.json cannot say all
// that a tokenizer.json may.
func cutAlike(source, made *tokenizer.Tokenizer) error {
	is, can := source.Config(), made.Config()
	for _, setting := range []struct {
		name    string
		is, can any
	}{
		{"clean_text", is.CleanText, can.CleanText},
		{"pre_tokenizer", is.PreTokenizer, can.PreTokenizer},
		{"continuing_subword_prefix", is.Prefix, can.Prefix},
		{"max_input_chars_per_word", is.MaxWordChars, can.MaxWordChars},
		{"unk_token", is.UNK, can.UNK},
		{"cls_token", is.CLS, can.CLS},
		{"sep_token", is.SEP, can.SEP},
		{"pad_token", is.PAD, can.PAD},
		{"mask_token", is.Mask, can.Mask},
		{"post_processor", [2]tokenizer.Template{is.Single, is.Pair}, [2]tokenizer.Template{can.Single, can.Pair}},
	} {
		if !reflect.DeepEqual(setting.is, setting.can) {
			return fmt.Errorf("its %s is not BERT's, which vocab.txt and tokenizer_config.json cannot say", setting.name)
		}
	}
	for _, added := range is.Added {
		if !slices.ContainsFunc(can.Added, func(a tokenizer.AddedToken) bool { return a.Content == added.Content }) {
			return fmt.Errorf("it has the added token %q, which vocab.txt and tokenizer_config.json cannot say", added.Content)
		}
	}
	for id := range int32(source.VocabSize()) {
		token := source.Token(id)
		if token == "" || strings.ContainsFunc(token, unicode.IsSpace) {
			continue // no word has it, and a line of vocab.txt loses the space at its end
		}
		is, _ := source.ID(token)
		if can, _ := made.ID(token); can != is {
			return fmt.Errorf("token %q has id %d, and in vocab.txt %d", token, is, can)
		}
	}
	return nil
}
