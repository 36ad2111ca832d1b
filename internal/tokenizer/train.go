package tokenizer

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TrainOptions are the settings of vocabulary training.
type TrainOptions struct {
	// Size is how many tokens the vocabulary shall have, special tokens
	// included. It has fewer if the text offers no more.
	Size int
	// MinFrequency is how often a pair of pieces must occur to be joined;
	// default 2.
	MinFrequency int
	// Coverage is the share of the characters read that get a piece of their
	// own; words with rarer characters become [UNK]. Default 0.9999. Printable
	// ASCII always has its pieces.
	Coverage float64
	// MaxWords bounds the distinct words that are remembered, hence memory:
	// above it the rarest are forgotten. Default 4 million, about 400 MB.
	MaxWords int
}

func (o *TrainOptions) setDefaults() error {
	if o.MinFrequency == 0 {
		o.MinFrequency = 2
	}
	if o.Coverage == 0 {
		o.Coverage = 0.9999
	}
	if o.MaxWords == 0 {
		o.MaxWords = 4_000_000
	}
	if o.Size < 1 || o.MinFrequency < 1 || o.MaxWords < 1 || !(o.Coverage > 0 && o.Coverage <= 1) {
		return fmt.Errorf("vocabulary of %d, pairs at least %d times, coverage %v, %d words: want numbers above 0 and a coverage of at most 1",
			o.Size, o.MinFrequency, o.Coverage, o.MaxWords)
	}
	return nil
}

// Trainer makes a WordPiece vocabulary of text, as Hugging Face's
// WordPieceTrainer does: it starts from single characters and joins, again and
// again, the two neighbouring pieces that occur most often. (Google has not
// published how it made BERT's vocabularies.) Where several pairs are equally
// frequent, it takes the one whose pieces are older, so that the same text
// always gives the same vocabulary; Hugging Face's leaves that to chance.
//
// Unlike there, the alphabet is bounded by coverage rather than by number, and
// a character gets a ## piece only where it continues a word, which Han
// characters never do.
type Trainer struct {
	options TrainOptions
	config  Config
	split   *Tokenizer // cuts text into words
	words   wordCounter
	buffer  normalized
}

// NewTrainer makes a trainer; config is that of the tokenizer that will use
// the vocabulary.
func NewTrainer(config Config, o TrainOptions) (*Trainer, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	// Words are cut alike by any vocabulary, and this is the smallest.
	split, err := New(append(specialTokens(config), "a"), config)
	if err != nil {
		return nil, err
	}
	return &Trainer{options: o, config: config, split: split, words: wordCounter{counts: map[string]int{}, max: o.MaxWords}}, nil
}

// specialTokens begin every vocabulary, in the order of Google's.
func specialTokens(c Config) []string { return []string{c.PAD, c.UNK, c.CLS, c.SEP, c.Mask} }

// Add counts the words of a text. A Trainer is for one goroutine; several may
// count parts of the text each with its own, for Merge.
func (t *Trainer) Add(text string) {
	n := &t.buffer
	n.reset()
	t.split.normalize(n, text, 0)
	for i := 0; ; {
		start, end := n.word(i, len(n.chars))
		if start == end {
			return
		}
		if end-start <= t.config.MaxWordChars {
			t.words.add(n.text[n.start(start):n.start(end)])
		}
		i = end
	}
}

// Merge adds what another trainer has counted. Together they remember as many words
// as each of them may.
func (t *Trainer) Merge(other *Trainer) { t.words.merge(&other.words) }

// Vocabulary is what training gives.
type Vocabulary struct {
	Tokens []string // in the order of their ids

	Words     int // read
	Distinct  int
	Forgotten int // distinct words that MaxWords left no room for
	Alphabet  int // characters with a piece of their own
	Unknown   int // words read that hold another character
	Pieces    int // that the words read are now cut into, but for Unknown
}

// wordCounter counts words in bounded memory. When there are too many it
// forgets those that occurred no more than floor times, and raises floor: lossy
// counting (Manku and Motwani 2002) without its correction, since what is
// forgotten is too rare to become a piece.
type wordCounter struct {
	counts    map[string]int
	total     int
	max       int
	floor     int
	forgotten int
}

func (c *wordCounter) add(word []byte) {
	c.total++
	if n, known := c.counts[string(word)]; known { // no copy to look a word up
		c.counts[string(word)] = n + 1
		return
	}
	c.counts[string(word)] = 1
	for len(c.counts) > c.max {
		c.floor++
		before := len(c.counts)
		maps.DeleteFunc(c.counts, func(_ string, n int) bool { return n <= c.floor })
		c.forgotten += before - len(c.counts)
	}
}

// merge adds the counts of another, whose bounds add up, too.
func (c *wordCounter) merge(other *wordCounter) {
	for word, n := range other.counts {
		c.counts[word] += n
	}
	c.total += other.total
	c.max += other.max
	c.floor += other.floor
	c.forgotten += other.forgotten
}

// joining is the state of the joining: words as sequences of pieces.
type joining struct {
	prefix  string
	pieces  []string         // by id
	ids     map[string]int32 // of the pieces
	words   []pieceWord      // of more than one character
	single  int              // occurrences of the others
	unknown int              // occurrences of words outside the alphabet
	pairs   map[piecePair]*pairUse
	queue   pairQueue
}

type pieceWord struct {
	pieces []int32
	count  int
}

type piecePair struct{ left, right int32 }

type pairUse struct {
	count int
	words []int32 // that hold the pair, or held it once
}

// Train joins the pieces of the words counted.
func (t *Trainer) Train() (*Vocabulary, error) {
	alphabet, err := t.alphabet()
	if err != nil {
		return nil, err
	}
	v := &Vocabulary{Words: t.words.total, Distinct: len(t.words.counts), Forgotten: t.words.forgotten, Alphabet: len(alphabet)}
	j := newJoining(t.words.counts, alphabet, specialTokens(t.config), t.config.Prefix)
	if len(j.pieces) > t.options.Size {
		return nil, fmt.Errorf("a vocabulary of %d has no room for the special tokens and the %d pieces of single characters: ask for more, or for less coverage", t.options.Size, len(j.pieces))
	}
	for len(j.pieces) < t.options.Size {
		pair, count, ok := j.most()
		if !ok || count < t.options.MinFrequency {
			break
		}
		j.join(pair)
	}
	v.Tokens = j.pieces
	v.Unknown = j.unknown
	v.Pieces = j.single
	for _, w := range j.words {
		v.Pieces += w.count * len(w.pieces)
	}
	return v, nil
}

// alphabet takes the most frequent characters that cover the wanted share of
// the text, and printable ASCII.
func (t *Trainer) alphabet() (map[rune]bool, error) {
	characters, total := map[rune]int{}, 0
	for word, n := range t.words.counts {
		for _, r := range word {
			characters[r] += n
			total += n
		}
	}
	if total == 0 {
		return nil, errors.New("the text holds no word")
	}
	byCount := slices.SortedFunc(maps.Keys(characters), func(a, b rune) int {
		return cmp.Or(characters[b]-characters[a], int(a-b))
	})
	alphabet, covered := map[rune]bool{}, 0
	for _, r := range byCount {
		if float64(covered) >= t.options.Coverage*float64(total) {
			break
		}
		alphabet[r] = true
		covered += characters[r]
	}
	for r := rune('!'); r <= '~'; r++ {
		if capital := 'A' <= r && r <= 'Z'; !capital || !t.config.Lowercase {
			alphabet[r] = true
		}
	}
	return alphabet, nil
}

func newJoining(counts map[string]int, alphabet map[rune]bool, specials []string, prefix string) *joining {
	j := &joining{prefix: prefix, ids: map[string]int32{}, pairs: map[piecePair]*pairUse{}}
	for _, token := range specials {
		j.add(token)
	}
	words := slices.Sorted(maps.Keys(counts)) // so that ids do not depend on the map's order
	words = slices.DeleteFunc(words, func(word string) bool {
		outside := strings.ContainsFunc(word, func(r rune) bool { return !alphabet[r] })
		if outside {
			j.unknown += counts[word]
		}
		return outside
	})
	inside := map[rune]bool{}
	for r := range alphabet {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			inside[r] = true
		}
	}
	for _, word := range words {
		_, first := utf8.DecodeRuneInString(word)
		for _, r := range word[first:] {
			inside[r] = true
		}
	}
	for _, r := range slices.Sorted(maps.Keys(alphabet)) {
		j.add(string(r))
	}
	for _, r := range slices.Sorted(maps.Keys(inside)) {
		j.add(prefix + string(r))
	}
	for _, word := range words {
		j.addWord(word, counts[word])
	}
	for pair, use := range j.pairs {
		j.queue = append(j.queue, queuedPair{pair, use.count})
	}
	heap.Init(&j.queue)
	return j
}

func (j *joining) addWord(word string, count int) {
	w := pieceWord{count: count}
	for at, r := range word {
		piece := string(r)
		if at > 0 {
			piece = j.prefix + piece
		}
		w.pieces = append(w.pieces, j.ids[piece])
	}
	if len(w.pieces) == 1 {
		j.single += count
		return
	}
	index := int32(len(j.words))
	j.words = append(j.words, w)
	for k := range len(w.pieces) - 1 {
		j.count(piecePair{w.pieces[k], w.pieces[k+1]}, count, index)
	}
}

func (j *joining) add(piece string) int32 {
	id, ok := j.ids[piece]
	if !ok {
		id = int32(len(j.pieces))
		j.ids[piece] = id
		j.pieces = append(j.pieces, piece)
	}
	return id
}

// count adds n occurrences of a pair in a word; n may be negative.
func (j *joining) count(pair piecePair, n int, word int32) {
	use := j.pairs[pair]
	if use == nil {
		use = &pairUse{}
		j.pairs[pair] = use
	}
	use.count += n
	if n > 0 && (len(use.words) == 0 || use.words[len(use.words)-1] != word) {
		use.words = append(use.words, word)
	}
}

// most returns the most frequent pair. The queue holds old counts: a pair that
// has become rarer is put back where it now belongs.
func (j *joining) most() (pair piecePair, count int, ok bool) {
	for len(j.queue) > 0 {
		top := heap.Pop(&j.queue).(queuedPair)
		now := j.pairs[top.pair].count
		switch {
		case now == top.count && now > 0:
			return top.pair, now, true
		case now > 0:
			heap.Push(&j.queue, queuedPair{top.pair, now})
		}
	}
	return piecePair{}, 0, false
}

// join makes one piece of a pair wherever it occurs.
func (j *joining) join(pair piecePair) {
	joined := j.add(j.pieces[pair.left] + strings.TrimPrefix(j.pieces[pair.right], j.prefix))
	use := j.pairs[pair]
	grown := map[piecePair]bool{}
	for _, word := range use.words {
		w := &j.words[word]
		pieces := w.pieces
		out := pieces[:0] // never ahead of what is read
		for k := 0; k < len(pieces); k++ {
			if k+1 == len(pieces) || pieces[k] != pair.left || pieces[k+1] != pair.right {
				out = append(out, pieces[k])
				continue
			}
			if len(out) > 0 {
				before := out[len(out)-1]
				j.count(piecePair{before, pair.left}, -w.count, word)
				j.count(piecePair{before, joined}, w.count, word)
				grown[piecePair{before, joined}] = true
			}
			if k+2 < len(pieces) {
				after := pieces[k+2]
				j.count(piecePair{pair.right, after}, -w.count, word)
				j.count(piecePair{joined, after}, w.count, word)
				grown[piecePair{joined, after}] = true
			}
			out = append(out, joined)
			k++
		}
		w.pieces = out
	}
	delete(j.pairs, pair)
	j.pairs[pair] = &pairUse{} // it may be queued still
	for next := range grown {
		if n := j.pairs[next].count; n > 0 {
			heap.Push(&j.queue, queuedPair{next, n})
		}
	}
}

type queuedPair struct {
	pair  piecePair
	count int
}

// pairQueue is a heap: the highest count first, then the lower ids, so that the
// vocabulary does not depend on chance.
type pairQueue []queuedPair

func (q pairQueue) Len() int      { return len(q) }
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q pairQueue) Less(i, j int) bool {
	return cmp.Or(q[j].count-q[i].count, int(q[i].pair.left-q[j].pair.left), int(q[i].pair.right-q[j].pair.right)) < 0
}

// Push implements heap.Interface.
func (q *pairQueue) Push(x any) { *q = append(*q, x.(queuedPair)) }

// Pop implements heap.Interface.
func (q *pairQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
