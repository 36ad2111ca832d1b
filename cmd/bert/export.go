package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cloze/internal/checkpoint"
	"cloze/internal/onnx"
	"cloze/models"
)

// exportCmd writes a model for another program.
type exportCmd struct {
	Model  string `arg:"" help:"A model directory, or a model inside this program (en or zh)."`
	Out    string `arg:"" help:"File to write."`
	Format string `help:"Format of the file (${enum})." enum:"onnx" default:"onnx"`
	Heads  string `help:"Heads to write: all, none, or names separated by commas." default:"all"`
}

// Run writes the file aside and renames it, so that a file of that name is
// whole or not there.
func (c *exportCmd) Run() (err error) {
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

	file, err := os.CreateTemp(filepath.Dir(c.Out), ".export-*.onnx")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("export %s: %w", c.Model, err)
			os.Remove(file.Name()) //nolint:errcheck // the first error counts
		}
	}()
	if err := onnx.Write(file, model.Config(), model, onnx.Options{Heads: heads}); err != nil {
		file.Close() //nolint:errcheck // the first error counts
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Chmod(file.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(file.Name(), c.Out)
}

// openCheckpoint opens a model directory, or a model inside this program.
func openCheckpoint(model string) (*checkpoint.Checkpoint, error) {
	if slices.Contains(models.IDs(), model) {
		return checkpoint.Open(models.FS(model))
	}
	return checkpoint.OpenDir(model)
}
