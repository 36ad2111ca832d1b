package training

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes a file of the test's own; a name in .gz is compressed.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	writeTo(t, path, content)
	return path
}

func writeTo(t testing.TB, path, content string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // a failed write shows in the test
	if !strings.HasSuffix(path, ".gz") {
		if _, err := file.WriteString(content); err != nil {
			t.Fatal(err)
		}
		return
	}
	compressed := gzip.NewWriter(file)
	if _, err := compressed.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReadLines(t *testing.T) {
	for _, test := range []struct {
		name, file, content string
		want                []string
		problems            int
	}{
		{"plain", "a.txt", "one\ntwo\n", []string{"1 one", "2 two"}, 0},
		{"no end of line at the end", "a.txt", "one\ntwo", []string{"1 one", "2 two"}, 0},
		{"windows", "a.txt", "\ufeffone\r\n\r\ntwo\r\n", []string{"1 one", "2 ", "3 two"}, 0},
		{"compressed", "a.txt.gz", "one\n二\n", []string{"1 one", "2 二"}, 0},
		{"empty", "a.txt", "", nil, 0},
		{"not utf-8", "a.txt", "one\n\xff\xfe\nthree\n", []string{"1 one", "3 three"}, 1},
		{"longer than a buffer", "a.txt", strings.Repeat("x", 200_000) + "\ny\n", []string{"1 " + strings.Repeat("x", 200_000), "2 y"}, 0},
		{"longer than the limit", "a.txt", strings.Repeat("x", maxLineBytes+1) + "\ny\n", []string{"2 y"}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := Problems{Limit: -1}
			var got []string
			for line, err := range readLines(write(t, test.file, test.content), &problems) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%d %s", line.number, line.text))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if problems.Total() != test.problems {
				t.Errorf("%d problems, want %d: %v", problems.Total(), test.problems, problems.First())
			}
		})
	}
}

func TestReadLinesNamesTheFileThatIsBroken(t *testing.T) {
	path := write(t, "a.txt.gz", strings.Repeat("some text\n", 10_000))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range readLines(path, &Problems{}) {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), path) {
		t.Errorf("truncated gzip: error %v, want one that names %s", last, path)
	}
	for _, err := range readLines(write(t, "a.csv", "\xff\xfet\x00e\x00"), &Problems{Limit: -1}) {
		if err == nil || !strings.Contains(err.Error(), "a.csv is UTF-16") {
			t.Errorf("UTF-16: error %v", err)
		}
	}
	for _, err := range readLines(path+".missing", &Problems{}) {
		last = err
	}
	if !os.IsNotExist(last) {
		t.Errorf("missing file: error %v", last)
	}
}

func TestProblemsEndReadingAboveTheirLimit(t *testing.T) {
	path := write(t, "a.txt", strings.Repeat("fine\n\xff\n", 10))
	for _, test := range []struct {
		limit, wantLines int
		wantError        string
	}{
		{-1, 10, ""},
		{10, 10, ""},
		{9, 10, "10 lines could not be used"},
		{2, 3, "a.txt:4: not UTF-8"},
		{0, 1, "a.txt:2: not UTF-8"},
	} {
		problems := Problems{Limit: test.limit}
		lines := 0
		var last error
		for _, err := range readLines(path, &problems) {
			if last = err; err == nil {
				lines++
			}
		}
		if lines != test.wantLines {
			t.Errorf("limit %d: %d lines, want %d", test.limit, lines, test.wantLines)
		}
		if (last != nil) != (test.wantError != "") || last != nil && !strings.Contains(last.Error(), test.wantError) {
			t.Errorf("limit %d: error %v, want %q", test.limit, last, test.wantError)
		}
	}
}

func documentsOf(t *testing.T, c *Corpus, from CorpusPosition) (texts []string, ends []CorpusPosition) {
	t.Helper()
	reader := &documentReader{corpus: c, at: from, problems: &Problems{}}
	defer reader.close()
	for {
		document, err := reader.next()
		if errors.Is(err, io.EOF) {
			return texts, ends
		}
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.Join(document.Sentences, "|"))
		ends = append(ends, document.End)
	}
}

func TestCorpusDocuments(t *testing.T) {
	dir := t.TempDir()
	writeTo(t, filepath.Join(dir, "b.txt.gz"), "\n\ne\n \nf\ng")
	writeTo(t, filepath.Join(dir, "a.txt"), "a\nb \n\n\nc\nd\n\n")
	writeTo(t, filepath.Join(dir, "empty.txt"), "")
	writeTo(t, filepath.Join(dir, "notes.md"), "not a part of it\n")
	c, err := OpenCorpus(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a|b", "c|d", "e", "f|g"}
	got, ends := documentsOf(t, c, CorpusPosition{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("documents (-want +got):\n%s", diff)
	}
	for i, end := range ends {
		rest, _ := documentsOf(t, c, end)
		if !slices.Equal(rest, want[i+1:]) {
			t.Errorf("documents from behind document %d: %q, want %q", i, rest, want[i+1:])
		}
	}
}

func TestCorpusCutsEndlessDocuments(t *testing.T) {
	sentence := strings.Repeat("word ", 200) + "end"
	path := write(t, "a.txt", strings.Repeat(sentence+"\n", 3000))
	c, err := OpenCorpus(path)
	if err != nil {
		t.Fatal(err)
	}
	sentences := 0
	for document, err := range c.Documents(&Problems{}) {
		if err != nil {
			t.Fatal(err)
		}
		if document.Bytes > maxDocumentBytes+len(sentence) {
			t.Errorf("a document of %d bytes", document.Bytes)
		}
		sentences += len(document.Sentences)
	}
	if sentences != 3000 {
		t.Errorf("%d sentences, want 3000", sentences)
	}
}

func TestOpenCorpusRefuses(t *testing.T) {
	empty := t.TempDir()
	for _, paths := range [][]string{nil, {empty}, {filepath.Join(empty, "*.txt")}, {filepath.Join(empty, "missing.txt")}} {
		if _, err := OpenCorpus(paths...); err == nil {
			t.Errorf("OpenCorpus(%q): no error", paths)
		}
	}
}
