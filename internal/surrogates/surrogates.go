// Package surrogates finds escapes in JSON that are no characters. encoding/json
// takes half of a surrogate pair for U+FFFD without a word, so that the text is
// another one than was written, and offsets in it mean something else.
package surrogates

import "strconv"

// Half finds the first \uD800…\uDFFF escape of valid JSON that stands without its
// other half: the escape, and at which byte it begins, -1 if there is none.
func Half(valid []byte) (escape []byte, at int) {
	for i := 0; i < len(valid); i++ {
		if valid[i] != '\\' {
			continue
		}
		switch unit := escapedUnit(valid[i:]); {
		case 0xD800 <= unit && unit < 0xDC00:
			if low := escapedUnit(valid[i+6:]); low < 0xDC00 || 0xE000 <= low {
				return valid[i : i+6], i
			}
			i += 11
		case 0xDC00 <= unit && unit < 0xE000:
			return valid[i : i+6], i
		default:
			i++ // the escaped character, which may be a backslash
		}
	}
	return nil, -1
}

// escapedUnit is the UTF-16 unit of a \uXXXX at the start of s, or -1.
func escapedUnit(s []byte) int {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(unit)
}
