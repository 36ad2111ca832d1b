package httpapi

import (
	"bufio"
	"io"
)

// indenter passes on JSON that has no spaces between its values as json.Indent
// would lay it out, but piece by piece: a line for each value, indented by two
// spaces for each array and object around it.
type indenter struct {
	out      *bufio.Writer
	depth    int
	inString bool
	escaped  bool // the last byte was a backslash in a string
	opened   bool // the last byte began an array or object; without values it stays on its line
}

func newIndenter(w io.Writer) *indenter {
	return &indenter{out: bufio.NewWriterSize(w, 32<<10)}
}

// Write passes on all of the piece, so that nothing is left to be flushed. An
// error of the writer below is kept by the buffer, and found at its flush.
func (i *indenter) Write(piece []byte) (int, error) {
	for _, c := range piece {
		if i.inString {
			i.inString = c != '"' || i.escaped
			i.escaped = c == '\\' && !i.escaped
			_ = i.out.WriteByte(c)
			continue
		}
		ends := c == ']' || c == '}'
		switch {
		case i.opened && !ends:
			i.depth++
			i.newLine()
		case !i.opened && ends:
			i.depth--
			i.newLine()
		}
		i.opened = c == '[' || c == '{'
		i.inString = c == '"'
		_ = i.out.WriteByte(c)
		switch c {
		case ':':
			_ = i.out.WriteByte(' ')
		case ',':
			i.newLine()
		}
	}
	return len(piece), i.out.Flush()
}

func (i *indenter) newLine() {
	_ = i.out.WriteByte('\n')
	for range i.depth {
		_, _ = i.out.WriteString("  ")
	}
}
