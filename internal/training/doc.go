// Package training pre-trains and fine-tunes the networks of package bert: it
// makes the examples, draws the masks, steps the optimizer, measures and keeps
// checkpoints. It prints nothing: the loops yield reports, and the command
// decides what to show.
package training
