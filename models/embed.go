// Package models holds the models inside the program: en for English and zh
// for Chinese. README.md is their card.
package models

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unsafe"
)

//go:embed README.md NOTICE en zh
var files embed.FS

// An embed.FS lends a file only as a copy, and 90 MB are too many to copy. The
// weights are therefore strings, too; the linker keeps equal files once.

//go:embed en/model.safetensors
var weightsEN string

//go:embed zh/model.safetensors
var weightsZH string

// IDs are the names of the models, in the order in which to list them.
func IDs() []string { return []string{"en", "zh"} }

// FS returns the directory of a model in Hugging Face's layout, or nil if
// there is no such model. README.md is the card, the same for all. An open
// model.safetensors has a method Mapped() []byte, which lends what is in the
// program without copying it.
func FS(id string) fs.FS {
	switch id {
	case "en":
		return directory{id, weightsEN}
	case "zh":
		return directory{id, weightsZH}
	}
	return nil
}

// Find returns the directory of what a person calls a model: one of those
// inside, or a directory by its path. A folder that is called as a model inside
// does not stand in its way: ./en means the folder.
func Find(name string) (fsys fs.FS, inside bool, err error) {
	if fsys := FS(name); fsys != nil {
		return fsys, true, nil
	}
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return nil, false, fmt.Errorf("neither a directory nor one of %s", strings.Join(IDs(), ", "))
	}
	return os.DirFS(name), false, nil
}

// directory is the model of the name, with its weights.
type directory struct{ id, weights string }

// Open implements fs.FS.
func (d directory) Open(name string) (fs.File, error) {
	if name == "README.md" {
		return files.Open(name)
	}
	sub, err := fs.Sub(files, d.id)
	if err != nil {
		return nil, err
	}
	file, err := sub.Open(name)
	if err == nil && name == "model.safetensors" {
		file = weightsFile{file, d.weights}
	}
	return file, err
}

// weightsFile is an open model.safetensors.
type weightsFile struct {
	fs.File
	weights string
}

// Mapped returns the file as it is mapped into memory with the program. The
// bytes are read-only.
func (f weightsFile) Mapped() []byte {
	return unsafe.Slice(unsafe.StringData(f.weights), len(f.weights))
}
