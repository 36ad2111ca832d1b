package evaluation

import (
	"strings"
	"testing"
)

func TestFindSets(t *testing.T) {
	tests := []struct {
		path, task string
		want       string // task/name of the first
		err        string
	}{
		{"testdata/sets", "", "sentiment/rooms", ""},
		{"testdata/sets", "ner", "ner/numbers", ""},
		{"testdata/sets/ner/people", "", "ner/people", ""},
		{"testdata/sets/topic/news/dev.jsonl", "", "topic/news", ""},
		{"testdata/sets/topic/news/dev.jsonl", "sentiment", "sentiment/news", ""},
		{"testdata/sets/topic", "", "", "no set there"},
		{"testdata/none", "", "", "none"},
		{"directory.go", "", "", "--task"},
	}
	for _, test := range tests {
		sets, err := findSets(test.path, test.task)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, want %q in it", test.path, err, test.err)
			}
			continue
		}
		if err != nil || sets[0].Task+"/"+sets[0].Name != test.want {
			t.Errorf("%s: %+v, %v; want %s first", test.path, sets, err, test.want)
		}
	}
}
