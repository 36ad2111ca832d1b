package tokenizer

// stretch is where the pieces of a text lie in an encoding.
type stretch struct{ start, end int }

// truncate drops the ends of the texts that an encoding was made of until room
// pieces of them are left.
func (e *Encoding) truncate(texts [2]stretch, room int) {
	first, second := texts[0].end-texts[0].start, texts[1].end-texts[1].start
	keepFirst, keepSecond := longestFirst(first, second, room)
	e.Truncated = keepFirst < first || keepSecond < second
	if !e.Truncated {
		return
	}
	texts[0].start += keepFirst
	texts[1].start += keepSecond
	if texts[0].start > texts[1].start {
		texts[0], texts[1] = texts[1], texts[0]
	}
	// The later one first, so that the other stays where it is.
	e.remove(texts[1])
	e.remove(texts[0])
}

// longestFirst says how many pieces of two texts of n and m pieces are kept
// when limit are in all: the longer text is cut down to the shorter one's
// length before both are cut alike. An odd one out is the longer one's, or the
// second one's of two equally long ones. It is TruncationStrategy::LongestFirst
// of tokenizers' utils/truncation.rs.
//
// The original BERT cuts one piece at a time off the longer text, which keeps
// the same number of pieces; only its odd one out is the first text's.
func longestFirst(n, m, limit int) (keepN, keepM int) {
	if n+m <= limit {
		return n, m
	}
	shorter, longer := min(n, m), limit-min(n, m)
	if longer < shorter {
		shorter = limit / 2
		longer = limit - shorter
	}
	if n > m {
		return longer, shorter
	}
	return shorter, longer
}
