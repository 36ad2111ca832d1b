// Package engine holds the loaded models and decides what runs when.
//
// Run takes the sequences of one request and returns what the encoder and the
// heads made of them. Behind it one scheduler joins the sequences of all
// concurrent requests to the same model into ragged batches, by tokens rather
// than by requests:
//
//	Run ──► lane (one per model and kind of pass)         waiting requests, in turn
//	          └► scheduler: form a batch ≤ BatchTokens
//	               └► pass: Encoder.Forward, then each asked head once
//	                    └► every request gets its sequences' part
//
// The scheduler never waits for a batch to fill: it takes what is there, runs
// it, and takes what has come in meanwhile. So an idle engine answers at once
// and a busy one forms large batches by itself.
//
// Admission is bounded in tokens, because tokens are what a pass costs: a
// full queue refuses (ErrQueueFull), and a request whose context ends is given up
// (ErrDeadline if that was for its deadline): what of it waits leaves the queue.
package engine
