package tasks

import (
	"sync"
	"testing"

	"cloze/internal/bert"
	"cloze/internal/checkpoint"
	"cloze/internal/engine"
	"cloze/models"
)

// loadEmbedded loads the embedded models once for all tests of the package.
var loadEmbedded = sync.OnceValues(func() (*engine.Engine, error) {
	var loaded []*engine.Model
	for _, id := range models.IDs() {
		network, tok, err := checkpoint.Load(models.FS(id), bert.Options{})
		if err != nil {
			return nil, err
		}
		loaded = append(loaded, &engine.Model{ID: id, Network: network, Tokenizer: tok})
	}
	return engine.New(engine.Options{}, loaded...)
})

// embeddedEngine is an engine over the embedded models en and zh, shared by
// all tests: nobody closes it.
func embeddedEngine(t testing.TB) *engine.Engine {
	t.Helper()
	e, err := loadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	return e
}
