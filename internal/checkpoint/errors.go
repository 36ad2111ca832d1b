package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
)

// fileError is an error about a file. Everything that this package returns
// names the file once.
type fileError struct {
	file string
	err  error
}

func (e *fileError) Error() string { return e.file + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// about makes err one about a file, unless it says already which file it is
// about. The file system's own errors are reduced to their cause, because they
// know the file by another name.
func about(file string, err error) error {
	var named *fileError
	if err == nil || errors.As(err, &named) {
		return err
	}
	if pathErr, ok := err.(*fs.PathError); ok { //nolint:errorlint // what wraps one names the file itself
		err = pathErr.Err
	}
	return &fileError{file, err}
}

// errorf makes an error about a tensor, as "tensor NAME …".
func (t *tensor) errorf(format string, args ...any) error {
	return about(t.file.name, fmt.Errorf("tensor %q "+format, append([]any{t.name}, args...)...))
}
