package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const tinyVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nworld\n##s\n,\né\ne\n"

// directory is a model directory of these files: name, content, name, content.
func directory(files ...string) fstest.MapFS {
	d := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		d[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return d
}

func mustLoad(t *testing.T, files ...string) *Tokenizer {
	t.Helper()
	tokenizer, err := Load(directory(files...))
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

func tokens(tokenizer *Tokenizer, text string) string {
	return strings.Join(tokenizer.Encode(text, Options{NoTemplate: true}).Tokens, " ")
}

func TestLoadVocabulary(t *testing.T) {
	for _, test := range []struct{ name, vocabulary, text, want string }{
		{"plain", tinyVocabulary, "Hello, worlds", "hello , world ##s"},
		{"CRLF", strings.ReplaceAll(tinyVocabulary, "\n", "\r\n"), "Hello, worlds", "hello , world ##s"},
		{"no newline at the end", strings.TrimSuffix(tinyVocabulary, "\n"), "e", "e"},
		{"byte order mark", "\uFEFF" + tinyVocabulary, "hello[PAD]", "hello [PAD]"},
		{"empty lines are ids", strings.Replace(tinyVocabulary, "hello\n", "hello\n\n\n", 1), "hello world", "hello world"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := tokens(mustLoad(t, "vocab.txt", test.vocabulary), test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLoadCountsTheLastOfEqualTokens(t *testing.T) {
	tokenizer := mustLoad(t, "vocab.txt", tinyVocabulary+"hello\n[MASK]\n")
	if id, _ := tokenizer.ID("hello"); id != 11 {
		t.Errorf("ID(hello) = %d, want 11", id)
	}
	if tokenizer.Mask() != 12 {
		t.Errorf("Mask() = %d, want 12", tokenizer.Mask())
	}
	if got := tokenizer.Encode("hello", Options{NoTemplate: true}).IDs; !slices.Equal(got, []int32{11}) {
		t.Errorf("Encode(hello).IDs = %v, want [11]", got)
	}
	if tokenizer.VocabSize() != 13 || tokenizer.Token(5) != "hello" {
		t.Errorf("VocabSize() = %d, Token(5) = %q, want 13, hello", tokenizer.VocabSize(), tokenizer.Token(5))
	}
}

func TestLoadSettings(t *testing.T) {
	for _, test := range []struct{ name, config, text, want string }{
		{"none", `{}`, "Héllo É", "hello e"},
		{"cased", `{"do_lower_case": false}`, "hello Hello é", "hello [UNK] é"},
		{"cased, accents stripped", `{"do_lower_case": false, "strip_accents": true}`, "é É", "e [UNK]"},
		{"byte order mark", "\uFEFF" + `{"do_lower_case": false}`, "hello Hello", "hello [UNK]"},
		{"accents kept", `{"strip_accents": false}`, "É", "é"},
		{"accents follow case", `{"strip_accents": null}`, "É", "e"},
		{"Chinese characters apart", `{}`, "hello中hello", "hello [UNK] hello"},
		{"Chinese characters not apart", `{"tokenize_chinese_chars": false}`, "hello中hello", "[UNK]"},
		{"another name", `{"mask_token": "world"}`, "hello[MASK]", "hello [UNK] [UNK] [UNK]"},
		{"a name as an object", `{"mask_token": {"content": "[MASK]", "lstrip": true, "rstrip": false, "single_word": false, "normalized": false}}`, "hello [MASK]", "hello [MASK]"},
		{"more special tokens", `{"additional_special_tokens": ["world", {"content": "##s"}]}`, "helloworld##s", "hello world ##s"},
		{"more special tokens by name", `{"extra_special_tokens": {"image_token": "world"}}`, "hworlde", "[UNK] world e"},
		{"added tokens", `{"added_tokens_decoder": {"12": {"content": "<b>", "special": false}, "11": {"content": "<a>", "special": true}}}`, "<a><b> <A><B>", "<a> <b> [UNK] [UNK] [UNK] <b>"},
		{"unknown fields", `{"chat_template": [1, {"x": null}], "tokenizer_class": "BertTokenizerFast"}`, "hello", "hello"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tokenizer := mustLoad(t, "vocab.txt", tinyVocabulary, "tokenizer_config.json", test.config)
			if got := tokens(tokenizer, test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLoadOlderSettings(t *testing.T) {
	tokenizer := mustLoad(t, "vocab.txt", tinyVocabulary,
		"special_tokens_map.json", `{"mask_token": {"content": "world"}, "additional_special_tokens": ["<b>"]}`,
		"added_tokens.json", `{"<b>": 12, "<a>": 11}`)
	if got, want := tokens(tokenizer, "hello <a> <b> world"), "hello <a> <b> world"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for token, want := range map[string]bool{"<a>": false, "<b>": true, "world": true, "[MASK]": false} {
		if id, _ := tokenizer.ID(token); tokenizer.IsSpecial(id) != want {
			t.Errorf("IsSpecial of %s = %t, want %t", token, tokenizer.IsSpecial(id), want)
		}
	}
	if tokenizer.Mask() != 6 {
		t.Errorf("Mask() = %d, want 6", tokenizer.Mask())
	}
}

func TestLoadMaxLength(t *testing.T) {
	for config, want := range map[string]int{
		`{}`: 0, `{"model_max_length": 512}`: 512, `{"model_max_length": 512.0}`: 512, `{"max_len": 128}`: 128,
		`{"model_max_length": 1000000000000000019884624838656}`: 0, `{"model_max_length": 1e30}`: 0,
		`{"model_max_length": null}`: 0, `{"model_max_length": -1}`: 0, `{"model_max_length": 0}`: 0,
	} {
		if got := mustLoad(t, "vocab.txt", tinyVocabulary, "tokenizer_config.json", config).MaxLength(); got != want {
			t.Errorf("MaxLength() with %s = %d, want %d", config, got, want)
		}
	}
}

func TestConfigIsWhatTheFilesSay(t *testing.T) {
	got := mustLoad(t, "vocab.txt", tinyVocabulary, "tokenizer_config.json", `{"do_lower_case": false, "strip_accents": true, "mask_token": "world"}`).Config()
	want := DefaultConfig()
	want.Lowercase, want.StripAccents, want.Mask = false, new(true), "world"
	want.Added = []AddedToken{{Content: "world", Special: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Config() (-want +got):\n%s", diff)
	}
}

func TestLoadWithoutPadAndMask(t *testing.T) {
	tokenizer := mustLoad(t, "vocab.txt", "[UNK]\n[CLS]\n[SEP]\nmask\n[\n]\n")
	if tokenizer.PAD() != -1 || tokenizer.Mask() != -1 {
		t.Errorf("PAD() = %d, Mask() = %d, want -1, -1", tokenizer.PAD(), tokenizer.Mask())
	}
	if got, want := tokens(tokenizer, "[MASK]"), "[ mask ]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestLoadFilesAgree reads bert-base-uncased's two forms.
func TestLoadFilesAgree(t *testing.T) {
	const shared = sharedVocabularies + "/bert-base-uncased"
	whole, err := os.ReadFile(shared + "/tokenizer.json")
	if err != nil {
		t.Skipf("no tokenizer.json as published: %v", err)
	}
	fromJSON := mustLoad(t, "tokenizer.json", string(whole))
	fromText := fromVocabulary("../../models/en", nil)(t)
	if diff := cmp.Diff(fromText.vocabulary, fromJSON.vocabulary); diff != "" {
		t.Errorf("vocabularies differ (-vocab.txt +tokenizer.json):\n%s", diff)
	}
	for _, row := range readGolden(t, "en") {
		checkGolden(t, fromJSON, row)
	}
}

func TestSettingsStandAboveTokenizerJSON(t *testing.T) {
	const file = `{"normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": true, "lowercase": false},
		"pre_tokenizer": {"type": "BertPreTokenizer"},
		"model": {"vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "e": 3, "é": 4}}}`
	for _, test := range []struct{ name, config, want string }{
		{"says nothing", `{}`, "e [UNK]"},
		{"case", `{"do_lower_case": true}`, "e e"},
		{"accents", `{"strip_accents": false}`, "é [UNK]"},
		{"accents as case", `{"strip_accents": null}`, "é [UNK]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tokenizer := mustLoad(t, "tokenizer.json", file, "tokenizer_config.json", test.config)
			if got := tokens(tokenizer, "é É"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// tokenizerWith is a good tokenizer.json, with one member replaced.
func tokenizerWith(t *testing.T, member, value string) string {
	t.Helper()
	file := map[string]json.RawMessage{
		"normalizer":     json.RawMessage(`{"type": "BertNormalizer"}`),
		"pre_tokenizer":  json.RawMessage(`{"type": "BertPreTokenizer"}`),
		"post_processor": json.RawMessage(`null`),
		"decoder":        json.RawMessage(`{"type": "WordPiece"}`),
		"model":          json.RawMessage(`{"type": "WordPiece", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2}}`),
	}
	file[member] = json.RawMessage(value)
	data, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestLoadRefuses(t *testing.T) {
	with := func(member, value string) []string {
		return []string{"tokenizer.json", tokenizerWith(t, member, value)}
	}
	config := func(text string) []string {
		return []string{"vocab.txt", tinyVocabulary, "tokenizer_config.json", text}
	}
	for _, test := range []struct {
		name, want string // want is in the error
		files      []string
	}{
		{"nothing", "neither tokenizer.json nor vocab.txt", nil},
		{"empty vocabulary", "vocab.txt is empty", []string{"vocab.txt", ""}},
		{"no unknown token", `vocab.txt: the vocabulary has no "[UNK]"`, []string{"vocab.txt", "[CLS]\n[SEP]\n"}},
		{"no [CLS]", `vocab.txt: the vocabulary has no "[CLS]"`, []string{"vocab.txt", "[UNK]\n[SEP]\n"}},
		{"not UTF-8", `vocab.txt: token 5 is no piece of a word: "a\xff"`, []string{"vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\xff\n"}},
		{"binary", "vocab.txt: token 0", []string{"vocab.txt", strings.Repeat("x", 1<<16)}},

		{"settings that are no JSON", "tokenizer_config.json: ", config(`{"do_lower_case": tru`)},
		{"settings cut short", "tokenizer_config.json: unexpected end", config(`{`)},
		{"settings with something after them", "tokenizer_config.json: invalid character", config(`{}{}`)},
		{"setting of another type", "tokenizer_config.json: ", config(`{"do_lower_case": "yes"}`)},
		{"accents of another type", "tokenizer_config.json: ", config(`{"strip_accents": 1}`)},
		{"special token of another type", "tokenizer_config.json: ", config(`{"mask_token": 7}`)},
		{"unknown token that is not there", `vocab.txt: the vocabulary has no "<unk>"`, config(`{"unk_token": "<unk>"}`)},
		{"another kind of tokenizer", "tokenizer_config.json: RobertaTokenizer does not cut text as BERT does", config(`{"tokenizer_class": "RobertaTokenizer"}`)},
		{"added token out of order", `added token "<a>" has id 20, but the next one after the vocabulary is 11`, config(`{"added_tokens_decoder": {"20": {"content": "<a>"}}}`)},
		{"added token without a number", "tokenizer_config.json: ", config(`{"added_tokens_decoder": {"x": {"content": "<a>"}}}`)},
		{"special tokens map", "special_tokens_map.json: ", []string{"vocab.txt", tinyVocabulary, "special_tokens_map.json", "[]"}},
		{"added tokens", "added_tokens.json: ", []string{"vocab.txt", tinyVocabulary, "added_tokens.json", `{"<a>": "11"}`}},

		{"no JSON", "tokenizer.json: invalid character", []string{"tokenizer.json", "vocab"}},
		{"cut short", "tokenizer.json: unexpected end", []string{"tokenizer.json", `{"model": {`}},
		{"another version", `tokenizer.json: version is "2.0"`, with("version", `"2.0"`)},
		{"no model", "tokenizer.json: model is missing", with("model", `null`)},
		{"another model", "tokenizer.json: model is BPE, not WordPiece", with("model", `{"type": "BPE", "vocab": {"a": 0}}`)},
		{"a list as the vocabulary", "tokenizer.json: ", with("model", `{"type": "Unigram", "vocab": [["a", 0.1]]}`)},
		{"empty model", "tokenizer.json: the vocabulary is empty", with("model", `{"vocab": {}}`)},
		{"two tokens of one id", `tokenizer.json: tokens "a" and "b" both have id 0`, with("model", `{"vocab": {"a": 0, "b": 0}}`)},
		{"negative id", `tokenizer.json: token "a" has id -1`, with("model", `{"vocab": {"a": -1}}`)},
		{"huge id", `tokenizer.json: token "a" has id 2147483647, out of range`, with("model", `{"vocab": {"a": 2147483647}}`)},
		{"id over 32 bits", "tokenizer.json: ", with("model", `{"vocab": {"a": 4294967296}}`)},
		{"another normalizer", "tokenizer.json: normalizer is Sequence, not BertNormalizer", with("normalizer", `{"type": "Sequence", "normalizers": []}`)},
		{"another pre-tokenizer", "tokenizer.json: pre_tokenizer is ByteLevel", with("pre_tokenizer", `{"type": "ByteLevel"}`)},
		{"no pre-tokenizer", "tokenizer.json: pre_tokenizer is missing", with("pre_tokenizer", `null`)},
		{"another decoder", "tokenizer.json: decoder is BPEDecoder, not WordPiece", with("decoder", `{"type": "BPEDecoder"}`)},
		{"another post-processor", "tokenizer.json: post_processor is ByteLevel", with("post_processor", `{"type": "ByteLevel"}`)},
		{"empty template", "tokenizer.json: post_processor: a template is empty", with("post_processor", `{"type": "TemplateProcessing"}`)},
		{"template of an unknown special token", `tokenizer.json: post_processor: no special token "[X]"`, with("post_processor", `{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[X]"}}]}`)},
		{"template of nothing", "tokenizer.json: post_processor: part 0 of a template", with("post_processor", `{"type": "TemplateProcessing", "single": [{}]}`)},
		{"template without its text", "tokenizer.json: the template for 1 texts has 0", with("post_processor", `{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]"}}], "pair": [{"Sequence": {"id": "A"}}], "special_tokens": {"[CLS]": {"tokens": ["[CLS]"]}}}`)},
		{"template with its text twice", "tokenizer.json: the template for 1 texts has text 0 where text 1 belongs", with("post_processor", `{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}, {"Sequence": {"id": "A"}}], "pair": [{"Sequence": {"id": "A"}}]}`)},
		{"BertProcessing without tokens", "tokenizer.json: post_processor: cls and sep", with("post_processor", `{"type": "BertProcessing", "cls": [1, 2]}`)},
		{"added token without an end", "tokenizer.json: added token \"xxx", with("added_tokens", `[{"id": 3, "content": "`+strings.Repeat("x", 5000)+`"}]`)},
		{"added token out of order in JSON", `tokenizer.json: added token "<a>" has id 9`, with("added_tokens", `[{"id": 9, "content": "<a>"}]`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			tokenizer, err := Load(directory(test.files...))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
			if tokenizer != nil {
				t.Error("there is a tokenizer beside the error")
			}
		})
	}
}

func TestLoadReportsUnreadableFiles(t *testing.T) {
	d := directory("vocab.txt", tinyVocabulary)
	d["tokenizer_config.json"] = &fstest.MapFile{Mode: os.ModeDir}
	if _, err := Load(d); err == nil {
		t.Error("a directory in the place of tokenizer_config.json is no error")
	}
}

func TestNewAddsTokens(t *testing.T) {
	config := DefaultConfig()
	config.Added = []AddedToken{{Content: "<a>", Special: true}, {Content: "hello"}, {Content: "<b>"}, {Content: "<a>"}, {Content: ""}}
	tokenizer, err := New(strings.Fields(tinyVocabulary), config)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for id := 9; id < tokenizer.VocabSize(); id++ {
		got += fmt.Sprintf("%s %t ", tokenizer.Token(int32(id)), tokenizer.IsSpecial(int32(id)))
	}
	if want := "é false e false <a> true <b> false "; got != want {
		t.Errorf("tokens from 9 on are %q, want %q", got, want)
	}
	if got, want := tokens(tokenizer, "xhelloe<a>e"), "[UNK] hello e <a> e"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzLoad looks for files that break loading, or the tokenizer that comes of
// it. An error must name one of them.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"added", "whitespace", "whitespace-split"} {
		file, err := os.ReadFile("testdata/tokenizers/" + name + "/tokenizer.json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(file), `{"do_lower_case": true}`)
	}
	f.Add("", `{"added_tokens_decoder": {"11": {"content": "<a>", "lstrip": true}}, "mask_token": {"content": "world"}}`)
	f.Add(`{"model": {"vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 5}}, "pre_tokenizer": {"type": "Whitespace"}}`, `{"extra_special_tokens": {"a": "b"}}`)
	f.Fuzz(func(t *testing.T, file, config string) {
		d := directory("vocab.txt", tinyVocabulary, "tokenizer_config.json", config)
		if file != "" {
			d["tokenizer.json"] = &fstest.MapFile{Data: []byte(file)}
		}
		tokenizer, err := Load(d)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "tokenizer") && !strings.HasPrefix(err.Error(), "vocab.txt: ") {
				t.Errorf("error names no file: %v", err)
			}
			return
		}
		for _, text := range []string{"", "Hello, [MASK] é 中国 the foo", strings.Repeat("x", 200)} {
			e := tokenizer.Encode(text, Options{})
			_ = tokenizer.Decode(e.IDs, false)
			_ = tokenizer.EncodePair(text, text, Options{MaxTokens: 5})
		}
	})
}
