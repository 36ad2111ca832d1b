package tokenizer

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkEncode encodes English and Chinese, line by line into one encoding:
// the small texts of testdata and four million bytes of running text.
func BenchmarkEncode(b *testing.B) {
	for _, language := range []string{"en", "zh"} {
		t, err := Load(os.DirFS("../../models/" + language))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(language+"/sample", func(b *testing.B) {
			text, err := os.ReadFile("testdata/sample-" + language + ".txt")
			if err != nil {
				b.Fatal(err)
			}
			benchmarkLines(b, t, string(text))
		})
		b.Run(language+"/corpus", func(b *testing.B) { benchmarkLines(b, t, corpus(b, language)) })
	}
}

// BenchmarkEncodeFile encodes the lines of the file $TOKENIZER_BENCH_TEXT for
// the model $TOKENIZER_BENCH_MODEL: bench/tokenizer compares by it.
func BenchmarkEncodeFile(b *testing.B) {
	file, model := os.Getenv("TOKENIZER_BENCH_TEXT"), os.Getenv("TOKENIZER_BENCH_MODEL")
	if file == "" {
		b.Skip("TOKENIZER_BENCH_TEXT names no file")
	}
	t, err := Load(os.DirFS(model))
	if err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkLines(b, t, string(text))
}

func benchmarkLines(b *testing.B, t *Tokenizer, text string) {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var e Encoding
	pieces := 0
	for b.Loop() {
		for _, line := range lines {
			t.EncodeInto(&e, line, Options{})
			pieces += e.Len()
		}
	}
	b.ReportMetric(float64(pieces)/b.Elapsed().Seconds(), "tokens/s")
}

// corpus is running text from many sources.
func corpus(b *testing.B, language string) string {
	b.Helper()
	const perSource, size = 200_000, 4_000_000
	pattern := "../../../shared/data/" + language + "/corpus/*.txt.gz"
	files, err := filepath.Glob(pattern)
	if err != nil {
		b.Fatal(err)
	}
	if len(files) == 0 {
		b.Skipf("there is no %s", pattern)
	}
	var text strings.Builder
	for _, file := range files {
		if text.Len() >= size {
			break
		}
		text.WriteString(beginning(b, file, perSource))
	}
	return text.String()
}

// beginning is the first so many bytes of a compressed file, up to a line's end.
func beginning(b *testing.B, path string, size int64) string {
	b.Helper()
	file, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		b.Fatal(err)
	}
	data, err := io.ReadAll(io.LimitReader(unpacked, size))
	if err != nil {
		b.Fatal(err)
	}
	text := string(data)
	return text[:strings.LastIndexByte(text, '\n')+1]
}

// BenchmarkEncodePair truncates two long texts to 128 pieces, as a server does.
func BenchmarkEncodePair(b *testing.B) {
	t, err := Load(os.DirFS("../../models/en"))
	if err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile("testdata/sample-en.txt")
	if err != nil {
		b.Fatal(err)
	}
	first, second := string(text[:800]), string(text[800:])
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var e Encoding
	for b.Loop() {
		t.EncodePairInto(&e, first, second, Options{MaxTokens: 128})
	}
}

func BenchmarkDecode(b *testing.B) {
	t, err := Load(os.DirFS("../../models/en"))
	if err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile("testdata/sample-en.txt")
	if err != nil {
		b.Fatal(err)
	}
	ids := t.Encode(string(text), Options{}).IDs
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		t.Decode(ids, true)
	}
}

// BenchmarkLoad reads a vocabulary of 30,522 tokens and one of 21,128.
func BenchmarkLoad(b *testing.B) {
	for _, language := range []string{"en", "zh"} {
		b.Run(language, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load(os.DirFS("../../models/" + language)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
