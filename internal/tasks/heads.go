package tasks

// The heads of our own models, by what they are asked for.
const (
	SentimentHead = "sentiment" // by /sentiment, of texts and sentences
	AspectHead    = "aspect"    // by /sentiment, of a text and what to judge in it
	TopicHead     = "topic"     // by /classify, unless the request names another
	NERHead       = "ner"       // by /ner
)
