// Package web holds the playground: plain files that a browser loads as they
// are. There is no build step.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"path"
	"strings"
)

//go:embed index.html style.css icon.svg js
var content embed.FS

// File is one file of the playground.
type File struct {
	Data        []byte
	ContentType string
	// ETag is a strong entity tag, quotes included.
	ETag string
}

// NewFile is a file with its tag.
func NewFile(contentType string, data []byte) File {
	sum := sha256.Sum256(data)
	return File{Data: data, ContentType: contentType, ETag: `"` + hex.EncodeToString(sum[:8]) + `"`}
}

var files = load(content)

// Open returns a file by its path below web/.
func Open(name string) (File, bool) {
	f, ok := files[name]
	return f, ok
}

// load reads every file once: they are embedded, so reading cannot fail.
func load(fsys fs.FS) map[string]File {
	files := map[string]File{}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		files[name] = NewFile(contentType(name), data)
		return nil
	})
	if err != nil {
		panic(err)
	}
	return files
}

// contentType does not ask the machine's mime.types, which differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	if t := mime.TypeByExtension(strings.ToLower(path.Ext(name))); t != "" {
		return t
	}
	return "application/octet-stream"
}
