package models

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestFSIsAFileSystem(t *testing.T) {
	for _, id := range IDs() {
		if err := fstest.TestFS(FS(id), "config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestFSLendsTheWeights(t *testing.T) {
	for _, id := range IDs() {
		file, err := FS(id).Open("model.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		want, err := fs.ReadFile(files, id+"/model.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		lent, ok := file.(interface{ Mapped() []byte })
		if !ok {
			t.Fatalf("%s: %T has no method Mapped", id, file)
		}
		if string(lent.Mapped()) != string(want) {
			t.Errorf("%s: Mapped differs from the file", id)
		}
	}
}

// What the licences of the models ask for is in the program.
func TestFSHasCardAndLicence(t *testing.T) {
	for _, id := range IDs() {
		for file, want := range map[string]string{
			"README.md": "## What they were trained on",
			"LICENSE":   map[string]string{"en": "Apache License", "zh": "Copyright (c) 2022 staoxiao"}[id],
		} {
			text, err := fs.ReadFile(FS(id), file)
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s of %s, %v, has no %q", file, id, err, want)
			}
		}
	}
}

func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"en", "mine"} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(name, "here"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, file := range map[string]string{"en": "config.json", "zh": "config.json", "./en": "here", "en/": "here", "mine": "here"} {
		fsys, inside, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fs.Stat(fsys, file); err != nil || inside != (file == "config.json") {
			t.Errorf("Find(%q): inside %t, %v", name, inside, err)
		}
	}
	for _, name := range []string{"", "fr", "mine/here"} {
		if _, _, err := Find(name); err == nil || err.Error() != "neither a directory nor one of en, zh" {
			t.Errorf("Find(%q): error %v", name, err)
		}
	}
}

func TestFSOfUnknownModelIsNil(t *testing.T) {
	if got := FS("fr"); got != nil {
		t.Errorf("FS(%q) = %v, want nil", "fr", got)
	}
}
