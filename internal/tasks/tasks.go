package tasks

import (
	"cloze/internal/tokenizer"
)

// Text is one input: a text, or a pair of texts read together.
type Text struct {
	Text    string
	Pair    string
	HasPair bool // Pair counts, even if it is empty
}

// Options are what all tasks share.
type Options struct {
	// Model is the id of a loaded model; "" or "auto" picks one for each
	// text by the script it is written in (engine.Engine.ForText), for a pair
	// by that of both.
	Model string
	// Truncate says what happens to a text longer than its model reads. Nil
	// is the task's own default, which its method documents; false refuses
	// the text with code too-long.
	Truncate *bool
	// OffsetUnit is what start and end count; the zero value is code points.
	OffsetUnit tokenizer.OffsetUnit
}

// Info is what every result says about how its text was read.
type Info struct {
	// Model is the id of the model that answered.
	Model string `json:"model"`
	// Tokens counts the word pieces seen, special tokens included; pieces
	// that two windows share count twice.
	Tokens int `json:"tokens"`
	// Truncated says that the end of the text was not seen.
	Truncated bool `json:"truncated"`
	// Windows is how many parts the text was read in: overlapping windows, or
	// sentences.
	Windows int `json:"windows"`
}
