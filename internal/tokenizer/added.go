package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// AddedToken is a token that is looked for in the text before anything else is
// done with it, so that it is never cut: above all [MASK] and its like.
type AddedToken struct {
	Content string `json:"content"`
	// SingleWord finds it only where no letter, digit or _ is next to it.
	SingleWord bool `json:"single_word"`
	// LStrip and RStrip make the white space before and after it part of it.
	LStrip bool `json:"lstrip"`
	RStrip bool `json:"rstrip"`
	// Normalized looks for its normal form in the normal form of the text.
	Normalized bool `json:"normalized"`
	// Special tokens are left out of decoded text, and Options.Specials says
	// whether they are found.
	Special bool `json:"special"`
}

// addedTokens finds added tokens in texts.
type addedTokens struct {
	tokens []addedToken
	trie   trie // of the tokens' patterns; the ids are indices of tokens
	root   unit
	starts [256]bool // the first bytes of the patterns
	only   byte      // the one first byte, or 0 if there are several
	// ordinary says that some are not special, and found in any case.
	ordinary bool
	mask     int32 // the id of [MASK]
}

type addedToken struct {
	AddedToken
	id      int32
	pattern string
}

// foundToken is an added token that stands in a text.
type foundToken struct {
	id   int32
	span Span
}

func newAddedTokens(tokens []addedToken, mask int32) (*addedTokens, error) {
	a := &addedTokens{mask: mask}
	seen := map[string]bool{"": true}
	for _, token := range tokens {
		if seen[token.pattern] {
			continue
		}
		seen[token.pattern] = true
		a.tokens = append(a.tokens, token)
		a.starts[token.pattern[0]] = true
		a.ordinary = a.ordinary || !token.Special
	}
	if len(a.tokens) == 0 {
		return a, nil
	}
	a.only = a.tokens[0].pattern[0]
	keys := make([]trieKey, len(a.tokens))
	for i, token := range a.tokens {
		keys[i] = trieKey{text: token.pattern, id: int32(i)}
		if token.pattern[0] != a.only {
			a.only = 0
		}
	}
	var b trieBuilder
	root, err := b.add(keys)
	a.trie, a.root = b.trie, root
	return a, err
}

func (a *addedTokens) empty() bool { return len(a.tokens) == 0 }

// next finds the first added token in text from byte from on: of several at
// the same place the longest one, as the Aho-Corasick automaton of tokenizers
// does (AddedVocabulary::find_matches). What is found but must not count is
// passed over, and not searched for others.
func (a *addedTokens) next(text string, from int, specials Specials) (foundToken, bool) {
	if a.empty() || specials == SpecialsNone && !a.ordinary {
		return foundToken{}, false
	}
	for i := from; ; {
		i = a.skipTo(text, i)
		if i == len(text) {
			return foundToken{}, false
		}
		index, length := a.trie.longest(a.root, text[i:])
		if length == 0 {
			i++
			continue
		}
		token, start, end := &a.tokens[index], i, i+length
		i = end
		if !a.counts(token, specials) || token.SingleWord && (wordBefore(text[:start]) || wordAfter(text[end:])) {
			continue
		}
		if token.LStrip {
			start = from + len(trimSpaceRight(text[from:start]))
		}
		if token.RStrip {
			end = len(text) - len(trimSpaceLeft(text[end:]))
		}
		return foundToken{token.id, Span{start, end}}, true
	}
}

// skipTo is the next place from i on where a token may begin.
func (a *addedTokens) skipTo(text string, i int) int {
	if a.only != 0 {
		if next := strings.IndexByte(text[i:], a.only); next >= 0 {
			return i + next
		}
		return len(text)
	}
	for i < len(text) && !a.starts[text[i]] {
		i++
	}
	return i
}

func (a *addedTokens) counts(token *addedToken, specials Specials) bool {
	return !token.Special || specials == SpecialsAll || specials == SpecialsMask && token.id == a.mask
}

func wordBefore(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return isIn(wordRanges, r)
}

func wordAfter(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return isIn(wordRanges, r)
}

func isSpace(r rune) bool { return isIn(spaceRanges, r) }

func trimSpaceRight(text string) string { return strings.TrimRightFunc(text, isSpace) }
func trimSpaceLeft(text string) string  { return strings.TrimLeftFunc(text, isSpace) }
