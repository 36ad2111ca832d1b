// Command generate writes openapi/openapi.json from the annotations in
// internal/httpapi and the examples in openapi/examples. Run it with
// go generate ./openapi.
//
//	annotations ──swag──► Swagger 2.0 ──kin-openapi──► OpenAPI 3.0.3 ──complete──► openapi.json
//
// Swagger 2.0 has one list of media types for a whole operation, no one-of, no
// examples by name and no servers; complete adds what that leaves out.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", "..", "the module's `directory`")
	out := flag.String("out", "openapi.json", "`file` to write")
	flag.Parse()
	if err := run(*root, *out); err != nil {
		fmt.Fprintln(os.Stderr, "openapi/generate:", err)
		os.Exit(1)
	}
}

func run(root, out string) error {
	swagger, err := readAnnotations(filepath.Join(root, "internal"))
	if err != nil {
		return err
	}
	doc, err := convert(swagger)
	if err != nil {
		return err
	}
	examples, err := readExamples(filepath.Join(root, "openapi", "examples"))
	if err != nil {
		return err
	}
	if err := complete(doc, examples); err != nil {
		return err
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	if err := validate(context.Background(), data); err != nil {
		return err
	}
	return os.WriteFile(out, append(data, '\n'), 0o644)
}
