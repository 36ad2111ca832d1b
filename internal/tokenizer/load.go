package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// The files of a model directory that say how text is cut.
const (
	vocabFile     = "vocab.txt"
	tokenizerFile = "tokenizer.json"
	configFile    = "tokenizer_config.json"
	// Older directories keep here what tokenizer_config.json has in newer ones.
	specialTokensFile = "special_tokens_map.json"
	addedTokensFile   = "added_tokens.json"
)

// Files are the names of all files that Load reads, as far as they are there.
var Files = []string{vocabFile, tokenizerFile, configFile, specialTokensFile, addedTokensFile}

// Load reads the tokenizer of a model directory in Hugging Face's format:
// tokenizer.json, or vocab.txt where there is none, and tokenizer_config.json.
//
// What tokenizer_config.json says of lower case, accents, Chinese characters
// and special tokens stands above tokenizer.json, as in transformers. What it
// does not say is tokenizer.json's (transformers: the default of its class),
// else DefaultConfig's. Truncation and padding are the caller's.
//
// A vocabulary may lack [PAD] and [MASK]; transformers would make up ids
// beyond it, for which the model has no embedding. An error names its file.
func Load(fsys fs.FS) (*Tokenizer, error) {
	s, err := readSettings(fsys)
	if err != nil {
		return nil, err
	}
	c := DefaultConfig()
	c.Single, c.Pair = nil, nil
	file := tokenizerFile
	vocabulary, ids, err := readTokenizerJSON(fsys, &c)
	if errors.Is(err, fs.ErrNotExist) {
		file = vocabFile
		ids = map[string]int32{}
		vocabulary, err = readVocabulary(fsys)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("neither %s nor %s: %w", tokenizerFile, vocabFile, fs.ErrNotExist)
		}
		if err == nil && !s.isBERT() {
			err = fmt.Errorf("%s: %s does not cut text as BERT does, and without %s nothing says how", configFile, s.Class, tokenizerFile)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := s.apply(&c, vocabulary, ids); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	t, err := New(vocabulary, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// readVocabulary reads vocab.txt: a token a line, its id the line's number
// from 0. Space at the end of a line is no part of the token (tokenizers'
// WordPiece::read_file), so files with CRLF are as good as others.
func readVocabulary(fsys fs.FS) ([]string, error) {
	data, err := fs.ReadFile(fsys, vocabFile)
	if err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if len(data) == 0 {
		return nil, fmt.Errorf("%s is empty", vocabFile)
	}
	// One string for all: the tokens are parts of it.
	text := strings.TrimSuffix(string(data), "\n")
	vocabulary := strings.Split(text, "\n")
	for i, token := range vocabulary {
		vocabulary[i] = trimSpaceRight(token)
	}
	return vocabulary, nil
}

// readJSON reads a file into a value; what names no field of it is ignored.
func readJSON(fsys fs.FS, file string, into any) error {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\uFEFF")), into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
