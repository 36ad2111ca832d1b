package checkpoint

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cloze/internal/bert"
	"cloze/internal/kernels"
)

// withTensors is a fixture with some tensors replaced, added or, where they
// have no values, dropped.
func withTensors(t *testing.T, fixture string, changes ...*bert.Param) fstest.MapFS {
	t.Helper()
	files := readFixture(t, "testdata/"+fixture)
	_, params := readParams(t, "testdata/"+fixture)
	for _, change := range changes {
		params = slices.DeleteFunc(params, func(p *bert.Param) bool { return p.Name == change.Name })
		if change.Data != nil {
			params = append(params, change)
		}
	}
	var weights bytes.Buffer
	if err := writeSafetensors(&weights, params, kernels.Float32, nil); err != nil {
		t.Fatal(err)
	}
	files[weightsFile] = weights.Bytes()
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	return fsys
}

func param(t *testing.T, fixture, name string) *bert.Param {
	t.Helper()
	_, params := readParams(t, "testdata/"+fixture)
	i := slices.IndexFunc(params, func(p *bert.Param) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("%s has no %s", fixture, name)
	}
	return params[i]
}

// The values say whether a stored decoder is tied, not the configuration,
// which says true in this fixture.
func TestDecoder(t *testing.T) {
	word := param(t, "masked-lm", wordEmbeddings)
	equal := renamed(word, decoderWeight)
	other := renamed(word, decoderWeight)
	other.Data = slices.Clone(word.Data)
	other.Data[7]++
	for _, tt := range []struct {
		name    string
		changes []*bert.Param
		tied    bool
	}{
		{"none", nil, true},
		{"equal", []*bert.Param{equal}, true},
		{"other", []*bert.Param{other}, false},
		{"instead of the embeddings", []*bert.Param{equal, {Name: wordEmbeddings}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := openFixture(t, withTensors(t, "masked-lm", tt.changes...))
			if got := !c.Has(decoderWeight); got != tt.tied {
				t.Errorf("decoder is tied: %t, want %t", got, tt.tied)
			}
			got := make([]float32, len(word.Data))
			if err := c.Read(wordEmbeddings, got); err != nil || !slices.Equal(got, word.Data) {
				t.Errorf("word embeddings have other values, or %v", err)
			}
			if tt.tied {
				return
			}
			if err := c.Read(decoderWeight, got); err != nil || !slices.Equal(got, other.Data) {
				t.Errorf("decoder has other values, or %v", err)
			}
		})
	}
}

// Of two biases the decoder's own is the one that transformers adds.
func TestDecoderBias(t *testing.T) {
	shared := param(t, "masked-lm", mlmBias)
	own := renamed(shared, decoderBias)
	own.Data = slices.Repeat([]float32{3}, len(shared.Data))
	for _, changes := range [][]*bert.Param{
		{own},
		{own, {Name: mlmBias}},
	} {
		c := openFixture(t, withTensors(t, "masked-lm", changes...))
		got := make([]float32, len(own.Data))
		if err := c.Read(mlmBias, got); err != nil || !slices.Equal(got, own.Data) {
			t.Errorf("Read(%q) = %v… %v, want %v…", mlmBias, got[:3], err, own.Data[:3])
		}
	}
}

func TestWithoutEmbeddings(t *testing.T) {
	_, err := Open(withTensors(t, "base", &bert.Param{Name: wordEmbeddings}))
	if want := `model.safetensors: tensor "bert.embeddings.word_embeddings.weight" is missing, want [97 32]`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Open() = %v, want %q", err, want)
	}
}
