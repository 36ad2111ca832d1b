package evaluation

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cloze/internal/tasks"
)

// LabelledSet is a labelled file and what it is for.
type LabelledSet struct {
	Task string // or the head
	Name string
	Path string
}

// evaluatedTasks are those that a card speaks of, in the order of its table.
var evaluatedTasks = []string{tasks.SentimentHead, tasks.AspectHead, tasks.TopicHead, tasks.NERHead}

// devFiles are the names of a set's file, in a directory of sets.
var devFiles = []string{
	"dev.jsonl", "dev.jsonl.gz", "dev.conll", "dev.conll.gz", "dev.csv", "dev.csv.gz", "dev.tsv", "dev.tsv.gz",
}

// findSets lists the sets of the built-in tasks at a path: a file, the
// directory of a set, or one of sets by task. A task that is given is that of
// the file, or the only one listed.
func findSets(path, task string) ([]LabelledSet, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		set, err := OneSet(path, task)
		return []LabelledSet{set}, err
	}
	file, err := DevFile(path)
	if err != nil {
		return nil, err
	}
	if file != "" {
		set, err := OneSet(file, task)
		return []LabelledSet{set}, err
	}
	var sets []LabelledSet
	for _, t := range evaluatedTasks {
		if task != "" && task != t {
			continue
		}
		of, err := SetsOf(path, t)
		if err != nil {
			return nil, err
		}
		sets = append(sets, of...)
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("%s: no set there: want TASK/SET/dev.jsonl, .conll, .csv or .tsv, TASK being one of %s; for a head of another name give a file", path, strings.Join(evaluatedTasks, ", "))
	}
	return sets, nil
}

// SetsOf lists the sets TASK/SET/dev.* of one task, or head, in a directory.
func SetsOf(directory, task string) ([]LabelledSet, error) {
	entries, err := os.ReadDir(filepath.Join(directory, task))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var sets []LabelledSet
	for _, entry := range entries {
		path, err := DevFile(filepath.Join(directory, task, entry.Name()))
		if err != nil {
			return nil, err
		}
		if path != "" {
			sets = append(sets, LabelledSet{Task: task, Name: entry.Name(), Path: path})
		}
	}
	return sets, nil
}

// Others names the sets TASK/SET of a directory that are of none of these tasks, or
// heads, as far as they can be read.
func Others(directory string, heads []string) []string {
	var sets []string
	files, _ := fs.Glob(os.DirFS(directory), "*/*/dev.*") // an error is one of the pattern
	for _, file := range files {
		set := path.Dir(file)
		if slices.Contains(devFiles, path.Base(file)) && !slices.Contains(heads, path.Dir(set)) {
			sets = append(sets, set)
		}
	}
	return slices.Compact(sets)
}

// DevFile is the file of the set that a directory is; empty if it is none.
func DevFile(directory string) (string, error) {
	var found []string
	for _, name := range devFiles {
		if isFile(filepath.Join(directory, name)) {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return filepath.Join(directory, found[0]), nil
	default:
		return "", fmt.Errorf("%s: which is its set? It holds %s: remove all but one, or give the file itself", directory, strings.Join(found, " and "))
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// OneSet is a file as a set, named by the directory it is in; the directory
// above that may tell its task.
func OneSet(path, task string) (LabelledSet, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return LabelledSet{}, err
	}
	directory := filepath.Dir(absolute)
	set := LabelledSet{Task: task, Name: filepath.Base(directory), Path: path}
	if set.Task == "" {
		set.Task = filepath.Base(filepath.Dir(directory))
	}
	if !slices.Contains(evaluatedTasks, set.Task) {
		return LabelledSet{}, fmt.Errorf("%s: say with --task what it is for: %s", path, strings.Join(evaluatedTasks, ", "))
	}
	return set, nil
}
