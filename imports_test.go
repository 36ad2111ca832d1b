// Package cloze holds no code of its own: this file is the picture of the
// architecture, as a test.
package cloze

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed lists every package and the packages of this module that it
// imports. Reading upwards gives the path of a request: nothing imports what
// stands below it in the list.
var allowed = map[string][]string{
	"internal/kernels":    {},
	"internal/surrogates": {},
	"internal/tokenizer":  {},
	"internal/wholefile":  {},

	"internal/bert":       {"internal/kernels"},
	"internal/checkpoint": {"internal/bert", "internal/kernels", "internal/tokenizer", "internal/wholefile"},
	"internal/onnx":       {"internal/bert", "internal/kernels"},
	"internal/training":   {"internal/bert", "internal/kernels", "internal/surrogates", "internal/tokenizer", "internal/wholefile"},

	"internal/engine": {"internal/bert", "internal/kernels", "internal/tokenizer"},
	"internal/tasks":  {"internal/engine", "internal/bert", "internal/kernels", "internal/tokenizer", "internal/training"},

	"internal/evaluation": {"internal/tasks", "internal/engine", "internal/training", "internal/bert", "internal/kernels", "internal/tokenizer"},

	"web":              {},
	"openapi":          {},
	"openapi/generate": {},
	"models":           {},
	"internal/httpapi": {"internal/tasks", "internal/engine", "internal/surrogates", "internal/tokenizer", "openapi", "web"},

	"cmd/api": {
		"internal/httpapi", "internal/engine", "internal/checkpoint", "internal/bert", "internal/kernels", "internal/tokenizer", "models",
	},
	"cmd/bert": {
		"internal/evaluation", "internal/training", "internal/tasks", "internal/engine", "internal/checkpoint", "internal/onnx",
		"internal/bert", "internal/kernels", "internal/tokenizer", "internal/wholefile", "models",
	},
}

// atTheEdge names the libraries that only httpapi and cmd may know.
var atTheEdge = []string{
	"net/http",
	"github.com/alecthomas/kong",
	"github.com/go-chi/",
	"github.com/go-playground/validator/",
	"github.com/prometheus/client_golang/",
	"github.com/rs/zerolog",
}

func TestImportsFollowThePicture(t *testing.T) {
	const module = "cloze/"
	for _, pkg := range listPackages(t) {
		name := strings.TrimPrefix(pkg.ImportPath, module)
		if name == "cloze" {
			continue // this file
		}
		may, listed := allowed[name]
		if !listed {
			t.Errorf("package %s is not in the picture: add it to imports_test.go and to README.md", name)
			continue
		}
		for _, path := range may {
			if !slices.Contains(pkg.Imports, module+path) {
				t.Errorf("%s does not import %s, which the picture allows", name, path)
			}
		}
		for _, path := range pkg.Imports {
			if inner, ours := strings.CutPrefix(path, module); ours && !slices.Contains(may, inner) {
				t.Errorf("%s imports %s, which the picture does not allow", name, inner)
			}
			if !knowsTheEdge(name) && isEdgeLibrary(path) {
				t.Errorf("%s imports %s, which only httpapi and cmd may know", name, path)
			}
		}
	}
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg goPackage
		err := dec.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages = append(packages, pkg)
	}
}

func knowsTheEdge(pkg string) bool {
	return pkg == "internal/httpapi" || pkg == "web" || pkg == "openapi" || strings.HasPrefix(pkg, "cmd/")
}

func isEdgeLibrary(path string) bool {
	return slices.ContainsFunc(atTheEdge, func(library string) bool {
		return path == library || strings.HasPrefix(path, library)
	})
}
