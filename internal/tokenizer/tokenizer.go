package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// PreTokenizer is how normalized text is split into words.
type PreTokenizer uint8

const (
	// BertPreTokenizer splits at white space and sets each punctuation
	// character apart.
	BertPreTokenizer PreTokenizer = iota
	// Whitespace splits at white space, and between word characters (letters,
	// marks, digits, _) and others.
	Whitespace
	// WhitespaceSplit splits at white space only.
	WhitespaceSplit
)

// Config is how a tokenizer treats text. DefaultConfig is where to start from.
type Config struct {
	// The normalizer, BertNormalizer of tokenizers.

	CleanText    bool  // drop control characters
	ChineseChars bool  // make each Han character a word
	StripAccents *bool // nil is as Lowercase
	Lowercase    bool

	PreTokenizer PreTokenizer

	// WordPiece.

	Prefix       string // of the pieces that continue a word
	MaxWordChars int    // longer words are [UNK]

	// The special tokens by name. UNK, CLS and SEP must be in the vocabulary;
	// where PAD or Mask is not, the method of that name gives -1.

	UNK, CLS, SEP, PAD, Mask string

	// Added are further tokens that are found in text whole. Those that the
	// vocabulary lacks get the next ids after it.
	Added []AddedToken

	// The templates for one text and for two.

	Single, Pair Template

	// MaxLength is what MaxLength returns.
	MaxLength int

	// Decoding.

	CleanUp     bool // join punctuation to the word before it, piece by piece
	CleanUpText bool // the same, and contractions, over the whole text
}

// DefaultConfig is bert-base-uncased's configuration, and that of any
// vocabulary about which nothing else is known.
//
// MaxWordChars is transformers' 100; Google's BERT has 200.
func DefaultConfig() Config {
	c := Config{
		CleanText: true, ChineseChars: true, Lowercase: true,
		Prefix: "##", MaxWordChars: 100,
		UNK: "[UNK]", CLS: "[CLS]", SEP: "[SEP]", PAD: "[PAD]", Mask: "[MASK]",
		CleanUp: true,
	}
	c.Single, c.Pair = BERTTemplates(c.CLS, c.SEP)
	return c
}

// Tokenizer is a vocabulary and the rules for cutting text into its pieces. It
// never changes and may be used by many goroutines at once; nothing of the
// texts stays in it.
type Tokenizer struct {
	config     Config
	vocabulary []string // by id; "" for ids without a token

	rules       rules
	classes     *classTable
	byteClasses [256]class // of ASCII, where capitals are letters if byteFold deals with them
	byteFold    [256]byte  // ASCII in lower case if so wanted, other bytes as they are

	pieces   trie
	wordRoot unit // of the pieces that begin a word, raw: ## too if it is written
	restRoot unit // of those that continue one, without their prefix

	added           *addedTokens // looked for in the text as it is
	addedNormalized *addedTokens // looked for in its normal form
	addedIDs        map[string]int32
	special         map[int32]bool
	normalForms     map[int32]string // of normalized added tokens, which Decode gives

	single, pair             template
	unk, cls, sep, pad, mask int32
}

// isPiece reports whether a token can be one: if not, the file that it is from
// is something else than a vocabulary.
func isPiece(token string) bool {
	const maxBytes = 4096
	return len(token) <= maxBytes && utf8.ValidString(token)
}

// New makes a tokenizer of a vocabulary, in which a token's index is its id.
// Of equal tokens the last one counts, as in transformers' load_vocab. An empty
// one is an id that no text ever gets.
func New(vocabulary []string, c Config) (*Tokenizer, error) {
	t := &Tokenizer{
		config: c, vocabulary: slices.Clone(vocabulary),
		rules: rules{
			cleanText: c.CleanText, chineseChars: c.ChineseChars, lowercase: c.Lowercase,
			stripAccents: c.Lowercase, preTokenizer: c.PreTokenizer,
		},
	}
	if c.StripAccents != nil {
		t.rules.stripAccents = *c.StripAccents
	}
	for id, token := range vocabulary {
		if !isPiece(token) {
			return nil, fmt.Errorf("token %d is no piece of a word: %.40q", id, token)
		}
	}
	for _, token := range c.Added {
		if !isPiece(token.Content) {
			return nil, fmt.Errorf("added token %.40q is no piece of a text", token.Content)
		}
	}
	specials := []*int32{&t.unk, &t.cls, &t.sep, &t.pad, &t.mask}
	names := []string{c.UNK, c.CLS, c.SEP, c.PAD, c.Mask}
	added := t.addTokens(c.Added, names)
	for i, name := range names {
		id, ok := t.addedIDs[name]
		if !ok {
			id = -1
		}
		*specials[i] = id
	}
	for i, name := range names[:3] {
		if *specials[i] < 0 {
			return nil, fmt.Errorf("the vocabulary has no %q", name)
		}
	}
	if err := t.build(len(vocabulary), added); err != nil {
		return nil, err
	}
	var err error
	if t.single, err = c.Single.compile(1, t.ID); err != nil {
		return nil, err
	}
	if t.pair, err = c.Pair.compile(2, t.ID); err != nil {
		return nil, err
	}
	return t, nil
}

// addTokens extends the vocabulary by those added tokens that it lacks, and
// returns them all, the special tokens of these names among them.
func (t *Tokenizer) addTokens(tokens []AddedToken, names []string) []addedToken {
	ids := make(map[string]int32, len(tokens)+len(names))
	for _, token := range tokens {
		ids[token.Content] = -1
	}
	for _, name := range names {
		ids[name] = -1
	}
	for id, token := range t.vocabulary {
		if _, ok := ids[token]; ok {
			ids[token] = int32(id)
		}
	}
	t.addedIDs, t.special = make(map[string]int32, len(ids)), map[int32]bool{}
	var added []addedToken
	add := func(token AddedToken) {
		id := ids[token.Content]
		if _, twice := t.addedIDs[token.Content]; twice || token.Content == "" {
			return
		}
		if id < 0 {
			id = int32(len(t.vocabulary))
			t.vocabulary = append(t.vocabulary, token.Content)
		}
		t.addedIDs[token.Content] = id
		if token.Special {
			t.special[id] = true
		}
		added = append(added, addedToken{AddedToken: token, id: id, pattern: token.Content})
	}
	for _, token := range tokens {
		token.Special = token.Special || slices.Contains(names, token.Content)
		add(token)
	}
	for _, name := range names {
		if ids[name] >= 0 {
			add(AddedToken{Content: name, Special: true})
		}
	}
	return added
}

// build makes the tables. The first n tokens are the vocabulary's own.
func (t *Tokenizer) build(n int, added []addedToken) error {
	var words, rests []trieKey
	for i, token := range t.vocabulary[:n] {
		id := int32(i)
		if t.special[id] {
			continue // no word of a text is ever a special token
		}
		words = append(words, trieKey{token, id})
		if rest, ok := strings.CutPrefix(token, t.config.Prefix); ok {
			rests = append(rests, trieKey{rest, id})
		}
	}
	var (
		b   trieBuilder
		err error
	)
	if t.wordRoot, err = b.add(words); err != nil {
		return err
	}
	if t.restRoot, err = b.add(rests); err != nil {
		return err
	}
	t.pieces = b.trie

	t.classes = newClassTable(t.rules, t.vocabulary[:n], func(word string) int32 {
		if id, ok := t.pieces.exactly(t.wordRoot, word); ok {
			return id
		}
		return t.unk
	})
	for c := range t.byteFold {
		t.byteFold[c] = byte(c)
		t.byteClasses[c] = multibyte
		if c >= utf8.RuneSelf {
			continue
		}
		e := t.classes.lookup(rune(c))
		t.byteClasses[c] = e.class()
		if e.class() == replaced {
			t.byteFold[c] = byte(e.payload())
			t.byteClasses[c] = letter
		}
	}

	var raw, normal []addedToken
	t.normalForms = map[int32]string{}
	for _, token := range added {
		if !token.Normalized {
			raw = append(raw, token)
			continue
		}
		var form normalized
		t.normalize(&form, token.Content, 0)
		token.pattern = string(form.text)
		t.normalForms[token.id] = token.pattern
		normal = append(normal, token)
	}
	if t.added, err = newAddedTokens(raw, t.mask); err != nil {
		return err
	}
	t.addedNormalized, err = newAddedTokens(normal, t.mask)
	return err
}

// Config is what the tokenizer was made with: of a directory, what its files
// say. It must not be changed.
func (t *Tokenizer) Config() Config { return t.config }

// ID is the id of a token of the vocabulary, special and added ones included.
func (t *Tokenizer) ID(token string) (id int32, ok bool) {
	if id, ok = t.addedIDs[token]; ok {
		return id, true
	}
	return t.pieces.exactly(t.wordRoot, token)
}

// Token is the token of an id; "" if there is none.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.vocabulary) {
		return ""
	}
	return t.vocabulary[id]
}

// VocabSize is the number of ids, added tokens included.
func (t *Tokenizer) VocabSize() int { return len(t.vocabulary) }

// IsSpecial reports whether an id is a special token's.
func (t *Tokenizer) IsSpecial(id int32) bool { return t.special[id] }

// CLS is the id of the token that begins a sequence.
func (t *Tokenizer) CLS() int32 { return t.cls }

// SEP is the id of the token that ends a text.
func (t *Tokenizer) SEP() int32 { return t.sep }

// PAD is the id of the token that fills batches up; -1 if there is none.
func (t *Tokenizer) PAD() int32 { return t.pad }

// UNK is the id of the token for what the vocabulary does not have.
func (t *Tokenizer) UNK() int32 { return t.unk }

// Mask is the id of the token for a piece to be predicted; -1 if there is none.
func (t *Tokenizer) Mask() int32 { return t.mask }

// MaxLength is the longest sequence, in pieces, that tokenizer_config.json
// wants; 0 if it does not say, or says something like 1e30.
func (t *Tokenizer) MaxLength() int { return t.config.MaxLength }
