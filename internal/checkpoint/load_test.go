package checkpoint

import (
	"testing"

	"cloze/internal/bert"
	"cloze/internal/kernels"
	"cloze/models"
)

func TestEmbeddedModelsLoad(t *testing.T) {
	pool := kernels.NewPool(2)
	defer pool.Close()
	for _, id := range models.IDs() {
		m, tok, err := Load(models.FS(id), bert.Options{Pool: pool})
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if m.MLM == nil || m.NSP == nil || len(m.Heads) != 4 {
			t.Errorf("%s has MLM %v, NSP %v and %d heads, want both and 4", id, m.MLM, m.NSP, len(m.Heads))
		}
		if got, want := tok.VocabSize(), m.Config.VocabSize; got != want {
			t.Errorf("%s: tokenizer has %d pieces, want %d", id, got, want)
		}
	}
}
