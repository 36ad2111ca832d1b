package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sharedVocabularies holds the full vocabularies that are too large for the
// repository; tests that need them skip where it is missing.
const sharedVocabularies = "../../../shared/tokenizer/vocabs"

// goldenRow is a text and what Hugging Face's tokenizers makes of it;
// testdata/make_golden.py writes them.
type goldenRow struct {
	Text       string  `json:"text"`
	Pair       *string `json:"pair"`
	MaxTokens  int     `json:"max_tokens"`
	NoTemplate bool    `json:"no_template"`
	NoSpecials bool    `json:"no_specials"`

	Truncated bool    `json:"truncated"`
	IDs       []int32 `json:"ids"`
	TypeIDs   []int32 `json:"types"`
	Words     []int32 `json:"words"`
	Offsets   []int   `json:"offsets"` // code points: start, end, start, end, …
	Decoded   string  `json:"decoded"`
	Plain     string  `json:"plain"` // decoded without special tokens
}

func (r goldenRow) options() Options {
	o := Options{MaxTokens: r.MaxTokens, NoTemplate: r.NoTemplate}
	if r.NoSpecials {
		o.Specials = SpecialsNone
	}
	return o
}

func TestTokenizersAgree(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		name string
		load func(t *testing.T) *Tokenizer
	}{
		{"en", fromVocabulary("../../models/en", nil)},
		{"zh", fromVocabulary("../../models/zh", nil)},
		{"zh-cased", fromVocabulary("../../models/zh", func(c *Config) { c.Lowercase = false })},
		{"cased", fromVocabulary(sharedVocabularies+"/bert-base-cased", func(c *Config) { c.Lowercase = false })},
		{"multilingual", fromVocabulary(sharedVocabularies+"/bert-base-multilingual-cased", func(c *Config) { c.Lowercase = false })},
		{"cased-reduced", fromReduced("cased", func(c *Config) { c.Lowercase = false })},
		{"multilingual-reduced", fromReduced("multilingual", func(c *Config) { c.Lowercase = false })},
		{"strip-accents", fromReduced("multilingual", func(c *Config) { c.Lowercase, c.StripAccents = false, &yes })},
		{"keep-accents", fromReduced("multilingual", func(c *Config) { c.StripAccents = &no })},
		{"no-chinese", fromReduced("multilingual", func(c *Config) { c.ChineseChars = false })},
		{"added", fromDirectory("testdata/tokenizers/added")},
		{"added-cased", fromDirectory("testdata/tokenizers/added-cased")},
		{"whitespace", fromDirectory("testdata/tokenizers/whitespace")},
		{"whitespace-split", fromDirectory("testdata/tokenizers/whitespace-split")},
	} {
		t.Run(test.name, func(t *testing.T) {
			tokenizer := test.load(t)
			for _, row := range readGolden(t, test.name) {
				checkGolden(t, tokenizer, row)
			}
		})
	}
}

func checkGolden(t *testing.T, tokenizer *Tokenizer, want goldenRow) {
	t.Helper()
	var got *Encoding
	pair := ""
	if want.Pair != nil {
		pair = *want.Pair
		got = tokenizer.EncodePair(want.Text, pair, want.options())
	} else {
		got = tokenizer.Encode(want.Text, want.options())
	}
	row := want // as got has it
	row.IDs, row.TypeIDs, row.Words, row.Truncated = got.IDs, got.TypeIDs, got.Words, got.Truncated
	row.Offsets = codepoints(got, want.Text, pair)
	row.Decoded, row.Plain = tokenizer.Decode(got.IDs, false), tokenizer.Decode(got.IDs, true)
	if diff := cmp.Diff(want, row, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%+q, pair %+q, %+v (-want +got):\n%s", want.Text, pair, want.options(), diff)
	}
	for i, id := range got.IDs {
		if got.Tokens[i] != tokenizer.Token(id) {
			t.Errorf("Encode(%+q).Tokens[%d] = %q, want %q", want.Text, i, got.Tokens[i], tokenizer.Token(id))
		}
	}
}

// codepoints lists the offsets of an encoding in code points.
func codepoints(e *Encoding, text, pair string) []int {
	spans := slices.Clone(e.Offsets)
	pointers := make([]*Span, len(spans))
	for i := range spans {
		pointers[i] = &spans[i]
	}
	Codepoint.Convert(text, pointers[:e.PairStart]...)
	Codepoint.Convert(pair, pointers[e.PairStart:]...)
	var places []int
	for _, s := range spans {
		places = append(places, s.Start, s.End)
	}
	return places
}

func readGolden(t *testing.T, name string) []goldenRow {
	t.Helper()
	return readJSONLines[goldenRow](t, filepath.Join("testdata/golden", name+".jsonl"))
}

func readJSONLines[T any](t *testing.T, path string) []T {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []T
	for line := range bytes.Lines(data) {
		var row T
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		rows = append(rows, row)
	}
	return rows
}

// The loaders below make a tokenizer of a vocabulary alone, whatever else is
// in its directory, or of a whole directory.

func fromVocabulary(directory string, change func(*Config)) func(*testing.T) *Tokenizer {
	return func(t *testing.T) *Tokenizer {
		t.Helper()
		vocabulary, err := readVocabulary(os.DirFS(directory))
		if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(directory, sharedVocabularies) {
			t.Skipf("%s is missing: only the reduced vocabulary is tested", directory)
		}
		if err != nil {
			t.Fatal(err)
		}
		return mustNew(t, vocabulary, change)
	}
}

func fromReduced(name string, change func(*Config)) func(*testing.T) *Tokenizer {
	return func(t *testing.T) *Tokenizer {
		t.Helper()
		data, err := os.ReadFile("testdata/" + name + "-reduced.txt")
		if err != nil {
			t.Fatal(err)
		}
		return mustNew(t, strings.Fields(string(data)), change)
	}
}

func fromDirectory(directory string) func(*testing.T) *Tokenizer {
	return func(t *testing.T) *Tokenizer {
		t.Helper()
		tokenizer, err := Load(os.DirFS(directory))
		if err != nil {
			t.Fatal(err)
		}
		return tokenizer
	}
}

func mustNew(t testing.TB, vocabulary []string, change func(*Config)) *Tokenizer {
	t.Helper()
	config := DefaultConfig()
	if change != nil {
		change(&config)
	}
	tokenizer, err := New(vocabulary, config)
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}
