package tokenizer

// WordPiece (Schuster & Nakajima 2012, as in google-research/bert's
// tokenization.py): a word is cut from the left into the longest pieces that
// the vocabulary has, those after the first one with the prefix ##; if that
// comes to a dead end the whole word is [UNK].
//
// Each piece is one walk down the trie. LinMaxMatch (Song et al. 2021) would
// avoid walking some bytes twice when a piece is cut short, but pieces are
// short and words have an end, so the walks are bounded, and most words of
// real text are one piece.

// encodeWord writes the pieces of a word as it stands in the text at byte at.
func (t *Tokenizer) encodeWord(w *writer, word string, chars, at int) {
	if chars <= t.config.MaxWordChars {
		w.reserve(chars)
		if writePieces(t, w, word, at) {
			w.word++
			return
		}
	}
	w.addWord(t.unk, Span{at, at + len(word)})
}

// writePieces writes the pieces of a word of at most len(word) characters, for
// which there must be room, each with its place in the word, counted from at.
// It writes nothing and returns false if the vocabulary does not have them.
func writePieces[T string | []byte](t *Tokenizer, w *writer, word T, at int) bool {
	units, fold := t.pieces.units, &t.byteFold
	first, root := w.n, t.wordRoot
	for begin := 0; begin < len(word); {
		node, last, end := root, uint32(0), begin
		for i := begin; i < len(word); i++ {
			c := fold[word[i]]
			place := node.base() ^ uint32(c)
			node = units[place]
			if node.label() != c {
				break
			}
			if node.ends() {
				last, end = place, i+1
			}
		}
		if end == begin {
			w.n = first
			return false
		}
		w.add(t.pieces.ids[last], Span{at + begin, at + end})
		begin, root = end, t.restRoot
	}
	return true
}
