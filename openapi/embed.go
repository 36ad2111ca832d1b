// Package openapi holds the OpenAPI document of the HTTP interface.
//
// openapi.json is generated from the annotations in internal/httpapi by
// openapi/generate, and committed.
package openapi

import _ "embed"

//go:generate go run ./generate

// Document is the OpenAPI 3.0.3 document as JSON.
//
//go:embed openapi.json
var Document []byte
