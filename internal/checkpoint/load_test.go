package checkpoint

import (
	"testing"
	"time"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/models"
)

func TestEmbeddedModelsLoad(t *testing.T) {
	pool := kernels.NewPool(2)
	defer pool.Close()
	for _, id := range models.IDs() {
		start := time.Now()
		m, tok, err := Load(models.FS(id), bert.Options{Pool: pool})
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		t.Log(id, time.Since(start), m.Bytes())
		if got, want := tok.VocabSize(), m.Config.VocabSize; got != want {
			t.Errorf("%s: tokenizer has %d pieces, want %d", id, got, want)
		}
	}
}
