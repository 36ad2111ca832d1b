package checkpoint

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/models"
)

// A tensor of many chunks reads alike on one thread and on several.
func TestReadInChunks(t *testing.T) {
	alone := openFixture(t, models.FS("en"))
	shared := openFixture(t, models.FS("en"))
	shared.pool = kernels.NewPool(3)
	t.Cleanup(shared.pool.Close)
	const name = "bert.encoder.layer.0.intermediate.dense.weight"
	want, got := make([]float32, 1536*384), make([]float32, 1536*384)
	if err := alone.Read(name, want); err != nil {
		t.Fatal(err)
	}
	if err := shared.Read(name, got); err != nil || !slices.Equal(got, want) {
		t.Errorf("three threads read other values, or %v", err)
	}
}

// A value that is not finite is found in every chunk, and hides a tensor's raw
// form.
func TestReadFindsWhatIsNotFinite(t *testing.T) {
	for _, index := range []int{0, chunk - 1, chunk, 3*chunk - 1, 3 * chunk, 3*chunk + 16} {
		word := &bert.Param{Name: "bert.x", Shape: []int{3*chunk + 17}, Data: make([]float32, 3*chunk+17)}
		stored := make([]byte, 4*len(word.Data))
		word.Data[index] = float32(math.Inf(-1))
		kernels.Narrow(kernels.Float32, stored, word.Data)
		f := &file{name: "weights", data: stored, size: int64(len(stored))}
		c := &Checkpoint{
			tensors: map[string]*tensor{word.Name: {name: "x", file: f, dtype: F32, shape: word.Shape, end: f.size}},
			pool:    kernels.NewPool(2),
		}
		err := c.Read(word.Name, word.Data)
		if want := fmt.Sprintf(`weights: tensor "x" has NaN or infinity at index %d, want finite values`, index); err == nil || err.Error() != want {
			t.Errorf("Read() = %v, want %s", err, want)
		}
		if _, _, ok := c.Raw(word.Name); ok {
			t.Errorf("Raw gives a tensor with -Inf at %d", index)
		}
		c.pool.Close()
	}
}

func TestReadErrors(t *testing.T) {
	files := fstest.MapFS{}
	for name, data := range readFixture(t, "testdata/old-names") {
		files[name] = &fstest.MapFile{Data: data}
	}
	c := openFixture(t, files)
	for _, tt := range []struct {
		name   string
		length int
		want   string
	}{
		{"bert.nothing", 1, `model.safetensors: tensor "bert.nothing" is missing`},
		{"bert.embeddings.LayerNorm.bias", 31, `model.safetensors: tensor "bert.embeddings.LayerNorm.beta" has 32 values [32], want 31`},
	} {
		if err := c.Read(tt.name, make([]float32, tt.length)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Read(%q) = %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, _, ok := c.Raw("bert.nothing"); ok {
		t.Error("Raw gives a tensor that is not there")
	}
}

func BenchmarkRead(b *testing.B) {
	c := openFixture(b, models.FS("en"))
	dst := make([]float32, c.tensors[wordEmbeddings].len())
	b.SetBytes(int64(4 * len(dst)))
	for b.Loop() {
		if err := c.Read(wordEmbeddings, dst); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			pool := kernels.NewPool(threads)
			defer pool.Close()
			for b.Loop() {
				for _, id := range models.IDs() {
					if _, _, err := Load(models.FS(id), bert.Options{Pool: pool}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
