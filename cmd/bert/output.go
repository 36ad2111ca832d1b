package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"cloze/internal/tokenizer"
	"cloze/internal/wholefile"
)

// writeOutput writes a file that the user names, which is whole or as it was
// before, and the folders above it. A link stays, and a pipe or a device, such as
// /dev/stdout, is written to.
func writeOutput(path string, write func(io.Writer) error) error {
	path = outputPath(path)
	named := path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if isSame(path, os.Stdout.Name()) { // /dev/stdout, where it may be a file with more in it
		return write(os.Stdout)
	}
	// What is still a link leads to what has no name, as /dev/stdout to a pipe.
	if info, err := os.Lstat(path); err != nil || info.Mode().IsRegular() {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		err := wholefile.Write(path, write)
		if wrong, ok := errors.AsType[*fs.PathError](err); ok && wrong.Op == "open" {
			return fmt.Errorf("open %s: %w", named, wrong.Err) // wrong.Path is a temporary file's
		}
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// outputPath is a path to write to as it will be once the folders above it are made: where
// there is no a yet, a/../b is b.
func outputPath(path string) string {
	if above, _ := filepath.Split(path); above != "" {
		if _, err := os.Stat(above); errors.Is(err, fs.ErrNotExist) {
			return filepath.Clean(path)
		}
	}
	return path
}

// isSame says whether two paths lead to one file or directory, through links or
// not.
func isSame(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// writesOver says whether writing to a path would replace a file that is read. A
// terminal or a pipe can be both.
func writesOver(output, input string) bool {
	output = outputPath(output)
	info, err := os.Stat(output)
	return err == nil && info.Mode().IsRegular() && isSame(output, input)
}

// checkFile refuses to write over a file of a model's directory that belongs to
// the model or to the run that made it. The directory may hold others.
func checkFile(output, model string) error {
	entries, _ := os.ReadDir(model) // whoever reads the model will say why it cannot be
	for _, entry := range entries {
		if name := entry.Name(); isOfModel(name) && writesOver(output, filepath.Join(model, name)) {
			return fmt.Errorf("%s is %s of the model %s, and would be written over: choose another", output, name, model)
		}
	}
	return nil
}

// isOfModel says whether a file of a model's directory is the model's or its
// run's, by its name.
func isOfModel(name string) bool {
	switch filepath.Ext(name) {
	case ".safetensors", ".bin", ".state": // weights, checkpoints
		return true
	}
	return slices.Contains(tokenizer.Files, name) || slices.Contains([]string{
		"config.json", "model.safetensors.index.json", "pytorch_model.bin.index.json",
		runFile, metricsFile, cardFile, curvesSVG, curvesPNG,
	}, name)
}
