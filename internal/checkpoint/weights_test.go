package checkpoint

import (
	"testing"

	"cloze/internal/kernels"
	"cloze/models"
)

func BenchmarkRead(b *testing.B) {
	c, err := Open(models.FS("en"))
	if err != nil {
		b.Fatal(err)
	}
	pool := kernels.NewPool(1)
	defer pool.Close()
	c.pool = pool
	dst := make([]float32, c.tensors[wordEmbeddings].len())
	b.SetBytes(int64(4 * len(dst)))
	for b.Loop() {
		if err := c.Read(wordEmbeddings, dst); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFinite(b *testing.B) {
	c, err := Open(models.FS("en"))
	if err != nil {
		b.Fatal(err)
	}
	data, err := c.tensors[wordEmbeddings].bytes()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if !F16.finite(data) {
			b.Fatal("not finite")
		}
	}
}
