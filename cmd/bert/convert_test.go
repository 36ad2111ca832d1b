package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func TestConvertAgreesWithONNXRuntime(t *testing.T) {
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
	c := model.Config
	if c.NumHiddenLayers != 2 || c.NumAttentionHeads != 2 || c.IntermediateSize != 24 || c.LayerNormEps != 1e-12 || c.HiddenAct != "gelu" || c.MaxPositionEmbeddings != 12 {
		t.Errorf("configuration %+v", c)
	}
	if model.MLM == nil || model.NSP == nil || model.Pooler == nil {
		t.Error("the heads of pre-training are missing")
	}
	var want struct {
		IDs    []int32     `json:"ids"`
		Types  []int32     `json:"types"`
		Hidden [][]float32 `json:"hidden"`
	}
	data, err := os.ReadFile(filepath.Join("testdata", "tiny.onnx.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	hidden := model.Encoder.Forward(model.NewWorkspace(nil), bert.NewBatch([][]int32{want.IDs}, [][]int32{want.Types}))
	for token, row := range want.Hidden {
		for i, value := range row {
			if got := hidden[token*len(row)+i]; math.Abs(float64(got-value)) > 1e-5 {
				t.Fatalf("hidden state %d of token %d is %v, ONNX Runtime says %v", i, token, got, value)
			}
		}
	}
	// Capital letters have no tokens, so the tokenizer lower-cases.
	if id, ok := tok.ID("b"); !ok || tok.Encode("B", wholeText).IDs[1] != id {
		t.Error("the tokenizer does not lower-case")
	}
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
	whole, err := os.ReadFile(filepath.Join("testdata", "tiny.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	convert := func(t *testing.T, data []byte, normalizer string) error {
		t.Helper()
		dir := t.TempDir()
		source := filepath.Join(dir, "model.onnx")
		if err := os.WriteFile(source, data, 0o600); err != nil {
			t.Fatal(err)
		}
		tinyTokenizer(t, dir, normalizer)
		return (&convertCmd{Source: source, Out: filepath.Join(dir, "out"), Case: "auto", Dtype: "float32"}).Run()
	}
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"an empty file", nil, "not an ONNX model"},
		{"text", []byte("{\"a\": 1}"), "not an ONNX model"},
		{"a model of something else", []byte(strings.ReplaceAll(string(whole), "word_embeddings", "bord_embeddings")), "no initializer embeddings.word_embeddings.weight"},
		{"a missing matrix", []byte(strings.ReplaceAll(string(whole), "/encoder/layer.1/output/dense/MatMul", "/encoder/layer.1/output/sense/MatMul")), `"bert.encoder.layer.1.output.dense.weight" is missing`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := convert(t, test.data, "BertNormalizer"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
	t.Run("another kind of tokenizer", func(t *testing.T) {
		if err := convert(t, whole, "NFKC"); err == nil || !strings.Contains(err.Error(), "BertNormalizer") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a truncated file", func(t *testing.T) {
		for length := 1; length < len(whole); length += 997 {
			if m, err := parseONNX(whole[:length]); err == nil {
				if _, err := m.config(); err == nil {
					t.Errorf("the first %d of %d bytes passed", length, len(whole))
				}
			}
		}
	})
	t.Run("changed bytes", func(_ *testing.T) { // errors or not, but no panic
		for at := 0; at < len(whole); at += 131 {
			changed := []byte(string(whole))
			changed[at] ^= 0xff
			if m, err := parseONNX(changed); err == nil {
				if config, err := m.config(); err == nil {
					_, _ = bert.NewForTraining(config, m, bert.TrainingOptions{Pretraining: true})
				}
			}
		}
	})
	t.Run("a quantized matrix", func(t *testing.T) {
		tensor := onnxTensor{name: "q", shape: []int{2}, dtype: 3, raw: []byte{1, 2}}
		if _, err := tensor.values(); err == nil || !strings.Contains(err.Error(), "quantized") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("no number of heads", func(t *testing.T) {
		hidden := []byte(strings.ReplaceAll(string(whole), "layer.0/attention/self/Constant", "layer.0/attention/self/Konstant"))
		err := convert(t, hidden, "BertNormalizer")
		if err != nil && !strings.Contains(err.Error(), "attention-heads") {
			t.Errorf("error %v, want one that asks for --attention-heads", err)
		}
	})
}

func TestHalfToFloat(t *testing.T) {
	for half, want := range map[uint16]float32{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x3555: 0.333251953125, 0x0001: 5.960464477539063e-08, 0x7bff: 65504,
		0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1)),
	} {
		if got := halfToFloat(half); got != want {
			t.Errorf("halfToFloat(%#04x) = %v, want %v", half, got, want)
		}
	}
}

// A model that has all that pre-training needs gets nothing new, and the command
// says that rather than an empty list.
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
		args := []string{"convert", source, filepath.Join(dir, "out")}
		out, err := command(t, args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%q: error %v, it said\n%s\nwant %q", args, err, out, want)
		}
	}
}
