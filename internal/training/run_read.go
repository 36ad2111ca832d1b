package training

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// ReadRun reads a run's description: JSON, in which lines that begin with //
// are comments. An unknown name is an error.
func ReadRun(path string, run any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var plain []byte
	for line := range bytes.Lines(data) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("//")) {
			line = []byte("\n") // so that errors name the right line
		}
		plain = append(plain, line...)
	}
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(run); err != nil {
		return fmt.Errorf("%s:%d: %w", path, lineOf(plain, decoder, err), err)
	}
	if decoder.More() {
		return fmt.Errorf("%s: something follows the run's description", path)
	}
	return nil
}

// lineOf is the line that a decoder's error is about, or the last one it read.
func lineOf(data []byte, decoder *json.Decoder, err error) int {
	offset := decoder.InputOffset()
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		offset = syntax.Offset
	} else if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
		offset = kind.Offset
	}
	return 1 + bytes.Count(data[:min(len(data), int(offset))], []byte("\n"))
}
