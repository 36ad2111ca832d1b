// Package evaluation says how good a model is that is done. It prints nothing:
// each way to measure gives a report, whose JSON is what bert evaluate prints.
//
//	head.go        HeadReport: one head on a labelled file, with intervals
//	mistakes.go    the rows that it gets wrong
//	pretraining.go TextReport: the pre-training tasks on running text
//	comparison.go  CardReport: sets of the built-in tasks, beside a card
//
// The first and the third are those of package training, whose metrics and
// bootstrap they have, and which measures a model in the same way while it
// learns. A comparison asks what a user of the server would:
//
//	card.go           the cards of the embedded models, and how far a figure may be off
//	directory.go      which sets are in a directory
//	classification.go a set of labelled texts or pairs: accuracy
//	entities.go       a set of tagged sentences: entity F1
//	heldout.go        masks and next sentences in documents that the model has not seen
//	unusable.go       the lines of a set that could not be read
//
// So its texts go through package tasks as a request's do. Only tagged
// sentences are read as training reads them, since the words that the tags are
// of are known there.
package evaluation
