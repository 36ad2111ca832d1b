package tokenizer

import (
	"slices"
	"testing"
)

// vector is a text with the ids that another project's tests expect; Source
// says whose.
type vector struct {
	Vocab         string   `json:"vocab"`
	Text          string   `json:"text"`
	Pair          *string  `json:"text_pair"`
	Lower         bool     `json:"lower"`
	SpecialTokens bool     `json:"special_tokens"` // whether IDs has [CLS] and [SEP]
	IDs           []int32  `json:"ids"`
	Tokens        []string `json:"tokens"` // mostly without [CLS] and [SEP]
	Decoded       *string  `json:"decoded"`
	Source        string   `json:"source"`
}

func TestOtherProjectsVectors(t *testing.T) {
	directories := map[string]string{
		"bert-base-uncased":            "../../models/en", // has that model's vocabulary
		"bert-base-chinese":            "../../models/zh", // likewise
		"bert-base-cased":              sharedVocabularies + "/bert-base-cased",
		"bert-base-multilingual-cased": sharedVocabularies + "/bert-base-multilingual-cased",
	}
	vectors := readJSONLines[vector](t, "testdata/vectors.jsonl")
	seen := 0
	for vocab, directory := range directories {
		for _, lower := range []bool{true, false} {
			name := vocab
			if lower {
				name += " in lower case"
			}
			of := slices.DeleteFunc(slices.Clone(vectors), func(v vector) bool { return v.Vocab != vocab || v.Lower != lower })
			seen += len(of)
			if len(of) == 0 {
				continue
			}
			t.Run(name, func(t *testing.T) {
				tokenizer := fromVocabulary(directory, func(c *Config) {
					c.Lowercase = lower
					c.CleanUpText = true // as transformers did when these were made
				})(t)
				for _, want := range of {
					checkVector(t, tokenizer, want)
				}
			})
		}
	}
	if seen != len(vectors) {
		t.Errorf("%d of %d vectors tested", seen, len(vectors))
	}
}

func checkVector(t *testing.T, tokenizer *Tokenizer, want vector) {
	t.Helper()
	o := Options{NoTemplate: !want.SpecialTokens}
	got := tokenizer.Encode(want.Text, o)
	if want.Pair != nil {
		got = tokenizer.EncodePair(want.Text, *want.Pair, o)
	}
	if !slices.Equal(got.IDs, want.IDs) {
		t.Errorf("%s\nEncode(%+q).IDs = %v, want %v", want.Source, want.Text, got.IDs, want.IDs)
	}
	tokens := got.Tokens
	if want.SpecialTokens && !slices.Contains(want.Tokens, "[CLS]") {
		tokens = slices.DeleteFunc(tokens, func(token string) bool { return token == "[CLS]" || token == "[SEP]" })
	}
	if !slices.Equal(tokens, want.Tokens) {
		t.Errorf("%s\nEncode(%+q).Tokens = %q, want %q", want.Source, want.Text, tokens, want.Tokens)
	}
	if want.Decoded != nil {
		if decoded := tokenizer.Decode(want.IDs, false); decoded != *want.Decoded {
			t.Errorf("%s\nDecode(%v) = %q, want %q", want.Source, want.IDs, decoded, *want.Decoded)
		}
	}
}
