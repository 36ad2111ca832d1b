package checkpoint

import (
	"testing"
	"testing/fstest"

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

// Editors on Windows begin files with a byte order mark, which is none of the JSON.
func TestConfigMayHaveAByteOrderMark(t *testing.T) {
	fsys := fstest.MapFS{}
	for name, data := range readFixture(t, "testdata/base") {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	config := fsys[configFile]
	config.Data = append([]byte("\ufeff"), config.Data...)
	if _, _, err := Load(fsys, bert.Options{}); err != nil {
		t.Error(err)
	}
}
