// Package tasks is text in, answers out. Each task is one file and one type
// that holds the engine:
//
//	classify.go     Classifier.Classify      a label for a text or a pair
//	sentiment.go    Sentiment.Analyze        of a text, its sentences, its aspects
//	ner.go          NER.Recognize            names and dates with their places
//	fillmask.go     FillMask.Fill            what belongs where [MASK] stands;
//	                                         several together in fillmask_joint.go
//	nsp.go          NextSentence.IsNext      does one sentence follow the other
//	embed.go        Embedder.Embed           vectors
//	tokenize.go     Tokenizer.Tokenize       word pieces with their places
//	attention.go    Attention.Attend         which token looks at which
//	pretraining.go  PretrainingExamples.Make what pre-training makes of a text
//
// Each of them goes the same way:
//
//	route.go        the model of each text
//	reading.go      text to word pieces, in windows (windows.go) if it is long
//	run.go          sequences to the engine, and outputs back in order
//	                outputs to answers, in the task's own file
//
// Every method takes a context, the texts and the task's options, and returns
// one result per text, in order. Texts may go to different models
// (Options.Model); the groups run at the same time. Results are written for
// JSON: their tags are the interface that HTTP and the command line share.
//
// The caller's mistakes are *InputError; whatever else comes back is a
// context's or the engine's error.
package tasks
