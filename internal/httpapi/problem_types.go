package httpapi

import (
	"net/http"
	"strings"

	"cloze/internal/tasks"
)

// problemType is one kind of error answer. GET /problems/{slug} explains it.
type problemType struct {
	slug        string
	title       string
	status      int
	explanation string // in Markdown: why, and what to do about it
	example     string // a curl command that works, written for host:port localhost:8080
}

// atBase is an example for a server at base, "http://host:port".
func atBase(example, base string) string { return strings.ReplaceAll(example, exampleBase, base) }

// exampleBase is the server that the examples are written for.
const exampleBase = "http://localhost:8080"

// The curl commands that more than one type shows. A test runs every one.
const (
	exampleNER       = `curl http://localhost:8080/ner -H 'Content-Type: application/json' -d '{"text": "Ada Lovelace wrote the first program in London in 1843."}'`
	exampleSentiment = `curl http://localhost:8080/sentiment -H 'Content-Type: application/json' -d '{"text": "What a lovely day."}'`
	examplePlainText = `curl http://localhost:8080/sentiment -H 'Content-Type: text/plain' -d 'What a lovely day.'`
	exampleBatch     = `curl http://localhost:8080/sentiment -H 'Content-Type: application/json' -d '{"texts": ["What a lovely day.", "It rained."]}'`
	exampleNSP       = `curl http://localhost:8080/nsp -H 'Content-Type: application/json' -d '{"text": "She opened the door.", "text_pair": "The room was empty."}'`
	exampleFillMask  = `curl http://localhost:8080/fill-mask -H 'Content-Type: application/json' -d '{"text": "my dog is [MASK]."}'`
	exampleTokenize  = `curl http://localhost:8080/tokenize -H 'Content-Type: application/json' -d '{"text": "What a lovely day."}'`
	exampleRoutes    = `curl http://localhost:8080/`
	exampleModels    = `curl http://localhost:8080/models`
	exampleReady     = `curl http://localhost:8080/readyz`
	exampleOpenAPI   = `curl http://localhost:8080/openapi.json`
)

// Problems of the request as bytes.
var (
	invalidJSON = &problemType{
		"invalid-json", "The body is not JSON", http.StatusBadRequest,
		"The body was announced as application/json but cannot be parsed. The detail gives line and column. " +
			"If the body is the text itself, send it with `Content-Type: text/plain`.",
		exampleSentiment,
	}
	notUTF8 = &problemType{
		"not-utf-8", "The body is not UTF-8", http.StatusBadRequest,
		"Text must be UTF-8. A lone surrogate escape in JSON (`\\ud800` without its other half) is refused too: " +
			"replacing it in silence would shift every offset after it.",
		examplePlainText,
	}
	trailingData = &problemType{
		"trailing-data", "Something follows the JSON object", http.StatusBadRequest,
		"The body must be exactly one JSON object. For several texts send one object with `texts`.",
		exampleBatch,
	}
	unknownField = &problemType{
		"unknown-field", "Unknown field", http.StatusBadRequest,
		"A field that this route does not have. It is refused rather than ignored, because an ignored option looks like one that works. " +
			"The detail names the nearest field there is.",
		exampleSentiment,
	}
	duplicateField = &problemType{
		"duplicate-field", "A field is given twice", http.StatusBadRequest,
		"JSON parsers disagree on which of two equal names counts, so neither does.",
		exampleSentiment,
	}
	wrongType = &problemType{
		"wrong-type", "A field has the wrong type", http.StatusBadRequest,
		"The value at the given JSON pointer is of another type than the field. null is a type of its own: leave out an option that is not set.",
		exampleBatch,
	}
	invalidQuery = &problemType{
		"invalid-query", "The query string is not understood", http.StatusBadRequest,
		"Task routes take their options in the JSON body. The query may hold `pretty`, which indents the answer, " +
			"and for /attention `precision`.",
		`curl 'http://localhost:8080/models?pretty'`,
	}
	unreadableBody = &problemType{
		"unreadable-body", "The body cannot be read", http.StatusBadRequest,
		"The body was announced with `Content-Encoding: gzip` but does not decompress, or it was cut short or damaged on its way.",
		exampleSentiment,
	}
	bodyTimeout = &problemType{
		"body-timeout", "The body did not arrive in time", http.StatusRequestTimeout,
		"The connection was too slow to send the whole body within the server's read timeout (`--read-timeout`).",
		exampleSentiment,
	}
	bodyTooLarge = &problemType{
		"body-too-large", "The body is too large", http.StatusRequestEntityTooLarge,
		"The body is over the byte limit (`--max-body-bytes`), counted after decompression. Split it into several requests.",
		exampleBatch,
	}
	formEncoded = &problemType{
		"form-encoded", "The body is announced as a form", http.StatusUnsupportedMediaType,
		"`curl -d` announces a form unless told otherwise. Where it can be made, the example of the answer is the corrected command.",
		exampleSentiment,
	}
	unsupportedMedia = &problemType{
		"unsupported-media-type", "The content type is not supported", http.StatusUnsupportedMediaType,
		"Send `application/json`, or `text/plain` with the text itself as the body, both in UTF-8; the body may be compressed with `Content-Encoding: gzip`.",
		exampleSentiment,
	}
)

// Problems of the address.
var (
	notFound = &problemType{
		"not-found", "No such route", http.StatusNotFound,
		"The path is not served. The answer lists the routes there are; each is served under /v1 too.",
		exampleRoutes,
	}
	unknownModel = &problemType{
		tasks.CodeUnknownModel, "No such model", http.StatusNotFound,
		"No loaded model has this id. The answer lists those there are. Leave `model` out and each text goes to the model for the script it is written in.",
		exampleModels,
	}
	methodNotAllowed = &problemType{
		"method-not-allowed", "Wrong method", http.StatusMethodNotAllowed,
		"The path exists, but not for this method. The Allow header lists those it has.",
		exampleSentiment,
	}
)

// Problems of what was asked for: well-formed, but there is no answer to it.
var (
	noText = &problemType{
		"no-text", "There is no text", http.StatusUnprocessableEntity,
		"The request must hold `text` (a string) or `texts` (an array of strings with at least one).",
		exampleSentiment,
	}
	textAndTexts = &problemType{
		"text-and-texts", "Both text and texts are given", http.StatusUnprocessableEntity,
		"Give exactly one of `text` and `texts`; `text_pair` goes with `text`, `text_pairs` with `texts`.",
		exampleBatch,
	}
	pairCount = &problemType{
		"pair-count", "texts and text_pairs differ in length", http.StatusUnprocessableEntity,
		"The texts are read in pairs, so that there must be one of `text_pairs` for each of `texts`.",
		`curl http://localhost:8080/nsp -H 'Content-Type: application/json' -d '{"texts": ["She opened the door.", "It rained."], "text_pairs": ["The room was empty.", "The streets were wet."]}'`,
	}
	batchTooLarge = &problemType{
		"batch-too-large", "Too many texts", http.StatusUnprocessableEntity,
		"`texts` is longer than one request may be (`--max-texts`). Send several requests; they are answered side by side.",
		exampleBatch,
	}
	emptyText = &problemType{
		tasks.CodeEmptyText, "A text is empty", http.StatusUnprocessableEntity,
		"A text holds nothing but white space: an answer to nothing would be noise with a probability attached.",
		exampleSentiment,
	}
	noHead = &problemType{
		tasks.CodeNoHead, "The model has no head for this", http.StatusUnprocessableEntity,
		"The model that was asked, or that was picked by the text's script, has no head for this task. GET /models lists the heads of each.",
		exampleModels,
	}
	noPair = &problemType{
		tasks.CodeNoPair, "There is no second text", http.StatusUnprocessableEntity,
		"The task reads two texts together: give `text_pair` beside `text`, or `text_pairs` beside `texts`.",
		exampleNSP,
	}
	noMask = &problemType{
		tasks.CodeNoMask, "The text has no mask", http.StatusUnprocessableEntity,
		"Write `[MASK]`, in capitals and square brackets, where a word is to be filled in.",
		exampleFillMask,
	}
	tooManyMasks = &problemType{
		tasks.CodeTooManyMasks, "Too many masks", http.StatusUnprocessableEntity,
		"More masks than can be filled together. Without `joint` each is filled by itself.",
		exampleFillMask,
	}
	noTargets = &problemType{
		tasks.CodeNoTargets, "No target is a word piece", http.StatusUnprocessableEntity,
		"None of the `targets` is in the model's vocabulary.",
		`curl http://localhost:8080/fill-mask -H 'Content-Type: application/json' -d '{"text": "my dog is [MASK].", "targets": ["big", "small"]}'`,
	}
	tooLong = &problemType{
		tasks.CodeTooLong, "The text is too long", http.StatusUnprocessableEntity,
		"The text has more word pieces than the model reads, and `truncate` is false, or not given on /fill-mask. Set it to true, or split the text; POST /tokenize counts.",
		exampleTokenize,
	}
	tooLarge = &problemType{
		tasks.CodeTooLarge, "The request is too large", http.StatusUnprocessableEntity,
		"The texts of one request make more word pieces than one request may have (`--max-tokens-per-request`; those that overlapping windows read twice count twice), or the answer would be too large. Split it, or ask for less.",
		exampleBatch,
	}
	invalidParameter = &problemType{
		tasks.CodeInvalidParameter, "A value is out of its range", http.StatusUnprocessableEntity,
		"The value at the given JSON pointer is of the right type but not among those allowed.",
		exampleSentiment,
	}
	unsupportedFeature = &problemType{
		tasks.CodeUnsupportedFeature, "The model lacks a part", http.StatusUnprocessableEntity,
		"An option needs a part that this model does not have, such as the pooler. GET /models/{id} says what it has.",
		exampleModels,
	}
)

// Problems of the server.
var (
	queueFull = &problemType{
		"queue-full", "The server is busy", http.StatusTooManyRequests,
		"As many word pieces wait as may (`--queue-tokens`), or as many requests (`--max-in-flight`), or the answers under way take all the memory there is for them (`--max-answer-bytes`). Ask again after Retry-After seconds.",
		exampleReady,
	}
	starting = &problemType{
		"starting", "The models are loading", http.StatusServiceUnavailable,
		"The server listens but is not ready yet. Ask again after Retry-After seconds.",
		exampleReady,
	}
	draining = &problemType{
		"draining", "The server is stopping", http.StatusServiceUnavailable,
		"The server finishes the requests it has and takes no new ones. Ask again: another instance may answer.",
		exampleReady,
	}
	deadlinePassed = &problemType{
		"deadline", "The request took too long", http.StatusServiceUnavailable,
		"The answer was not ready within the server's time for one request (`--request-timeout`), most of it probably spent in the queue.",
		exampleReady,
	}
	notReady = &problemType{
		"not-ready", "A model does not answer", http.StatusServiceUnavailable,
		"GET /readyz ran a text through every model, and one did not answer in time.",
		exampleReady,
	}
	internalError = &problemType{
		"internal", "Internal error", http.StatusInternalServerError,
		"This is a bug of the server, not of the request. The log has the details under the request id.",
		exampleOpenAPI,
	}
)

// problemTypes lists every type once, in the order of the documentation.
var problemTypes = []*problemType{
	invalidJSON, notUTF8, trailingData, unknownField, duplicateField, wrongType, invalidQuery, unreadableBody,
	notFound, unknownModel, methodNotAllowed, bodyTimeout, bodyTooLarge, formEncoded, unsupportedMedia,
	noText, textAndTexts, pairCount, batchTooLarge, emptyText, noHead, noPair, noMask, tooManyMasks,
	noTargets, tooLong, tooLarge, invalidParameter, unsupportedFeature,
	queueFull, internalError, starting, draining, deadlinePassed, notReady,
}

// problemTypeOf finds a type by its slug, which is also the code of an
// InputError.
func problemTypeOf(slug string) (*problemType, bool) {
	for _, t := range problemTypes {
		if t.slug == slug {
			return t, true
		}
	}
	return nil, false
}
