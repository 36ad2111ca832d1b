package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
)

// tinyTokenizer writes a tokenizer.json of 31 tokens without capitals.
func tinyTokenizer(t testing.TB, dir, normalizer string) string {
	t.Helper()
	vocab := map[string]int{"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}
	for r := 'a'; r <= 'z'; r++ {
		vocab[string(r)] = len(vocab)
	}
	data, err := json.Marshal(map[string]any{
		"normalizer":    map[string]any{"type": normalizer, "lowercase": false},
		"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"},
		"model":         map[string]any{"type": "WordPiece", "vocab": vocab},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tiny-tokenizer.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// copyFile copies a file of testdata to a directory.
func copyFile(t testing.TB, name, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConvertAnONNXFile(t *testing.T) {
	dir := t.TempDir()
	source := copyFile(t, "tiny.onnx", dir)
	tinyTokenizer(t, dir, "BertNormalizer")
	out := filepath.Join(dir, "out")
	if err := (&convertCmd{Source: source, Out: out, Case: "auto", Dtype: "float32"}).Run(); err != nil {
		t.Fatal(err)
	}
	model, tok, err := checkpoint.LoadDir(out, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if model.MLM == nil || model.NSP == nil || model.Pooler == nil {
		t.Error("the heads of pre-training are missing")
	}
	// Capital letters have no tokens, so the tokenizer lower-cases.
	if id, ok := tok.ID("b"); !ok || tok.Encode("B", wholeText).IDs[1] != id {
		t.Error("the tokenizer does not lower-case")
	}
}

// What bert export writes, bert convert takes back: the same sizes in what
// bert inspect shows, and the same hidden and pooled states.
func TestConvertWhatWasExported(t *testing.T) {
	dir := t.TempDir()
	fixtures := filepath.Join("..", "..", "internal", "checkpoint", "testdata")
	// An encoder whose I = H, where a matrix with exchanged axes has the right
	// shape, with another activation and epsilon.
	square := filepath.Join(dir, "square")
	source := copyFile(t, "fused.onnx", dir)
	tokens := tinyTokenizer(t, dir, "BertNormalizer")
	if err := (&convertCmd{Source: source, Tokenizer: tokens, Out: square, Case: "auto", Dtype: "float32"}).Run(); err != nil {
		t.Fatal(err)
	}
	for name, model := range map[string]string{
		"base":          filepath.Join(fixtures, "base"),
		"several-heads": filepath.Join(fixtures, "several-heads"),
		"square":        square,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file, back := filepath.Join(dir, "model.onnx"), filepath.Join(dir, "back")
			export := parseArgs(t, "export", model, file).Export
			if err := export.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			convert := parseArgs(t, "convert", file, back, "--tokenizer", filepath.Join(model, "vocab.txt")).Convert
			if err := convert.Run(); err != nil {
				t.Fatal(err)
			}
			was, is := inspectDirectory(t, model), inspectDirectory(t, back)
			for _, x := range []*inspection{was, is} { // what is not of the encoder
				x.Model, x.Architectures, x.Heads, x.Memory, x.Files, x.Tensors = "", nil, nil, nil, nil, nil
				x.Parameters.Heads, x.Parameters.Total = 0, 0
			}
			if diff := cmp.Diff(was, is); diff != "" {
				t.Errorf("bert inspect (-exported +converted):\n%s", diff)
			}
			wantHidden, wantPooled := states(t, model)
			hidden, pooled := states(t, back)
			if !slices.Equal(hidden, wantHidden) || !slices.Equal(pooled, wantPooled) {
				t.Error("the converted model computes other states than the exported one")
			}
		})
	}
}

func inspectDirectory(t *testing.T, dir string) *inspection {
	t.Helper()
	seen, err := inspectModel(dir, os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// states are those of a model for a pair of texts.
func states(t *testing.T, dir string) (hidden, pooled []float32) {
	t.Helper()
	model, _, err := checkpoint.LoadDir(dir, bert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ws := model.NewWorkspace(nil)
	batch := bert.NewBatch([][]int32{{2, 7, 9, 11, 3, 12, 3}}, [][]int32{{0, 0, 0, 0, 0, 1, 1}})
	hidden = slices.Clone(model.Encoder.Forward(ws, batch))
	return hidden, model.Pooler.Forward(ws, hidden, batch)
}

func TestConvertADirectory(t *testing.T) {
	dir := t.TempDir()
	source := copyFile(t, "tiny.onnx", dir)
	tinyTokenizer(t, dir, "BertNormalizer")
	once, twice := filepath.Join(dir, "once"), filepath.Join(dir, "twice")
	if err := (&convertCmd{Source: source, Out: once, Case: "keep", Dtype: "float32"}).Run(); err != nil {
		t.Fatal(err)
	}
	if err := (&convertCmd{Source: once, Out: twice, Case: "auto", Dtype: "float32", Seed: 9}).Run(); err != nil {
		t.Fatal(err)
	}
	// Nothing is new the second time, so nothing changes.
	for _, name := range []string{"model.safetensors", "vocab.txt", "config.json"} {
		a, err := os.ReadFile(filepath.Join(once, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(twice, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(a) != string(b) {
			t.Errorf("%s changed", name)
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	whole := string(read(t, filepath.Join("testdata", "tiny.onnx")))
	fused := string(read(t, filepath.Join("testdata", "fused.onnx")))
	for _, test := range []struct {
		name, data, normalizer, want string
	}{
		{"text", `{"a": 1}`, "BertNormalizer", "not an ONNX model"},
		{"no number of heads", strings.ReplaceAll(whole, "layer.0/attention/self/Constant", "layer.0/attention/selb/Constant"), "BertNormalizer", "--attention-heads"},
		{"an unknown activation", strings.ReplaceAll(fused, "\x04Gelu", "\x04Selu"), "BertNormalizer", "no activation that is known"},
		{"no epsilon", strings.ReplaceAll(whole, "embeddings/LayerNorm/", "embeddings/LayerNorn/"), "BertNormalizer", "LayerNorm's epsilon"},
		{"another kind of tokenizer", whole, "NFKC", "BertNormalizer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			source := writeFile(t, dir, "model.onnx", test.data)
			tinyTokenizer(t, dir, test.normalizer)
			err := (&convertCmd{Source: source, Out: filepath.Join(dir, "out"), Case: "auto", Dtype: "float32"}).Run()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

// A model that has all that pre-training needs gets nothing new, and the command
// says that rather than an empty list.
func TestConvertRefusesNumbersOfHeads(t *testing.T) {
	for heads, want := range map[string]string{"-1": "must be at least 0", "3": "config.json"} {
		convert := parseArgs(t, "convert", "en", filepath.Join(t.TempDir(), "out"), "--attention-heads", heads).Convert
		if err := convert.Run(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--attention-heads %s: error %v, want one that says %q", heads, err, want)
		}
	}
}

func TestConvertSaysWhatIsNew(t *testing.T) {
	dir, vocab, corpus := texts(t)
	whole := filepath.Join(dir, "whole")
	if err := (&pretrainCmd{File: writeRun(t, dir, vocab, corpus, whole, 2, 5)}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	published := t.TempDir()
	tinyTokenizer(t, published, "BertNormalizer")
	for source, want := range map[string]string{
		whole:                               "no new weights: ",
		copyFile(t, "tiny.onnx", published): "new weights (seed 0): bert.pooler",
	} {
		args := []string{"convert", source, filepath.Join(t.TempDir(), "out")}
		out, err := command(t, args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%q: error %v, it said\n%s\nwant %q", args, err, out, want)
		}
	}
}

// What is there stays, unless it is to be written over.
func TestConvertWritesOverNothing(t *testing.T) {
	source := t.TempDir()
	copyFile(t, "tiny.onnx", source)
	tinyTokenizer(t, source, "BertNormalizer")
	full := t.TempDir()
	notes := writeFile(t, full, "notes.txt", "mine")
	for _, test := range []struct {
		out   string
		force bool
		want  string
	}{
		{source, true, "is the source's directory"},
		{full, false, "holds files, such as notes.txt"},
		{full, true, ""},
		{filepath.Join(full, "new"), false, ""},
	} {
		err := (&convertCmd{Source: filepath.Join(source, "tiny.onnx"), Out: test.out, Case: "auto", Dtype: "float32", Force: test.force}).Run()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("into %s, force %t: error %v, want %q", test.out, test.force, err, test.want)
		}
	}
	// The folder that a source's directory is in is not the source's.
	base := filepath.Join(t.TempDir(), "base")
	for _, c := range []convertCmd{{Source: filepath.Join(source, "tiny.onnx"), Out: base}, {Source: base, Out: filepath.Dir(base)}} {
		c.Case, c.Dtype = "auto", "float32"
		if err := c.Run(); err != nil {
			t.Error(err)
		}
	}
	if data, err := os.ReadFile(notes); err != nil || string(data) != "mine" {
		t.Errorf("the notes hold %q, error %v", data, err)
	}
}

// A model inside the program is a source as its directory is, and what is in a
// folder of its name is none of its business.
func TestConvertAModelInside(t *testing.T) {
	if testing.Short() {
		t.Skip("writes two models of 50 MB with -short")
	}
	dir := t.TempDir()
	inside, outside := filepath.Join(dir, "inside"), filepath.Join(dir, "outside")
	for _, args := range [][]string{{"convert", "zh", inside}, {"convert", filepath.Join("..", "..", "models", "zh"), outside}} {
		convert := parseArgs(t, args...).Convert
		if err := convert.Run(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(contents(t, inside), contents(t, outside)); diff != "" {
		t.Error("the two directories differ")
	}
	t.Chdir(dir)
	if err := os.Mkdir("zh", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := (&convertCmd{Source: "zh", Out: "zh", Case: "auto", Dtype: "float32"}).checkOut(); err != nil {
		t.Errorf("into a folder that is called as the model inside: %v", err)
	}
}
