package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// OffsetUnit is what places in a text are counted in.
type OffsetUnit uint8

const (
	// Codepoint counts characters, as Python's strings do.
	Codepoint OffsetUnit = iota
	// UTF16 counts 16-bit units, as JavaScript's and Java's strings do.
	UTF16
	// Byte counts bytes of UTF-8, as Go's strings do.
	Byte
)

var offsetUnits = [...]string{Codepoint: "codepoint", UTF16: "utf16", Byte: "byte"}

func (u OffsetUnit) String() string { return offsetUnits[u] }

// ParseOffsetUnit is the unit of that name: codepoint, utf16 or byte. No name
// is codepoint.
func ParseOffsetUnit(name string) (OffsetUnit, error) {
	if name == "" {
		return Codepoint, nil
	}
	for u, known := range offsetUnits {
		if name == known {
			return OffsetUnit(u), nil
		}
	}
	return 0, fmt.Errorf("offset unit %q is not codepoint, utf16 or byte", name)
}

// Convert turns spans of bytes of text into spans of unit u, where they stand.
// It reads the text once, and allocates nothing if the spans are in order and
// do not overlap, as an encoding's are. A byte that is not UTF-8 counts as one
// character; a place inside a character as the end of it.
func (u OffsetUnit) Convert(text string, spans ...*Span) {
	if u == Byte {
		return
	}
	c := offsetCounter{text: text, unit: u}
	if inOrder(spans) {
		for _, s := range spans {
			if *s != (Span{}) {
				s.Start, s.End = c.count(s.Start), c.count(s.End)
			}
		}
		return
	}
	places := make([]*int, 0, 2*len(spans))
	for _, s := range spans {
		places = append(places, &s.Start, &s.End)
	}
	slices.SortFunc(places, func(a, b *int) int { return cmp.Compare(*a, *b) })
	for _, place := range places {
		*place = c.count(*place)
	}
}

// inOrder reports whether the spans follow each other, those of the template's
// tokens aside, which are {0, 0} in every unit.
func inOrder(spans []*Span) bool {
	at := 0
	for _, s := range spans {
		if *s == (Span{}) {
			continue
		}
		if s.Start < at || s.End < s.Start {
			return false
		}
		at = s.End
	}
	return true
}

// offsetCounter counts the units of a text up to places further and further on.
type offsetCounter struct {
	text  string
	unit  OffsetUnit
	bytes int // read so far
	units int // in them
}

func (c *offsetCounter) count(bytes int) int {
	for c.bytes < bytes && c.bytes < len(c.text) {
		if c.text[c.bytes] < utf8.RuneSelf {
			c.bytes++
			c.units++
			continue
		}
		r, size := utf8.DecodeRuneInString(c.text[c.bytes:])
		c.bytes += size
		c.units++
		if c.unit == UTF16 && r > 0xFFFF {
			c.units++
		}
	}
	return c.units
}
