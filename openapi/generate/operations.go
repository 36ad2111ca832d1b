package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const headerPath = "#/components/headers/"

// addHeaders declares the headers that answers share.
func addHeaders(doc *openapi3.T) {
	header := func(kind, description string, example any) *openapi3.HeaderRef {
		return &openapi3.HeaderRef{Value: &openapi3.Header{Parameter: openapi3.Parameter{
			Description: description, Example: example,
			Schema: openapi3.NewSchemaRef("", &openapi3.Schema{Type: &openapi3.Types{kind}}),
		}}}
	}
	doc.Components.Headers = openapi3.Headers{
		"RequestId":    header("string", "The request's id: the caller's X-Request-Id if it was sane, else a new one.", "OZ4XN3Q6PFJ2LPLDTHRB4S7KQI"),
		"ServerTiming": header("string", "Where the time went, in milliseconds (W3C Server Timing).", "tokenize;dur=0.041, queue;dur=0.012, model;dur=6.203, post;dur=0.020"),
		"RetryAfter":   header("integer", "Seconds after which to ask again.", 2),
		"Shape":        header("string", "Layers, heads, from, to.", "6,12,14,14"),
		"Precision":    header("string", "float32 (little-endian) or uint8.", "float32"),
		"Layers":       header("string", "The layers shown, in order.", "0,1,2,3,4,5"),
		"Heads":        header("string", "The heads shown or brought together, in order.", "0,1"),
		"Model":        header("string", "The model that answered.", "en"),
	}
	doc.Components.Headers["RetryAfter"].Value.Schema.Value.Format = "int32"
}

func headers(names map[string]string) openapi3.Headers {
	all := openapi3.Headers{"X-Request-Id": {Ref: headerPath + "RequestId"}}
	for name, component := range names {
		all[name] = &openapi3.HeaderRef{Ref: headerPath + component}
	}
	return all
}

// problemResponses are the error answers by status: the component's name.
var problemResponses = map[int]string{
	400: "BadRequest", 404: "NotFound", 408: "BodyTimeout", 413: "BodyTooLarge", 415: "UnsupportedMediaType",
	422: "Unprocessable", 429: "Busy", 500: "InternalError", 503: "Unavailable",
}

// taskStatuses are those of every task route.
var taskStatuses = slices.Sorted(maps.Keys(problemResponses))

// addProblems declares the error answers, with an example of every problem
// type.
func addProblems(doc *openapi3.T, examples *examples) {
	problem := func(description string) *openapi3.Response {
		content := openapi3.Content{"application/problem+json": {Schema: refTo("Problem")}}
		return &openapi3.Response{Description: &description, Content: content, Headers: headers(nil)}
	}
	doc.Components.Responses = openapi3.ResponseBodies{
		"Problem": {Value: problem("Any other error")},
	}
	for status, name := range problemResponses {
		var titles []string
		named := openapi3.Examples{}
		for _, e := range examples.problems {
			if e.Response.Status != status {
				continue
			}
			slug := strings.TrimPrefix(e.Response.Type, "/problems/")
			titles = append(titles, slug+" ("+e.Response.Title+")")
			named[slug] = &openapi3.ExampleRef{Value: &openapi3.Example{Summary: e.Response.Title, Value: e.response}}
		}
		p := problem(strings.Join(titles, ", "))
		p.Content["application/problem+json"].Examples = named
		if status == 429 || status == 503 {
			p.Headers = headers(map[string]string{"Retry-After": "RetryAfter"})
		}
		doc.Components.Responses[name] = &openapi3.ResponseRef{Value: p}
	}
}

// completeOperations gives every operation its errors, headers, media types
// and examples.
func completeOperations(doc *openapi3.T, examples *examples) error {
	doc.Components.Parameters = openapi3.ParametersMap{"Pretty": {Value: &openapi3.Parameter{
		Name: "pretty", In: "query", Description: "Indent the answer.", AllowEmptyValue: true,
		Schema: openapi3.NewSchemaRef("", &openapi3.Schema{Type: &openapi3.Types{"boolean"}, Default: false}),
	}}}
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, p := range op.Parameters {
				p.Value.Example = pathExamples[p.Value.Name]
			}
			if err := completeOperation(op, examples); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return nil
}

// pathExamples are those of the parameters in paths. Swagger 2.0 has none for
// parameters, so that swag's are lost on the way.
var pathExamples = map[string]any{"id": "en", "type": "no-mask"}

func completeOperation(op *openapi3.Operation, examples *examples) error {
	op.Security = openapi3.NewSecurityRequirements() // none: an empty list says so
	ok := op.Responses.Status(200).Value
	isTask := slices.Contains(op.Tags, "tasks")
	statuses := []int{500}
	ok.Headers = headers(nil)
	if isTask {
		statuses = taskStatuses
		ok.Headers = headers(map[string]string{"Server-Timing": "ServerTiming"})
	}
	if answer := ok.Content.Get("application/json"); answer != nil && answer.Schema != nil {
		op.Parameters = append(op.Parameters, &openapi3.ParameterRef{Ref: "#/components/parameters/Pretty"})
	}
	if !isTask {
		statuses = append(statuses, 400) // a wrong value of pretty
	}
	for status := range op.Responses.Map() {
		if n, err := strconv.Atoi(status); err == nil && n >= 400 {
			statuses = append(statuses, n)
		}
	}
	for _, status := range statuses {
		name, known := problemResponses[status]
		if !known {
			return fmt.Errorf("%s: no error answer is declared for status %d", op.OperationID, status)
		}
		op.Responses.Set(strconv.Itoa(status), &openapi3.ResponseRef{Ref: "#/components/responses/" + name})
	}
	op.Responses.Set("default", &openapi3.ResponseRef{Ref: "#/components/responses/Problem"})

	if op.OperationID == "showAttention" {
		describeBinary(ok)
		for _, parameter := range op.Parameters {
			if parameter.Value != nil && parameter.Value.Name == "precision" {
				parameter.Value.Schema = refTo("BinaryPrecision")
			}
		}
	}
	if isTask {
		return completeTask(op, ok, examples)
	}
	return nil
}

// describeBinary splits what swag says of all media types of /attention.
func describeBinary(ok *openapi3.Response) {
	ok.Content["application/octet-stream"] = &openapi3.MediaType{Schema: openapi3.NewSchemaRef("", &openapi3.Schema{
		Type: &openapi3.Types{"string"}, Format: "binary",
		Description: "The probabilities end to end, the last index running fastest.",
	})}
	maps.Copy(ok.Headers, headers(map[string]string{
		"X-Attention-Shape": "Shape", "X-Attention-Type": "Precision", "X-Attention-Layers": "Layers",
		"X-Attention-Heads": "Heads", "X-Attention-Model": "Model",
	}))
}

// completeTask puts the examples of a task in their places. A text/plain body
// is the text, not the object that swag makes of it.
func completeTask(op *openapi3.Operation, ok *openapi3.Response, examples *examples) error {
	own := examples.tasks[op.OperationID]
	if len(own) == 0 {
		return fmt.Errorf("%s has no example", op.OperationID)
	}
	body := op.RequestBody.Value
	delete(body.Extensions, "x-originalParamName")
	asJSON, asText := body.Content.Get("application/json"), body.Content["text/plain"]
	asJSON.Examples = openapi3.Examples{}
	if asText != nil {
		asText.Schema = openapi3.NewSchemaRef("", &openapi3.Schema{
			Type: &openapi3.Types{"string"}, Description: "The text itself; every option has its default.",
			Pattern: textPattern(strings.TrimSuffix(requestOf(op), "Request")),
		})
		asText.Examples = openapi3.Examples{}
	}
	answers := ok.Content.Get("application/json")
	answers.Examples = openapi3.Examples{}
	for _, e := range own {
		answers.Examples[e.name] = &openapi3.ExampleRef{Value: &openapi3.Example{Summary: e.Summary, Value: e.response}}
		request := &openapi3.ExampleRef{Value: &openapi3.Example{Summary: e.Summary}}
		switch {
		case e.Request != nil:
			request.Value.Value = e.Request
			asJSON.Examples[e.name] = request
		case asText == nil:
			return fmt.Errorf("%s: example %s is a text, which this route does not take", op.OperationID, e.name)
		default:
			request.Value.Value = e.Text
			asText.Examples[e.name] = request
		}
	}
	return nil
}
