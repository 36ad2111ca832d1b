package httpapi

// What the OpenAPI document says of the whole interface; swag reads the lines
// below. What stands with a handler is about its operation.
//
//	@title			Cloze
//	@version		1
//	@description	BERT over HTTP: classification, sentiment, named entities, masked words and next sentences, in English and Chinese.
//	@description
//	@description	Every path is served under /v1 too. A request body is JSON, or text/plain with the text itself, and may be compressed with gzip. `?pretty` indents the answer.
//	@description
//	@description	Clients must accept values of enumerations, labels and members of objects that this document does not know.
//	@license.name	Apache-2.0
//	@license.url	https://www.apache.org/licenses/LICENSE-2.0
//	@contact.name	Cloze
//
//	@tag.name			tasks
//	@tag.description	Text in, answers out.
//	@tag.name			service
//	@tag.description	What is loaded and how it is doing.
