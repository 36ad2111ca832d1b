package tasks

import (
	"cloze/internal/tokenizer"
)

// convert counts the spans of a text, given in bytes, in another unit.
func convert(unit tokenizer.OffsetUnit, text string, spans []tokenizer.Span) {
	pointers := make([]*tokenizer.Span, len(spans))
	for i := range spans {
		pointers[i] = &spans[i]
	}
	unit.Convert(text, pointers...)
}
