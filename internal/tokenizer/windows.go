package tokenizer

// Windows cuts a text of any length into windows of at most o.MaxTokens pieces,
// the template's included, of which neighbours share at least stride pieces. A
// text that fits is one window. With o.MaxTokens 0 every text does.
//
// Windows begin and end between words, unless a word is too long for that.
// Transformers' return_overflowing_tokens cuts anywhere, and shares exactly
// stride pieces; a cut inside a word would show its pieces in a context in
// which they mean nothing.
//
// A window has at least one piece and advances by at least one, whatever
// o.MaxTokens and stride are.
func (t *Tokenizer) Windows(text string, o Options, stride int) []*Encoding {
	whole := o
	whole.MaxTokens, whole.NoTemplate = 0, true
	all := t.Encode(text, whole)
	room := all.Len()
	if o.MaxTokens > 0 {
		room = o.MaxTokens
		if !o.NoTemplate {
			room = max(1, room-t.single.added)
		}
	}
	var windows []*Encoding
	for start, end := 0, 0; ; {
		before := end
		if end = min(start+room, all.Len()); end < all.Len() {
			end = all.wordStart(end, max(start+stride, before))
		}
		windows = append(windows, t.window(all, start, end, o))
		if end == all.Len() {
			return windows
		}
		start = all.wordStart(max(end-stride, start+1), start)
	}
}

// wordStart is the nearest start of a word at or before piece i but after
// piece after; i itself if there is none.
func (e *Encoding) wordStart(i, after int) int {
	for j := i; j > after; j-- {
		if e.Words[j] != e.Words[j-1] {
			return j
		}
	}
	return i
}

// window is the pieces from start up to end with the template around them.
func (t *Tokenizer) window(all *Encoding, start, end int, o Options) *Encoding {
	n := end - start
	if !o.NoTemplate {
		n += t.single.added
	}
	e := &Encoding{
		Tokens: make([]string, 0, n), IDs: make([]int32, 0, n), TypeIDs: make([]int32, 0, n),
		Words: make([]int32, 0, n), Offsets: make([]Span, 0, n),
	}
	for _, p := range t.single.parts {
		switch {
		case p.isText:
			e.appendPieces(all, start, end)
		case !o.NoTemplate:
			e.Tokens = append(e.Tokens, t.vocabulary[p.id])
			e.IDs = append(e.IDs, p.id)
			e.TypeIDs = append(e.TypeIDs, p.typeID)
			e.Words = append(e.Words, -1)
			e.Offsets = append(e.Offsets, Span{})
		}
	}
	e.PairStart = e.Len()
	return e
}
