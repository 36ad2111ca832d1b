package main

import (
	"encoding/json"
	"io"
	"log"
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/swaggo/swag"
)

// readAnnotations makes Swagger 2.0 of the annotations below internal.
func readAnnotations(internal string) (*openapi2.T, error) {
	parser := swag.New(swag.SetDebugger(log.New(io.Discard, "", 0)))
	// A member of an answer is always there unless its tag says omitempty.
	parser.RequiredByDefault = true
	dirs := []string{filepath.Join(internal, "httpapi"), filepath.Join(internal, "tasks")}
	if err := parser.ParseAPIMultiSearchDir(dirs, "document.go", 0); err != nil {
		return nil, err
	}
	data, err := json.Marshal(parser.GetSwagger())
	if err != nil {
		return nil, err
	}
	doc := new(openapi2.T)
	return doc, json.Unmarshal(data, doc)
}

// convert makes OpenAPI 3.0.3 of Swagger 2.0.
func convert(doc *openapi2.T) (*openapi3.T, error) { return openapi2conv.ToV3(doc) }
