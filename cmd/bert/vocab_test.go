package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVocab(t *testing.T) {
	dir, _, corpus := texts(t)
	output := filepath.Join(dir, "made", "vocab.txt")
	cmd := vocabCmd{Corpus: []string{corpus}, Output: output, Size: 200, MinFrequency: 2, Coverage: 1, MaxWords: 1000, Threads: 2}
	if err := cmd.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	two := read(t, output)
	tokens := strings.Split(strings.TrimSpace(string(two)), "\n")
	if tokens[0] != "[PAD]" || tokens[4] != "[MASK]" || len(tokens) > 200 {
		t.Errorf("%d tokens, beginning with %q", len(tokens), tokens[:5])
	}
	whole := 0
	for _, token := range tokens {
		if len(token) == 2 && token[0] >= 'a' {
			whole++
		}
	}
	if whole < 30 {
		t.Errorf("%d of the sixty words have a token, want most", whole)
	}
	cmd.Threads = 1
	if err := cmd.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if one := read(t, output); string(one) != string(two) {
		t.Error("one thread makes another vocabulary than two")
	}
}

// A vocabulary can go to another program.
func TestVocabToStdout(t *testing.T) {
	_, _, corpus := texts(t)
	file := filepath.Join(t.TempDir(), "vocab.txt")
	if err := command(t, "vocab", corpus, "--size", "200", "-o", file).Run(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := command(t, "vocab", corpus, "--size", "200", "-o", "/dev/stdout").Output()
	if err != nil || string(got) != string(want) || !strings.HasPrefix(string(got), "[PAD]\n[UNK]\n") {
		t.Errorf("error %v; to a pipe it wrote\n%s\nto a file\n%s", err, got, want)
	}
	// A file that stdout leads to keeps what others wrote to it.
	shared, err := os.Create(filepath.Join(t.TempDir(), "shared"))
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close() //nolint:errcheck // it is read by its name
	if _, err := shared.WriteString("before\n"); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "vocab", corpus, "--size", "200", "-o", "/dev/stdout")
	cmd.Stdout = shared
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(shared.Name()); err != nil || string(got) != "before\n"+string(want) {
		t.Errorf("error %v; the file that stdout was holds\n%s", err, got)
	}
}

func TestVocabRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.txt")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "binary.txt")
	if err := os.WriteFile(binary, []byte("\xfe\x80\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, corpus, want string
	}{
		{"a missing file", empty + ".missing", "missing"},
		{"an empty file", empty, "no text"},
		{"a file that is no text", binary, "binary.txt:1: not UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := vocabCmd{Corpus: []string{test.corpus}, Output: filepath.Join(t.TempDir(), "v"), Size: 200, MinFrequency: 2, Coverage: 1, MaxWords: 1000, BadLines: 100}
			if err := cmd.Run(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

// A zero is not taken for a default, nor a number below it for all processors.
func TestVocabRefusesNumbers(t *testing.T) {
	_, _, corpus := texts(t)
	for args, want := range map[string]string{
		"--size 0":           "--size must be at least 1, not 0",
		"--min-frequency 0":  "--min-frequency must be at least 1, not 0",
		"--min-frequency -1": "--min-frequency must be at least 1, not -1",
		"--max-words 0":      "--max-words must be at least 1, not 0",
		"--coverage 0":       "--coverage must be above 0 and at most 1, not 0",
		"--coverage 1.5":     "--coverage must be above 0 and at most 1, not 1.5",
		"--threads -1":       "--threads must be at least 0, not -1",
		"--bad-lines -2":     "--bad-lines must be 0 or more, or -1 for any number, not -2",
	} {
		output := filepath.Join(t.TempDir(), "vocab.txt")
		c := parseArgs(t, append([]string{"vocab", corpus, "-o", output}, strings.Fields(args)...)...)
		if err := c.Vocab.Run(t.Context()); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %q", args, err, want)
		}
		if _, err := os.Stat(output); err == nil {
			t.Errorf("%s: it wrote a vocabulary", args)
		}
	}
}
