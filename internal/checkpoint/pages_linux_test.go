package checkpoint

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloze/internal/bert"
	"cloze/models"
)

// After loading, of the embedded models only the word embeddings are resident.
func TestLoadGivesPagesBack(t *testing.T) {
	const program = 24 << 20 // without the models
	allowed := program
	for _, id := range models.IDs() {
		m, _, err := Load(models.FS(id), bert.Options{})
		if err != nil {
			t.Fatal(err)
		}
		allowed += 2 * m.Config.VocabSize * m.Config.HiddenSize
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got := residentBytes(t, self); got == 0 || got > allowed {
		t.Errorf("%d bytes of this program are resident, want some and at most %d", got, allowed)
	}
}

// Somebody who copies another model over that of a running server, without a new name
// for it, does not change or end what this one computes with.
func TestModelDoesNotNeedItsFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/base")); err != nil {
		t.Fatal(err)
	}
	m, _, err := LoadDir(dir, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := bert.NewBatch([][]int32{{2, 5, 6, 3}}, nil)
	ws := m.NewWorkspace(nil)
	want := slices.Clone(m.Encoder.Forward(ws, in))
	path := filepath.Join(dir, weightsFile)
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if got := residentBytes(t, path); got != 0 {
		t.Errorf("%d bytes of the file are still mapped", got)
	}
	if got := m.Encoder.Forward(ws, in); !slices.Equal(got, want) {
		t.Error("other answers without the file")
	}
}

// residentBytes sums the resident memory of a file's mappings; 0 if it has none.
func residentBytes(t *testing.T, path string) int {
	t.Helper()
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skipf("no /proc to look into: %v", err)
	}
	defer maps.Close() //nolint:errcheck // nothing was written
	total, inside := 0, false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		if fields := strings.Fields(line); strings.Contains(fields[0], "-") {
			inside = strings.HasSuffix(line, path)
		}
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "Rss: %d kB", &kilobytes); n == 1 && inside {
			total += kilobytes << 10
		}
	}
	return total
}
