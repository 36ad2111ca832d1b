package evaluation

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/training"
)

func TestUnknownLabels(t *testing.T) {
	for _, test := range []struct {
		name, content, first string
		head                 bert.HeadConfig
		unknown, known       []string
	}{
		{
			"rows.csv", "text,label\naa,a-level\nba,good\nca,fair\n", "a-level",
			bert.HeadConfig{Type: bert.SequenceHeadType, Labels: []string{"bad", "good"}},
			[]string{"a-level", "fair"},
			[]string{"bad", "good"},
		},
		{
			"words.conll", "aa B-ORG\nba B-PER\nca I-GENE\n", "ORG",
			bert.HeadConfig{Type: bert.TokenHeadType, Labels: []string{"O", "B-PER", "I-PER", "B-LOC", "I-LOC"}},
			[]string{"GENE", "ORG"},
			[]string{"PER", "LOC"},
		},
	} {
		path := filepath.Join(t.TempDir(), test.name)
		if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		unknown, known, err := UnknownLabels(training.SetConfig{Dev: path}, test.head, test.first, 0)
		if err != nil || !slices.Equal(unknown, test.unknown) || !slices.Equal(known, test.known) {
			t.Errorf("%s: unknown %q, known %q, %v; want %q, %q", test.name, unknown, known, err, test.unknown, test.known)
		}
	}
}
