package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cloze/internal/training"
	"cloze/models"
)

// checkOutput refuses a directory that holds another run, the model that this
// one starts from, or anything that no run wrote, before anything is written
// there.
func checkOutput(dir, model string, resume bool) error {
	if models.FS(model) == nil && isSame(dir, model) {
		return fmt.Errorf("the output %s is the directory of the model to start from (%s), and would be written over: choose another", dir, model)
	}
	checkpoints, err := training.Checkpoints(dir)
	if err != nil {
		return err
	}
	if len(checkpoints) > 0 && !resume {
		return fmt.Errorf("%s holds checkpoints of a run: --resume goes on with it; else choose another output, or remove them", dir)
	}
	if len(checkpoints) > 0 || holdsRun(dir) {
		return nil
	}
	file, err := fileIn(dir)
	if err != nil {
		return err
	}
	if file != "" {
		return fmt.Errorf("the output %s holds files that no run wrote, such as %s: choose another output, or move them away", dir, file)
	}
	return nil
}

// holdsRun says whether a directory is the output of a run, which may have been
// killed: metrics.jsonl, the first file that a run writes, begins as a run
// begins it, if it has come that far.
func holdsRun(dir string) bool {
	const begins = `{"kind":"` + string(training.Started) + `"`
	file, err := os.Open(filepath.Join(dir, metricsFile))
	if err != nil {
		return false
	}
	defer file.Close() //nolint:errcheck // nothing was written
	first := make([]byte, len(begins))
	n, err := io.ReadFull(file, first)
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	return (err == nil || cut) && strings.HasPrefix(begins, string(first[:n]))
}

// fileIn names a file in a directory; none if it is empty but for folders and
// for what is hidden, or not there.
func fileIn(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for _, entry := range entries {
		if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			return entry.Name(), nil
		}
	}
	return "", nil
}

// readRun reads a run's description from its file, or from the directory that an
// earlier run wrote it to. That directory is then the output: it may have been
// moved or copied since the run wrote down where it was. another is a run of the
// other command, whose name the error then has.
func readRun(path string, run any, output *string, another any, command string) error {
	file := path
	info, err := os.Stat(path)
	isDir := err == nil && info.IsDir()
	if isDir {
		file = filepath.Join(path, runFile)
	}
	if err := training.ReadRun(file, run); err != nil {
		if training.ReadRun(file, another) != nil {
			return err
		}
		return fmt.Errorf("%w: it describes a run of bert %s", err, command)
	}
	if isDir && !isSame(path, *output) {
		*output = path
	}
	return nil
}
