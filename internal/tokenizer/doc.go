// Package tokenizer turns text into BERT's WordPiece ids, and ids into text.
//
// A Tokenizer follows Hugging Face's tokenizers (BertNormalizer,
// BertPreTokenizer, WordPiece, TemplateProcessing), offsets included.
package tokenizer
