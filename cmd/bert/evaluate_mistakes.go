package main

import (
	"errors"
	"fmt"
	"os"

	"cloze/internal/bert"
	"cloze/internal/evaluation"
	"cloze/internal/training"
)

// mistakesFile is where the mistakes go.
type mistakesFile struct {
	file    *os.File
	made    bool // it was not there before
	written bool
}

// openMistakes opens the file before any work is done, and refuses to write over
// the labelled file, and over what belongs to a model in a directory. Without a
// path it returns nil. What the file holds stays until there are mistakes to
// write.
func openMistakes(path, data, model string) (*mistakesFile, error) {
	if path == "" {
		return nil, nil
	}
	if writesOver(path, data) {
		return nil, fmt.Errorf("--mistakes %s is the labelled file itself, and would be written over: choose another", path)
	}
	if model != "" {
		if err := checkFile(path, model); err != nil {
			return nil, fmt.Errorf("--mistakes: %w", err)
		}
	}
	_, err := os.Stat(path)
	m := &mistakesFile{made: errors.Is(err, os.ErrNotExist)}
	if m.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666); err != nil {
		return nil, fmt.Errorf("--mistakes: %w", err)
	}
	return m, nil
}

// close leaves no empty file behind where nothing came of the work.
func (f *mistakesFile) close() error {
	if f == nil {
		return nil
	}
	err := f.file.Close()
	if f.made && !f.written {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	return err
}

// write replaces what the file holds by the rows of a set that have wrong
// answers.
func (f *mistakesFile) write(set training.SetConfig, head bert.HeadConfig, mistakes []training.Mistake) error {
	if info, err := f.file.Stat(); err != nil {
		return err
	} else if info.Mode().IsRegular() { // else a pipe, say
		if err := f.file.Truncate(0); err != nil {
			return err
		}
	}
	f.written = true
	return evaluation.WriteMistakes(f.file, set, head, mistakes)
}
