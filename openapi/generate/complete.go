package main

import (
	"context"

	"github.com/getkin/kin-openapi/openapi3"
)

// complete says what Swagger 2.0 cannot. The steps are in order: later ones
// use the names that earlier ones gave.
func complete(doc *openapi3.T, examples *examples) error {
	doc.Servers = openapi3.Servers{{URL: "/", Description: "The server that this document comes from"}}

	nameSchemas(doc)
	stateNumbers(doc)
	dropSiblings(doc)
	speakJSON(doc)
	if err := splitRequests(doc); err != nil {
		return err
	}
	if err := describeVectors(doc); err != nil {
		return err
	}
	addHeaders(doc)
	addProblems(doc, examples)
	return completeOperations(doc, examples)
}

// validate holds the finished document to the OpenAPI specification, its
// examples to its schemas.
func validate(ctx context.Context, data []byte) error {
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return err
	}
	return doc.Validate(ctx, openapi3.EnableExamplesValidation())
}
