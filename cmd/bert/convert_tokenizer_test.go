package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	lowerVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n"
	casedVocabulary = lowerVocabulary + "A\n"
)

// tokenizerJSON is a tokenizer.json of casedVocabulary; more are further members.
func tokenizerJSON(normalizer, more string) string {
	return `{"normalizer": {"type": "BertNormalizer", ` + normalizer + `}, "pre_tokenizer": {"type": "BertPreTokenizer"},
		"model": {"vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "b": 6, "A": 7}}` + more + `}`
}

func TestConvertFollowsTheTokenizersCase(t *testing.T) {
	for _, test := range []struct {
		name, file, content, config string
		auto                        bool // what it does by itself
	}{
		{"a vocabulary", "vocab.txt", casedVocabulary, "", true},
		{"a vocabulary with settings", "vocab.txt", casedVocabulary, `{"do_lower_case": false}`, false},
		{"a vocabulary without capitals", "vocab.txt", lowerVocabulary, `{"do_lower_case": false}`, true},
		{"a vocabulary by another name", "en-vocab.txt", casedVocabulary, `{"do_lower_case": false}`, false},
		{"tokenizer.json", "tokenizer.json", tokenizerJSON(`"lowercase": false`, ""), "", false},
		{"tokenizer.json with white space", "tokenizer.json", strings.Replace(tokenizerJSON(`"lowercase": false`, ""), `"b"`, `"##\u2028"`, 1), "", false},
		{"tokenizer.json that lower-cases", "tokenizer.json", tokenizerJSON(`"lowercase": true`, ""), "", true},
		{"settings above tokenizer.json", "tokenizer.json", tokenizerJSON(`"lowercase": false`, ""), `{"do_lower_case": true}`, true},
		{"settings above tokenizer.json that lower-cases", "tokenizer.json", tokenizerJSON(`"lowercase": true`, ""), `{"do_lower_case": false}`, false},
		{"tokenizer.json by another name", "en-tokenizer.json", tokenizerJSON(`"lowercase": false`, ""), `{"do_lower_case": true}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, test.file, test.content)
			if test.config != "" {
				writeFile(t, dir, "tokenizer_config.json", test.config)
			}
			for choice, want := range map[string]bool{"auto": test.auto, "lower": true, "keep": false} {
				_, made, err := (&convertCmd{Source: dir, Case: choice}).tokenizer(12)
				if err != nil {
					t.Fatal(err)
				}
				if got := made.Config(); got.Lowercase != want || got.MaxLength != 12 {
					t.Errorf("--case %s: it lower-cases: %t, want %t; texts are of up to %d tokens, want 12", choice, got.Lowercase, want, got.MaxLength)
				}
			}
		})
	}
}

// TestConvertReadsVocabularies: a vocabulary is read as everywhere else, and
// written plainly.
func TestConvertReadsVocabularies(t *testing.T) {
	for name, vocabulary := range map[string]string{
		"plain": casedVocabulary, "byte order mark": "\uFEFF" + casedVocabulary,
		"CRLF": strings.ReplaceAll(casedVocabulary, "\n", "\r\n"), "no newline at the end": strings.TrimSuffix(casedVocabulary, "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "vocab.txt", vocabulary)
			writeFile(t, dir, "tokenizer_config.json", `{"strip_accents": false, "tokenize_chinese_chars": false}`)
			files, made, err := (&convertCmd{Source: dir, Case: "auto"}).tokenizer(12)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := fs.ReadFile(files, "vocab.txt"); err != nil || string(got) != casedVocabulary {
				t.Errorf("vocab.txt is %q (%v), want %q", got, err, casedVocabulary)
			}
			if c := made.Config(); c.ChineseChars || c.StripAccents == nil || *c.StripAccents {
				t.Errorf("the settings are lost: %+v", c)
			}
		})
	}
}

// TestConvertKeepsSettings: what lies beside a tokenizer.json says how the source cuts.
func TestConvertKeepsSettings(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "tokenizer.json", tokenizerJSON(`"lowercase": true`, ""))
	writeFile(t, dir, "tokenizer_config.json", `{"strip_accents": false, "tokenize_chinese_chars": false}`)
	_, made, err := (&convertCmd{Source: dir, Case: "auto"}).tokenizer(12)
	if err != nil {
		t.Fatal(err)
	}
	if c := made.Config(); c.ChineseChars || c.StripAccents == nil || *c.StripAccents {
		t.Errorf("the settings are lost: %+v", c)
	}
}

func TestConvertRefusesTokenizers(t *testing.T) {
	const lower = `"lowercase": true`
	for _, test := range []struct {
		name, file, content, config string
		want                        string
	}{
		{"nothing", "other.txt", "", "", "give --tokenizer"},
		{"no vocabulary", "vocab.txt", "a\nb\n", "", `the vocabulary has no "[UNK]"`},
		{"broken settings", "vocab.txt", casedVocabulary, `{"do_lower_case": fal`, "tokenizer_config.json: "},
		{"another name", "vocab.txt", casedVocabulary, `{"mask_token": "b"}`, "mask_token"},
		{"another added token", "vocab.txt", casedVocabulary, `{"additional_special_tokens": ["b"]}`, `added token "b"`},
		{"another normalizer", "tokenizer.json", `{"normalizer": {"type": "NFKC"}, "model": {}}`, "", "normalizer is NFKC, not BertNormalizer"},
		{"no normalizer", "tokenizer.json", tokenizerJSON(lower, `, "normalizer": null`), "", "clean_text"},
		{"another pre-tokenizer", "tokenizer.json", tokenizerJSON(lower, `, "pre_tokenizer": {"type": "Whitespace"}`), "", "pre_tokenizer"},
		{"another template", "tokenizer.json", tokenizerJSON(lower, `, "post_processor": {"type": "TemplateProcessing",
			"single": [{"Sequence": {"id": "A"}}], "pair": [{"Sequence": {"id": "A"}}, {"Sequence": {"id": "B"}}]}`), "", "post_processor"},
		{"a token with a space", "tokenizer.json", strings.Replace(tokenizerJSON(lower, ""), `"b"`, `"a "`, 1), "", `token "a" has id 5, and in vocab.txt 6`},
		{"a token with a new line", "tokenizer.json", strings.Replace(tokenizerJSON(lower, ""), `"a"`, `"\n"`, 1), "", `token "b" has id 6, and in vocab.txt 7`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, test.file, test.content)
			if test.config != "" {
				writeFile(t, dir, "tokenizer_config.json", test.config)
			}
			_, _, err := (&convertCmd{Source: dir, Case: "auto"}).tokenizer(12)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v, want one that says %q and where", err, test.want)
			}
		})
	}
	t.Run("unreadable settings", func(t *testing.T) {
		dir := t.TempDir()
		writeFile(t, dir, "vocab.txt", casedVocabulary)
		if err := os.Mkdir(filepath.Join(dir, "tokenizer_config.json"), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, _, err := (&convertCmd{Source: dir, Case: "auto"}).tokenizer(12); err == nil {
			t.Error("a directory in the place of tokenizer_config.json is no error")
		}
	})
}
