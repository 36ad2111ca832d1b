package training

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// OpenCorpus lists the files of a corpus. A directory stands for the .txt and
// .txt.gz files in it and below, in the order of their names; links are followed.
// A path that is not there and has *, ? or [ in it stands for the files and
// directories that match it. A file that is named several times, or reached by
// several links, is read once.
func OpenCorpus(paths ...string) (*Corpus, error) {
	var files []string
	listed := map[string]bool{} // by realPath
	for _, path := range paths {
		found, err := corpusFiles(path)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no .txt or .txt.gz file there", path)
		}
		for _, file := range found {
			if real := realPath(file); !listed[real] {
				listed[real] = true
				files = append(files, file)
			}
		}
	}
	if len(files) == 0 {
		return nil, errors.New("a corpus needs at least one file")
	}
	return &Corpus{Paths: files}, nil
}

// openFiles is OpenCorpus of what is read again and again.
func openFiles(paths ...string) (*Corpus, error) {
	c, err := OpenCorpus(paths...)
	if err != nil {
		return nil, err
	}
	for _, path := range c.Paths {
		if err := checkRegular(path); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// corpusFiles are the files that one path stands for.
func corpusFiles(path string) ([]string, error) {
	paths := []string{path}
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(path, "*?[") {
		if paths, err = filepath.Glob(pattern(path)); err != nil { // sorted
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		below, err := textFiles(path, map[string]bool{})
		if err != nil {
			return nil, err
		}
		slices.Sort(below)
		files = append(files, below...)
	}
	return files, nil
}

// pattern is a path with *, ? or [ in it as filepath.Glob takes it: the folders
// at its beginning that are there mean themselves.
func pattern(path string) string {
	path = filepath.Clean(path)
	dir := filepath.Dir(path)
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
	}
	rest, err := filepath.Rel(dir, path)
	if err != nil {
		return path
	}
	literal := []string{"*", "[*]", "?", "[?]", "[", "[[]"}
	if filepath.Separator != '\\' { // where it is, no name has one
		literal = append(literal, `\`, `\\`)
	}
	return filepath.Join(strings.NewReplacer(literal...).Replace(dir), rest)
}

// textFiles are the text files in a directory and below. Links are followed, but
// into no directory twice: one may lead back to where the walk came from. walked
// has the directories by realPath.
func textFiles(dir string, walked map[string]bool) ([]string, error) {
	real := realPath(dir)
	if walked[real] {
		return nil, nil
	}
	walked[real] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		isText := strings.HasSuffix(path, ".txt") || strings.HasSuffix(path, ".txt.gz")
		if entry.Type().IsRegular() && !isText {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err != nil && !isText: // a link that leads nowhere, and is called no text
		case err != nil:
			return nil, err
		case info.IsDir():
			below, err := textFiles(path, walked)
			if err != nil {
				return nil, err
			}
			files = append(files, below...)
		case info.Mode().IsRegular() && isText:
			files = append(files, path)
		}
	}
	return files, nil
}

// realPath tells files apart, whatever links lead to them. What has no name of its
// own, as a pipe has none, is called as it was.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return path
}
