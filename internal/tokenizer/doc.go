// Package tokenizer turns text into BERT's WordPiece ids, and ids into text.
package tokenizer
