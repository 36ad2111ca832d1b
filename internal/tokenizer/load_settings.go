package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// settings are what tokenizer_config.json may say about cutting text.
type settings struct {
	Class     string `json:"tokenizer_class"`
	LowerCase *bool  `json:"do_lower_case"`
	// StripAccents may be null, which is more than not to be there: accents
	// then follow the case, whatever tokenizer.json says.
	StripAccents nullable `json:"strip_accents"`
	ChineseChars *bool    `json:"tokenize_chinese_chars"`

	MaxLength *float64 `json:"model_max_length"`
	MaxLen    *float64 `json:"max_len"` // its old name

	UNK  *specialToken `json:"unk_token"`
	CLS  *specialToken `json:"cls_token"`
	SEP  *specialToken `json:"sep_token"`
	PAD  *specialToken `json:"pad_token"`
	Mask *specialToken `json:"mask_token"`

	Additional []specialToken `json:"additional_special_tokens"`
	Extra      extraTokens    `json:"extra_special_tokens"` // its newer name

	AddedByID map[int32]tokenFlags `json:"added_tokens_decoder"`

	CleanUp *bool `json:"clean_up_tokenization_spaces"`
}

// nullable is a bool that may be null, and may not be there.
type nullable struct {
	isThere bool
	value   *bool
}

// UnmarshalJSON is not called for what is not there.
func (n *nullable) UnmarshalJSON(data []byte) error {
	n.isThere = true
	return json.Unmarshal(data, &n.value)
}

// tokenFlags is an added token as the files have it, where normalized is the
// opposite of special unless it is said.
type tokenFlags struct {
	AddedToken
	Normalized *bool `json:"normalized"`
}

func (f tokenFlags) token() AddedToken {
	token := f.AddedToken
	token.Normalized = !token.Special
	if f.Normalized != nil {
		token.Normalized = *f.Normalized
	}
	return token
}

// specialToken is the name of a special token, or the token with its flags.
type specialToken AddedToken

// UnmarshalJSON takes both forms.
func (s *specialToken) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte{'{'}) {
		f := tokenFlags{AddedToken: AddedToken{Special: true}}
		if err := json.Unmarshal(data, &f); err != nil {
			return err
		}
		f.Special = true
		*s = specialToken(f.token())
		return nil
	}
	*s = specialToken{Special: true}
	return json.Unmarshal(data, &s.Content)
}

// extraTokens are a list of special tokens, or named ones in an object.
type extraTokens []specialToken

// UnmarshalJSON takes both forms.
func (e *extraTokens) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(data, []byte{'{'}) {
		return json.Unmarshal(data, (*[]specialToken)(e))
	}
	var named map[string]specialToken
	if err := json.Unmarshal(data, &named); err != nil {
		return err
	}
	for _, token := range named {
		*e = append(*e, token)
	}
	slices.SortFunc(*e, func(a, b specialToken) int { return cmp.Compare(a.Content, b.Content) })
	return nil
}

// readSettings reads tokenizer_config.json and, if that does not list the added
// tokens, the two files that older directories have beside it.
func readSettings(fsys fs.FS) (*settings, error) {
	var s settings
	read := func(file string, into any) error {
		err := readJSON(fsys, file, into)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := read(configFile, &s); err != nil {
		return nil, err
	}
	if s.AddedByID != nil {
		return &s, nil
	}
	if err := read(specialTokensFile, &s); err != nil {
		return nil, err
	}
	var ids map[string]int32
	if err := read(addedTokensFile, &ids); err != nil {
		return nil, err
	}
	special := map[string]bool{}
	for _, token := range s.specials() {
		special[token.Content] = true
	}
	s.AddedByID = make(map[int32]tokenFlags, len(ids))
	for content, id := range ids {
		s.AddedByID[id] = tokenFlags{AddedToken: AddedToken{Content: content, Special: special[content]}}
	}
	return &s, nil
}

// bertClasses are the tokenizer classes, but for Fast at their end, that are
// BertTokenizer by another name.
var bertClasses = []string{
	"", "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer",
	"SqueezeBertTokenizer", "FunnelTokenizer", "LayoutLMTokenizer", "LxmertTokenizer", "RealmTokenizer",
	"RetriBertTokenizer", "DPRQuestionEncoderTokenizer", "DPRContextEncoderTokenizer", "DPRReaderTokenizer",
}

func (s *settings) isBERT() bool {
	return slices.Contains(bertClasses, strings.TrimSuffix(s.Class, "Fast"))
}

// specials are all special tokens that have been named.
func (s *settings) specials() []AddedToken {
	var all []AddedToken
	for _, token := range []*specialToken{s.UNK, s.CLS, s.SEP, s.PAD, s.Mask} {
		if token != nil {
			all = append(all, AddedToken(*token))
		}
	}
	for _, token := range append(s.Additional, s.Extra...) {
		all = append(all, AddedToken(token))
	}
	return all
}

// apply puts the settings above c, whose added tokens, of tokenizer.json, have
// these ids.
func (s *settings) apply(c *Config, vocabulary []string, ids map[string]int32) error {
	if s.LowerCase != nil {
		c.Lowercase = *s.LowerCase
	}
	if s.ChineseChars != nil {
		c.ChineseChars = *s.ChineseChars
	}
	if s.StripAccents.isThere {
		c.StripAccents = s.StripAccents.value
	}
	if s.CleanUp != nil {
		c.CleanUpText = *s.CleanUp
	}
	// Where nobody chose, transformers writes 1e30.
	const absurd = 1e9
	for _, length := range []*float64{s.MaxLen, s.MaxLength} {
		if length != nil && *length >= 1 && *length < absurd {
			c.MaxLength = int(*length)
		}
	}
	for _, name := range []struct {
		is  *specialToken
		was *string
	}{{s.UNK, &c.UNK}, {s.CLS, &c.CLS}, {s.SEP, &c.SEP}, {s.PAD, &c.PAD}, {s.Mask, &c.Mask}} {
		if name.is != nil {
			*name.was = name.is.Content
		}
	}
	if c.Single == nil {
		c.Single, c.Pair = BERTTemplates(c.CLS, c.SEP)
	}

	return s.applyAdded(c, vocabulary, ids)
}

// applyAdded puts the added tokens of the settings before those of c, in the
// order of their ids.
func (s *settings) applyAdded(c *Config, vocabulary []string, ids map[string]int32) error {
	var tokens []AddedToken
	ours := make(map[string]bool, len(s.AddedByID))
	for id, flags := range s.AddedByID {
		tokens = append(tokens, flags.token())
		ids[flags.Content] = id
		ours[flags.Content] = true
	}
	for _, token := range c.Added {
		if !ours[token.Content] {
			tokens = append(tokens, token)
		}
	}
	slices.SortFunc(tokens, func(a, b AddedToken) int { return cmp.Compare(ids[a.Content], ids[b.Content]) })
	known := knownTokens(vocabulary, append(s.specials(), tokens...))
	if err := checkAddedIDs(tokens, ids, known, len(vocabulary)); err != nil {
		return err
	}
	// Special tokens that are but named do not extend the vocabulary.
	for _, token := range s.specials() {
		if _, added := ids[token.Content]; added || known[token.Content] {
			tokens = append(tokens, token)
		}
	}
	c.Added = tokens
	return nil
}

// knownTokens says which of the tokens a vocabulary has.
func knownTokens(vocabulary []string, tokens []AddedToken) map[string]bool {
	known := make(map[string]bool, len(tokens))
	for _, token := range tokens {
		known[token.Content] = false
	}
	for _, token := range vocabulary {
		if _, asked := known[token]; asked {
			known[token] = true
		}
	}
	return known
}

// checkAddedIDs reports tokens that come after a vocabulary of size tokens, but
// not in the order that their ids say.
func checkAddedIDs(tokens []AddedToken, ids map[string]int32, known map[string]bool, size int) error {
	next := int32(size)
	for _, token := range tokens {
		if known[token.Content] {
			continue
		}
		if id := ids[token.Content]; id != next {
			return fmt.Errorf("added token %q has id %d, but the next one after the vocabulary is %d", token.Content, id, next)
		}
		next++
	}
	return nil
}
