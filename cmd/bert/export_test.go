package main

import (
	"bytes"
	"errors"
	"io"
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
		if err := c.Export.Run(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read(t, inside), read(t, outside)) {
		t.Error("the two files differ")
	}
	missing := filepath.Join(dir, "none")
	c := parseArgs(t, "export", missing, filepath.Join(dir, "c.onnx"))
	if err := c.Export.Run(); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v, want one that names %s", err, missing)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("%d files, want 2 (%v)", len(files), err)
	}
}

// TestWriteOutput: when there is no room for it, what was there before stays;
// and a link stays one.
func TestWriteOutput(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	for _, path := range []string{file, link} {
		for _, test := range []struct {
			content string
			err     error
			want    string
		}{{path, nil, path}, {"part", full, path}} {
			err := writeOutput(path, func(w io.Writer) error {
				_, err := io.WriteString(w, test.content)
				return errors.Join(err, test.err)
			})
			if !errors.Is(err, test.err) {
				t.Errorf("%s: error %v, want %v", path, err, test.err)
			}
			if got := string(read(t, file)); got != test.want {
				t.Errorf("the file holds %q, want %q", got, test.want)
			}
		}
	}
	if target, err := os.Readlink(link); err != nil || target != "file" {
		t.Errorf("the link leads to %q (%v), want file", target, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files, want 2 (%v)", len(entries), err)
	}
}
