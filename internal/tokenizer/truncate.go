package tokenizer

// truncate drops the ends of the texts that an encoding was made of until room
// pieces of them are left.
func (e *Encoding) truncate(first, second stretch, room int) {
	keepFirst, keepSecond := longestFirst(first.len(), second.len(), room)
	e.Truncated = keepFirst < first.len() || keepSecond < second.len()
	if !e.Truncated {
		return
	}
	first.start += keepFirst
	second.start += keepSecond
	e.remove(second) // the later one first, so that the other stays where it is
	e.remove(first)
	e.PairStart -= first.len()
}

// stretch is where the pieces of a text lie in an encoding.
type stretch struct{ start, end int }

func (s stretch) len() int { return s.end - s.start }

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
