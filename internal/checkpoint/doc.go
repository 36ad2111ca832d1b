// Package checkpoint reads and writes models on disk: Hugging Face directories
// with their weights in safetensors files or in PyTorch's pytorch_model.bin,
// whole or in shards.
//
// What it opens is either sound or refused with one error that names the file,
// the tensor, what was found and what was wanted. Files are not trusted: every
// length in them is checked against the size of the file before memory is
// taken for it, and no code in them is ever run.
package checkpoint
