// Package bert is the network: configuration, embeddings, encoder layers,
// pooler and heads, each computed and differentiated in the same file.
//
// Shapes are written with these letters throughout:
//
//	B  sequences of a batch
//	T  tokens of a sequence; ΣT are the tokens of a whole batch
//	H  hidden size
//	A  attention heads
//	D  size of one attention head, H/A
//	I  intermediate (feed-forward) size
//	L  encoder layers
//	V  vocabulary
//
// All matrices are row-major float32; a linear layer's weight is (out, in), as
// checkpoints store it. Batches are ragged: the tokens of all sequences stand
// end to end, and padding does not exist.
//
// A Model is read-only while it serves and may be shared; a Workspace holds the
// activations of one pass at a time. Mistakes in files are errors of New;
// Forward cannot fail, and panics on a batch that the model cannot read.
//
// Devlin et al. 2018 describe the network, Vaswani et al. 2017 its layers.
// Where google-research/bert and transformers differ, transformers is followed.
package bert
