package wholefile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func content(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// When there is no room for a file, the one of before stays, nothing is left
// and the error names the file.
func TestWriteSurvivesAFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := Write(path, content("old")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	err := Write(path, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 3<<20)); err != nil {
			return err
		}
		return full
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names %s and its cause", err, path)
	}
	data, err := os.ReadFile(path)
	if err != nil || string(data) != "old" {
		t.Errorf("the file holds %q (%v), want what was there before", data, err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"file"}) {
		t.Errorf("left in the folder: %q, want the file alone", got)
	}
}

// What a killed process left goes with the next write of the same name, or with
// all of the directory; nothing else does.
func TestLeftoversAreRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a [b] *") // no pattern
	if err := RemoveLeftovers(dir); err != nil {
		t.Errorf("a directory that is not there: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	others := []string{".bashrc", ".x.tmp", "file.1.tmp", "other"}
	for _, name := range append([]string{".file.12.tmp", ".file.3.tmp", ".other.4.tmp"}, others...) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(filepath.Join(dir, "file"), content("new")); err != nil {
		t.Fatal(err)
	}
	want := append([]string{".other.4.tmp", "file"}, others...)
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("after a write there are %q, want %q", got, want)
	}
	if err := RemoveLeftovers(dir); err != nil {
		t.Fatal(err)
	}
	want = append([]string{"file"}, others...)
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("after all were removed there are %q, want %q", got, want)
	}
}
