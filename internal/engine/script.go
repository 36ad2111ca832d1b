package engine

import (
	"slices"
	"strings"
	"unicode"

	"cloze/internal/tokenizer"
)

// hanShare is the share of Han characters among a text's letters from which
// on the text goes to a model for Chinese.
//
// It is below one half because a Han character says as much as several Latin
// letters: "iPhone的电池很好" is Chinese with 5 of 11, while "I love 北京" is
// English with 2 of 7.
const hanShare = 0.3

// specialTokens are not the writer's words, so they say nothing of a text's
// script: "我要[MASK]课" is all Han.
var specialTokens = strings.NewReplacer("[MASK]", "", "[CLS]", "", "[SEP]", "", "[UNK]", "", "[PAD]", "")

// isHan reports whether a text is written in Han characters: their share
// among its letters reaches hanShare.
//
// Letters are Unicode's (category L) in any script; digits, punctuation,
// emoji and spaces do not count. Kana, hangul and bopomofo are letters but
// not Han. A text without letters is not Han.
func isHan(text string) bool {
	var letters, han int
	for _, r := range specialTokens.Replace(text) {
		if unicode.IsLetter(r) {
			letters++
			if unicode.Is(unicode.Han, r) {
				han++
			}
		}
	}
	return letters > 0 && float64(han) >= hanShare*float64(letters)
}

// hanVocabularyShare separates the vocabularies made for Chinese from the
// others: Han characters are in 69 % of bert-base-chinese's pieces, in 2 % of
// bert-base-uncased's, in 11 % of the multilingual model's.
const hanVocabularyShare = 0.3

// isHanVocabulary reports whether a tokenizer's pieces are mostly those of
// Chinese writing.
func isHanVocabulary(t *tokenizer.Tokenizer) bool {
	han := 0
	for id := range t.VocabSize() {
		if strings.ContainsFunc(t.Token(int32(id)), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			han++
		}
	}
	return float64(han) >= hanVocabularyShare*float64(t.VocabSize())
}

// ForText are the models for a text whose request names none: those whose vocabulary
// is made for the script that the text is written in, Han or not; all if none is made
// for it.
func (e *Engine) ForText(text string) []*Model {
	han := isHan(text)
	fitting := slices.DeleteFunc(slices.Clone(e.models), func(m *Model) bool { return m.Han != han })
	if len(fitting) == 0 {
		return e.models
	}
	return fitting
}
