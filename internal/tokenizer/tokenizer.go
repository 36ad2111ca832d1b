package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Tokenizer is a vocabulary and the rules that cut text into its pieces. It
// never changes and is safe to share.
type Tokenizer struct {
	vocab                         []string
	ids                           map[string]int32
	cfg                           Config
	cls, sep, pad, unknown, mask_ int32
	special                       map[int32]bool
}

// Config says how text is cut.
type Config struct {
	Lowercase      bool
	StripAccents   *bool // nil: as Lowercase
	ChineseApart   bool  // Han characters are words of their own
	MaxLength      int
	MaxCharsInWord int
}

// Specials says which special tokens count as such when a text holds them.
type Specials uint8

// Which special tokens written in a text are recognised.
const (
	SpecialsAll  Specials = iota // all, as Hugging Face's tokenizers do
	SpecialsMask                 // only [MASK]
	SpecialsNone                 // none: they are text like any other
)

// Options of encoding.
type Options struct {
	Specials   Specials
	NoTemplate bool // leave out [CLS] and [SEP]
	MaxTokens  int  // truncate to that many pieces, special tokens included; 0 is no limit
}

// New makes a tokenizer of a vocabulary: a piece's id is its index.
func New(vocab []string, cfg Config) (*Tokenizer, error) {
	t := &Tokenizer{vocab: vocab, cfg: cfg, ids: map[string]int32{}, special: map[int32]bool{}}
	for i, token := range vocab {
		t.ids[token] = int32(i)
	}
	for _, s := range []struct {
		name string
		id   *int32
	}{{"[CLS]", &t.cls}, {"[SEP]", &t.sep}, {"[PAD]", &t.pad}, {"[UNK]", &t.unknown}, {"[MASK]", &t.mask_}} {
		id, ok := t.ids[s.name]
		if !ok {
			return nil, fmt.Errorf("vocabulary has no %s", s.name)
		}
		*s.id = id
		t.special[id] = true
	}
	return t, nil
}

// Load reads vocab.txt and tokenizer_config.json.
func Load(fsys fs.FS) (*Tokenizer, error) {
	data, err := fs.ReadFile(fsys, "vocab.txt")
	if err != nil {
		return nil, err
	}
	var vocab []string
	for line := range bytes.Lines(data) {
		vocab = append(vocab, strings.TrimRight(string(line), "\r\n"))
	}
	cfg := Config{Lowercase: true, ChineseApart: true, MaxCharsInWord: 100}
	var file struct {
		Lower     *bool    `json:"do_lower_case"`
		Strip     *bool    `json:"strip_accents"`
		Chinese   *bool    `json:"tokenize_chinese_chars"`
		MaxLength *float64 `json:"model_max_length"`
	}
	switch data, err := fs.ReadFile(fsys, "tokenizer_config.json"); {
	case err == nil:
		if err := json.Unmarshal(data, &file); err != nil {
			return nil, fmt.Errorf("tokenizer_config.json: %w", err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if file.Lower != nil {
		cfg.Lowercase = *file.Lower
	}
	if file.Chinese != nil {
		cfg.ChineseApart = *file.Chinese
	}
	if file.MaxLength != nil && *file.MaxLength < 1e9 {
		cfg.MaxLength = int(*file.MaxLength)
	}
	cfg.StripAccents = file.Strip
	return New(vocab, cfg)
}

// ID is the id of a token of the vocabulary.
func (t *Tokenizer) ID(token string) (int32, bool) { id, ok := t.ids[token]; return id, ok }

// Token is the token of an id; "" if there is none.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.vocab) {
		return ""
	}
	return t.vocab[id]
}

// VocabSize is the number of tokens.
func (t *Tokenizer) VocabSize() int { return len(t.vocab) }

// IsSpecial reports whether id is a special token's.
func (t *Tokenizer) IsSpecial(id int32) bool { return t.special[id] }

// CLS is the id of [CLS].
func (t *Tokenizer) CLS() int32 { return t.cls }

// SEP is the id of [SEP].
func (t *Tokenizer) SEP() int32 { return t.sep }

// PAD is the id of [PAD].
func (t *Tokenizer) PAD() int32 { return t.pad }

// UNK is the id of [UNK].
func (t *Tokenizer) UNK() int32 { return t.unknown }

// Mask is the id of [MASK].
func (t *Tokenizer) Mask() int32 { return t.mask_ }

// MaxLength is the longest sequence that tokenizer_config.json allows, 0 if
// it names none or an absurd one.
func (t *Tokenizer) MaxLength() int { return t.cfg.MaxLength }

type char struct {
	r    rune
	span Span
}

func (t *Tokenizer) normalize(text string, base int) []char {
	var out []char
	strip := t.cfg.Lowercase
	if t.cfg.StripAccents != nil {
		strip = *t.cfg.StripAccents
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		span := Span{base + i, base + i + size}
		i += size
		switch {
		case r == '\t' || r == '\n' || r == '\r' || unicode.IsSpace(r):
			out = append(out, char{' ', span})
			continue
		case r == 0 || r == 0xfffd || unicode.In(r, unicode.C):
			continue
		case t.cfg.ChineseApart && isChinese(r):
			out = append(out, char{' ', span}, char{r, span}, char{' ', span})
			continue
		}
		s := string(r)
		if strip {
			s = norm.NFD.String(s)
		}
		for _, r := range s {
			if strip && unicode.Is(unicode.Mn, r) {
				continue
			}
			if t.cfg.Lowercase {
				for _, r := range strings.ToLower(string(r)) {
					out = append(out, char{r, span})
				}
				continue
			}
			out = append(out, char{r, span})
		}
	}
	return out
}

func isChinese(r rune) bool {
	return 0x4E00 <= r && r <= 0x9FFF || 0x3400 <= r && r <= 0x4DBF || 0x20000 <= r && r <= 0x2A6DF ||
		0x2A700 <= r && r <= 0x2B73F || 0x2B740 <= r && r <= 0x2B81F || 0x2B920 <= r && r <= 0x2CEAF ||
		0xF900 <= r && r <= 0xFAFF || 0x2F800 <= r && r <= 0x2FA1F
}

func isPunctuation(r rune) bool {
	return r < 0x80 && (unicode.IsPunct(r) || unicode.IsSymbol(r)) || unicode.IsPunct(r)
}

// encodeText appends the pieces of one text.
func (t *Tokenizer) encodeText(e *Encoding, text string, typeID int32, specials Specials) {
	word := int32(0)
	for at := 0; at < len(text); {
		next, id := len(text), int32(-1)
		if specials != SpecialsNone {
			for special := range t.special {
				if specials == SpecialsMask && special != t.mask_ {
					continue
				}
				if i := strings.Index(text[at:], t.vocab[special]); i >= 0 && at+i < next {
					next, id = at+i, special
				}
			}
		}
		word = t.encodeWords(e, t.normalize(text[at:next], at), typeID, word)
		at = next
		if id >= 0 {
			end := at + len(t.vocab[id])
			e.append(t.vocab[id], id, typeID, word, Span{at, end})
			word++
			at = end
		}
	}
}

func (t *Tokenizer) encodeWords(e *Encoding, chars []char, typeID, word int32) int32 {
	for i := 0; i < len(chars); {
		if unicode.IsSpace(chars[i].r) {
			i++
			continue
		}
		j := i + 1
		if !isPunctuation(chars[i].r) {
			for j < len(chars) && !unicode.IsSpace(chars[j].r) && !isPunctuation(chars[j].r) {
				j++
			}
		}
		t.encodeWord(e, chars[i:j], typeID, word)
		word++
		i = j
	}
	return word
}

func (t *Tokenizer) encodeWord(e *Encoding, chars []char, typeID, word int32) {
	n := e.Len()
	unknown := len(chars) > t.cfg.MaxCharsInWord
	for i := 0; i < len(chars) && !unknown; {
		j := len(chars)
		for ; j > i; j-- {
			piece := ""
			if i > 0 {
				piece = "##"
			}
			for _, c := range chars[i:j] {
				piece += string(c.r)
			}
			if id, ok := t.ids[piece]; ok {
				e.append(t.vocab[id], id, typeID, word, Span{chars[i].span.Start, chars[j-1].span.End})
				break
			}
		}
		unknown = j == i
		i = j
	}
	if unknown {
		e.cut(n)
		e.append(t.vocab[t.unknown], t.unknown, typeID, word, Span{chars[0].span.Start, chars[len(chars)-1].span.End})
	}
}

func (e *Encoding) cut(n int) {
	e.Tokens, e.IDs, e.TypeIDs, e.Words, e.Offsets = e.Tokens[:n], e.IDs[:n], e.TypeIDs[:n], e.Words[:n], e.Offsets[:n]
}

func (e *Encoding) appendRange(from *Encoding, i, j int) {
	e.Tokens = append(e.Tokens, from.Tokens[i:j]...)
	e.IDs = append(e.IDs, from.IDs[i:j]...)
	e.TypeIDs = append(e.TypeIDs, from.TypeIDs[i:j]...)
	e.Words = append(e.Words, from.Words[i:j]...)
	e.Offsets = append(e.Offsets, from.Offsets[i:j]...)
}

// Encode cuts one text.
func (t *Tokenizer) Encode(text string, o Options) *Encoding {
	e := new(Encoding)
	t.EncodeInto(e, text, o)
	return e
}

// EncodeInto is Encode into an encoding whose memory is used again.
func (t *Tokenizer) EncodeInto(e *Encoding, text string, o Options) {
	e.reset()
	t.encode(e, text, "", false, o)
}

// EncodePair cuts two texts that are read together.
func (t *Tokenizer) EncodePair(a, b string, o Options) *Encoding {
	e := new(Encoding)
	t.EncodePairInto(e, a, b, o)
	return e
}

// EncodePairInto is EncodePair into an encoding whose memory is used again.
func (t *Tokenizer) EncodePairInto(e *Encoding, a, b string, o Options) {
	e.reset()
	t.encode(e, a, b, true, o)
}

func (t *Tokenizer) encode(e *Encoding, a, b string, pair bool, o Options) {
	var first, second Encoding
	t.encodeText(&first, a, 0, o.Specials)
	added := 2
	if pair {
		t.encodeText(&second, b, 1, o.Specials)
		added = 3
	}
	if o.NoTemplate {
		added = 0
	}
	if o.MaxTokens > 0 {
		n, m := longestFirst(first.Len(), second.Len(), max(o.MaxTokens-added, 0))
		e.Truncated = n < first.Len() || m < second.Len()
		first.cut(n)
		second.cut(m)
	}
	around := func(id, typeID int32) {
		if !o.NoTemplate {
			e.append(t.vocab[id], id, typeID, -1, Span{})
		}
	}
	around(t.cls, 0)
	e.appendRange(&first, 0, first.Len())
	around(t.sep, 0)
	if pair {
		e.appendRange(&second, 0, second.Len())
		around(t.sep, 1)
	}
}

func longestFirst(n, m, limit int) (int, int) {
	if n+m <= limit {
		return n, m
	}
	short, long := min(n, m), max(n, m)
	if short > limit {
		long = short
	} else {
		long = max(short, limit-short)
	}
	if short+long > limit {
		short = limit / 2
		long = short + limit%2
	}
	if n > m {
		return long, short
	}
	return short, long
}

// Windows cuts a text of any length into windows of at most o.MaxTokens pieces,
// special tokens included; neighbours share stride pieces.
func (t *Tokenizer) Windows(text string, o Options, stride int) []*Encoding {
	whole := o
	whole.MaxTokens, whole.NoTemplate = 0, true
	e := t.Encode(text, whole)
	added := 2
	if o.NoTemplate {
		added = 0
	}
	room := o.MaxTokens - added
	if o.MaxTokens <= 0 || e.Len() <= room {
		return []*Encoding{t.Encode(text, o)}
	}
	step := max(1, room-stride)
	var windows []*Encoding
	for i := 0; ; i += step {
		j := min(e.Len(), i+room)
		w := new(Encoding)
		if !o.NoTemplate {
			w.append(t.vocab[t.cls], t.cls, 0, -1, Span{})
		}
		w.appendRange(e, i, j)
		if !o.NoTemplate {
			w.append(t.vocab[t.sep], t.sep, 0, -1, Span{})
		}
		windows = append(windows, w)
		if j == e.Len() {
			return windows
		}
	}
}

// Decode joins pieces into text, as transformers' decode does.
func (t *Tokenizer) Decode(ids []int32, skipSpecials bool) string {
	var b strings.Builder
	for _, id := range ids {
		if skipSpecials && t.IsSpecial(id) {
			continue
		}
		token := t.Token(id)
		if rest, ok := strings.CutPrefix(token, "##"); ok && b.Len() > 0 {
			token = rest
		} else if b.Len() > 0 {
			token = " " + token
		}
		b.WriteString(cleanUp.Replace(token))
	}
	return b.String()
}

var cleanUp = strings.NewReplacer(" .", ".", " ?", "?", " !", "!", " ,", ",", " ' ", "'", " n't", "n't", " 'm", "'m", " do not", " don't", " 's", "'s", " 've", "'ve", " 're", "'re")
