package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloze/models"
)

const fixtures = "../../internal/checkpoint/testdata"

func inspectText(t *testing.T, c inspectCmd) string {
	t.Helper()
	var b strings.Builder
	if err := c.inspect(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestInspectDirectory(t *testing.T) {
	got := inspectText(t, inspectCmd{Dir: filepath.Join(fixtures, "multi-label"), Format: "text"})
	for _, want := range []string{
		"model       " + filepath.Join(fixtures, "multi-label") + ", BertForSequenceClassification\n",
		"sizes       L 2, H 32, A 4, I 40, V 97\n            24 positions, 2 token types, gelu, layer norm epsilon 1e-12\n",
		// (97+24+2+2)·32 + 2·(4·33·32 + 33·40 + 41·32 + 4·32) + 33·32
		"parameters  19,024 in encoder and pooler, as the paper's formula says\n",
		"            4,000 in embeddings, 13,968 in layers, 1,056 in pooler\n            19,123 with the heads\n",
		"tokenizer   97 pieces, sequences of at most 24\n",
		"heads       classifier  sequence  red, green, blue (multi_label_classification)\n",
		"memory      float32",
		"files       model.safetensors  0.0 MB  41 tensors of F16\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("output is\n%s, want in it\n%s", got, want)
		}
	}
	if strings.Contains(got, "tensors     ") {
		t.Errorf("output lists tensors without being asked:\n%s", got)
	}
}

func TestInspectTensors(t *testing.T) {
	got := inspectText(t, inspectCmd{Dir: filepath.Join(fixtures, "old-names"), Tensors: true, Format: "text"})
	for _, want := range []string{
		"tensors     bert.embeddings.position_ids                           I64  [1 24]             192  not needed\n",
		"            bert.embeddings.LayerNorm.beta                         F16  [32]                64  is bert.embeddings.LayerNorm.bias\n",
		"            bert.embeddings.word_embeddings.weight                 F16  [97 32]          6,208\n",
		"            cls.predictions.decoder.weight                         F16  [97 32]          6,208  not needed\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("output is\n%s, want in it\n%s", got, want)
		}
	}
}

// A model inside goes by its name, as an argument and as a flag; so does a
// directory.
func TestInspectByName(t *testing.T) {
	directory := filepath.Join(fixtures, "multi-label")
	for _, name := range []string{"zh", directory} {
		got := inspectText(t, inspectCmd{Dir: name, Format: "text"})
		if !strings.HasPrefix(got, "model       "+name+", ") {
			t.Errorf("bert inspect %s says\n%s", name, got)
		}
		if flag := inspectText(t, inspectCmd{Model: name, Format: "text"}); flag != got {
			t.Errorf("bert inspect --model %s says\n%s, want\n%s", name, flag, got)
		}
	}
}

// Where there is no pooler, the formula says more than there is.
func TestInspectWithoutPooler(t *testing.T) {
	got := inspectText(t, inspectCmd{Dir: filepath.Join(fixtures, "own-decoder"), Format: "text"})
	for _, want := range []string{
		"parameters  17,968 in encoder and pooler, the paper's formula says 19,024, with a pooler\n",
		"heads       mlm  mask  a decoder of its own\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("output is\n%s, want in it\n%s", got, want)
		}
	}
}

func TestInspectEmbeddedModels(t *testing.T) {
	var found []inspection
	if err := json.Unmarshal([]byte(inspectText(t, inspectCmd{Format: "json"})), &found); err != nil {
		t.Fatal(err)
	}
	if len(found) != len(models.IDs()) {
		t.Fatalf("%d models, want %d", len(found), len(models.IDs()))
	}
	for i, id := range models.IDs() {
		m := found[i]
		if m.Model != id || m.Parameters.Encoder != m.Parameters.Formula || m.Parameters.Total <= m.Parameters.Encoder {
			t.Errorf("model %d is %s with parameters %+v, want %s with as many as the formula says", i, m.Model, m.Parameters, id)
		}
		var heads []string
		for _, h := range m.Heads {
			heads = append(heads, h.Name)
		}
		if want := []string{"mlm", "nsp", "aspect", "ner", "sentiment", "topic"}; !slices.Equal(heads, want) {
			t.Errorf("%s has heads %q, want %q", id, heads, want)
		}
		// float32: four bytes a parameter and the decoder over again, beside
		// the word embeddings as they are stored.
		if got, least := m.Memory[0].Bytes, 4*m.Parameters.Layers; m.Memory[0].Precision != "float32" || got < least {
			t.Errorf("%s takes %d bytes in %s, want at least %d in float32", id, got, m.Memory[0].Precision, least)
		}
		if info, err := os.Stat(filepath.Join("../../models", id, "model.safetensors")); err != nil || m.Files[0].Bytes != info.Size() {
			t.Errorf("%s has files %+v, want that of %v (%v)", id, m.Files, info, err)
		}
	}
}

func TestInspectErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		cmd  inspectCmd
		want string
	}{
		{"two models", inspectCmd{Dir: "x", Model: "en"}, "got x and --model en, want one of them"},
		{"unknown model", inspectCmd{Model: "fr"}, "fr: neither a directory nor one of en, zh"},
		{"no directory", inspectCmd{Dir: "no/such"}, "no/such: neither a directory nor one of en, zh"},
		{"no model", inspectCmd{Dir: "."}, ".: config.json: no such file or directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.cmd.inspect(&strings.Builder{})
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
}
