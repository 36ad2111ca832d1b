package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportNamesModels: a model inside the program is written as its directory
// is, and what is neither leaves no file.
func TestExportNamesModels(t *testing.T) {
	if testing.Short() {
		t.Skip("writes two models of 90 MB with -short")
	}
	dir := t.TempDir()
	inside, outside := filepath.Join(dir, "a.onnx"), filepath.Join(dir, "b.onnx")
	for _, args := range [][]string{{"export", "zh", inside}, {"export", "../../models/zh", outside}} {
		c := parseArgs(t, args...)
		if err := c.Export.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read(t, inside), read(t, outside)) {
		t.Error("the two files differ")
	}
	made := filepath.Join(dir, "made", "c.onnx") // in a folder that is not there yet
	c := parseArgs(t, "export", filepath.Join("..", "..", "internal", "checkpoint", "testdata", "base"), made)
	if err := c.Export.Run(t.Context()); err != nil || len(read(t, made)) == 0 {
		t.Error(err)
	}
	missing := filepath.Join(dir, "none")
	c = parseArgs(t, "export", missing, filepath.Join(dir, "d.onnx"))
	if err := c.Export.Run(t.Context()); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v, want one that names %s", err, missing)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 3 {
		t.Errorf("%d files, want 3 (%v)", len(files), err)
	}
}
