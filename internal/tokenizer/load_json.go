package tokenizer

import (
	"fmt"
	"io/fs"
)

// tokenizerJSON is what tokenizer.json says of cutting text.
type tokenizerJSON struct {
	Version     string `json:"version"`
	AddedTokens []struct {
		ID int32 `json:"id"`
		tokenFlags
	} `json:"added_tokens"`
	Normalizer *struct {
		Type         string `json:"type"`
		CleanText    *bool  `json:"clean_text"`
		ChineseChars *bool  `json:"handle_chinese_chars"`
		StripAccents *bool  `json:"strip_accents"`
		Lowercase    *bool  `json:"lowercase"`
	} `json:"normalizer"`
	PreTokenizer *struct {
		Type string `json:"type"`
	} `json:"pre_tokenizer"`
	PostProcessor *postProcessorJSON `json:"post_processor"`
	Decoder       *struct {
		Type    string `json:"type"`
		CleanUp *bool  `json:"cleanup"`
	} `json:"decoder"`
	Model *struct {
		Type         string           `json:"type"`
		UNK          *string          `json:"unk_token"`
		Prefix       *string          `json:"continuing_subword_prefix"`
		MaxWordChars *int             `json:"max_input_chars_per_word"`
		Vocabulary   map[string]int32 `json:"vocab"`
	} `json:"model"`
}

type postProcessorJSON struct {
	Type string `json:"type"`

	// BertProcessing: a token and its id each.
	CLS [2]any `json:"cls"`
	SEP [2]any `json:"sep"`

	// TemplateProcessing.
	Single        []templatePartJSON `json:"single"`
	Pair          []templatePartJSON `json:"pair"`
	SpecialTokens map[string]struct {
		Tokens []string `json:"tokens"`
	} `json:"special_tokens"`
}

type templatePartJSON struct {
	Sequence *struct {
		ID     string `json:"id"` // A or B
		TypeID int32  `json:"type_id"`
	}
	SpecialToken *struct {
		ID     string `json:"id"`
		TypeID int32  `json:"type_id"`
	}
}

// maxVocabulary bounds what an id in a file can make us allocate. The largest
// WordPiece vocabularies have half a million tokens.
const maxVocabulary = 1 << 21

// readTokenizerJSON reads tokenizer.json into c, and returns its vocabulary
// and the ids of the added tokens. What this package does not know is an error,
// for the text would be cut in another way than the model was trained on.
func readTokenizerJSON(fsys fs.FS, c *Config) (vocabulary []string, ids map[string]int32, err error) {
	var f tokenizerJSON
	if err := readJSON(fsys, tokenizerFile, &f); err != nil {
		return nil, nil, err
	}
	vocabulary, err = f.read(c)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", tokenizerFile, err)
	}
	ids = make(map[string]int32, len(f.AddedTokens))
	for _, added := range f.AddedTokens {
		c.Added = append(c.Added, added.token())
		ids[added.Content] = added.ID
	}
	return vocabulary, ids, nil
}

func (f *tokenizerJSON) read(c *Config) (vocabulary []string, err error) {
	if f.Version != "" && f.Version != "1.0" {
		return nil, fmt.Errorf("version is %q, not 1.0", f.Version)
	}
	if err := f.readModel(c); err != nil {
		return nil, err
	}
	if err := f.readNormalizer(c); err != nil {
		return nil, err
	}
	if err := f.readPreTokenizer(c); err != nil {
		return nil, err
	}
	if err := f.PostProcessor.read(c); err != nil {
		return nil, err
	}
	if d := f.Decoder; d != nil {
		if d.Type != "WordPiece" {
			return nil, fmt.Errorf("decoder is %s, not WordPiece", d.Type)
		}
		set(&c.CleanUp, d.CleanUp)
	}
	return f.vocabulary()
}

// set sets what the file says.
func set[T any](to, said *T) {
	if said != nil {
		*to = *said
	}
}

func (f *tokenizerJSON) readModel(c *Config) error {
	m := f.Model
	// Files of early versions do not name the model's type.
	if m == nil || m.Type != "" && m.Type != "WordPiece" {
		name := "missing"
		if m != nil {
			name = m.Type
		}
		return fmt.Errorf("model is %s, not WordPiece", name)
	}
	set(&c.UNK, m.UNK)
	set(&c.Prefix, m.Prefix)
	set(&c.MaxWordChars, m.MaxWordChars)
	return nil
}

func (f *tokenizerJSON) readNormalizer(c *Config) error {
	n := f.Normalizer
	if n == nil {
		c.CleanText, c.ChineseChars, c.Lowercase = false, false, false
		return nil
	}
	if n.Type != "BertNormalizer" {
		return fmt.Errorf("normalizer is %s, not BertNormalizer", n.Type)
	}
	set(&c.CleanText, n.CleanText)
	set(&c.ChineseChars, n.ChineseChars)
	set(&c.Lowercase, n.Lowercase)
	c.StripAccents = n.StripAccents
	return nil
}

func (f *tokenizerJSON) readPreTokenizer(c *Config) error {
	name := "missing"
	if f.PreTokenizer != nil {
		name = f.PreTokenizer.Type
	}
	switch name {
	case "BertPreTokenizer":
		c.PreTokenizer = BertPreTokenizer
	case "Whitespace":
		c.PreTokenizer = Whitespace
	case "WhitespaceSplit":
		c.PreTokenizer = WhitespaceSplit
	default:
		return fmt.Errorf("pre_tokenizer is %s, not BertPreTokenizer, Whitespace or WhitespaceSplit", name)
	}
	return nil
}

// read reads the templates. Without a post-processor they are BERT's, as for
// transformers' BertTokenizer.
func (p *postProcessorJSON) read(c *Config) error {
	if p == nil {
		return nil
	}
	switch p.Type {
	case "BertProcessing":
		cls, isString := p.CLS[0].(string)
		sep, isToo := p.SEP[0].(string)
		if !isString || !isToo {
			return fmt.Errorf("post_processor: cls and sep are not a token and its id each")
		}
		c.CLS, c.SEP = cls, sep
		c.Single, c.Pair = BERTTemplates(cls, sep)
		return nil
	case "TemplateProcessing":
	default:
		return fmt.Errorf("post_processor is %s, not BertProcessing or TemplateProcessing", p.Type)
	}
	var err error
	if c.Single, err = p.template(p.Single); err != nil {
		return err
	}
	if c.Pair, err = p.template(p.Pair); err != nil {
		return err
	}
	// The names of [CLS] and [SEP], unless tokenizer_config.json says them.
	if first := c.Single[0]; first.Token != "" {
		c.CLS = first.Token
	}
	if last := c.Single[len(c.Single)-1]; last.Token != "" {
		c.SEP = last.Token
	}
	return nil
}

func (p *postProcessorJSON) template(parts []templatePartJSON) (Template, error) {
	var t Template
	for i, part := range parts {
		switch {
		case part.Sequence != nil && (part.Sequence.ID == "A" || part.Sequence.ID == "B"):
			t = append(t, TemplatePart{Text: int(part.Sequence.ID[0] - 'A'), TypeID: part.Sequence.TypeID})
		case part.SpecialToken != nil:
			token, ok := p.SpecialTokens[part.SpecialToken.ID]
			if !ok {
				return nil, fmt.Errorf("post_processor: no special token %q", part.SpecialToken.ID)
			}
			for _, piece := range token.Tokens {
				t = append(t, TemplatePart{Token: piece, TypeID: part.SpecialToken.TypeID})
			}
		default:
			return nil, fmt.Errorf("post_processor: part %d of a template is neither a sequence A or B nor a special token", i)
		}
	}
	if len(t) == 0 {
		return nil, fmt.Errorf("post_processor: a template is empty")
	}
	return t, nil
}

func (f *tokenizerJSON) vocabulary() ([]string, error) {
	size := int32(0)
	for token, id := range f.Model.Vocabulary {
		if id < 0 || id >= maxVocabulary {
			return nil, fmt.Errorf("token %q has id %d, out of range", token, id)
		}
		size = max(size, id+1)
	}
	if size == 0 {
		return nil, fmt.Errorf("the vocabulary is empty")
	}
	vocabulary := make([]string, size)
	for token, id := range f.Model.Vocabulary {
		if vocabulary[id] != "" {
			return nil, fmt.Errorf("tokens %q and %q both have id %d", min(token, vocabulary[id]), max(token, vocabulary[id]), id)
		}
		vocabulary[id] = token
	}
	return vocabulary, nil
}
