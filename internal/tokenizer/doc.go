// Package tokenizer turns text into BERT's WordPiece ids, and ids into text.
//
//	text ─ added.go       special and other added tokens, found whole
//	     └ encode.go      what lies between them, word by word
//	       ├ classes.go   what normalization and splitting make of a character
//	       ├ normalize.go words that are more than ASCII in lower case
//	       └ wordpiece.go a word → pieces, longest first    (trie.go)
//	     └ template.go    [CLS] … [SEP] … [SEP]
//	     └ truncate.go, windows.go
//	ids  ─ decode.go
//
// A directory in Hugging Face's format becomes a Tokenizer in load.go. Each
// piece knows the bytes of the original text that it is made from; offsets.go
// counts them in other units.
//
// # Whose BERT
//
// Google's code (google-research/bert, tokenization.py) and Hugging Face's
// (the Rust library tokenizers, which transformers calls) differ in corners.
// Nearly all models are used with the latter, so its behaviour is followed, as
// of version 0.23.3, ids and offsets alike:
//
//   - A word of more than 100 characters is [UNK]; Google's limit is 200.
//   - Special tokens written in the text count as such; Google's code takes
//     "[MASK]" apart. Options.Specials decides.
//   - Unassigned characters stay. Private-use characters go, as do control
//     and format characters; in Google's code private-use ones stay.
//   - Ideographs from U+2B820 to U+2B91F are not set apart (isHan).
//   - The lower case of Σ is σ also at the end of a word (appendLower).
//   - Which characters are marks, punctuation or control characters is as in
//     Unicode 8, decompositions are as in Unicode 9, and lower case is newer
//     than either. No Unicode version of Go's gives the same, so tables.go is
//     made by asking the library. A newer Go does not change a model's ids.
//   - Of two texts of equal length, truncation leaves the second one the odd
//     piece (longestFirst); Google's code leaves it to the first.
//
// Four things differ from Hugging Face's library on purpose:
//
//   - A special token is never made of ordinary text. The library makes one
//     where punctuation is not split off and "[MASK]" is a word.
//   - Token and Encoding.Tokens give added tokens as they are in the
//     vocabulary; the library gives them as they stand in the text.
//   - Vocabularies without [PAD] or [MASK] get no ids beyond their end (Load).
//   - Text that is not UTF-8 can be encoded: each wrong byte is dropped.
//
// # Speed
//
// Text is read once. Most words need no other normalization than the lower
// case of ASCII, and are looked up where they stand in the text; the others
// go through a buffer that is used again. With EncodeInto nothing is
// allocated. There is no cache of words, hence no memory that grows with what
// users write. bench/tokenizer compares with Hugging Face's library.
package tokenizer
