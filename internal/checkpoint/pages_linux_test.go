package checkpoint

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloze/internal/bert"
)

// After loading, of the mapped file only the word embeddings are resident.
func TestLoadGivesPagesBack(t *testing.T) {
	// A file of its own, so that no other test has pages of it.
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../models/en")); err != nil {
		t.Fatal(err)
	}
	m, _, err := LoadDir(dir, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const slack = 256 << 10 // pages beside the table that the kernel maps along with it
	table := 2 * m.Config.VocabSize * m.Config.HiddenSize
	if got := residentBytes(t, filepath.Join(dir, weightsFile)); got > table+slack {
		t.Errorf("%d bytes of the file are resident, want at most the %d of the word embeddings", got, table)
	}
}

// residentBytes sums the resident memory of a file's mappings.
func residentBytes(t *testing.T, path string) int {
	t.Helper()
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skipf("no /proc to look into: %v", err)
	}
	defer maps.Close() //nolint:errcheck // nothing was written
	total, found, inside := 0, false, false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		if fields := strings.Fields(line); strings.Contains(fields[0], "-") {
			inside = strings.HasSuffix(line, path)
			found = found || inside
		}
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "Rss: %d kB", &kilobytes); n == 1 && inside {
			total += kilobytes << 10
		}
	}
	if !found {
		t.Fatalf("%s is not mapped", path)
	}
	return total
}
