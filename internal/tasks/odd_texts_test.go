package tasks

import (
	"errors"
	"strings"
	"testing"
)

// Whatever the text, a task answers or says what is wrong with it: it neither
// panics nor fails inside.
func TestTasksTakeAnyText(t *testing.T) {
	e := embeddedEngine(t)
	texts := map[string]string{
		"nul":                     "\x00",
		"zero width":              "\u200b\u200d\ufeff",
		"soft hyphen":             "co\u00adoperate",
		"right to left":           "\u202eabc\u202c שלום",
		"broken utf-8":            "a\xff\xfeb\xc3",
		"replacement character":   "\ufffd",
		"private use":             "\ue000\uf8ff",
		"one long word":           strings.Repeat("a", 3000),
		"many combining marks":    "e" + strings.Repeat("\u0301", 2000),
		"many emoji":              strings.Repeat("👩‍👩‍👧‍👦", 100),
		"ligature and expansion":  "ﬁ ﷺ ǅ İ ß",
		"only punctuation":        strings.Repeat(".", 600),
		"only new lines around a": "\n\n\na\n\n\n",
		"ideographic space":       "\u3000中\u3000",
		"special tokens":          "[CLS] [SEP] [PAD] [UNK] [MASK]",
		"outside the basic plane": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠀀𠀁",
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			one := []Text{{Text: text}}
			pair := []Text{{Text: text, Pair: text, HasPair: true}}
			masked := []Text{{Text: text + " [MASK]"}}
			yes := true
			for task, call := range map[string]func() error{
				"classify": func() error {
					_, err := Classifier{e}.Classify(t.Context(), one, ClassifyOptions{})
					return err
				},
				"classify pair": func() error {
					_, err := Classifier{e}.Classify(t.Context(), pair, ClassifyOptions{Head: "aspect"})
					return err
				},
				"sentiment": func() error {
					_, err := Sentiment{e}.Analyze(t.Context(), one, SentimentOptions{Level: Sentences, Aspects: []string{"a"}})
					return err
				},
				"ner": func() error {
					results, err := NER{e}.Recognize(t.Context(), one, NEROptions{})
					for _, r := range results {
						for _, entity := range r.Entities {
							if runes := []rune(text); string(runes[entity.Start:entity.End]) != entity.Text {
								t.Errorf("entity %+v is not the text's", entity)
							}
						}
					}
					return err
				},
				"fill-mask": func() error {
					_, err := FillMask{e}.Fill(t.Context(), masked, FillMaskOptions{Targets: []string{text, "a"}, Options: Options{Truncate: &yes}})
					return err
				},
				"nsp": func() error {
					_, err := NextSentence{e}.IsNext(t.Context(), pair, NextSentenceOptions{})
					return err
				},
				"embed": func() error {
					_, err := Embedder{e}.Embed(t.Context(), one, EmbedOptions{})
					return err
				},
				"tokenize": func() error {
					_, err := Tokenizer{e}.Tokenize(t.Context(), pair, TokenizeOptions{})
					return err
				},
				"attention": func() error {
					_, err := Attention{e}.Attend(t.Context(), one, AttendOptions{Layers: []int{0}, Aggregate: MeanHeads})
					return err
				},
				"pretraining examples": func() error {
					_, err := PretrainingExamples{e}.Make(t.Context(), one, PretrainingOptions{})
					return err
				},
			} {
				if err := call(); err != nil {
					if _, ok := errors.AsType[*InputError](err); !ok {
						t.Errorf("%s: %v", task, err)
					}
				}
			}
		})
	}
}
