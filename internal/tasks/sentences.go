package tasks

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloze/internal/tokenizer"
)

// SplitSentences finds the sentences of an English or Chinese text, by rule:
//
//   - 。！？；｡ and … between Chinese characters end a sentence; so do . ! and
//     ? at the end of a word, and their doubles (?!, ..., ！！！). Quotes and
//     brackets that close after the stop belong to the sentence.
//   - a full stop does not where it belongs to a number (3.14, 1.), an initial
//     (J. K. Rowling), an abbreviation (Dr., e.g., U.S., p.m., Inc.) or an
//     ellipsis within a sentence. Some of these may also stand at its end; what
//     follows then decides.
//   - nothing ends inside a web or e-mail address or a 《title》.
//   - a line break ends a sentence unless the line was only wrapped.
//
// It returns bytes of the text, in order. White space between sentences
// belongs to none; a run without a letter or digit, such as "😀" or "...",
// belongs to the sentence before it on the line, or else after it.
func SplitSentences(text string) []tokenizer.Span {
	s := splitter{text: text}
	for s.at < len(text) {
		s.step()
	}
	s.end(len(text))
	return s.sentences
}

// splitter walks over a text once, from left to right.
type splitter struct {
	text      string
	at        int // here
	start     int // of the sentence here, spaces before it included
	lineStart int // of the line here
	quotes    int // straight double quotes since start
	titles    int // 《 open since start
	brackets  int // ( open since start
	sentences []tokenizer.Span
	newLine   bool // a line break separates the last sentence from start
	// The run of ASCII characters looked through for addresses last, and the
	// addresses in it.
	asciiEnd  int
	addresses [][]int
}

// address matches web and e-mail addresses, which hold stops of their own.
var address = regexp.MustCompile(`(?i)(?:\b[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:).+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)+/.*`)

// Characters that end a sentence.
const (
	chineseStops = "。｡！？；"
	otherStops   = "!?‼⁇⁈⁉؟۔।॥"
	ellipses     = "…‥⋯"
	// anyStop is what may follow a stop as part of it.
	anyStop = "." + chineseStops + otherStops + ellipses + "．"
)

const (
	closers = "”’»›)]}」』》〉】〕）］｝〗〙"
	openers = "“‘«‹([{「『《〈【〔（［｛〖〘\"'"
	// After these a sentence goes on, whatever stood before.
	continuing = ",，、;；:：.。)）]】}」』”’"
)

// wrappedColumn is how long a line must be, in characters, to have been
// wrapped rather than ended, if it ends like that.
const wrappedColumn = 60

func (s *splitter) step() {
	r, size := utf8.DecodeRuneInString(s.text[s.at:])
	switch {
	case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f':
		s.lineBreak(r, size)
		return
	case r == '"':
		s.quotes++
	case r == '《':
		s.titles++
	case r == '》':
		s.titles = max(0, s.titles-1)
	case r == '(' || r == '（':
		s.brackets++
	case r == ')' || r == '）':
		s.brackets = max(0, s.brackets-1)
	case strings.ContainsRune(anyStop, r) || r == ';':
		if !s.inAddress() {
			s.stop(r)
			return
		}
	}
	s.at += size
}

// inAddress reports whether the stop here is inside an address.
func (s *splitter) inAddress() bool {
	if s.at >= s.asciiEnd {
		from, to := s.at, s.at
		for from > 0 && isAddressByte(s.text[from-1]) {
			from--
		}
		for to < len(s.text) && isAddressByte(s.text[to]) {
			to++
		}
		s.asciiEnd = max(to, s.at+1)
		s.addresses = address.FindAllStringIndex(s.text[from:to], -1)
		for _, a := range s.addresses {
			a[0], a[1] = a[0]+from, a[1]+from
			// A stop that an address seems to end with ends the sentence.
			a[1] = a[0] + len(strings.TrimRight(s.text[a[0]:a[1]], `.,;:!?'")]}`))
		}
	}
	return slices.ContainsFunc(s.addresses, func(a []int) bool { return a[0] <= s.at && s.at < a[1] })
}

// isAddressByte reports whether b may stand in an address: visible ASCII, but
// none of "<>.
func isAddressByte(b byte) bool {
	return '!' <= b && b <= '~' && b != '"' && b != '<' && b != '>'
}

// lineBreak ends the sentence here, unless the line was only wrapped.
func (s *splitter) lineBreak(r rune, size int) {
	if r == '\r' && strings.HasPrefix(s.text[s.at:], "\r\n") {
		size++
	}
	before, after := s.text[s.lineStart:s.at], s.text[s.at+size:]
	s.at += size
	s.lineStart = s.at
	if r == '\u2029' || !isWrapped(before, after) {
		s.end(s.at)
		s.newLine = true
	}
}

// isWrapped reports whether a sentence seems to go on over a line break: the
// next line begins in lower case, or the line is long and ends like no
// sentence. Chinese is not broken that way.
func isWrapped(before, after string) bool {
	before = strings.TrimRightFunc(before, isGap)
	after = strings.TrimLeft(after, " \t")
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	if before == "" || after == "" || isHanOrKana(last) || isHanOrKana(next) || !unicode.IsLetter(next) {
		return false
	}
	if strings.ContainsRune(anyStop+closers+`"':：`, last) {
		return false
	}
	if unicode.IsLower(next) {
		return true
	}
	return utf8.RuneCountInString(before) >= wrappedColumn
}

// stop decides at a stop whether the sentence ends here, and goes on behind
// it and what belongs to it.
func (s *splitter) stop(first rune) {
	before := s.at
	if first == ';' {
		// Chinese typed with the keys at hand: 他来了;我走了
		s.at++
		if prev, next := lastRune(s.text[:before]), firstRune(s.text[s.at:]); isHanOrKana(prev) && isHanOrKana(next) {
			s.end(s.at)
		}
		return
	}
	s.skipRunes(anyStop)
	run := s.text[before:s.at]
	closed := s.skipClosers()
	s.skipAfterthoughts()

	if s.titles > 0 && s.titleCloses() {
		return
	}
	rest := s.text[s.at:]
	next := firstRune(rest)
	if next == utf8.RuneError && rest == "" {
		return // the text ends, and with it the sentence
	}
	if strings.ContainsRune(continuing, next) {
		return
	}
	prev := lastRune(s.text[:before])
	switch {
	case strings.ContainsAny(run, chineseStops):
		s.end(s.at)
	case isEllipsis(run):
		if s.endsAtEllipsis(prev, rest) {
			s.end(s.at)
		}
	case first == '．' && !isGap(next):
		if isHanOrKana(prev) {
			s.end(s.at)
		}
	case strings.ContainsAny(run, otherStops):
		if s.endsAtMark(prev, rest, closed) {
			s.end(s.at)
		}
	default:
		if s.endsAtFullStop(before, rest, closed) {
			s.end(s.at)
		}
	}
}

func (s *splitter) skipRunes(set string) {
	for s.at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		if !strings.ContainsRune(set, r) {
			return
		}
		s.at += size
	}
}

// skipClosers goes behind the quotes and brackets that close here. A straight
// quote closes if one is open or nothing follows that it could open.
func (s *splitter) skipClosers() (any bool) {
	from := s.at
	for s.at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		followed := s.at+size < len(s.text) && !isGap(firstRune(s.text[s.at+size:]))
		switch {
		case strings.ContainsRune(closers, r):
			if r == '》' {
				s.titles = max(0, s.titles-1)
			}
			if r == ')' || r == '）' {
				s.brackets = max(0, s.brackets-1)
			}
		case r == '"' && (s.quotes%2 == 1 || !followed):
			s.quotes++
		case r == '\'' && !followed:
		default:
			return s.at > from
		}
		s.at += size
	}
	return s.at > from
}

// skipAfterthoughts goes behind what is written after a stop but belongs before
// it: emoji, emoticons and the numbers of notes.
func (s *splitter) skipAfterthoughts() {
	for {
		after := strings.TrimLeft(s.text[s.at:], " ")
		rest := strings.TrimLeftFunc(after, isEmoji)
		if rest == after {
			rest = after[len(afterthought.FindString(after)):]
		}
		if rest == after || rest != "" && !isGap(firstRune(rest)) {
			return
		}
		s.at = len(s.text) - len(rest)
	}
}

func isEmoji(r rune) bool {
	const joiner, emojiStyle = '\u200d', '\ufe0f'
	return unicode.In(r, unicode.So, unicode.Sk) && r > unicode.MaxLatin1 || r == joiner || r == emojiStyle
}

// afterthought matches :) ;-) =D ^_^ <3 and [12].
var afterthought = regexp.MustCompile(`^(?:>?[:;=][-o^']?[()DPp/|*]+|\^_+\^|<3|\[\d{1,3}\])`)

// maxTitle is how far, in bytes, a title may reach.
const maxTitle = 150

// titleCloses reports whether the title open here ends soon; if not, its mark
// was a stray one.
func (s *splitter) titleCloses() bool {
	rest := s.text[s.at:min(len(s.text), s.at+maxTitle)]
	if strings.Contains(rest, "》") {
		return true
	}
	s.titles = 0
	return false
}

func isEllipsis(run string) bool {
	return strings.ContainsAny(run, ellipses) || strings.Trim(run, ".．") == "" && utf8.RuneCountInString(run) > 1
}

// endsAtEllipsis: in Chinese an ellipsis ends a sentence, elsewhere it does
// where the next word is no lower-case one.
func (s *splitter) endsAtEllipsis(prev rune, rest string) bool {
	next := firstRune(rest)
	if isHanOrKana(prev) || isHanOrKana(next) {
		return true
	}
	word := skipOpeners(rest)
	return isGap(next) && word != "" && !unicode.IsLower(firstRune(word))
}

// endsAtMark decides for ! and ?.
func (s *splitter) endsAtMark(prev rune, rest string, closed bool) bool {
	next := firstRune(rest)
	if !isGap(next) {
		// "Great!Love it" and 真的吗?我不信
		return isHanOrKana(next) || unicode.IsUpper(next) && unicode.IsLower(prev) || strings.ContainsRune("“「『（《", next)
	}
	word := skipOpeners(rest)
	if unicode.IsLower(firstRune(word)) {
		// "Really?" he asked. He left (finally! what a day) and slept.
		return !closed && s.brackets == 0
	}
	return true
}

// endsAtFullStop decides for one full stop, the hard case.
func (s *splitter) endsAtFullStop(before int, rest string, closed bool) bool {
	next := firstRune(rest)
	prev := lastRune(s.text[:before])
	if !isGap(next) {
		// 他走了.我也走了; but example.com, 3.14, v1.2, a.m.
		return isHanOrKana(prev) && (isHanOrKana(next) || strings.ContainsRune("“「『（《", next))
	}
	word := wordBefore(s.text[s.start:before])
	following := skipOpeners(rest)
	nextRune := firstRune(following)
	if s.isEnumerator(before) {
		return false
	}
	if following == "" {
		return true
	}
	lower := unicode.IsLower(nextRune)
	if closed && lower {
		return false // "I left." he said
	}
	switch kindOf(word, nextRune) {
	case neverLast:
		return false
	case seldomLast:
		return !lower && startsSentence(following)
	case oftenLast:
		return !lower && !unicode.IsDigit(nextRune) && !continuesTime(following)
	}
	return !lower || s.brackets == 0
}

// isEnumerator reports whether the sentence up to here is nothing but the
// number of a list or a heading: 1. a. IV. 2.3.
func (s *splitter) isEnumerator(before int) bool {
	// Gaps are passed over once, not once for each stop.
	s.start = before - len(strings.TrimLeftFunc(s.text[s.start:before], isGap))
	const longest = 32 // bytes; longer ones are not tried
	return before-s.start <= longest && enumerator.MatchString(strings.TrimSpace(s.text[s.start:before]))
}

var enumerator = regexp.MustCompile(`^[(\[]?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[IVXLC]{1,6}|[ivxlc]{1,6})$`)

// end ends the sentence before this place.
func (s *splitter) end(at int) {
	trimmed := strings.TrimRightFunc(s.text[s.start:at], isGap)
	start := s.start + len(trimmed) - len(strings.TrimLeftFunc(trimmed, isGap))
	span := tokenizer.Span{Start: start, End: s.start + len(trimmed)}
	newLine := s.newLine
	s.start, s.at = at, at
	s.quotes, s.titles, s.brackets, s.newLine = 0, 0, 0, false
	if span.Start >= span.End {
		s.newLine = newLine
		return
	}
	n := len(s.sentences)
	switch {
	case n > 0 && !newLine && !hasWord(s.text[span.Start:span.End]),
		n > 0 && !newLine && !hasWord(s.text[s.sentences[n-1].Start:s.sentences[n-1].End]):
		s.sentences[n-1].End = span.End
	default:
		s.sentences = append(s.sentences, span)
	}
}

// isGap is white space, and what is as invisible.
func isGap(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff'
}

func hasWord(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func skipOpeners(rest string) string {
	return strings.TrimLeftFunc(rest, func(r rune) bool { return isGap(r) || strings.ContainsRune(openers, r) })
}

// isHanOrKana reports whether a character is one of those that are written
// without spaces, or their punctuation.
func isHanOrKana(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) ||
		r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef && !unicode.IsDigit(r)
}

// wordBefore is the word that ends where s does, with the stops inside it:
// Mr, e.g, U.S, 3.14.
func wordBefore(s string) string {
	from := len(s)
	for from > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:from])
		if isHanOrKana(r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-' && r != '&' {
			break
		}
		from -= size
	}
	return strings.TrimLeft(s[from:], ".-&")
}
