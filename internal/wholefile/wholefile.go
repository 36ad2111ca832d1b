// Package wholefile writes files of which a crash or a full disk leaves no part:
// a name stands at any time for the old content or for the whole new one.
package wholefile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// Write writes a file: to a temporary one beside it, ".NAME.123.tmp", which is
// synced and then renamed. It removes what a killed process left of such a write
// of the same name: only one process at a time may write it.
func Write(path string, write func(io.Writer) error) error {
	staged, err := Stage(path, write)
	if err != nil {
		return err
	}
	return staged.Commit()
}

// Staged is the new content of a file, which waits for its name: several can be written
// before the first of them counts. It must be committed or discarded.
type Staged struct{ path, temporary string }

// Stage is Write but for the renaming.
func Stage(path string, write func(io.Writer) error) (_ *Staged, err error) {
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	if err := removeLeftovers(dir, name); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, "."+name+".*.tmp")
	if err != nil {
		return nil, err
	}
	s := &Staged{path, file.Name()}
	out := bufio.NewWriterSize(file, 1<<20)
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Chmod(0o644) // CreateTemp's is 0600
	}
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), s.Discard())
	}
	return s, nil
}

// Path is the file's.
func (s *Staged) Path() string { return s.path }

// Commit gives the content its name.
func (s *Staged) Commit() error {
	if err := os.Rename(s.temporary, s.path); err != nil {
		return errors.Join(err, s.Discard())
	}
	return syncDir(filepath.Dir(s.path))
}

// Discard removes the content, if it has no name yet.
func (s *Staged) Discard() error {
	if err := os.Remove(s.temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// RemoveLeftovers removes from a directory, to which nobody writes, what killed processes
// left of writes of any name. One that is not there has nothing left in it.
func RemoveLeftovers(dir string) error { return removeLeftovers(dir, "") }

var leftover = regexp.MustCompile(`^\.(.+)\.[0-9]+\.tmp$`)

// removeLeftovers removes those of one name; "" is any.
func removeLeftovers(dir, name string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		of := leftover.FindStringSubmatch(entry.Name())
		if of == nil || name != "" && of[1] != name || !entry.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// syncDir makes a rename last through a power failure.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	// Some file systems cannot sync a directory; the rename stands all the same.
	_ = d.Sync()
	return d.Close()
}
