package checkpoint

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// file is an open file of weights. Where it is mapped into memory, as a file of
// its own or as part of the program, nothing is copied.
type file struct {
	name   string
	size   int64
	data   []byte      // the whole file, unless there is a reader
	mapped bool        // data is backed by a file, not by memory that Go manages
	shared bool        // by one that others may write to, or truncate
	reader io.ReaderAt // nil where the whole file is in data
	close  func() error
}

// mapped is implemented by the files of the embedded models. The bytes must be
// those of a mapped file, as what is embedded in a program is: forget may be
// called on them.
type mapped interface{ Mapped() []byte }

// openFile opens a file of a directory; the file must be closed.
func openFile(dir directory, name string) (*file, error) {
	opened, err := dir.Open(name)
	if err != nil {
		return nil, dir.error(name, err)
	}
	info, err := opened.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("is %s, want a file", info.Mode().Type())
	}
	if err != nil {
		opened.Close() //nolint:errcheck // nothing was written
		return nil, dir.error(name, err)
	}
	f := &file{name: dir.name(name), size: info.Size(), close: opened.Close}
	switch o := opened.(type) {
	case mapped:
		f.data, f.mapped = o.Mapped(), true
		f.size = int64(len(f.data))
	case *os.File:
		if data, unmap, err := mapFile(o, f.size); err == nil {
			f.data, f.mapped, f.shared = data, true, true
			f.close = unmap
			return f, o.Close()
		}
		f.reader = o
	case io.ReaderAt:
		f.reader = o
	default:
		f.data, err = io.ReadAll(o)
		f.size = int64(len(f.data))
	}
	if err != nil {
		f.close() //nolint:errcheck // nothing was written
		return nil, dir.error(name, err)
	}
	return f, nil
}

// bytes returns a part of the file: a view where its bytes are in memory, else
// a copy. Callers have checked the range, so a copy is never larger than the
// file.
func (f *file) bytes(start, end int64) ([]byte, error) {
	if f.reader == nil {
		return f.data[start:end:end], nil
	}
	data := make([]byte, end-start)
	if _, err := io.ReadFull(io.NewSectionReader(f.reader, start, end-start), data); err != nil {
		return nil, about(f.name, err)
	}
	return data, nil
}

// readerAt reads the file from memory or from where it is.
func (f *file) readerAt() io.ReaderAt {
	if f.reader == nil {
		return bytes.NewReader(f.data)
	}
	return f.reader
}
