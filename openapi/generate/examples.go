package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// examples are what openapi/examples holds. Their answers are those of the
// real server: a test in internal/httpapi sends every request, compares, and
// with -update records.
type examples struct {
	tasks    map[string][]example // by operation id
	problems []problemExample
}

// example is a file tasks/OPERATION/NAME.json.
type example struct {
	name     string
	Summary  string          `json:"summary"`
	Request  any             `json:"request"` // a JSON body, or
	Text     string          `json:"text"`    // a text/plain body
	Response json.RawMessage `json:"response"`
	response any
}

// problemExample is a file problems/SLUG.json.
type problemExample struct {
	Response struct {
		Type, Title string
		Status      int
	} `json:"response"`
	response any
}

func readExamples(dir string) (*examples, error) {
	all := &examples{tasks: map[string][]example{}}
	files, err := filepath.Glob(filepath.Join(dir, "tasks", "*", "*.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		var e example
		if err := readJSON(file, &e); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(e.Response, &e.response); err != nil {
			return nil, fmt.Errorf("%s: response: %w", file, err)
		}
		e.name = strings.TrimSuffix(filepath.Base(file), ".json")
		operation := filepath.Base(filepath.Dir(file))
		all.tasks[operation] = append(all.tasks[operation], e)
	}
	files, err = filepath.Glob(filepath.Join(dir, "problems", "*.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		var e problemExample
		if err := readJSON(file, &e); err != nil {
			return nil, err
		}
		var raw struct{ Response any }
		if err := readJSON(file, &raw); err != nil {
			return nil, err
		}
		e.response = raw.Response
		if members, ok := e.response.(map[string]any); ok {
			// Spectral takes a member named example for OpenAPI's own.
			delete(members, "example")
		}
		all.problems = append(all.problems, e)
	}
	return all, nil
}

func readJSON(file string, v any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
