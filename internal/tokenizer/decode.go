package tokenizer

import "strings"

// Decode joins pieces into text, as transformers' decode does: a piece that
// continues a word to the one before it, another one after a space, and
// punctuation without that space. Ids without a token are passed over, as are
// special tokens if skipSpecials is set.
func (t *Tokenizer) Decode(ids []int32, skipSpecials bool) string {
	var b strings.Builder
	first := true
	for _, id := range ids {
		token := t.Token(id)
		if token == "" || skipSpecials && t.IsSpecial(id) {
			continue
		}
		if form, ok := t.normalForms[id]; ok {
			token = form
		}
		if !first {
			if rest, ok := strings.CutPrefix(token, t.config.Prefix); ok {
				token = rest
			} else {
				token = " " + token
			}
		}
		if t.config.CleanUp {
			token = replaceInTurn(token, cleanUpPiece)
		}
		b.WriteString(token)
		first = false
	}
	if t.config.CleanUpText {
		return replaceInTurn(b.String(), cleanUpText)
	}
	return b.String()
}

// cleanUpPiece is tokenizers' clean-up (decoders/wordpiece.rs, cleanup), which
// sees one piece at a time with the space before it; only the first four can
// match there, unless a vocabulary has pieces with spaces or apostrophes.
var cleanUpPiece = [][2]string{
	{" .", "."},
	{" ?", "?"},
	{" !", "!"},
	{" ,", ","},
	{" ' ", "'"},
	{" n't", "n't"},
	{" 'm", "'m"},
	{" do not", " don't"},
	{" 's", "'s"},
	{" 've", "'ve"},
	{" 're", "'re"},
}

// cleanUpText is transformers' clean-up of the whole text
// (PreTrainedTokenizerBase.clean_up_tokenization). Its version 4 did this by
// default, version 5 where clean_up_tokenization_spaces is true.
var cleanUpText = [][2]string{
	{" .", "."},
	{" ?", "?"},
	{" !", "!"},
	{" ,", ","},
	{" ' ", "'"},
	{" n't", "n't"},
	{" 'm", "'m"},
	{" 's", "'s"},
	{" 've", "'ve"},
	{" 're", "'re"},
}

// replaceInTurn makes each replacement in what the ones before it left.
func replaceInTurn(text string, pairs [][2]string) string {
	for _, pair := range pairs {
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text
}
