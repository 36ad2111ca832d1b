package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cloze/internal/checkpoint"
	"cloze/internal/onnx"
	"cloze/internal/wholefile"
	"cloze/models"
)

// exportCmd writes a model for another program.
type exportCmd struct {
	Model  string `arg:"" help:"A model directory, or a model inside this program (en or zh)."`
	Out    string `arg:"" help:"File to write."`
	Format string `help:"Format of the file (${enum})." enum:"onnx" default:"onnx"`
	Heads  string `help:"Heads to write: all, none, or names separated by commas." default:"all"`
}

// Run writes the file.
func (c *exportCmd) Run() error {
	model, err := openCheckpoint(c.Model)
	if err != nil {
		return err
	}
	defer model.Close() //nolint:errcheck // nothing was written to it

	var heads []string
	switch c.Heads {
	case "none":
	case "all":
		heads = onnx.Heads(model.Config(), model)
	default:
		heads = strings.Split(c.Heads, ",")
	}
	err = writeOutput(c.Out, func(w io.Writer) error {
		return onnx.Write(w, model.Config(), model, onnx.Options{Heads: heads})
	})
	if err != nil {
		return fmt.Errorf("export %s: %w", c.Model, err)
	}
	return nil
}

// writeOutput writes a file that the user names, which is whole or as it was
// before. A link stays, and a pipe or a device, such as /dev/stdout, is written to.
func writeOutput(path string, write func(io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if isSame(path, os.Stdout.Name()) { // /dev/stdout, where it may be a file with more in it
		return write(os.Stdout)
	}
	// What is still a link leads to what has no name, as /dev/stdout to a pipe.
	if info, err := os.Lstat(path); err != nil || info.Mode().IsRegular() {
		return wholefile.Write(path, write)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// openCheckpoint opens a model directory, or a model inside this program.
func openCheckpoint(model string) (*checkpoint.Checkpoint, error) {
	if inside := models.FS(model); inside != nil {
		return checkpoint.Open(inside)
	}
	return checkpoint.OpenDir(model) // by its path: its weights are mapped
}
