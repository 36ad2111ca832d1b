package tokenizer_test

import (
	"fmt"
	"log"
	"os"

	"cloze/internal/tokenizer"
)

func load() *tokenizer.Tokenizer {
	t, err := tokenizer.Load(os.DirFS("../../models/en"))
	if err != nil {
		log.Fatal(err)
	}
	return t
}

func Example() {
	const text = "Zoë's dog is unaffable."
	e := load().Encode(text, tokenizer.Options{})
	for i, token := range e.Tokens {
		span := e.Offsets[i]
		fmt.Printf("%-6s %5d  word %2d  %q\n", token, e.IDs[i], e.Words[i], text[span.Start:span.End])
	}
	// Output:
	// [CLS]    101  word -1  ""
	// zoe    11199  word  0  "Zoë"
	// '       1005  word  1  "'"
	// s       1055  word  2  "s"
	// dog     3899  word  3  "dog"
	// is      2003  word  4  "is"
	// una    14477  word  5  "una"
	// ##ffa  20961  word  5  "ffa"
	// ##ble   3468  word  5  "ble"
	// .       1012  word  6  "."
	// [SEP]    102  word -1  ""
}

func ExampleTokenizer_EncodePair() {
	e := load().EncodePair("Where does he live?", "He lives in Cologne, on the left bank.", tokenizer.Options{MaxTokens: 12})
	fmt.Println(e.Tokens)
	fmt.Println(e.TypeIDs, e.Truncated)
	// Output:
	// [[CLS] where does he live [SEP] he lives in cologne , [SEP]]
	// [0 0 0 0 0 0 1 1 1 1 1 1] true
}

func ExampleTokenizer_Windows() {
	for _, w := range load().Windows("Tokenizers cut texts into pieces.", tokenizer.Options{MaxTokens: 7}, 2) {
		fmt.Println(w.Tokens)
	}
	// Output:
	// [[CLS] token ##izer ##s cut texts [SEP]]
	// [[CLS] cut texts into pieces . [SEP]]
}

func ExampleTokenizer_Decode() {
	t := load()
	e := t.Encode("Say it: unaffable, isn't it?", tokenizer.Options{})
	fmt.Println(t.Decode(e.IDs, true))
	// Output: say it : unaffable, isn ' t it?
}

func ExampleOptions_specials() {
	t := load()
	const text = "a [MASK]"
	fmt.Println(t.Encode(text, tokenizer.Options{NoTemplate: true}).Tokens)
	fmt.Println(t.Encode(text, tokenizer.Options{NoTemplate: true, Specials: tokenizer.SpecialsNone}).Tokens)
	// Output:
	// [a [MASK]]
	// [a [ mask ]]
}

func ExampleOffsetUnit_Convert() {
	const text = "a 😀 b"
	e := load().Encode(text, tokenizer.Options{NoTemplate: true})
	for i := range e.Offsets {
		tokenizer.UTF16.Convert(text, &e.Offsets[i])
	}
	fmt.Println(e.Offsets)
	// Output: [{0 1} {2 4} {5 6}]
}
