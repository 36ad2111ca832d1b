package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/tasks"
)

// runTokenize runs bert tokenize with these arguments on this input.
func runTokenize(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	c := parseArgs(t, append([]string{"tokenize"}, args...)...)
	var out bytes.Buffer
	c.Tokenize.stdin, c.Tokenize.stdout = strings.NewReader(input), &out
	err := c.Tokenize.Run(t.Context())
	return out.String(), err
}

func TestTokenizeShape(t *testing.T) {
	got, err := runTokenize(t, "Hi!\n", "--model", "en")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"pieces":[` +
		`{"token":"[CLS]","id":101,"type":0,"word":-1,"start":0,"end":0,"special":true},` +
		`{"token":"hi","id":7632,"type":0,"word":0,"start":0,"end":2,"special":false},` +
		`{"token":"!","id":999,"type":0,"word":1,"start":2,"end":3,"special":false},` +
		`{"token":"[SEP]","id":102,"type":0,"word":-1,"start":0,"end":0,"special":true}` +
		`],"model":"en","tokens":4,"truncated":false,"windows":1}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// pieceList shortens each line of output to its pieces and their places, those
// of the second text of a pair after a bar.
func pieceList(t *testing.T, output string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(output) {
		var r tasks.Tokenization
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		var pieces []string
		for i, p := range r.Pieces {
			if i > 0 && p.Type != r.Pieces[i-1].Type {
				pieces = append(pieces, "|")
			}
			pieces = append(pieces, fmt.Sprintf("%s:%d-%d", p.Token, p.Start, p.End))
		}
		lines = append(lines, strings.Join(pieces, " "))
	}
	return lines
}

func TestTokenize(t *testing.T) {
	for _, test := range []struct {
		name, args, input string
		want              []string
	}{
		{"lines", "", "Hi\nyou there", []string{"hi:0-2", "you:0-3 there:4-9"}},
		{"empty lines too", "", "\nHi\r\n\n", []string{"", "hi:0-2", ""}},
		{"no line", "", "", nil},
		{"byte order mark", "", "\ufeffHi\n", []string{"hi:0-2"}},
		{"JSON Lines", "", `{"text": "Hi", "id": 7}` + "\n" + ` {"text": "x\ny"} ` + "\n", []string{"hi:0-2", "x:0-1 y:2-3"}},
		{"pairs", "", `{"text": "Hi", "text_pair": "you"}` + "\n" + `{"text": "", "text_pair": ""}` + "\n" + `{"text": "a", "text_pair": null}`, []string{"hi:0-2 | you:0-3", "", "a:0-1"}},
		{"lines of both kinds", "", "Hi\n" + `{"text": "you"}` + "\nx\n", []string{"hi:0-2", "you:0-3", "x:0-1"}},
		{"JSON that holds no text", "", "{\"a\":1}\n[1]\n\"x\"\n{x\n", []string{
			"{:0-1 \":1-2 a:2-3 \":3-4 ::4-5 1:5-6 }:6-7", "[:0-1 1:1-2 ]:2-3", "\":0-1 x:1-2 \":2-3", "{:0-1 x:1-2",
		}},
		{"all lines are text", "--format text", `{"text": 1}`, []string{`{:0-1 ":1-2 text:2-6 ":6-7 ::7-8 1:9-10 }:10-11`}},
		{"special tokens in the text", "", "Hi [MASK]!\n", []string{"hi:0-2 [MASK]:3-9 !:9-10"}},
		{"code points", "", "Zoë 😀 中x\n", []string{"zoe:0-3 [UNK]:4-5 中:6-7 x:7-8"}},
		{"UTF-16", "--offset-unit utf16", "Zoë 😀 中x\n", []string{"zoe:0-3 [UNK]:4-6 中:7-8 x:8-9"}},
		{"bytes", "--offset-unit byte", "Zoë 😀 中x\n", []string{"zoe:0-4 [UNK]:5-9 中:10-13 x:13-14"}},
		{"bytes of a pair", "--offset-unit byte", `{"text": "é😀", "text_pair": "ëx"}`, []string{"[UNK]:0-6 | ex:0-3"}},
		{"cut to one", "--max-tokens 1", "a b c\n" + `{"text": "a b", "text_pair": "c"}`, []string{"a:0-1", "a:0-1"}},
		{"cut", "--max-tokens 2", "a b c\na b\n", []string{"a:0-1 b:2-3", "a:0-1 b:2-3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"--model", "en", "--no-add-special-tokens"}, strings.Fields(test.args)...)
			out, err := runTokenize(t, test.input, args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, pieceList(t, out)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokenizeCountsWhatIsCut(t *testing.T) {
	out, err := runTokenize(t, "a b c\n", "--model", "zh", "--max-tokens", "4")
	if err != nil {
		t.Fatal(err)
	}
	if want := `"model":"zh","tokens":4,"truncated":true,"windows":1}`; !strings.Contains(out, want) {
		t.Errorf("output is %s, want in it %s", out, want)
	}
}

func TestTokenizeDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my-model")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"vocab.txt":             "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nHello\n",
		"tokenizer_config.json": `{"do_lower_case": false}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, model := range []string{dir, dir + "/", dir + "/../my-model"} {
		out, err := runTokenize(t, "Hello hello\n", "--model", model)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := pieceList(t, out)[0], "[CLS]:0-0 Hello:0-5 [UNK]:6-11 [SEP]:0-0"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if !strings.Contains(out, `"model":"my-model"`) {
			t.Errorf("output is %s, want the model my-model", out)
		}
	}
}

func TestTokenizeFiles(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.jsonl.gz")
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	if _, err := io.WriteString(w, `{"text": "b"}`); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plain, []byte("a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(packed, gz.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := runTokenize(t, "c", "--model", "en", "--no-add-special-tokens", plain, packed, "-")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pieceList(t, out), []string{"a:0-1", "b:0-1", "c:0-1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A line longer than any buffer is one text.
func TestTokenizeLongLine(t *testing.T) {
	const n = 300_000
	out, err := runTokenize(t, strings.Repeat("hello ", n)+"\nend\n", "--model", "en", "--max-tokens", "10")
	if err != nil {
		t.Fatal(err)
	}
	lines := pieceList(t, out)
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "[CLS]:0-0 hello:0-5 hello:6-11") || lines[1] != "[CLS]:0-0 end:0-3 [SEP]:0-0" {
		t.Errorf("got %.200q", lines)
	}
}

// Each line is answered when it is there, before the next one is.
func TestTokenizeStreams(t *testing.T) {
	in, feed := io.Pipe()
	result, out := io.Pipe()
	c := parseArgs(t, "tokenize", "--model", "en")
	c.Tokenize.stdin, c.Tokenize.stdout = in, out
	done := make(chan error, 1)
	go func() { done <- c.Tokenize.Run(t.Context()) }()
	answers := json.NewDecoder(result)
	for _, text := range []string{"one", "two three", ""} {
		if _, err := io.WriteString(feed, text+"\n"); err != nil {
			t.Fatal(err)
		}
		answer := make(chan tasks.Tokenization, 1)
		go func() {
			var r tasks.Tokenization
			if answers.Decode(&r) == nil {
				answer <- r
			}
		}()
		select {
		case r := <-answer:
			if want := len(strings.Fields(text)) + 2; r.Tokens != want {
				t.Errorf("%q has %d tokens, want %d", text, r.Tokens, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no answer to %q while the input is open", text)
		}
	}
	if err := feed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTokenizeRefuses(t *testing.T) {
	empty := t.TempDir()
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "vocab.txt"), []byte("a\nb\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, args, input string
		lines             int // written before
		want              string
	}{
		{"no such model", "--model nowhere", "", 0, "--model nowhere: neither a directory nor one of en, zh"},
		{"directory without a vocabulary", "--model " + empty, "", 0, "--model " + empty + ": there is neither tokenizer.json nor vocab.txt"},
		{"broken vocabulary", "--model " + broken, "", 0, `vocab.txt: the vocabulary has no "[UNK]"`},
		{"no such file", "--model en nowhere.txt", "", 0, "nowhere.txt: "},
		{"negative limit", "--model en --max-tokens=-1", "", 0, "--max-tokens must be at least 0, not -1"},
		{"no room for special tokens", "--model en --max-tokens 1", "", 0, "--max-tokens must be at least 2, for the special tokens around a text, not 1"},
		{"no room for those of a pair", "--model en --max-tokens 2", "a\n" + `{"text": "a", "text_pair": "b"}`, 1, "standard input:2: too-long: the special tokens around a pair are 3, over --max-tokens 2"},
		{"not UTF-8", "--model en", "a\nb\nc\xff\nd\n", 2, "standard input:3: not UTF-8"},
		{"broken JSON", "--model en", "a\n{\"text\": \"b\n", 1, "standard input:2: begins like a JSON object but is none"},
		{"text that is no string", "--model en", `{"text": 7}`, 0, `standard input:1: "text" is a number, want a string`},
		{"pair that is no string", "--model en", `{"text": "a", "text_pair": ["b"]}`, 0, `standard input:1: "text_pair" is a array, want a string`},
		{"no object where all must be", "--model en --format jsonl", "{\"text\": \"a\"}\nb\n", 1, "standard input:2: not a JSON object"},
		{"no text where all must have it", "--model en --format jsonl", `{"a": 1}`, 0, `standard input:1: no "text"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := runTokenize(t, test.input, strings.Fields(test.args)...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
			if n := strings.Count(out, "\n"); n != test.lines {
				t.Errorf("%d lines were written before, want %d", n, test.lines)
			}
		})
	}
}

func TestTokenizeKeepsGoing(t *testing.T) {
	out, err := runTokenize(t, "a\n\xff\nb\n", "--model", "en", "--keep-going")
	if err == nil {
		t.Error("no error though a line could not be read")
	}
	lines := strings.Split(out, "\n")
	if len(lines) != 4 || lines[1] != `{"error":"standard input:2: not UTF-8"}` || !strings.Contains(lines[2], `"token":"b"`) {
		t.Errorf("output is %q", lines)
	}
}
