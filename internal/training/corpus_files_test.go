package training

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCorpusFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{
		"text/b.txt", "text/a.txt", "text/sub/c.txt.gz", "text/notes.md",
		"store/x.txt", "store/deep/y.txt", "other.log",
		"br[1]/in.txt", "br1/wrong.txt", `back\slash/in.txt`, "what?.txt", "s*r.txt",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"links/x.txt":     "../store/x.txt", // to a file, under its own name
		"links/same.txt":  "x.txt",          // to a link to that file
		"links/gone":      "nowhere",        // of no interest
		"link":            "text",           // to a directory
		"links/self":      "self",
		"broken/gone.txt": "nowhere",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.Symlink(target, name)); err != nil {
			t.Skip("needs links:", err)
		}
	}
	for _, test := range []struct {
		name        string
		paths, want []string
	}{
		{"a file of any name", []string{"other.log"}, []string{"other.log"}},
		{"a directory", []string{"text"}, []string{"text/a.txt", "text/b.txt", "text/sub/c.txt.gz"}},
		{"a link to a directory", []string{"link"}, []string{"link/a.txt", "link/b.txt", "link/sub/c.txt.gz"}},
		{"a directory of links", []string{"links"}, []string{"links/same.txt"}},
		{"a name with brackets", []string{"br[1]"}, []string{"br[1]/in.txt"}},
		{"a pattern below it", []string{"br[1]/*.txt"}, []string{"br[1]/in.txt"}},
		{"a pattern below a backslash", []string{`back\slash/*.txt`}, []string{`back\slash/in.txt`}},
		{"names with * and ?", []string{"what?.txt", "s*r.txt"}, []string{"what?.txt", "s*r.txt"}},
		{"a pattern of files", []string{"text/?.txt"}, []string{"text/a.txt", "text/b.txt"}},
		{"a pattern of directories", []string{"tex*"}, []string{"text/a.txt", "text/b.txt", "text/sub/c.txt.gz"}},
		{"a pattern with brackets", []string{"br[0-9]/*"}, []string{"br1/wrong.txt"}},
		{"a file twice", []string{"text/b.txt", "text", "./text/../text/a.txt", "link"}, []string{"text/b.txt", "text/a.txt", "text/sub/c.txt.gz"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			corpus, err := OpenCorpus(test.paths...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, corpus.Paths); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
	for _, test := range []struct{ path, want string }{
		{"nowhere", "nowhere"},
		{"no*", "no*: no .txt or .txt.gz file there"},
		{"no[", "no[: syntax error in pattern"},
		{"broken", "broken/gone.txt"},
		{"links/self", "links/self"},
	} {
		if corpus, err := OpenCorpus(test.path); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, error %v, want %q", test.path, corpus, err, test.want)
		}
	}
}

// Links to directories are followed, but into none twice.
func TestCorpusOfCircularLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(
		os.MkdirAll("store/deep", 0o700), os.Mkdir("loop", 0o700),
		os.WriteFile("store/x.txt", nil, 0o600), os.WriteFile("store/deep/y.txt", nil, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.Symlink("../loop", "loop/up"), os.Symlink("../store", "loop/store"), os.Symlink("../../loop", "store/deep/back"),
	); err != nil {
		t.Skip("needs links:", err)
	}
	corpus, err := OpenCorpus("loop")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"loop/store/deep/y.txt", "loop/store/x.txt"}, corpus.Paths); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
