package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// OffsetUnit is what a place in a text is counted in.
type OffsetUnit uint8

// The units of offsets.
const (
	Codepoint OffsetUnit = iota // Python's strings
	UTF16                       // JavaScript's and Java's strings
	Byte                        // Go's strings, in UTF-8
)

func (u OffsetUnit) String() string {
	return [...]string{"codepoint", "utf16", "byte"}[u]
}

// ParseOffsetUnit is the unit of that name: codepoint, utf16 or byte; an empty
// name is codepoint.
func ParseOffsetUnit(name string) (OffsetUnit, error) {
	switch name {
	case "codepoint", "":
		return Codepoint, nil
	case "utf16":
		return UTF16, nil
	case "byte":
		return Byte, nil
	}
	return 0, fmt.Errorf("offset unit %q is not one of codepoint, utf16, byte", name)
}

// Convert turns spans of bytes of text into spans of the unit, in place, in
// one pass over the text.
func (u OffsetUnit) Convert(text string, spans ...*Span) {
	if u == Byte {
		return
	}
	ends := make([]*int, 0, 2*len(spans))
	for _, s := range spans {
		ends = append(ends, &s.Start, &s.End)
	}
	slices.SortFunc(ends, func(a, b *int) int { return cmp.Compare(*a, *b) })
	at, count := 0, 0
	for _, end := range ends {
		for at < *end && at < len(text) {
			r, size := utf8.DecodeRuneInString(text[at:])
			at += size
			count++
			if u == UTF16 && r >= 0x10000 {
				count++
			}
		}
		*end = count
	}
}
