package main

import (
	"context"
	"fmt"
	"io"
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

// Run writes the file.
func (c *exportCmd) Run(ctx context.Context) error {
	if models.FS(c.Model) == nil {
		if err := checkFile(c.Out, c.Model); err != nil {
			return err
		}
	}
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
		return onnx.Write(untilDone{ctx, w}, model.Config(), model, onnx.Options{Heads: heads})
	})
	if err != nil {
		return fmt.Errorf("export %s: %w", c.Model, err)
	}
	return nil
}

// untilDone is a writer that writes until a context ends.
type untilDone struct {
	ctx context.Context
	w   io.Writer
}

// Write implements io.Writer.
func (u untilDone) Write(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.w.Write(p)
}

// openCheckpoint opens a model directory, or a model inside this program.
func openCheckpoint(model string) (*checkpoint.Checkpoint, error) {
	files, inside, err := models.Find(model)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", model, err)
	case inside:
		return checkpoint.Open(files)
	default:
		return checkpoint.OpenDir(model) // by its path: its weights are mapped
	}
}
