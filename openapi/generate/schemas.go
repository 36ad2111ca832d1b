package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const schemaPath = "#/components/schemas/"

func refTo(name string) *openapi3.SchemaRef { return &openapi3.SchemaRef{Ref: schemaPath + name} }

// nameSchemas gives schemas the names that client code should read: without
// Go's package, and Results[T] as the response that answers a request.
func nameSchemas(doc *openapi3.T) {
	names := map[string]string{}
	for _, path := range doc.Paths.Map() {
		for _, op := range path.Operations() {
			if request, response := requestOf(op), responseOf(op); request != "" && response != "" {
				names[response] = strings.TrimSuffix(request, "Request") + "Response"
			}
		}
	}
	for name := range doc.Components.Schemas {
		if _, done := names[name]; !done {
			_, base, found := strings.Cut(name, ".")
			if !found {
				base = name
			}
			names[name] = base
		}
	}
	renamed := openapi3.Schemas{}
	for name, schema := range doc.Components.Schemas {
		renamed[names[name]] = schema
	}
	doc.Components.Schemas = renamed
	eachRef(doc, func(ref *openapi3.SchemaRef) {
		// Media types share references: one may be renamed already.
		if name := names[strings.TrimPrefix(ref.Ref, schemaPath)]; name != "" {
			ref.Ref = schemaPath + name
		}
	})
}

// requestOf is the schema of an operation's JSON body, "" if it has none.
func requestOf(op *openapi3.Operation) string {
	if op.RequestBody == nil {
		return ""
	}
	return schemaName(op.RequestBody.Value.Content.Get("application/json"))
}

// responseOf is the schema of an operation's JSON answer, "" if it has none.
func responseOf(op *openapi3.Operation) string {
	ok := op.Responses.Status(200)
	if ok == nil {
		return ""
	}
	return schemaName(ok.Value.Content.Get("application/json"))
}

func schemaName(media *openapi3.MediaType) string {
	if media == nil || media.Schema == nil {
		return ""
	}
	return strings.TrimPrefix(media.Schema.Ref, schemaPath)
}

// eachRef calls f on every schema of the document, named or not, once for each
// place that it stands in.
func eachRef(doc *openapi3.T, f func(*openapi3.SchemaRef)) {
	var walk func(ref *openapi3.SchemaRef)
	walk = func(ref *openapi3.SchemaRef) {
		if ref == nil {
			return
		}
		f(ref)
		if ref.Ref != "" || ref.Value == nil {
			return
		}
		for _, property := range ref.Value.Properties {
			walk(property)
		}
		walk(ref.Value.Items)
		walk(ref.Value.AdditionalProperties.Schema)
		for _, refs := range []openapi3.SchemaRefs{ref.Value.AllOf, ref.Value.OneOf, ref.Value.AnyOf} {
			for _, part := range refs {
				walk(part)
			}
		}
	}
	for _, schema := range doc.Components.Schemas {
		walk(schema)
	}
	for _, path := range doc.Paths.Map() {
		for _, op := range path.Operations() {
			for _, parameter := range op.Parameters {
				walk(parameter.Value.Schema)
			}
			if op.RequestBody != nil {
				for _, media := range op.RequestBody.Value.Content {
					walk(media.Schema)
				}
			}
			for _, response := range op.Responses.Map() {
				for _, media := range response.Value.Content {
					walk(media.Schema)
				}
			}
		}
	}
}

// stateNumbers gives numbers the format that generators need: without one,
// some make every number a float32. Swag reads only int64 from the tags, and
// gives the values of maps Go's names.
func stateNumbers(doc *openapi3.T) {
	eachRef(doc, func(ref *openapi3.SchemaRef) {
		switch {
		case ref.Value == nil:
		case ref.Value.Type.Is("integer") && ref.Value.Format == "":
			ref.Value.Format = "int32"
		case ref.Value.Type.Is("number") && (ref.Value.Format == "" || ref.Value.Format == "float64"):
			ref.Value.Format = "double"
		}
	})
}

// dropSiblings removes what stands twice: swag repeats an enumeration beside
// the reference to it, lists the zero value that stands for "not given", and
// gives constants of several files in an order that changes from run to run.
func dropSiblings(doc *openapi3.T) {
	eachRef(doc, func(ref *openapi3.SchemaRef) {
		if ref.Value == nil {
			return
		}
		if len(ref.Value.AllOf) > 0 {
			ref.Value.Enum = nil
		}
		ref.Value.Enum = slices.DeleteFunc(ref.Value.Enum, func(v any) bool { return v == "" })
		slices.SortFunc(ref.Value.Enum, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		ref.Value.Enum = slices.Compact(ref.Value.Enum)
		for name := range ref.Value.Extensions {
			if strings.HasPrefix(name, "x-enum-") {
				delete(ref.Value.Extensions, name)
			}
		}
	})
}

// namesInJSON are the words of JSON for what comments of package tasks call by
// its name in Go.
var namesInJSON = strings.NewReplacer(
	"from Start to End", "from start to end",
	"Start and End", "Start and end",
	"of SentimentOptions.Aspects", "of the request's aspects",
	"the level is Sentences", "level is sentence",
	"NoAggregation", "aggregation none",
	"Layers and Heads", "Layers and heads",
	"order of Attention", "order of attention",
	"aggregate Heads", "aggregate heads",
)

// speakJSON makes descriptions of comments.
func speakJSON(doc *openapi3.T) {
	eachRef(doc, func(ref *openapi3.SchemaRef) {
		if ref.Value != nil {
			ref.Value.Description = namesInJSON.Replace(ref.Value.Description)
		}
	})
}

// splitRequests makes of every request two: one text with its options, or
// several. The request is then one of them, and each says what it requires.
// Nothing else is required, and nothing else is allowed.
func splitRequests(doc *openapi3.T) error {
	schemas := doc.Components.Schemas
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		task, ok := strings.CutSuffix(name, "Request")
		if !ok {
			continue
		}
		whole := schemas[name].Value
		if whole.Properties["text"] == nil || whole.Properties["texts"] == nil {
			return fmt.Errorf("schema %s has no text and texts", name)
		}
		for _, list := range []string{"texts", "text_pairs"} {
			if p := whole.Properties[list]; p != nil {
				p.Value.MinItems = 1
			}
		}
		for _, p := range whole.Properties {
			tellDefault(p.Value)
		}
		if pattern := textPattern(task); pattern != "" {
			whole.Properties["text"].Value.Pattern = pattern
			whole.Properties["texts"].Value.Items.Value.Pattern = pattern
			if pair := whole.Properties["text_pair"]; pair != nil {
				pair.Value.Pattern = pattern
				whole.Properties["text_pairs"].Value.Items.Value.Pattern = pattern
			}
		}
		if aspects := whole.Properties["aspects"]; aspects != nil {
			aspects.Value.Items.Value.Pattern = textPattern(task)
		}
		one := requestBranch(whole, "texts", "text_pairs", "text")
		many := requestBranch(whole, "text", "text_pair", "texts")
		if task == "NSP" { // reads pairs only
			one.Required = append(one.Required, "text_pair")
			many.Required = append(many.Required, "text_pairs")
		}
		one.Description, many.Description = "One text with its options.", "Several texts with their options."
		schemas[task+"TextRequest"] = openapi3.NewSchemaRef("", one)
		schemas[task+"BatchRequest"] = openapi3.NewSchemaRef("", many)
		schemas[name] = openapi3.NewSchemaRef("", &openapi3.Schema{
			Description: "One text or several.",
			OneOf:       openapi3.SchemaRefs{refTo(task + "TextRequest"), refTo(task + "BatchRequest")},
		})
	}
	return nil
}

// textPattern is what a text must hold for a task to have an answer; Go's
// tags have no way to say it.
func textPattern(task string) string {
	switch task {
	case "Tokenize":
		return "" // no text has no word pieces, which is an answer
	case "FillMask":
		return `\[MASK\]`
	default:
		return `\S`
	}
}

// tellDefault moves a default into the description: openapi-typescript makes a
// property with a default one that must be given.
func tellDefault(s *openapi3.Schema) {
	if s.Default != nil {
		s.Description += fmt.Sprintf(" Default: %v.", s.Default)
		s.Default = nil
	}
}

// requestBranch is a request without two of its properties, and one required.
func requestBranch(whole *openapi3.Schema, without, withoutPair, required string) *openapi3.Schema {
	branch := *whole
	branch.Properties = maps.Clone(whole.Properties)
	delete(branch.Properties, without)
	delete(branch.Properties, withoutPair)
	branch.Required = []string{required}
	closed := false
	branch.AdditionalProperties = openapi3.AdditionalProperties{Has: &closed}
	return &branch
}

// describeVectors says what the types that write their own JSON look like, and
// which members of an embedding go together.
func describeVectors(doc *openapi3.T) error {
	schemas := doc.Components.Schemas
	for _, name := range []string{"Tensor", "Embedding"} {
		if schemas[name] == nil {
			return fmt.Errorf("there is no schema %s any more", name)
		}
	}
	number := openapi3.NewSchemaRef("", &openapi3.Schema{Type: &openapi3.Types{"number"}, Format: "float"})
	array := func(of *openapi3.SchemaRef) *openapi3.SchemaRef {
		return openapi3.NewSchemaRef("", &openapi3.Schema{Type: &openapi3.Types{"array"}, Items: of})
	}
	schemas["Vector"] = array(number)
	schemas["Vector"].Value.Description = "One number for each dimension."
	schemas["Tensor"] = array(array(array(array(number))))
	schemas["Tensor"].Value.Description = "Indexed by layer, head, from, to."

	whole := schemas["Embedding"].Value
	whole.Properties["embedding"] = refTo("Vector")
	whole.Properties["token_embeddings"] = array(refTo("Vector"))
	whole.Properties["token_embeddings"].Value.Description = "A vector for each of pieces."
	one, each := *whole, *whole
	one.Properties, each.Properties = maps.Clone(whole.Properties), maps.Clone(whole.Properties)
	delete(one.Properties, "token_embeddings")
	delete(one.Properties, "pieces")
	one.Required = append([]string{"embedding"}, whole.Required...)
	one.Description = "One vector for the whole text."
	delete(each.Properties, "embedding")
	each.Required = append([]string{"pieces", "token_embeddings"}, whole.Required...)
	each.Description = "A vector for each word piece: pooling none."
	schemas["TextEmbedding"] = openapi3.NewSchemaRef("", &one)
	schemas["TokenEmbeddings"] = openapi3.NewSchemaRef("", &each)
	schemas["Embedding"] = openapi3.NewSchemaRef("", &openapi3.Schema{
		Description: whole.Description,
		OneOf:       openapi3.SchemaRefs{refTo("TextEmbedding"), refTo("TokenEmbeddings")},
	})
	return nil
}
